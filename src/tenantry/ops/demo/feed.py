"""The activity feed: a line for what people want to hear of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenantry.models import Activity

from .backlog import Epic, Task
from .company import first_name
from .organisation import OWNERS
from .story import Company


def feed(company: Company, epics: Sequence[Epic]) -> None:
    for epic in epics:
        _line(company, epic, epic.span[0], "epic_planned",
              f"{first_name(OWNERS[epic.project])} planned “{epic.title}” in {len(epic.tasks)} tasks",
              user_id=company.user(OWNERS[epic.project]))  # fmt: skip
        for task in epic.tasks:
            _task(company, task)
        if epic.ended is not None:
            _line(company, epic, epic.ended, "epic_completed",
                  f"“{epic.title}” is finished", is_public=True)  # fmt: skip


def _task(company: Company, task: Task) -> None:
    if task.started is None:
        return
    agent = company.agents[task.maker]
    name = agent["name"]
    more = {"agent_id": agent["id"], "task_id": task.id}
    _line(company, task, task.started, "task_started",
          f"{name} began “{task.title}”", **more)  # fmt: skip
    if task.done:
        _line(company, task, task.last, "task_completed",
              f"{name} finished “{task.title}”", is_public=task.type == "feature", **more)  # fmt: skip
    elif task.dropped:
        _line(company, task, task.last, "task_closed",
              f"“{task.title}” was given up", **more)  # fmt: skip
    elif task.status == "awaiting_approval":
        _line(company, task, task.last, "approval_requested",
              f"“{task.title}” waits for {first_name(OWNERS[task.project])}", **more)  # fmt: skip
    elif task.status in {"in_review", "blocked"}:
        _line(company, task, task.last, f"task_{task.status}",
              f"“{task.title}” is {task.status.replace('_', ' ')}", **more)  # fmt: skip


def _line(
    company: Company,
    about: Epic | Task,
    back: float,
    kind: str,
    summary: str,
    **more: Any,
) -> None:
    values = {"task_id": about.id, "user_id": None, "agent_id": None, "is_public": False, **more}
    company.add(
        Activity, about.key, kind, back=back, activity_type=kind, summary=summary,
        project_id=company.projects[about.project], details={"number": about.number}, **values,
    )  # fmt: skip
