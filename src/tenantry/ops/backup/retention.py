"""Which backups may go: by rules of how many to keep, never what another one needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from tenantry.errors import BackupDamaged

from . import manifest, wal
from .manifest import Manifest
from .store import Kept, Store

#: A writer that has kept nothing for longer than this was stopped.
_STALE = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How many to keep, of dumps and of copies each. Of a day, week, month or year the newest counts."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    #: And all that are no older than this.
    days: int = 0

    @property
    def any(self) -> bool:
        return any(getattr(self, rule.name) for rule in fields(self))


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes. `why` says of each that stays which rule keeps it."""

    removed: tuple[Manifest, ...]
    kept: tuple[Manifest, ...]
    why: dict[str, str]
    #: (cluster, segment) of WAL that no kept copy needs.
    wal: tuple[tuple[str, str], ...]
    #: Objects of backups that were never finished.
    leftovers: tuple[str, ...]


_PERIODS: dict[str, Callable[[datetime], str]] = {
    "daily": lambda t: f"{t:%Y-%m-%d}",
    "weekly": lambda t: f"{t:%G-W%V}",
    "monthly": lambda t: f"{t:%Y-%m}",
    "yearly": lambda t: f"{t:%Y}",
}


def plan(store: Store, rules: Rules, now: datetime | None = None) -> Plan:
    """What `prune` would do; nothing is removed by asking. Without a rule, only what has expired goes."""
    now = now or datetime.now(UTC)
    found, wrong = manifest.survey(store)
    if wrong:
        raise BackupDamaged(
            f"The manifest of {wrong[0]} cannot be read, so what it builds on is not known.",
            name=wrong[0],
            hint="Nothing is removed before that folder is mended or taken away by hand.",
        )
    why: dict[str, str] = {}
    groups: dict[tuple[str, bool], list[Manifest]] = {}
    for one in found:
        if one.expires is not None and one.expires <= now:
            continue
        groups.setdefault((one.system_id, one.is_physical), []).append(one)
    for group in groups.values():
        why |= _kept(group, rules, now) if rules.any else {str(m.id): "no rule" for m in group}
    by_id = {m.id: m for m in found}
    for one in reversed(found):  # the newest first, so that a whole chain is followed
        if str(one.id) in why and one.base is not None and one.base in by_id:
            why.setdefault(str(one.base), f"needed by {one.id}")
    kept = tuple(m for m in found if str(m.id) in why)
    return Plan(
        removed=tuple(m for m in found if str(m.id) not in why),
        kept=kept,
        why=why,
        wal=tuple(_wal(store, found, kept)),
        leftovers=tuple(_leftovers(store, {str(m.id) for m in found}, now)),
    )


def prune(store: Store, what: Plan) -> None:
    """Remove it: what builds on another goes before it, and a backup's manifest before its files."""
    gone = {one.id for one in what.removed}
    # An incremental one may have been made since the plan was.
    needed = {m.base for m in manifest.every(store) if m.id not in gone}
    for one in reversed(what.removed):
        if one.id in needed:
            continue
        for name in manifest.objects(store, one):
            store.remove(name)
    for system_id, segment in what.wal:
        wal.remove(store, system_id, segment)
    for name in what.leftovers:
        store.remove(name)
    store.sweep(datetime.now(UTC) - _STALE)


def _kept(group: list[Manifest], rules: Rules, now: datetime) -> dict[str, str]:
    newest = group[::-1]
    why: dict[str, str] = {}

    def keep(ones: Iterable[Manifest], rule: str) -> None:
        for one in ones:
            why.setdefault(str(one.id), rule)

    keep(newest[: rules.last], "last")
    keep((m for m in newest if m.started > now - timedelta(days=rules.days)), "days")
    for rule, period in _PERIODS.items():
        first: dict[str, Manifest] = {}
        for one in newest:
            first.setdefault(period(one.started.astimezone(UTC)), one)
        keep(list(first.values())[: getattr(rules, rule)], rule)
    return why


def _wal(
    store: Store, found: Iterable[Manifest], kept: Iterable[Manifest]
) -> Iterable[tuple[str, str]]:
    """Only where a copy stays that says from where on it is needed."""
    for system_id in {m.system_id for m in found if m.is_physical}:
        starts = [m.start_segment for m in kept if m.system_id == system_id and m.start_segment]
        if starts:
            oldest = min(starts, key=lambda segment: segment[8:])
            for segment in wal.no_longer_needed(wal.segments(store, system_id), oldest):
                yield system_id, segment


def _leftovers(store: Store, known: set[str], now: datetime) -> Iterable[str]:
    """Of backups that never got a manifest. One whose last file is new is still being made."""
    unfinished: dict[str, list[Kept]] = {}
    for one in store.list(manifest.ROOT):
        backup = one.name.split("/")[1]
        if backup not in known:
            unfinished.setdefault(backup, []).append(one)
    for files in unfinished.values():
        if max(one.at for one in files) < now - _STALE:
            yield from (one.name for one in files)
