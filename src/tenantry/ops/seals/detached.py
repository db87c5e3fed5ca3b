"""What retention took out of the record, by its own word; and whether that word holds.

A superuser can do all that retention does. What can be shown is that the word stands in the platform's
log under a seal, was said after the month had been sealed, and agrees with the seals of the month.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tenantry import ids
from tenantry.handles import ServiceTransaction

from . import merkle
from .chain import FIRST, LAST, Chain, following, id_of, leaf_of

_SAID = ("partition", "from_id", "to_id", "entries", "seals", "digest", "by", "archive", "told")
_LINES = f"""
SELECT id, resource_type AS table, {", ".join(f"details ->> '{name}' AS {name}" for name in _SAID)}
FROM tenantry.platform_log
WHERE action = 'detach' AND resource_type IN ('audit_logs', 'platform_log') ORDER BY id"""  # noqa: S608 - names of ours
_BETWEEN = "SELECT sealed, seals, digest, there FROM tenantry.sealed_between($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Detached:
    """A month that is not in the record any more. Its entries are known by their seals alone."""

    table: str
    partition: str
    from_id: UUID
    to_id: UUID
    #: The line of the platform's log that says so, and the number of the platform's seal on it.
    entry_id: UUID
    seal: int | None
    #: The line that said so first: that one may have gone with a month of its own.
    first_id: UUID
    by: str
    entries: int
    archive: str

    @property
    def at(self) -> datetime:
        return ids.time_of(self.first_id)

    def __str__(self) -> str:
        again = "" if self.first_id == self.entry_id else f" (said again at {_at(self.entry_id)})"
        return (
            f"{self.partition}: detached by retention at {_at(self.first_id)}{again} by {self.by},"
            f" {self.entries:,} entries, archived to {self.archive}, cannot be verified here"
        )

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at, "says": str(self)}

    def holds(self, table: str, entry: UUID) -> bool:
        return self.table == table and self.from_id <= entry < self.to_id


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a line is not believed, or not yet."""

    line: UUID
    detail: str
    #: It is only too young to be under a seal.
    unsealed: bool = False


async def detached(s: ServiceTransaction) -> tuple[list[Detached], list[Doubt]]:
    """Months that are gone as a whole, the partition and every row, where a line of the log says so;
    and why some of those lines are doubted. An entry that is missing otherwise has been removed."""
    found: dict[tuple[str, UUID], tuple[Detached, Doubt | None]] = {}
    for row in await s.fetch(_LINES):
        part = _told(row)
        # Of several lines, one that holds.
        if part and found.get((part.table, part.from_id), (part, ""))[1] is not None:
            facts = await s.fetch(_BETWEEN, part.table, part.from_id, part.to_id)
            sealed, seals, digest, there = facts[0]
            if there or not await _is_apart(s, part):
                continue
            number, doubt = await _seal_on(s, part)
            if doubt is None and (row["entries"], row["seals"], row["digest"]) != (
                str(sealed),
                str(seals),
                digest,
            ):
                doubt = Doubt(part.entry_id, f"{part.partition} was sealed as something else.")
            found[part.table, part.from_id] = replace(part, seal=number, entries=sealed), doubt
    pairs = [found[month] for month in sorted(found)]
    gone = [part for part, doubt in pairs if doubt is None or doubt.unsealed]
    return [_dated(part, gone) for part in gone], [doubt for _, doubt in pairs if doubt]


def _told(row: Any) -> Detached | None:
    """Nothing when its bounds are not exactly those of the month it is named after."""
    try:
        start = datetime.strptime(row["partition"], f"{row['table']}_%Y_%m").replace(tzinfo=UTC)
        bounds = UUID(row["from_id"]), UUID(row["to_id"])
        end = (start + timedelta(days=31)).replace(day=1)
        told = UUID(row["told"]) if row["told"] else None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None
    if bounds != (ids.lower_bound(start), ids.lower_bound(end)):
        return None
    return Detached(
        row["table"], row["partition"], *bounds, row["id"], None, told or row["id"],
        _shown(row["by"]), 0, _shown(row["archive"]),
    )  # fmt: skip


def _at(id: UUID) -> str:
    return f"{ids.time_of(id):%Y-%m-%d %H:%M:%S} UTC"


def _shown(text: str | None) -> str:
    """Words of somebody's, in one short line."""
    return "".join(c if c.isprintable() else "?" for c in (text or "nobody")[:100])


def _dated(part: Detached, gone: Iterable[Detached]) -> Detached:
    """A line that was said again tells an older one's moment, if that one did go with its month."""
    if any(other.holds("platform_log", part.first_id) for other in gone):
        return part
    return replace(part, first_id=part.entry_id)


async def _is_apart(s: ServiceTransaction, part: Detached) -> bool:
    gaps = await s.fetch("SELECT lower, upper FROM tenantry.partition_gaps($1)", part.table)
    return any((a or FIRST) <= part.from_id and part.to_id <= (b or LAST) for a, b in gaps)


async def _seal_on(s: ServiceTransaction, part: Detached) -> tuple[int | None, Doubt | None]:
    """The platform's seal on the line: one that was set when the month had been sealed."""
    line, platform = part.entry_id, Chain()
    found = await platform.seal_of(s, line)
    if found is None:
        return None, Doubt(
            line, f"That {part.partition} was detached is not sealed.", unsealed=True
        )
    seal, leaves = found
    entries = [e async for page in platform.entries(s, line, following(line)) for e in page]
    if [leaf_of(e) for e in entries] != [leaf for leaf in leaves if id_of(leaf) == line]:
        return None, Doubt(line, f"That {part.partition} was detached is not what was sealed.")
    if merkle.root(leaves).hex() != seal.says["root"] or seal.its_hash != seal.hash:
        return None, Doubt(line, f"That {part.partition} was detached is under a changed seal.")
    if seal.bounds[0] < part.to_id:
        return None, Doubt(line, f"{part.partition} was not sealed when it was detached.")
    return seal.sequence, None
