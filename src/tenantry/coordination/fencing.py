"""Fences in PostgreSQL: what was written under a lock, by whom, and who comes too late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from tenantry.kernel.transaction import Transaction

# A row that is written stays locked until the end of the transaction, so that what two holders
# write cannot mix. That a fence never falls is the table's own rule.
_RECORD: Final = (
    "INSERT INTO tenantry.lock_fences AS f (tenant_id, name, fence)"
    " VALUES (tenantry.current_tenant_id(), $1, $2)"
    " ON CONFLICT (tenant_id, name) DO UPDATE SET fence = excluded.fence"
)
_NEXT: Final = (
    "INSERT INTO tenantry.lock_fences AS f (tenant_id, name, fence)"
    " VALUES (tenantry.current_tenant_id(), $1, 1)"
    " ON CONFLICT (tenant_id, name) DO UPDATE SET fence = f.fence + 1 RETURNING fence"
)


class Holder(Protocol):
    """Who held a lock, and when among the others."""

    @property
    def name(self) -> str: ...
    @property
    def fence(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Fence:
    """A lock's name and fence, to hand to another process that writes for its holder."""

    name: str
    fence: int


async def record_fence(transaction: Transaction, name: str, fence: int) -> None:
    await transaction.execute(_RECORD, name, fence)


async def next_fence(transaction: Transaction, name: str) -> int:
    fence: int = await transaction.fetch_value(_NEXT, name)
    return fence
