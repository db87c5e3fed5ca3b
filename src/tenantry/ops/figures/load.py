"""Which tenants are at work: how much they run and use, and nothing of what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from tenantry.ids import lower_bound

from .source import LIMITS, Section, Source


@dataclass(frozen=True, slots=True)
class TenantLoad:
    tenant_id: UUID
    slug: str
    #: Executions under way.
    running: int
    #: Tasks that somebody works on.
    claimed: int
    #: Since midnight, UTC: executions begun, their tokens, and what was booked.
    requests: int
    tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class TenantLoads:
    """Those that do anything; the busiest first."""

    tenants: tuple[TenantLoad, ...]


# Tenant by tenant: so each count is a walk along an index, however much the others have.
_SQL: Final = """
    SELECT * FROM (
        SELECT t.id AS tenant_id, t.slug, r.running, c.claimed, e.requests, e.tokens, b.cost_usd
        FROM tenantry.tenants AS t
        CROSS JOIN LATERAL (
            SELECT count(*) AS running FROM tenantry.agent_executions AS x
            WHERE x.tenant_id = t.id AND x.status = 'running') AS r
        CROSS JOIN LATERAL (
            SELECT count(*) AS claimed FROM tenantry.tasks AS x
            WHERE x.tenant_id = t.id AND x.state_category = 'active') AS c
        CROSS JOIN LATERAL (
            SELECT count(*) AS requests, coalesce(sum(x.input_tokens + x.output_tokens), 0)::bigint AS tokens
            FROM tenantry.agent_executions AS x WHERE x.tenant_id = t.id AND x.id >= $1) AS e
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(x.cost_usd), 0) AS cost_usd
            FROM tenantry.cost_entries AS x WHERE x.tenant_id = t.id AND x.id >= $1) AS b
        WHERE t.status <> 'deleted') AS l
    WHERE running + claimed + requests + tokens > 0 OR cost_usd > 0
    ORDER BY running DESC, tokens DESC, claimed DESC, slug LIMIT $2"""


async def _look(source: Source) -> TenantLoads:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with await source.service() as s:
        for statement in LIMITS.replace("SET ", "SET LOCAL ").split("; "):
            await s.execute(statement)
        rows = await s.fetch(_SQL, lower_bound(midnight), source.rows)
    return TenantLoads(tuple(TenantLoad(**row) for row in rows))


TENANTS = Section("tenants", "tenants by what they run, and what they used today", _look)
