"""Who signed in, and which tenants are open to him."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from tenantry.handles import ServiceTransaction

_PLACES: Final = """
    SELECT t.id, t.slug, t.name, m.role, t.status
    FROM tenantry.memberships AS m JOIN tenantry.tenants AS t ON t.id = m.tenant_id
    WHERE m.user_id = $1 AND t.status <> 'deleted' ORDER BY t.slug"""


@dataclass(frozen=True, slots=True)
class MemberOf:
    """A tenant, and what the user is in it."""

    tenant_id: UUID
    slug: str
    name: str
    role: str
    #: The tenant's: `pending`, `active` or `suspended`.
    status: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    user_id: UUID
    #: By slug; none of a tenant that was deleted.
    memberships: tuple[MemberOf, ...]

    @classmethod
    async def of(cls, s: ServiceTransaction, user_id: UUID) -> SignedIn:
        rows = await s.fetch(_PLACES, user_id)
        return cls(user_id, tuple(MemberOf(*row) for row in rows))
