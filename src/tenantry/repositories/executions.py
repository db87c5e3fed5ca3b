"""Every run of an agent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal, TypedDict, Unpack
from uuid import UUID

from tenantry.errors import InvalidInput
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import AgentExecution, Json

from .base import Creates, Page
from .recent import Recent
from .timed import Timed

CONSTRAINT_MESSAGES.update(
    {
        "agent_executions_agent_id_fkey": "There is no such agent in this tenant.",
        "agent_executions_task_id_fkey": "There is no such task in this tenant.",
        "agent_executions_project_id_fkey": "There is no such project in this tenant.",
        "agent_executions_session_id_fkey": "There is no such session in this tenant.",
        "agent_executions_evidence_id_fkey": "There is no such evidence in this tenant.",
    }
)

Ended = Literal["success", "failure", "timeout", "cancelled"]


class Outcome(TypedDict, total=False):
    """What is known of a run at its end."""

    output: Json | None
    error: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: Any
    model_provider: str | None
    model_name: str | None
    evidence_id: UUID | None
    completed_at: datetime
    duration_ms: int
    metadata_: Json


class Executions(Timed[AgentExecution], Recent[AgentExecution]):
    """Agents' records and sessions' totals follow. History is imported with `create_many`, each row
    with its `started_at`."""

    model = AgentExecution
    moment: ClassVar[str] = "started_at"
    create = start = Creates(AgentExecution)

    async def finish(
        self, id: UUID, status: Ended = "success", **outcome: Unpack[Outcome]
    ) -> AgentExecution:
        """End a run. When it ended and how long it took are measured unless they are given."""
        if status in ("pending", "running"):
            raise InvalidInput("A run that is finished has ended.", field="status")
        return await self.update(id, status=status, **outcome)

    async def of_task(self, task_id: UUID, **page: Any) -> Page[AgentExecution]:
        """The runs for a task, newest first; `since=` and `until=` narrow the time."""
        return await self.list(task_id=task_id, **page)

    async def of_agent(self, agent_id: UUID, **page: Any) -> Page[AgentExecution]:
        """An agent's runs, newest first; `since=` and `until=` narrow the time."""
        return await self.list(agent_id=agent_id, **page)
