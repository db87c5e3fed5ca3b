"""Projects."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from tenantry.models import Project

from .base import Creates, Repository


class Projects(Repository[Project]):
    model = Project
    create = Creates(Project)

    async def by_slug(self, slug: str) -> Project | None:
        page = await self.list(slug=slug, limit=1)
        return page[0] if page else None

    async def archive(self, id: UUID) -> Project:
        return await self.update(id, status="archived", archived_at=datetime.now(UTC))

    async def restore(self, id: UUID) -> Project:
        return await self.update(id, status="active", archived_at=None)
