"""For whom a request works: the holder of an API key, and where a user stands in a tenant.

Each is one round trip, asked anew each time: who was put out, or whose key was revoked, is out with
the next request of every process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tenantry.kernel.context import Context
from tenantry.kernel.oneshot import OneShot
from tenantry.kernel.pool import Pool
from tenantry.repositories import hash_key, is_key

_AUTHENTICATE: Final = OneShot(
    "SELECT api_key_id, tenant_id, user_id, scopes, tenant_status, role, plan, expires_at"
    " FROM tenantry.authenticate_key($1)"
)
#: The tenant's context is entered before its rows are read, as in `schema.statements`; a user counts
#: if he is a member and active, and where none is named the tenant alone does.
_STANDING: Final = """
    SELECT found.user_id, found.role, found.status, found.plan
    FROM (SELECT CASE coalesce(pg_catalog.current_setting('app.tenant_id', true), '')
              WHEN '' THEN nullif(pg_catalog.set_config('app.tenant_id', $1::uuid::text, true), '')::uuid
              ELSE tenantry.same_context($1) END AS tenant_id
          OFFSET 0) AS entered
    CROSS JOIN LATERAL (
        SELECT who.user_id, m.role, t.status, t.plan
        FROM tenantry.tenants AS t
        CROSS JOIN (SELECT {user} AS user_id) AS who
        LEFT JOIN tenantry.memberships AS m ON m.tenant_id = t.id AND m.user_id = who.user_id
        LEFT JOIN tenantry.users AS u ON u.id = m.user_id
        WHERE t.id = entered.tenant_id AND t.status <> 'deleted' AND {counts}
        OFFSET 0) AS found
"""
_OF_USER: Final = OneShot(
    _STANDING.format(user="$2::uuid", counts="($2::uuid IS NULL OR u.is_active)")
)
_OF_IDENTITY: Final = OneShot(
    _STANDING.format(user="tenantry.identity_member($2, $3)", counts="u.is_active")
)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who an API key speaks for."""

    api_key_id: UUID
    tenant_id: UUID
    #: The member it acts for; None for one that acts for the tenant as a whole.
    user_id: UUID | None
    scopes: tuple[str, ...]
    tenant_status: str
    #: That member's.
    role: str | None
    plan: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user is in a tenant, and how the tenant stands."""

    tenant_id: UUID
    #: None where the tenant alone was asked for.
    user_id: UUID | None
    role: str | None
    tenant_status: str
    plan: str


async def holder(pool: Pool, key: str) -> KeyHolder | None:
    if not is_key(key):
        return None
    row = await _AUTHENTICATE.fetch_one(pool, Context(), hash_key(key))
    if row is None:
        return None
    key_id, tenant_id, user_id, scopes, *rest = row
    return KeyHolder(key_id, tenant_id, user_id, tuple(scopes), *rest)


async def standing(pool: Pool, tenant_id: UUID, user_id: UUID | None) -> Standing | None:
    context = Context(tenant_id, user_id)
    row = await _OF_USER.fetch_one(pool, context, tenant_id, user_id)
    return None if row is None else Standing(tenant_id, *row)


async def standing_of_identity(
    pool: Pool, tenant_id: UUID, provider: str, subject: str
) -> Standing | None:
    row = await _OF_IDENTITY.fetch_one(pool, Context(tenant_id), tenant_id, provider, subject)
    return None if row is None else Standing(tenant_id, *row)
