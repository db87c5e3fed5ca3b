"""The planner's statistics, where they are stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from .step import Action, Step, Upkeep
from .tables import figures, passed_over

#: As autovacuum's own defaults: below, plans hardly change.
CHANGED_ROWS: Final = 1000
CHANGED_PART: Final = 0.1
#: Autovacuum never looks at a partitioned table as a whole, whose statistics joins depend on.
WHOLE_EVERY: Final = timedelta(days=1)


async def _analyze(upkeep: Upkeep) -> list[Action]:
    done = []
    async with upkeep.owner() as connection:
        found = await figures(connection, upkeep.name)
        wholes: set[str] = set()  # their partitions with them
        for table in sorted(found, key=lambda table: table["kind"] != "p"):
            if table["root"] in wholes:
                continue
            why = stale(table, found, upkeep.now())
            if not why:
                continue
            upkeep.tell(f"Analyzing {table['name']}")
            result = ""
            if not upkeep.dry_run:
                # Without waiting for whoever alters it: the next run comes to it.
                command = f'ANALYZE (SKIP_LOCKED) tenantry."{table["name"]}"'
                result = await passed_over(connection, command)
            if table["kind"] == "p" and not result:
                wholes.add(table["name"])
            done.append(Action("skip" if result else "analyze", table["name"], why, result))
    return done


def stale(table: Mapping[str, Any], all_: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Why a table of these is to be analyzed; nothing where it need not be."""
    if table["kind"] != "p":
        changed, limit = table["changed"], CHANGED_ROWS + CHANGED_PART * table["rows"]
        return f"{changed:,} of {table['rows']:,} rows changed" if changed > limit else ""
    whole = table["schema"], table["name"]
    parts = (t for t in all_ if (t["schema"], t["root"]) == whole and t["kind"] != "p")
    if not any(p["live"] or p["rows"] for p in parts):
        return ""
    if table["analyzed"] is None:
        return "it was never analyzed as a whole"
    if now - table["analyzed"] > WHOLE_EVERY:
        return "it was analyzed as a whole more than a day ago"
    return ""


STEP = Step("analyze", "renew the planner's statistics where they are stale", _analyze, "a table")
