"""Sessions of agents' work. Their totals and durations are the database's to keep."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from tenantry.errors import InvalidInput
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import AgentSession
from tenantry.models.agents import SessionStatus

from .base import Creates, Page
from .timed import Timed

CONSTRAINT_MESSAGES.update(
    {
        "agent_sessions_desk_id_fkey": "There is no such desk in this tenant.",
        "agent_sessions_agent_id_fkey": "There is no such agent in this tenant.",
        "agent_sessions_task_id_fkey": "There is no such task in this tenant.",
    }
)


class AgentSessions(Timed[AgentSession]):
    """What a session cost stands in the accounts from the moment it is closed, and is corrected
    there when its totals change later. What `costs.record` was told of it is not booked again."""

    model = AgentSession
    moment: ClassVar[str] = "started_at"
    create = open = Creates(AgentSession)

    async def close(
        self, id: UUID, *, status: SessionStatus = "completed", **changes: Any
    ) -> AgentSession:
        """End it. Closing it again changes how it ended, not when."""
        if status == "active":
            raise InvalidInput("A session that is closed is not active.", field="status")
        return await self.update(id, status=status, **changes)

    async def active(self, **page: Any) -> Page[AgentSession]:
        """Those under way: all of them, or `active(desk_id=…)`."""
        return await self.list(status="active", **page)
