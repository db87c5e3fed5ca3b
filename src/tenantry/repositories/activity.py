"""Short lines for people: who did what, lately."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry.models import Activity

from .base import Creates, Page
from .recent import Recent
from .timed import Timed


class Activities(Timed[Activity], Recent[Activity]):
    model = Activity
    create = post = Creates(Activity)

    async def feed(
        self,
        *,
        public: bool | None = None,
        project_id: UUID | None = None,
        task_id: UUID | None = None,
        user_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        after: UUID | None = None,
    ) -> Page[Activity]:
        """The newest lines first; `after=page.next` gives the page that follows."""
        wanted: dict[str, Any] = {
            "is_public": public,
            "project_id": project_id,
            "task_id": task_id,
            "user_id": user_id,
            "since": since,
            "until": until,
        }
        filters = {name: value for name, value in wanted.items() if value is not None}
        return await self.list(limit=limit, after=after, **filters)
