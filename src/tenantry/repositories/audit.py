"""Reading the record, and adding an application's own events to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tenantry.models import ActorKind, AuditLog, AuditSeal, PlatformLog, PlatformSeal

from .base import Order, Page, Repository
from .recent import Recent

E = TypeVar("E", AuditLog, PlatformLog)


class _Entries(Recent[E]):
    async def entries(
        self,
        *,
        resource_type: str | None = None,
        resource_id: UUID | None = None,
        action: str | None = None,
        actor_kind: ActorKind | None = None,
        user_id: UUID | None = None,
        agent_id: UUID | None = None,
        api_key_id: UUID | None = None,
        request_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        after: UUID | None = None,
        order: Order = "newest",
    ) -> Page[E]:
        """A page of what fits all that is given. `page.next` is the next one's `after`."""
        given = {
            "resource_type": resource_type,
            "resource_id": resource_id,
            "action": action,
            "actor_kind": actor_kind,
            "user_id": user_id,
            "agent_id": agent_id,
            "api_key_id": api_key_id,
            "request_id": request_id,
        }
        filters: dict[str, Any] = {n: value for n, value in given.items() if value is not None}
        return await self.list(
            limit=limit, after=after, order=order, since=since, until=until, **filters
        )

    async def of(self, resource_type: str, resource_id: UUID, limit: int = 50) -> Page[E]:
        """What happened to one thing, newest first."""
        return await self.entries(resource_type=resource_type, resource_id=resource_id, limit=limit)


class AuditLogs(_Entries[AuditLog]):
    model = AuditLog

    async def record(
        self,
        action: str,
        resource_type: str,
        resource_id: UUID | None = None,
        **details: Any,
    ) -> UUID:
        """An event of the application's: `record("login", "users", user.id, method="github")`."""
        rows = await self._scope.within(
            "SELECT tenantry.record_event($1, $2, $3, $4)",
            action,
            resource_type,
            resource_id,
            details or None,
        )
        entry: UUID = rows[0][0]
        return entry


class PlatformLogs(_Entries[PlatformLog]):
    model = PlatformLog


class AuditSeals(Repository[AuditSeal]):
    """The seals on a tenant's record: their hashes are for the tenant to keep, as anchors."""

    model = AuditSeal


class PlatformSeals(Repository[PlatformSeal]):
    model = PlatformSeal
