"""Legal holds: while there is one, nothing of the tenant is purged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tenantry.errors import InvalidInput, NotFound
from tenantry.handles import ServiceTransaction

_HOLD: Final = "INSERT INTO tenantry.tenant_holds (tenant_id, reason) VALUES ($1, $2) RETURNING id"
_RELEASE: Final = "DELETE FROM tenantry.tenant_holds WHERE id = $1 AND tenant_id = $2"
_HOLDS: Final = """
SELECT h.id, h.tenant_id, t.slug AS tenant, h.reason, h.created_at
FROM tenantry.tenant_holds AS h JOIN tenantry.tenants AS t ON t.id = h.tenant_id
WHERE $1::uuid IS NULL OR h.tenant_id = $1 ORDER BY h.created_at, h.id"""


@dataclass(frozen=True, slots=True)
class Hold:
    id: UUID
    tenant_id: UUID
    tenant: str
    reason: str
    created_at: datetime


async def hold(s: ServiceTransaction, tenant_id: UUID, reason: str) -> UUID:
    if not reason.strip():
        raise InvalidInput("Say why nothing of the tenant may be purged.", field="reason")
    made: UUID = await s.fetch_value(_HOLD, tenant_id, reason)
    return made


async def release(s: ServiceTransaction, tenant_id: UUID, hold_id: UUID) -> None:
    if not await s.execute(_RELEASE, hold_id, tenant_id):
        raise NotFound("hold", hold_id)


async def holds(s: ServiceTransaction, tenant_id: UUID | None = None) -> list[Hold]:
    """Those of all tenants, or of one."""
    return [Hold(**dict(row)) for row in await s.fetch(_HOLDS, tenant_id)]
