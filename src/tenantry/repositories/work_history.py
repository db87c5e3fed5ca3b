"""Who worked on what: sums over executions, whichever side is asked.

Executions of any time may be of a task or an agent, so each partition's index is asked, unless
`since` says from when on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry import ids
from tenantry.errors import NotFound
from tenantry.models import Agent, AgentExecution, Task
from tenantry.models.workflows import StateCategory

from .base import Scope
from .found import within
from .recent import check_moment


@dataclass(frozen=True, slots=True)
class AgentRun:
    """An execution, and the task it was for, if any."""

    execution: AgentExecution
    task: Task | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    executions: int
    successes: int
    last_started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(_Work):
    """Who has worked on a task: an agent at a desk. The desk is the one of the execution's session;
    an agent that was deleted leaves its kind."""

    agent_id: UUID | None
    agent_name: str | None
    agent_type: str | None
    desk_id: UUID | None
    desk_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWorked(_Work):
    """A task that an agent has worked on."""

    task_id: UUID
    title: str
    status: str
    state_category: StateCategory


#: `$1` the tenant, `$2` whose, `$3` the first id, `$4` how many; a row even where there are none.
_SUMS = """
    count(*) AS executions, count(*) FILTER (WHERE e.status = 'success') AS successes,
    max(e.started_at) AS last_started_at"""

_WORKERS = f"""
SELECT w.agent_id, a.name AS agent_name, coalesce(a.agent_type, w.agent_type) AS agent_type,
       w.desk_id, d.code AS desk_code, w.executions, w.successes, w.last_started_at
FROM tenantry.tasks AS t
LEFT JOIN LATERAL (
    SELECT e.agent_id, CASE WHEN e.agent_id IS NULL THEN e.agent_type END AS agent_type,
           s.desk_id, {_SUMS}
    FROM tenantry.agent_executions AS e
    LEFT JOIN tenantry.agent_sessions AS s ON s.tenant_id = e.tenant_id AND s.id = e.session_id
    WHERE e.tenant_id = $1 AND e.task_id = $2 AND e.id >= $3
    GROUP BY 1, 2, 3
) AS w ON true
LEFT JOIN tenantry.agents AS a ON a.tenant_id = $1 AND a.id = w.agent_id
LEFT JOIN tenantry.desks AS d ON d.tenant_id = $1 AND d.id = w.desk_id
WHERE t.tenant_id = $1 AND t.id = $2
ORDER BY w.last_started_at DESC, w.agent_id, w.agent_type, w.desk_id LIMIT $4"""  # noqa: S608 - its own constants

_WORKED_ON = f"""
SELECT w.task_id, t.title, t.status, t.state_category,
       w.executions, w.successes, w.last_started_at
FROM tenantry.agents AS a
LEFT JOIN LATERAL (
    SELECT e.task_id, {_SUMS}
    FROM tenantry.agent_executions AS e
    WHERE e.tenant_id = $1 AND e.agent_id = $2 AND e.id >= $3 AND e.task_id IS NOT NULL
    GROUP BY e.task_id
) AS w ON true
LEFT JOIN tenantry.tasks AS t ON t.tenant_id = $1 AND t.id = w.task_id
WHERE a.tenant_id = $1 AND a.id = $2
ORDER BY w.last_started_at DESC, w.task_id LIMIT $4"""  # noqa: S608 - its own constants


async def workers(scope: Scope, task_id: UUID, since: datetime | None, limit: int) -> list[Worker]:
    rows = await scope.fetch(_WORKERS, *_asked(scope, task_id, since, limit))
    if not rows:
        raise NotFound(Task.__tablename__, task_id)
    return [Worker(**row) for row in rows if row["executions"]]


async def worked_on(
    scope: Scope, agent_id: UUID, since: datetime | None, limit: int
) -> list[TaskWorked]:
    rows = await scope.fetch(_WORKED_ON, *_asked(scope, agent_id, since, limit))
    if not rows:
        raise NotFound(Agent.__tablename__, agent_id)
    return [TaskWorked(**row) for row in rows if row["executions"]]


def _asked(scope: Scope, id: UUID, since: datetime | None, limit: int) -> tuple[Any, ...]:
    if since is not None:
        check_moment("since", since)
    first = UUID(int=0) if since is None else ids.lower_bound(since)
    return scope.tenant_id, id, first, within(limit)
