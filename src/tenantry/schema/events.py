"""What tells of tasks and activities as events, where that is enabled."""

from __future__ import annotations

from typing import Final

#: Triggers that are there or not as an operator chose, so no comparison of schemas asks for them.
#: Not merely switched off: rows to hand to a trigger are collected even for one that is.
OPTIONAL_TRIGGERS: Final = "announce_"

_NEW, _BOTH = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows NEW TABLE AS new_rows"
#: (table, trigger, event, rows, function)
_ANNOUNCEMENTS: Final = (
    ("tasks", "announce_insert", "INSERT", _NEW, "announce_tasks"),
    ("tasks", "announce_update", "UPDATE", _BOTH, "announce_tasks"),
    ("activity_feed", "announce_insert", "INSERT", _NEW, "announce_activities"),
)
#: (table, trigger, function) of each.
ANNOUNCERS: Final = tuple((table, name, function) for table, name, *_, function in _ANNOUNCEMENTS)


def announce() -> list[str]:
    """Statements that have the events told."""
    return [
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON tenantry.{table}"
        f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION tenantry.{function}()"
        for table, name, event, rows, function in _ANNOUNCEMENTS
    ]


def be_silent() -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {name} ON tenantry.{table}" for table, name, _ in ANNOUNCERS]


#: Whether they are told.
IS_ANNOUNCED: Final = (
    "SELECT count(*) = {} FROM pg_catalog.pg_trigger AS g"
    " JOIN (VALUES {}) AS a (relation, name) ON g.tgname = a.name"
    " AND g.tgrelid = to_regclass('tenantry.' || a.relation)"
).format(len(ANNOUNCERS), ", ".join(f"('{table}', '{name}')" for table, name, _ in ANNOUNCERS))
