"""Reading the record, and adding an application's own events to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tenantry.models import AuditLog, PlatformLog

from .recent import Recent


class AuditLogs(Recent[AuditLog]):
    model = AuditLog

    async def record(
        self,
        action: str,
        resource_type: str,
        resource_id: UUID | None = None,
        **details: Any,
    ) -> UUID:
        """An event of the application's: `record("login", "users", user.id, method="github")`."""
        rows = await self._scope.fetch(
            "SELECT tenantry.record_event($1, $2, $3, $4)",
            action,
            resource_type,
            resource_id,
            details or None,
        )
        entry: UUID = rows[0][0]
        return entry

    async def of(self, resource_type: str, resource_id: UUID, limit: int = 50) -> list[AuditLog]:
        """What happened to one thing, newest first."""
        return await self.list(resource_type=resource_type, resource_id=resource_id, limit=limit)


class PlatformLogs(Recent[PlatformLog]):
    model = PlatformLog
