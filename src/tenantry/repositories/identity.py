"""Tenants, users and memberships."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func

from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Membership, Tenant, TenantQuota, TenantUsage, User

from .base import Creates, Repository
from .statistics import STATISTICS, TenantStatistics

CONSTRAINT_MESSAGES.update(
    {
        "tenants_slug_key": "There is a tenant with this slug already.",
        "tenants_slug_check": "A slug is up to 100 lower-case letters and digits, with single"
        " hyphens between.",
        "tenants_name_check": "A name has 1 to 255 characters.",
        "tenants_settings_check": "data_residency is one of us, eu, ap.",
        "users_email_key": "There is a user with this e-mail address already.",
        "users_email_check": "This is no e-mail address.",
        "users_username_key": "There is a user with this name already.",
        "memberships_tenant_id_user_id_key": "The user is a member of this tenant already.",
    }
)


class _Quotas(Repository[TenantQuota]):
    model = TenantQuota
    key = "tenant_id"


class _Usage(Repository[TenantUsage]):
    model = TenantUsage
    key = "tenant_id"


class Tenants(Repository[Tenant]):
    """All tenants, for the service role; a tenant's own handle sees just its own."""

    model = Tenant
    create = Creates(Tenant)

    async def by_slug(self, slug: str) -> Tenant | None:
        page = await self.list(slug=slug, limit=1)
        return page[0] if page else None

    async def suspend(self, id: UUID) -> Tenant:
        """From here on the database refuses the tenant's writes; it can still read."""
        return await self.update(id, status="suspended")

    async def resume(self, id: UUID) -> Tenant:
        return await self.update(id, status="active")

    async def soft_delete(self, id: UUID) -> Tenant:
        """Marks it deleted: no writes, no API key works. Its rows stay until they are purged."""
        return await self.update(id, status="deleted")

    async def quotas(self, id: UUID) -> TenantQuota:
        return await _Quotas(self._scope).get(id)

    async def set_quotas(self, id: UUID, **limits: Any) -> TenantQuota:
        """`set_quotas(id, max_projects=20, max_users=None)`; None lifts a limit."""
        return await _Quotas(self._scope).update(id, **limits)

    async def usage(self, id: UUID) -> TenantUsage:
        return await _Usage(self._scope).get(id)


class Account:
    """A tenant's own view of itself: its name and settings to change, the rest to read."""

    def __init__(self, scope: Any) -> None:
        self._scope = scope
        self._tenants = Tenants(scope)
        self._tenant_id: UUID = scope.tenant_id

    async def get(self) -> Tenant:
        return await self._tenants.get(self._tenant_id)

    async def update(self, **changes: Any) -> Tenant:
        return await self._tenants.update(self._tenant_id, **changes)

    async def quotas(self) -> TenantQuota:
        return await self._tenants.quotas(self._tenant_id)

    async def statistics(self) -> TenantStatistics:
        """How much of everything there is, counted now."""
        (row,) = await self._scope.fetch(STATISTICS, self._tenant_id)
        return TenantStatistics(*row)

    async def usage(self) -> TenantUsage:
        return await self._tenants.usage(self._tenant_id)


class Users(Repository[User]):
    """Users: all of them for the service role, fellow members for a tenant."""

    model = User
    create = Creates(User)

    async def by_email(self, email: str) -> User | None:
        page = await self.list(func.lower(User.email) == func.lower(email), limit=1)
        return page[0] if page else None


class Memberships(Repository[Membership]):
    model = Membership
    create = Creates(Membership)

    async def of(self, user_id: UUID) -> Membership | None:
        page = await self.list(user_id=user_id, limit=1)
        return page[0] if page else None
