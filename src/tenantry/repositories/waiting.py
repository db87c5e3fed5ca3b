"""What tasks wait for: one step far, all the way, and in which order they can be done.

A task waits for those it depends on until they are done; one that has failed is still waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any, Literal, overload
from uuid import UUID

from tenantry.errors import InvalidInput, NotFound
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Task, TaskDependency
from tenantry.schema.statements import Statement

from . import task_graph_queries as graph_queries
from . import task_queries as queries
from .base import MAX_LIMIT, Creates, Repository
from .hierarchy import Hierarchy
from .projects import Projects
from .task_graph import Blocker, Closure, CriticalPath, Graph, LinkedTask, urgency

CONSTRAINT_MESSAGES.update(
    {"task_dependencies_tenant_id_task_id_depends_on_id_key": "It waits for that task already."}
)
#: Deeper than any graph is: a level has a task at least.
_DEEPEST = 2**31 - 1


class TaskDependencies(Repository[TaskDependency]):
    model = TaskDependency
    create = Creates(TaskDependency)


class Waiting(Hierarchy[Task]):
    """The part of `t.tasks` that is about tasks which wait for others."""

    model = Task
    above = "parent_id"

    async def add_dependency(self, id: UUID, *, on: UUID) -> TaskDependency:
        """From here on the task waits for the other; `CircularReference` when that waits for it."""
        return await TaskDependencies(self._scope).create(task_id=id, depends_on_id=on)

    async def remove_dependency(self, id: UUID, *, on: UUID) -> bool:
        """Whether it waited for the other."""
        async with self._scope.transaction() as scope:
            links = TaskDependencies(scope)
            found = await links.list(task_id=id, depends_on_id=on, limit=1)
            return bool(found) and await links.delete(found[0].id)

    # ---- what is linked ---------------------------------------------------------------------

    @overload
    async def dependencies(
        self, id: UUID, *, transitive: Literal[False] = False
    ) -> Sequence[Task]: ...
    @overload
    async def dependencies(
        self, id: UUID, *, transitive: Literal[True]
    ) -> Sequence[LinkedTask]: ...
    async def dependencies(
        self, id: UUID, *, transitive: bool = False
    ) -> Sequence[Task] | Sequence[LinkedTask]:
        """The tasks it waits for; `transitive`, also those that they wait for and so on, in brief,
        nearest first."""
        return await self._linked(id, waiting=False, transitive=transitive)

    @overload
    async def dependents(
        self, id: UUID, *, transitive: Literal[False] = False
    ) -> Sequence[Task]: ...
    @overload
    async def dependents(self, id: UUID, *, transitive: Literal[True]) -> Sequence[LinkedTask]: ...
    async def dependents(
        self, id: UUID, *, transitive: bool = False
    ) -> Sequence[Task] | Sequence[LinkedTask]:
        """The tasks that wait for it; `transitive`, also those that wait for them and so on, in
        brief, nearest first."""
        return await self._linked(id, waiting=True, transitive=transitive)

    async def closure(
        self,
        id: UUID,
        *,
        dependents: bool = False,
        depth: int | None = None,
        limit: int = MAX_LIMIT,
    ) -> Closure:
        """All that the task waits for (or that waits for it) and the links between, to draw it say:
        up to `depth` steps far, and up to `limit` tasks with itself, the nearest."""
        if not 0 < limit <= MAX_LIMIT:
            raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}.", field="limit")
        if depth is not None and not 0 <= depth <= _DEEPEST:
            raise InvalidInput("depth is how many steps, from 0 on.", field="depth")
        sql = graph_queries.closure(waiting=dependents)
        far = _DEEPEST if depth is None else depth
        rows = await self._scope.fetch(sql, self._scope.tenant_id, id, far, limit)
        graph = Graph.of(rows[:limit])
        if id not in graph.tasks:
            raise NotFound(Task.__tablename__, id)
        rest = [task for task in graph.tasks.values() if task.id != id]
        return Closure(graph.tasks[id], rest, graph.links(), cut=len(rows) > limit)

    # ---- what is still to be done -----------------------------------------------------------

    async def blocked_by(self, id: UUID) -> list[Blocker]:
        """The unfinished tasks it waits for, also by way of others: first those that can be
        started now, the most urgent first."""
        graph = (await self._plan([id])).without(id)
        found = [
            Blocker(task, task.state_category == "todo" and not graph.needs[task.id])
            for task in graph.tasks.values()
        ]
        return sorted(found, key=lambda b: (not b.can_start, b.task.depth, *urgency(b.task)))

    async def critical_path(
        self,
        id: UUID | None = None,
        *,
        project_id: UUID | None = None,
        weights: Mapping[UUID, float] | None = None,
    ) -> CriticalPath:
        """The longest chain of unfinished tasks that the task, or the project, still waits for.

        It counts tasks, each as 1; `weights` says by their ids how long they take, where that is
        known. The task itself is not part of it; a project's open tasks are.
        """
        weights = weights or {}
        for weight in weights.values():
            if not 0 <= weight < inf:
                raise InvalidInput("A weight is a number from 0 on.", field="weights")
        if id is not None and project_id is None:
            return (await self._plan([id])).without(id).longest(weights)
        if project_id is None or id is not None:
            raise InvalidInput("critical_path is of a task or of a project.", field="id")
        return (await self._plan_of(project_id)).longest(weights)

    async def runnable(self, *, project_id: UUID | None = None, limit: int = 50) -> Sequence[Task]:
        """Tasks to do of which every dependency is done, most urgent first, then oldest."""
        if not 0 < limit <= MAX_LIMIT:
            raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}.", field="limit")
        columns = tuple(c.name for c in self._compiler.columns)
        sql = graph_queries.runnable(columns, of_project=project_id is not None)
        of = () if project_id is None else (project_id,)
        rows = await self._scope.fetch(sql, self._scope.tenant_id, limit, *of)
        if not rows and project_id is not None:
            await Projects(self._scope).get(project_id)
        return [self._load(row) for row in rows]

    async def runnable_order(
        self, ids: Iterable[UUID] = (), *, project_id: UUID | None = None
    ) -> list[list[LinkedTask]]:
        """In which order to do these tasks, or a project's open ones, with all that they wait for:
        layer by layer. What stands in one layer may be done at once; the most urgent comes first,
        then the oldest. What is done is left out."""
        wanted = list(ids)
        if project_id is None:
            return (await self._plan(wanted)).layers()
        if wanted:
            raise InvalidInput("runnable_order is of tasks or of a project.", field="ids")
        return (await self._plan_of(project_id)).layers()

    # ---- parts ------------------------------------------------------------------------------

    async def _linked(
        self, id: UUID, *, waiting: bool, transitive: bool
    ) -> Sequence[Task] | Sequence[LinkedTask]:
        if not transitive:
            return await self._many(queries.linked(waiting=waiting), task_id=id)
        rows = await self._scope.fetch(
            graph_queries.linked(waiting=waiting), self._scope.tenant_id, id
        )
        if not rows:
            raise NotFound(Task.__tablename__, id)
        return list(map(LinkedTask._make, rows[1:]))

    async def _plan(self, ids: list[UUID]) -> Graph:
        """The unfinished ones of these, with all unfinished ones that they wait for."""
        sql = graph_queries.plan(of_project=False)
        graph = Graph.of(await self._scope.fetch(sql, self._scope.tenant_id, ids))
        if not graph.tasks.keys() >= set(ids):
            known = await self._scope.fetch(graph_queries.KNOWN, self._scope.tenant_id, ids)
            if missing := set(ids) - {row[0] for row in known}:
                raise NotFound(Task.__tablename__, min(missing))
        return graph

    async def _plan_of(self, project_id: UUID) -> Graph:
        sql = graph_queries.plan(of_project=True)
        graph = Graph.of(await self._scope.fetch(sql, self._scope.tenant_id, project_id))
        if not graph.tasks:
            await Projects(self._scope).get(project_id)
        return graph

    async def _many(self, statement: Statement, **values: Any) -> Sequence[Task]:
        return [self._load(row) for row in await self._fetch(statement, values)]
