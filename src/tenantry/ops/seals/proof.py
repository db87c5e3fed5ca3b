"""That one entry is in a sealed record, for somebody who has nothing but the seal's hash.

`docs/verify_proof.py` checks it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

from tenantry.database import Database
from tenantry.errors import InvalidInput, NotFound, TenantryError
from tenantry.handles import ServiceTransaction

from . import merkle
from .chain import Chain, Seal, chain_of, following, leaf_of

FORMAT = "tenantry-audit-proof-1"


class NotProven(TenantryError):
    """There is no proof of an entry."""

    code = "not_proven"


async def prove(db: Database, entry_id: UUID, *, through: int | None = None) -> dict[str, Any]:
    """The entry, the path from it to its seal's root, and that seal; also those that follow it up
    to the number `through`, for somebody who holds the hash of that one."""
    async with db.service(f"audit proof {entry_id}") as s:
        chain = await chain_of(s, entry_id)
        if chain is None:
            raise NotFound("audit entry", entry_id)
        entry = await _entry(s, chain, entry_id)
        found = await chain.seal_of(s, entry_id)
        if found is None:
            raise NotProven(
                f"Entry {entry_id} is not sealed yet.", hint="`tenantry audit seal` seals it."
            )
        seal, leaves = found
        last = seal.sequence if through is None else through
        newest = await chain.newest(s)
        if newest is None or not seal.sequence <= last <= newest.sequence:
            raise InvalidInput(
                f"There is no seal {last} at or after the one that entry {entry_id} is under.",
                field="through",
                hint=f"{seal.sequence} to {newest.sequence if newest else seal.sequence}",
            )
        later = await chain.headers(s, seal.sequence, last - seal.sequence)
    leaf = leaf_of(entry)
    if leaf not in leaves:
        raise _not_proven(f"Entry {entry_id} is not what was sealed.", entry_id, seal)
    path = merkle.path(leaves, leaves.index(leaf))
    if merkle.climb(leaf, path).hex() != seal.says["root"]:
        raise _not_proven(f"The leaves of seal {seal.sequence} were changed.", entry_id, seal)
    seals = [seal, *later]
    linked = all(b.says.get("previous") == a.hash.hex() for a, b in pairwise(seals))
    if not linked or seals[-1].sequence != last or any(s.its_hash != s.hash for s in seals):
        raise _not_proven(f"Seals {seal.sequence} to {last} were changed.", entry_id, seal)
    return {
        "format": FORMAT,
        "entry": entry,
        "path": [{"side": side, "hash": other.hex()} for side, other in path],
        "seals": [dict(each.says) for each in seals],
        "hash": seals[-1].hash.hex(),
    }


def _not_proven(message: str, entry_id: UUID, seal: Seal) -> NotProven:
    return NotProven(
        message,
        hint="`tenantry audit verify` tells more.",
        entry_id=str(entry_id),
        seal=seal.sequence,
    )


async def _entry(s: ServiceTransaction, chain: Chain, entry_id: UUID) -> dict[str, str]:
    async for page in chain.entries(s, entry_id, following(entry_id)):
        return page[0]
    raise NotFound("audit entry", entry_id)
