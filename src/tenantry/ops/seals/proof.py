"""That one entry is in a sealed record, for somebody who has nothing but the seal's hash.

`docs/verify_proof.py` checks it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tenantry.database import Database
from tenantry.errors import NotFound, TenantryError
from tenantry.handles import ServiceTransaction

from . import merkle
from .chain import Chain, chain_of, following, leaf_of

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
        leaf = leaf_of(entry)
        if leaf not in leaves:
            raise NotProven(
                f"Entry {entry_id} is not what was sealed.",
                hint="`tenantry audit verify` tells more.",
                entry_id=str(entry_id),
                seal=seal.sequence,
            )
        later = await chain.headers(s, seal.sequence, through or seal.sequence)
    return {
        "format": FORMAT,
        "entry": entry,
        "path": [
            {"side": side, "hash": other.hex()}
            for side, other in merkle.path(leaves, leaves.index(leaf))
        ],
        "seals": [dict(each.says) for each in (seal, *later)],
        "hash": (later[-1] if later else seal).hash.hex(),
    }


async def _entry(s: ServiceTransaction, chain: Chain, entry_id: UUID) -> dict[str, str]:
    async for page in chain.entries(s, entry_id, following(entry_id)):
        return page[0]
    raise NotFound("audit entry", entry_id)
