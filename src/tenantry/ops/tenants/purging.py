"""A tenant removed for good, with a certificate of what was removed.

Rows go in one transaction (schema/transfer.sql says how none is forgotten), and what is beside the
tables before and after it: a run that was stopped is simply repeated, by the tenant's id. That removes,
too, what somebody who had begun before brought in later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from tenantry.coordination import footprint
from tenantry.database import Database
from tenantry.errors import NotFound, TransferRefused
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor
from tenantry.ops.seals.sealing import seal

Tell = Callable[[str], None]
Keep = Callable[[list[str]], None]

_PATIENTLY: Final = (
    "SELECT set_config('statement_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true)"
)
_STATUS: Final = """
SELECT t.status, EXISTS (SELECT FROM tenantry.tenant_holds AS h WHERE h.tenant_id = t.id) AS held
FROM tenantry.tenants AS t WHERE t.id = $1"""
_BLOBS: Final = """
SELECT storage_path FROM tenantry.task_attachments WHERE tenant_id = $1 ORDER BY storage_path"""
_ALONE: Final = """
SELECT m.user_id FROM tenantry.memberships AS m
WHERE m.tenant_id = $1 AND NOT EXISTS (
    SELECT FROM tenantry.memberships AS o WHERE o.user_id = m.user_id AND o.tenant_id <> $1)
ORDER BY 1"""
_PURGE: Final = "SELECT tenantry.purge_tenant($1, $2)"
_LEFT: Final = """
SELECT relation, rows FROM tenantry.count_tenant_rows($1)
UNION ALL
SELECT n.nspname::text, count(c.oid) FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid
WHERE n.nspname = 'tg_' || replace($1::text, '-', '') GROUP BY n.nspname"""
_CERTIFICATES: Final = """
SELECT l.id, l.created_at, l.reason, l.user_agent, l.details FROM tenantry.platform_log AS l
WHERE l.action = 'purge' AND l.resource_type = 'tenants'
  AND ($1::uuid IS NULL OR l.resource_id = $1) AND ($2::text IS NULL OR l.details ->> 'slug' = $2)
ORDER BY l.id DESC"""


@dataclass(frozen=True)
class Certificate:
    """What the platform's log keeps of a purge."""

    entry_id: UUID
    at: datetime
    reason: str | None
    program: str | None
    #: tenant_id, slug, tables, rows, last_seal, blobs, backups, by.
    facts: dict[str, Any]


@dataclass
class Purged:
    tenant_id: UUID
    certificate: Certificate
    #: Files that the platform's object store still has. They are named here and nowhere else.
    blobs: list[str] = field(default_factory=list)
    #: Members of no other tenant: users are the platform's to remove.
    users_left: list[UUID] = field(default_factory=list)
    #: Keys in Redis or Valkey; None where no server is known.
    keys: int | None = None
    #: What a look into every table and graph found afterwards: nothing.
    left: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


async def purge(
    db: Database,
    tenant_id: UUID,
    *,
    reason: str,
    has_redis: bool = True,
    backups: Sequence[Mapping[str, str | None]] | None = None,
    actor: Actor | None = None,
    keep: Keep = lambda _: None,
    tell: Tell = lambda _: None,
) -> Purged:
    """Remove a deleted tenant. `TransferRefused` while it is not deleted, or a legal hold is on it.

    `backups` are those that still hold it, which the certificate names (None: that is not known).
    `keep` is given the paths of its files in the object store before the rows that name them go; what it
    raises stops the purge. Run again by its id, it finishes what was left and gives the same certificate.
    """
    begin = await db.serving(reason, actor=actor)
    async with begin() as s:
        row = await s.fetch_one(_STATUS, tenant_id)
        if row is None and not await certificates(s, tenant_id=tenant_id):
            raise NotFound("tenant", tenant_id)
    if row is not None:
        _refuse(row["status"], held=row["held"], tenant_id=tenant_id)
        tell("Sealing its record")
        # No lag: the tenant is deleted, so no entry comes late. But one of this very millisecond is
        # not sealed yet.
        await asyncio.sleep(0.002)
        await seal(db, tenant_id=tenant_id, lag=timedelta(0))
        if has_redis:
            tell("Removing its keys")
            await footprint.erase(db.coordination, tenant_id)
    tell("Removing its rows")
    async with begin() as s:
        await s.execute(_PATIENTLY)
        blobs = [row[0] async for row in s.stream(_BLOBS, tenant_id)]
        alone = [row[0] async for row in s.stream(_ALONE, tenant_id)]
        listed = sha256("\n".join(blobs).encode()).hexdigest()
        facts = {"blobs": len(blobs), "blobs_sha256": listed, "users_left": len(alone)}
        facts |= {"backups": backups}
        if row is not None:
            keep(blobs)
        await s.fetch_value(_PURGE, tenant_id, facts)
    async with begin() as s:
        found = await certificates(s, tenant_id=tenant_id)
        await s.execute(_PATIENTLY)
        tell("Bringing the views up to date")
        await s.refresh_views()
    done = Purged(tenant_id, found[0], blobs, alone)
    if has_redis:
        done.keys = await footprint.erase(db.coordination, tenant_id)
    tell("Looking for what is left")
    async with begin() as s:
        await s.execute(_PATIENTLY)
        done.left = await left(s, tenant_id)
    return done


async def planned(s: ServiceTransaction, tenant_id: UUID) -> dict[str, int]:
    """What a purge would remove, table by table; refused as that would be."""
    row = await s.fetch_one(_STATUS, tenant_id)
    if row is None:
        raise NotFound("tenant", tenant_id)
    _refuse(row["status"], held=row["held"], tenant_id=tenant_id)
    await s.execute(_PATIENTLY)
    return await left(s, tenant_id)


async def left(s: ServiceTransaction, tenant_id: UUID) -> dict[str, int]:
    """Rows of the tenant in any table, and its graph. The platform's log is the platform's."""
    return {row[0]: row[1] for row in await s.fetch(_LEFT, tenant_id)}


async def certificates(
    s: ServiceTransaction, *, tenant_id: UUID | None = None, slug: str | None = None
) -> list[Certificate]:
    """Of all purges, or those of a tenant; newest first."""
    return [Certificate(*row) for row in await s.fetch(_CERTIFICATES, tenant_id, slug)]


def _refuse(status: str, *, held: bool, tenant_id: UUID) -> None:
    """Before anything is done; the database asks again when it is."""
    if held:
        raise TransferRefused(
            f"Tenant {tenant_id} is under a legal hold.",
            hint="`tenantry tenant holds` says why, and `tenantry tenant release` ends it.",
            reason="held",
        )
    if status != "deleted":
        raise TransferRefused(
            f"Tenant {tenant_id} is {status}: only a deleted one is purged.",
            hint="Run `tenantry tenant delete` first.",
            reason="status",
        )
