"""The registry of agents, and how each has done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import or_

from tenantry.errors import InvalidInput
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Agent, Task

from . import work_history
from .base import Creates, Page, Repository, Upserts
from .executions import Executions
from .work_history import AgentRun, TaskWorked

CONSTRAINT_MESSAGES.update(
    {
        "agents_name_check": "A name has 1 to 255 characters.",
        "agents_agent_type_check": "A kind of agent has 1 to 100 characters.",
        "agents_tenant_id_name_agent_type_key": "There is an agent of this name and kind already.",
    }
)


@dataclass(frozen=True, slots=True)
class AgentStats:
    """An agent's record. The rate and the mean are those of the runs that have ended."""

    agent_id: UUID
    executions: int
    successes: int
    success_rate: float | None
    avg_execution_time_ms: float | None
    by_status: Mapping[str, int]
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    last_started_at: datetime | None


_BY_STATUS = """
SELECT e.status, count(*), sum(e.input_tokens), sum(e.output_tokens), sum(e.cost_usd), max(e.started_at)
FROM tenantry.agent_executions AS e
WHERE e.tenant_id = $1 AND e.agent_id = $2
GROUP BY e.status ORDER BY e.status"""


class _Tasks(Repository[Task]):
    model = Task


class Agents(Repository[Agent]):
    model = Agent
    create = Creates(Agent)
    #: Makes the agent, or changes what is given of the one with this name and kind.
    register = Upserts(Agent, "name", "agent_type")

    async def by_type(self, agent_type: str, **page: Any) -> Page[Agent]:
        """Those of one kind: one of `AGENT_TYPES`, or a platform's own word."""
        return await self.list(agent_type=agent_type, **page)

    async def active(self, **page: Any) -> Page[Agent]:
        return await self.list(is_active=True, **page)

    async def tagged(self, *tags: str, any: bool = False, **page: Any) -> Page[Agent]:
        """Those that have all the tags, or `any` of them."""
        if not tags:
            raise InvalidInput("Name at least one tag.", field="tags")
        has = [Agent.tags.contains([tag]) for tag in tags]
        return await self.list(*([or_(*has)] if any else has), **page)

    async def history(
        self, id: UUID, limit: int = 10, *, after: UUID | None = None
    ) -> list[AgentRun]:
        """Its executions, newest first, each with its task; `after` an execution's id, those
        before it."""
        async with self._scope.transaction() as scope:
            runs = await Executions(scope).of_agent(id, limit=limit, after=after)
            if not runs:
                await type(self)(scope).get(id)
                return []
            wanted = {run.task_id for run in runs if run.task_id is not None}
            tasks = {t.id: t for t in await _Tasks(scope).list(id=wanted, limit=limit)}
        return [AgentRun(run, tasks.get(run.task_id) if run.task_id else None) for run in runs]

    async def worked_on(
        self, id: UUID, *, since: datetime | None = None, limit: int = 50
    ) -> list[TaskWorked]:
        """The tasks it has worked on: the last first, `limit` up to 1,000. Executions before
        `since` are left out, and not looked for."""
        return await work_history.worked_on(self._scope, id, since, limit)

    async def stats(self, id: UUID) -> AgentStats:
        async with self._scope.transaction() as scope:
            agent = await type(self)(scope).get(id)
            rows = await scope.fetch(_BY_STATUS, scope.tenant_id, id)
        return AgentStats(
            agent_id=agent.id,
            executions=agent.execution_count,
            successes=agent.success_count,
            success_rate=agent.success_rate,
            avg_execution_time_ms=agent.avg_execution_time_ms,
            by_status={row[0]: row[1] for row in rows},
            input_tokens=sum(row[2] for row in rows),
            output_tokens=sum(row[3] for row in rows),
            cost_usd=sum((row[4] for row in rows), Decimal(0)),
            last_started_at=max((row[5] for row in rows), default=None),
        )
