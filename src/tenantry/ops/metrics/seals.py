"""How long the record has gone without a seal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from tenantry.ids import time_of
from tenantry.ops.figures import Section, Source


@dataclass(frozen=True, slots=True)
class Seals:
    #: Age of the oldest entry of any tenant that no seal covers; 0 if there is none.
    unsealed_s: float


# Tenant by tenant, so that each is one step along an index.
_OLDEST: Final = """
    SELECT min(entry.id::text)::uuid
    FROM (SELECT t.id, (SELECT s.to_id FROM tenantry.audit_seals AS s WHERE s.tenant_id = t.id
                        ORDER BY s.sequence DESC LIMIT 1) AS until FROM tenantry.tenants AS t) AS sealed
    CROSS JOIN LATERAL (
        SELECT a.id FROM tenantry.audit_logs AS a
        WHERE a.tenant_id = sealed.id AND a.id >= coalesce(sealed.until, $1) ORDER BY a.id LIMIT 1) AS entry"""


async def _look(source: Source) -> Seals:
    async with await source.service() as s:
        oldest: UUID | None = await s.fetch_value(_OLDEST, UUID(int=0))
    if oldest is None:
        return Seals(0.0)
    return Seals(max(0.0, (datetime.now(UTC) - time_of(oldest)).total_seconds()))


SEALS = Section("seals", "how long the record has gone without a seal", _look)
