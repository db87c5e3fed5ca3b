"""Graphs of tasks, once their tasks and links are here: in which order, and what takes longest.

Each is one pass over tasks and links. SQL that goes along every path would take one for each path,
of which a graph of layers has more than it has tasks by any measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from tenantry.models.tasks import Priority, TaskType
from tenantry.models.workflows import StateCategory

_URGENCY = {"critical": 0, "high": 1, "medium": 2, "low": 3}


class LinkedTask(NamedTuple):
    """A task in brief, and how many steps it is away. `t.tasks.get(id)` has all of it."""

    id: UUID
    title: str
    type: TaskType
    status: str
    state_category: StateCategory
    priority: Priority
    project_id: UUID | None
    depth: int


class Link(NamedTuple):
    """`task_id` waits for `depends_on_id`."""

    task_id: UUID
    depends_on_id: UUID


@dataclass(frozen=True, slots=True)
class Closure:
    """A task with all that is linked to it, nearest first, and the links between them."""

    task: LinkedTask
    tasks: Sequence[LinkedTask]
    links: Sequence[Link]
    #: Whether there is more, which `limit` left out.
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Blocker:
    """An unfinished task that another waits for, and whether it can be started now."""

    task: LinkedTask
    can_start: bool


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """Tasks that have to be done one after the other, the first first, and their weights' sum."""

    tasks: Sequence[LinkedTask]
    weight: float


class Graph:
    """Tasks by their ids, and for each what it waits for among them."""

    def __init__(
        self, tasks: Mapping[UUID, LinkedTask], needs: Mapping[UUID, Iterable[UUID]]
    ) -> None:
        self.tasks = tasks
        self.needs = {one: sorted(n for n in needs[one] if n in tasks) for one in tasks}

    @classmethod
    def of(cls, rows: Iterable[Record]) -> Graph:
        """Rows as `closure` and `plan` answer."""
        tasks, needs = {}, {}
        for *brief, needed, depth in rows:
            task = LinkedTask._make((*brief, depth))
            tasks[task.id], needs[task.id] = task, needed
        return cls(tasks, needs)

    def without(self, left_out: UUID) -> Graph:
        return Graph({k: task for k, task in self.tasks.items() if k != left_out}, self.needs)

    def links(self) -> list[Link]:
        return [Link(one, other) for one, needed in self.needs.items() for other in needed]

    def layers(self) -> list[list[LinkedTask]]:
        """Each waits only for tasks of the layers before it, and for one of the last of them; the
        most urgent first, and of those the oldest."""
        followers: dict[UUID, list[UUID]] = {one: [] for one in self.tasks}
        for one, other in self.links():
            followers[other].append(one)
        still = {one: len(needed) for one, needed in self.needs.items()}
        layers: list[list[LinkedTask]] = []
        layer = [one for one, many in still.items() if not many]
        while layer:
            layers.append(sorted((self.tasks[one] for one in layer), key=urgency))
            freed = []
            for done in layer:
                for one in followers[done]:
                    still[one] -= 1
                    if not still[one]:
                        freed.append(one)
            layer = freed
        return layers

    def longest(self, weights: Mapping[UUID, float]) -> CriticalPath:
        """The heaviest chain, of equals the one of most tasks; one without a weight has 1."""
        total: dict[UUID, tuple[float, int]] = {}
        before: dict[UUID, UUID | None] = {}
        for task in chain.from_iterable(self.layers()):
            # Of equals the first: which chain is found does not change from call to call.
            last = max(self.needs[task.id], key=total.__getitem__, default=None)
            weight, steps = (0.0, 0) if last is None else total[last]
            before[task.id] = last
            total[task.id] = weight + weights.get(task.id, 1), steps + 1
        at = max(total, key=total.__getitem__, default=None)
        weight = 0.0 if at is None else total[at][0]
        path: list[LinkedTask] = []
        while at is not None:
            path.append(self.tasks[at])
            at = before[at]
        return CriticalPath(path[::-1], weight)


def urgency(task: LinkedTask) -> tuple[int, UUID]:
    return _URGENCY[task.priority], task.id
