"""The outbox as its operator sees it: what waits, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tenantry.database import Database
from tenantry.handles import ServiceTransaction

WAITING: Final = """
    SELECT e.tenant_id, t.slug AS tenant, e.topic, count(*) AS waiting,
           count(*) FILTER (WHERE e.retry_at < 'infinity') AS parked,
           count(*) FILTER (WHERE e.retry_at = 'infinity') AS behind,
           min(e.created_at) AS oldest, max(e.attempts) AS attempts,
           min(e.retry_at) FILTER (WHERE e.retry_at < 'infinity') AS retry_at,
           (array_agg(e.last_error ORDER BY e.retry_at) FILTER (WHERE e.last_error IS NOT NULL))[1] AS error
    FROM tenantry.outbox_events AS e JOIN tenantry.tenants AS t ON t.id = e.tenant_id
    GROUP BY 1, 2, 3 ORDER BY oldest, 1, 3"""
_RETRY: Final = """
    UPDATE tenantry.outbox_events SET retry_at = now()
    WHERE retry_at < 'infinity' AND ($1::uuid IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR topic = $2)"""
_FREE: Final = """
    UPDATE tenantry.outbox_events AS e SET retry_at = NULL
    WHERE e.retry_at = 'infinity' AND NOT EXISTS (
        SELECT FROM tenantry.outbox_events AS h
        WHERE h.tenant_id = e.tenant_id AND h.topic = e.topic AND h.key = e.key AND h.retry_at < 'infinity')"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a tenant's topic has in the outbox."""

    tenant_id: UUID
    tenant: str
    topic: str
    waiting: int
    #: Of these, refused by their stream, and tried again at `retry_at`.
    parked: int
    #: Of these, not tried, since an earlier one of their key is parked.
    behind: int
    oldest: datetime
    attempts: int
    retry_at: datetime | None
    error: str | None


async def status(db: Database) -> list[Waiting]:
    async with db.service("events status") as s:
        return [Waiting(**dict(row)) for row in await s.fetch(WAITING)]


async def retry(db: Database, *, tenant_id: UUID | None = None, topic: str | None = None) -> int:
    """Have the relay try what is parked at once; how many those are."""
    async with db.service("events retry") as s:
        await free_orphans(s)
        return await s.execute(_RETRY, tenant_id, topic)


async def free_orphans(s: ServiceTransaction) -> int:
    """Let go on what waits for an event that somebody removed."""
    return await s.execute(_FREE)
