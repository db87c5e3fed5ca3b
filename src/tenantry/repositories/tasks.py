"""Tasks: what they are, how they move, who works on them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from tenantry.errors import InvalidInput, InvalidTransition, NotFound, StageChanged
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import AgentExecution, Artifact, Json, Task, TaskCheckpoint
from tenantry.models.workflows import StateCategory
from tenantry.schema.statements import Statement

from . import task_queries as queries
from . import work_history
from .base import MAX_LIMIT, Creates, Page, Repository
from .found import within
from .waiting import Waiting
from .work import Artifacts, TaskCheckpoints
from .work_history import Worker
from .workflows import Workflows

P = ParamSpec("P")

CONSTRAINT_MESSAGES.update({"tasks_parent_id_fkey": "There is no such task to be a part of."})


@dataclass(slots=True)
class TaskNode:
    """A task and what it consists of."""

    task: Task
    children: list[TaskNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TaskDetails:
    """A task with what was done for it and what came of that, both oldest first."""

    task: Task
    executions: list[AgentExecution]
    artifacts: list[Artifact]


class _Executions(Repository[AgentExecution]):
    model = AgentExecution


def _creates_in(
    model: Callable[P, Task],
) -> Callable[Concatenate[Tasks, str, P], Coroutine[Any, Any, Task]]:
    del model  # says which values there are

    async def create_in(self: Tasks, workflow: str, /, *_: P.args, **values: P.kwargs) -> Task:
        """A task that follows the workflow of this name."""
        async with self._scope.transaction() as scope:
            found = await Workflows(scope).by_name(workflow)
            if found is None:
                raise NotFound("workflows", workflow)
            return await Tasks(scope)._create(**{**values, "workflow_id": found.id})

    return create_in


class Tasks(Waiting):
    model = Task
    create = Creates(Task)
    create_in = _creates_in(Task)

    # ---- moving -----------------------------------------------------------------------------

    async def transition(
        self, id: UUID, to: str, *, expected: str | None = None, **changes: Any
    ) -> Task:
        """Move the task to another stage, and change what else is named with it.

        With `expected` it moves only from that stage: of several who try at once one succeeds, the
        others get `StageChanged`. What the workflow does not allow is an `InvalidTransition`.
        """
        only_if = {} if expected is None else {"status": expected}
        moved = await self._update_if(
            id, {**changes, "status": to}, only_if=only_if, unless={"status": to}
        )
        if moved is not None:
            return moved
        stage = (await self.get(id)).status
        if expected is not None and stage != expected:
            raise StageChanged(
                f"The task is on {stage}, no longer on {expected}.",
                hint="Somebody else has moved it.",
                expected=expected,
                stage=stage,
            )
        raise InvalidTransition(
            f"The task is on {to} already.",
            table=Task.__tablename__,
            constraint="workflow_transition",
            column="status",
            stage=stage,
            to=to,
            allowed=await self.allowed_transitions(id),
        )

    async def allowed_transitions(self, id: UUID) -> list[str]:
        """The stages its workflow leads to from here (a pipeline of reviews may still block)."""
        rows = await self._fetch(queries.allowed(), {"task_id": id})
        if not rows:
            raise NotFound(Task.__tablename__, id)
        return list(rows[0][0] or ())

    # ---- finding ----------------------------------------------------------------------------

    async def by_state(
        self,
        stage: str | None = None,
        *,
        category: StateCategory | None = None,
        limit: int = 50,
        after: UUID | None = None,
        **filters: Any,
    ) -> Page[Task]:
        """Tasks on a stage, `by_state("in_review")`, or on any of a kind, `by_state(category="review")`."""
        if stage is None and category is None:
            raise InvalidInput("by_state needs a stage or a category.", field="stage")
        wanted = {"status": stage, "state_category": category}
        given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        return await self.list(limit=limit, after=after, **filters, **given)

    async def recent(self, project_id: UUID, limit: int = 10) -> Page[Task]:
        """A project's newest tasks."""
        return await self.list(project_id=project_id, limit=limit)

    async def search(self, text: str, limit: int = 20) -> Sequence[Task]:
        """By title and description, best match first, `limit` up to 1,000. Words, "a phrase", `or`,
        and -without."""
        return await self._named(queries.search(), query=text, many=within(limit))

    async def labelled(self, label: str, limit: int = 50) -> Sequence[Task]:
        """Tasks with this label, newest first, `limit` up to 1,000."""
        return await self._named(queries.labelled(), label=label, many=within(limit))

    async def with_executions(self, id: UUID, limit: int = 100) -> TaskDetails:
        """The task with its newest executions and artifacts, in one round trip."""
        rows = await self._fetch(queries.details(), {"task_id": id, "many": _limited(limit)})
        tasks: list[Task] = []
        executions: list[AgentExecution] = []
        artifacts: list[Artifact] = []
        found: tuple[list[Any], ...] = (tasks, executions, artifacts)
        loads = (self._compiler.load, _Executions._compiler.load, Artifacts._compiler.load)
        for row in rows:
            place, values = queries.cut(row)
            found[place].append(loads[place](values))
        if not tasks:
            raise NotFound(Task.__tablename__, id)
        executions.sort(key=lambda e: e.id)
        artifacts.sort(key=lambda a: a.id)
        return TaskDetails(tasks[0], executions, artifacts)

    async def tree(self, id: UUID) -> TaskNode:
        """The task with all that is part of it, in one query."""
        nodes: dict[UUID | None, TaskNode] = {}
        for task in await self._many(queries.tree(), task_id=id):
            node = nodes[task.id] = TaskNode(task)
            if task.id != id:
                nodes[task.parent_id].children.append(node)
        if id not in nodes:
            raise NotFound(Task.__tablename__, id)
        return nodes[id]

    # ---- who worked on it -------------------------------------------------------------------

    async def workers(
        self, id: UUID, *, since: datetime | None = None, limit: int = 50
    ) -> list[Worker]:
        """The agents, with their desks, that have worked on the task: who did so last first,
        `limit` up to 1,000. Executions before `since` are left out, and not looked for."""
        return await work_history.workers(self._scope, id, since, limit)

    # ---- going on from where it was ---------------------------------------------------------

    async def checkpoint(
        self,
        id: UUID,
        state: str,
        data: Json | None = None,
        artifacts: Sequence[str] = (),
    ) -> TaskCheckpoint:
        """Remember where the task stands."""
        return await TaskCheckpoints(self._scope).create(
            task_id=id, state=state, data=data or {}, artifacts=list(artifacts)
        )

    async def last_checkpoint(self, id: UUID) -> TaskCheckpoint | None:
        page = await TaskCheckpoints(self._scope).list(task_id=id, limit=1)
        return page[0] if page else None

    # ---- parts ------------------------------------------------------------------------------

    async def _named(self, statement: Statement, **values: Any) -> Sequence[Task]:
        """Tasks that a function names, which goes by the tenant of the context."""
        values["tenant_id"] = self._scope.tenant_id
        rows = await self._scope.within(statement.sql, *statement.arguments(values))
        return [self._load(row) for row in rows]


def _limited(limit: int) -> int:
    if not 0 < limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}.", field="limit")
    return limit
