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
from .anchors import Anchor, Watched
from .chain import FIRST, Chain, Seal, id_of, swept_below, tenants_of
from .detached import Detached, detached
from .purged import purges

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
    "anchor tampered with",
    "detachment unsealed",
    "detachment false",
    "detachment not anchored",
]
#: What nobody can leave out of a seal but by force.
_NEEDED = ("from_id", "to_id", "root")
#: An entry of a later moment than this was not drawn by the server.
_FUTURE = timedelta(minutes=10)
#: Findings that are told one by one: where everything is wrong, the first say enough.
_SHOWN = 1000
#: Anchored seals that are compared at a time.
_BATCH = 5000


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
    #: Anchored seals of tenants that were purged, by the platform's word.
    purged: int = 0
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
        gone = [part.to_dict() for part in self.partitions]
        return {"ok": self.ok, **asdict(self), "partitions": gone}


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
        report.partitions, doubts = await detached(s)
        for doubt in doubts:
            what: What = "detachment unsealed" if doubt.unsealed else "detachment false"
            report.add(Finding(what, None, doubt.detail, doubt.line))
        for chain in [Chain(tenant_id)] if tenant_id else [*await _tenants(s), Chain()]:
            await _Verification(s, chain, report, tell).run(swept)
    held: set[int] = set()
    for anchor in anchors:
        held |= await _compare(db, anchor, tenant_id, report, tell)
    for part in report.partitions if anchors else ():
        if part.seal is not None and part.seal not in held:
            detail = f"No anchor holds the seal on the word that {part.partition} was detached."
            finding = Finding("detachment not anchored", None, detail, part.entry_id, part.seal)
            report.add(finding)
    return report


class _Verification:
    """Of one record."""

    def __init__(self, s: ServiceTransaction, chain: Chain, report: Report, tell: Tell) -> None:
        self.s, self.chain, self.report, self.tell = s, chain, report, tell

    async def run(self, swept: UUID) -> None:
        before: Seal | None = None
        async for seal, leaves in self.chain.seals(self.s):
            if missing := [name for name in _NEEDED if name not in seal.says]:
                self._found("seal changed", f"It has no {missing[0]}.", seal=seal)
                continue
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
        if seal.sequence < expected:
            self._found("chain broken", "There is another of its number.", seal=seal)
        elif seal.sequence > expected:
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
        return any(part.holds(self.chain.log, entry) for part in self.report.partitions)


async def _tenants(s: ServiceTransaction) -> list[Chain]:
    """Of whom there are entries, or seals."""
    of = [await tenants_of(s, table) for table in ("audit_logs", "audit_seals")]
    return sorted({*of[0], *of[1]}, key=str)


async def _compare(
    db: Database, anchor: Anchor, tenant_id: UUID | None, report: Report, tell: Tell
) -> set[int]:
    """The seals that there are with those that an anchor holds; which of the platform's it holds."""
    kept, before = anchor.kept(), report.anchored
    wanted = {part.seal for part in report.partitions if part.seal is not None}
    platforms: set[int] = set()
    while batch := await asyncio.to_thread(lambda: list(islice(kept, _BATCH))):
        held: dict[Chain, list[Seal]] = {}
        for seal in batch:
            needed = seal.tenant_id is None and seal.sequence in wanted
            if tenant_id in (None, seal.tenant_id) or needed:
                held.setdefault(Chain(seal.tenant_id), []).append(seal)
        async with db.service("audit verify") as s:
            gone = await purges(s)
            for chain, seals in held.items():
                there = await chain.hashes(s, [seal.sequence for seal in seals])
                for seal in seals:
                    if seal.sequence not in there and gone.explain(seal):
                        report.purged += 1
                        continue
                    if seal.sequence not in there:
                        what: What = "seal removed"
                        detail = f"{anchor} holds it, and it is not there."
                    elif there[seal.sequence] != seal.hash:
                        what, detail = "seal replaced", f"{anchor} holds another in its place."
                    else:
                        platforms |= set() if chain.tenant_id else {seal.sequence}
                        continue
                    report.add(Finding(what, chain.tenant_id, detail, seal=seal.sequence))
                report.anchored += len(seals) if tenant_id in (None, chain.tenant_id) else 0
        tell(report)
    if isinstance(anchor, Watched):
        for detail in await asyncio.to_thread(lambda: list(anchor.tampered())):
            report.add(Finding("anchor tampered with", tenant_id, detail))
    if report.seals and report.anchored == before:
        report.add(Finding("anchor empty", tenant_id, f"{anchor} holds none of the seals."))
    tell(report)
    return platforms
