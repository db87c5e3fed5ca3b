"""Whether the record is still what was sealed; what is not is named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from tenantry import ids
from tenantry.database import Database
from tenantry.handles import ServiceTransaction
from tenantry.models import LEAF_SIZE

from . import merkle
from .anchors import Anchor
from .chain import FIRST, LAST, Chain, Seal, id_of, swept_below, tenants_of

What = Literal[
    "entry changed",
    "entry removed",
    "entry inserted",
    "seal changed",
    "seal removed",
    "seal replaced",
    "leaves changed",
    "chain broken",
    "anchor empty",
]
#: An entry of a later moment than this was not drawn by the server.
_FUTURE = timedelta(minutes=10)
#: Findings that are told one by one: where everything is wrong, the first say enough.
_SHOWN = 1000
#: Anchored seals that are compared at a time.
_BATCH = 5000
#: What retention took out of the record, by its own word.
_DETACHED = """
SELECT resource_type, details ->> 'partition', details ->> 'from_id', details ->> 'to_id'
FROM tenantry.platform_log
WHERE action = 'detach' AND resource_type IN ('audit_logs', 'platform_log') ORDER BY id"""

_REST = "SELECT EXISTS (SELECT FROM tenantry.{} WHERE id >= $1 AND id < $2)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed."""

    what: What
    #: Whose record; None for the platform's.
    tenant_id: UUID | None
    detail: str
    entry_id: UUID | None = None
    #: The number of the seal that tells.
    seal: int | None = None


@dataclass(frozen=True, slots=True)
class Detached:
    """A partition that retention took out. Its entries are known by their seals alone."""

    table: str
    partition: str
    from_id: UUID
    to_id: UUID

    @classmethod
    def told(cls, table: str, partition: str, from_id: str, to_id: str) -> Detached | None:
        """Nothing when its bounds are not exactly those of the month it is named after."""
        try:
            start = datetime.strptime(partition, f"{table}_%Y_%m").replace(tzinfo=UTC)
            end = (start + timedelta(days=31)).replace(day=1)
            bounds = UUID(from_id), UUID(to_id)
        except (ValueError, TypeError, AttributeError, OverflowError):
            return None
        month = ids.lower_bound(start), ids.lower_bound(end)
        return cls(table, partition, *bounds) if bounds == month else None


@dataclass
class Report:
    """What was looked at, and what was found."""

    chains: int = 0
    seals: int = 0
    entries: int = 0
    #: Younger than the newest seals: nothing can be said of these yet.
    unsealed: int = 0
    #: Entries that went with a partition.
    detached: int = 0
    anchored: int = 0
    partitions: list[Detached] = field(default_factory=list)
    found: int = 0
    #: The first of what was found.
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.found

    def add(self, finding: Finding) -> None:
        self.found += 1
        if len(self.findings) < _SHOWN:
            self.findings.append(finding)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


Tell = Callable[[Report], None]


async def verify(
    db: Database,
    *,
    tenant_id: UUID | None = None,
    anchors: Sequence[Anchor] = (),
    tell: Tell = lambda _: None,
) -> Report:
    """Hash every sealed entry anew, of all tenants and the platform's log, or of one tenant.

    Memory does not grow with a record: its seals are looked at one after another.
    """
    report = Report()
    async with db.service("audit verify") as s:
        # First, since more may be sealed meanwhile.
        swept = await swept_below(s)
        report.partitions = await _detached(s)
        for chain in [Chain(tenant_id)] if tenant_id else [*await _tenants(s), Chain()]:
            await _Verification(s, chain, report, tell).run(swept)
    for anchor in anchors:
        await _compare(db, anchor, tenant_id, report, tell)
    return report


class _Verification:
    """Of one record."""

    def __init__(self, s: ServiceTransaction, chain: Chain, report: Report, tell: Tell) -> None:
        self.s, self.chain, self.report, self.tell = s, chain, report, tell

    async def run(self, swept: UUID) -> None:
        before: Seal | None = None
        async for seal, leaves in self.chain.seals(self.s):
            self._link(before, seal)
            await self._stretch(seal, leaves)
            self.report.seals += 1
            before = seal
        await self._rest(before.bounds[1] if before else FIRST, swept)
        self.report.chains += 1

    def _link(self, before: Seal | None, seal: Seal) -> None:
        """The seal itself, and that it follows the one before."""
        if seal.its_hash != seal.hash:
            self._found("seal changed", "Its hash is not that of what it says.", seal=seal)
        expected = before.sequence + 1 if before else 1
        if seal.sequence != expected:
            missing = (
                f"{expected}"
                if seal.sequence == expected + 1
                else f"{expected} to {seal.sequence - 1}"
            )
            self._found("seal removed", f"Of seal {missing} there is nothing.", seal=seal)
        elif before is not None and (
            seal.says.get("previous") != before.hash.hex() or seal.bounds[0] != before.bounds[1]
        ):
            self._found("chain broken", f"It does not follow seal {before.sequence}.", seal=seal)

    async def _stretch(self, seal: Seal, leaves: list[bytes]) -> None:
        """The entries between the seal's bounds against its leaves."""
        if not leaves or merkle.root(leaves).hex() != seal.says["root"]:
            self._found("leaves changed", "Its root is not that of its leaves.", seal=seal)
        expected = {leaf[:16]: leaf for leaf in leaves if len(leaf) == LEAF_SIZE}
        async for page in self.chain.leaves(self.s, *seal.bounds):
            for leaf in page:
                sealed = expected.pop(leaf[:16], None)
                if sealed is None:
                    self._found(
                        "entry inserted", "It was not there when its time was sealed.", leaf, seal
                    )
                elif sealed != leaf:
                    self._found(
                        "entry changed",
                        "It says something else than when it was sealed.",
                        leaf,
                        seal,
                    )
            self.report.entries += len(page)
            self.tell(self.report)
        for leaf in expected.values():
            if self._is_detached(id_of(leaf)):
                self.report.detached += 1
            else:
                self._found("entry removed", "It was sealed and is not there.", leaf, seal)

    async def _rest(self, since: UUID, swept: UUID) -> None:
        """What no seal is about has to be young."""
        future = ids.lower_bound(datetime.now(UTC) + _FUTURE)
        async for page in self.chain.leaves(self.s, since, None):
            for before, leaf in zip([b"", *page], page, strict=False):
                if before[:16] == leaf[:16]:
                    self._found("entry inserted", "There is another with its id.", leaf)
                elif id_of(leaf) < swept:
                    self._found("entry inserted", "Its time is sealed, and no seal has it.", leaf)
                elif id_of(leaf) > future:
                    self._found("entry inserted", "Its time has not come yet.", leaf)
                else:
                    self.report.unsealed += 1
            self.tell(self.report)

    def _found(
        self, what: What, detail: str, leaf: bytes | None = None, seal: Seal | None = None
    ) -> None:
        entry = id_of(leaf) if leaf else None
        number = seal.sequence if seal else None
        self.report.add(Finding(what, self.chain.tenant_id, detail, entry, number))

    def _is_detached(self, entry: UUID) -> bool:
        parts = (p for p in self.report.partitions if p.table == self.chain.log)
        return any(p.from_id <= entry < p.to_id for p in parts)


async def _tenants(s: ServiceTransaction) -> list[Chain]:
    """Of whom there are entries, or seals."""
    of = [await tenants_of(s, table) for table in ("audit_logs", "audit_seals")]
    return sorted({*of[0], *of[1]}, key=str)


async def _detached(s: ServiceTransaction) -> list[Detached]:
    """Partitions that retention took out by its own word, if that is so: all of a month is gone,
    the partition and every row. Entries that are missing otherwise have been removed."""
    told = {part for row in await s.fetch(_DETACHED) if (part := Detached.told(*row))}
    gone = []
    for part in sorted(told, key=lambda part: (part.table, part.from_id)):
        gaps = await s.fetch("SELECT lower, upper FROM tenantry.partition_gaps($1)", part.table)
        apart = any((a or FIRST) <= part.from_id and part.to_id <= (b or LAST) for a, b in gaps)
        rest = _REST.format(part.table)
        if apart and not await s.fetch_value(rest, part.from_id, part.to_id):
            gone.append(part)
    return gone


async def _compare(
    db: Database, anchor: Anchor, tenant_id: UUID | None, report: Report, tell: Tell
) -> None:
    """The seals that there are with those that an anchor holds."""
    kept, before = anchor.kept(), report.anchored
    while batch := await asyncio.to_thread(lambda: list(islice(kept, _BATCH))):
        held: dict[Chain, list[Seal]] = {}
        for seal in batch:
            if tenant_id in (None, seal.tenant_id):
                held.setdefault(Chain(seal.tenant_id), []).append(seal)
        async with db.service("audit verify") as s:
            for chain, seals in held.items():
                there = await chain.hashes(s, [seal.sequence for seal in seals])
                for seal in seals:
                    if seal.sequence not in there:
                        what: What = "seal removed"
                        detail = f"{anchor} holds it, and it is not there."
                    elif there[seal.sequence] != seal.hash:
                        what, detail = "seal replaced", f"{anchor} holds another in its place."
                    else:
                        continue
                    report.add(Finding(what, chain.tenant_id, detail, seal=seal.sequence))
                report.anchored += len(seals)
        tell(report)
    if report.seals and report.anchored == before:
        report.add(Finding("anchor empty", tenant_id, f"{anchor} holds none of the seals."))
    tell(report)
