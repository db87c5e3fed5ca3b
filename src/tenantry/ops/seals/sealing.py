"""Closing stretches of the record: which entries are certain to be all there are, and their seals.

An entry's id carries the moment at which it was drawn, but the entry is seen only when its transaction
has committed, which may be much later. So a seal reaches up to a moment of which no more entries can
come. Every id is drawn when its transaction has a number (schema/record.sql), and numbers are given out
in order: whoever drew an id before some moment has a lower number than one given out after it, and has
ended when the lowest number under way is not below that one. Nothing of this is seen by those who
write: no lock is taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenantry import ids
from tenantry.database import Database
from tenantry.errors import LockTimeout, RuleViolated
from tenantry.handles import ServiceTransaction

from .anchors import Anchor
from .chain import FIRST, Chain, Seal, following, id_of, swept_below, tenants_of

#: How far behind the clock a seal stays: a server's clock may be set back, or be another's after a
#: failover, by less than this without an entry being late for its seal.
LAG = timedelta(minutes=1)
#: Entries of a seal at most, and about those of a transaction.
SIZE = 10_000
_WORK = 100_000
#: Seals that are anchored at once, about.
_BATCH = 5000

#: The moment is that of the statement's arrival, so the number is given out after it. (The end of a
#: snapshot would not do: it is past the last transaction that has ended, not the last that began.)
_NOW = "SELECT statement_timestamp(), pg_current_xact_id()::text::bigint"
_LOWEST = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass
class Run:
    """What a run has done."""

    #: Entries before this moment are sealed.
    until: datetime
    chains: int = 0
    done: int = 0
    entries: int = 0
    seals: list[Seal] = field(default_factory=list)
    #: Where seals were anchored, and how many.
    anchored: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "until": self.until,
            "chains": self.chains,
            "entries": self.entries,
            "seals": [seal.line for seal in self.seals],
            "anchored": self.anchored,
        }


async def seal(
    db: Database,
    *,
    tenant_id: UUID | None = None,
    anchors: Sequence[Anchor] = (),
    lag: timedelta = LAG,
    size: int = SIZE,
    patience: float = 60.0,
    tell: Callable[[Run], None] = lambda _: None,
) -> Run:
    """Seal what every tenant has up to now, then the platform's log; or what one tenant has.

    `LockTimeout` when a transaction that may still bring older entries outlasts `patience`. Stopped
    half-way, it goes on the next time.
    """
    reason = "audit seal"
    async with db.service(reason) as s:
        until = await _settled(s, lag, patience)
        run = Run(until)
        tenants = deque([Chain(tenant_id)] if tenant_id else await _tenants(s))
    run.chains = len(tenants) + (tenant_id is None)
    while tenants:
        async with db.service(reason) as s:
            await _seal_some(s, tenants, run, size, tell)
    if tenant_id is None:
        # Last, since it says that everyone's entries are sealed as far as its own.
        platform = deque([Chain()])
        while platform:
            async with db.service(reason) as s:
                await _seal_some(s, platform, run, size, tell)
    for anchor in anchors:
        run.anchored[str(anchor)] = await _anchor(db, anchor)
    return run


async def _settled(s: ServiceTransaction, lag: timedelta, patience: float) -> datetime:
    """A moment before which no more entries can come."""
    (moment, number) = (await s.fetch(_NOW))[0]
    clock = asyncio.get_running_loop().time
    deadline, pause = clock() + patience, 0.01
    while await s.fetch_value(_LOWEST) < number:
        if clock() > deadline:
            raise LockTimeout(
                f"A transaction that may still write to the record has been open for {patience:g} s.",
                hint="Nothing was sealed; seal again when it has ended.",
            )
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)
    until: datetime = moment - lag
    return until


async def _tenants(s: ServiceTransaction) -> list[Chain]:
    swept = ids.time_of(await swept_below(s))
    month = swept.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # A partition begins there, so that older ones are not looked into and nothing within one has to
    # be passed over.
    return await tenants_of(s, "audit_logs", ids.lower_bound(month))


async def _seal_some(
    s: ServiceTransaction, chains: deque[Chain], run: Run, size: int, tell: Callable[[Run], None]
) -> None:
    """Seals until a transaction has had enough work. A chain is left when it has no more."""
    enough = run.entries + _WORK
    moment = await s.fetch_value("SELECT now()")
    swept = await swept_below(s)
    while chains and run.entries < enough:
        made = await _seal_next(s, chains[0], swept, ids.lower_bound(run.until), size, moment)
        if made is None:
            chains.popleft()
            run.done += 1
        else:
            run.entries += made.entries
            run.seals.append(made)
        tell(run)


async def _seal_next(  # noqa: PLR0917
    s: ServiceTransaction, chain: Chain, swept: UUID, until: UUID, size: int, moment: datetime
) -> Seal | None:
    """The next seal of a chain; None when there is nothing left to be sealed.

    Its bounds follow the seal before, but its leaves begin where every tenant's record was swept: a
    tenant that had nothing to seal then has nothing older, and what is there all the same is forged.
    """
    while True:
        before = await chain.newest(s)
        since = before.bounds[1] if before else FIRST
        if since >= until:
            return None
        first = max(since, swept) if chain.tenant_id else since
        leaves = [leaf async for page in chain.leaves(s, first, until, limit=size) for leaf in page]
        if not leaves:
            return None
        if len({leaf[:16] for leaf in leaves}) < len(leaves):
            raise RuleViolated(
                f"Two entries of {chain} have one id.",
                hint="Nothing of it was sealed; `tenantry audit verify` names them.",
                table=chain.log,
                constraint=f"{chain.log}_pkey",
                column="id",
            )
        upto = following(id_of(leaves[-1])) if len(leaves) >= size else until
        made = await chain.close(s, before, (since, upto), leaves, id=ids.uuid7(), moment=moment)
        if made is not None:
            return made
        # Somebody else was faster: from theirs on.


async def _anchor(db: Database, anchor: Anchor) -> int:
    """Anchor what it does not hold yet: also what an earlier run was kept from anchoring."""
    held = await asyncio.to_thread(_held, anchor)
    async with db.service("audit seal") as s:
        chains = [*await tenants_of(s, "audit_seals"), Chain()]
    kept = 0
    while chains:
        seals: list[Seal] = []
        async with db.service("audit seal") as s:
            while chains and len(seals) < _BATCH:
                more = await chains[0].headers(s, held.get(chains[0].tenant_id, 0), _BATCH)
                if more:
                    seals += more
                    held[chains[0].tenant_id] = more[-1].sequence
                if len(more) < _BATCH:
                    chains.pop(0)
        if seals:
            await asyncio.to_thread(anchor.keep, seals)
            kept += len(seals)
    return kept


def _held(anchor: Anchor) -> dict[UUID | None, int]:
    """The highest number that it holds of each chain. Ids would not do: they commit in any order."""
    highest: dict[UUID | None, int] = {}
    for seal in anchor.kept():
        highest[seal.tenant_id] = max(seal.sequence, highest.get(seal.tenant_id, 0))
    return highest
