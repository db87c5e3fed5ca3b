"""The rows of epics and tasks, and what waits for what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tenantry.models import Task as TaskRow
from tenantry.models import TaskDependency

from .backlog import RESTING, Epic, Task
from .company import first_name
from .organisation import OWNERS
from .story import Company, pick, share, whole
from .texts import text

_COMPLEXITIES = ("trivial", "simple", "simple", "moderate", "moderate", "complex")
_PRIORITIES = ("low", "medium", "medium", "medium", "high", "high")


def tasks(company: Company, epics: Sequence[Epic]) -> None:
    for epic in epics:
        _epic(company, epic)
        for task in epic.tasks:
            _task(company, task)
        _dependencies(company, epic)


def _times(
    company: Company, started: float | None, ended: float | None, last: float
) -> dict[str, Any]:
    def moment(back: float | None) -> datetime | None:
        return None if back is None else company.at(back)

    changed = moment(last)
    return {
        "started_at": moment(started),
        "completed_at": moment(ended),
        "status_changed_at": changed,
        "updated_at": changed,
    }


def _epic(company: Company, epic: Epic) -> None:
    started = next((t.started for t in epic.tasks if t.started is not None), None)
    last = (
        epic.ended if epic.ended is not None else started if started is not None else epic.span[0]
    )
    owner = OWNERS[epic.project]
    described = [epic.why, pick(text("phrases")["acceptance"]["task"], epic.key)]
    epic.id = company.add(
        TaskRow, epic.key, back=epic.span[0], project_id=company.projects[epic.project],
        parent_id=None, workflow_id=company.workflows[epic.workflow], title=epic.title,
        prompt=f"{epic.title}. {epic.why}", description=_fill(" ".join(described), company, epic),
        type="task", status=epic.status, priority=pick(("medium", "high"), epic.key),
        creator_id=company.user(owner), assigned_to_user_id=company.user(owner),
        github_issue_number=epic.number, labels=["epic", epic.label],
        config={"target_working_days": int(epic.span[0] - epic.span[1])},
        **_times(company, started, epic.ended, last),
    )["id"]  # fmt: skip


def _task(company: Company, task: Task) -> None:
    epic, agent = task.epic, company.agents[task.maker]
    done = list(task.team[: task.turns])
    acceptance = pick(text("phrases")["acceptance"][task.type], task.key)
    description = f"Part of “{epic.title}”. {epic.why} {acceptance}"
    helped = epic.workflow in {"basic", "aigentflow"} and share(task.key, "prompted") < 0.5
    task.id = company.add(
        TaskRow, task.key, back=task.created, project_id=company.projects[task.project],
        parent_id=epic.id, workflow_id=company.workflows[epic.workflow], title=task.title,
        prompt=f"{task.title}. {epic.why}" if helped else "",
        description=_fill(description, company, epic), type=task.type, status=task.status,
        priority="critical" if epic.label == "safety" and task.type == "bugfix"
        else pick(_PRIORITIES, task.key),
        creator_id=company.user(company.person(task.key, "creator")),
        assigned_to_user_id=company.user(company.person(task.key))
        if task.status in RESTING else None,
        assigned_to_agent_id=agent["id"] if task.started is not None else None,
        assigned_to_desk_id=None if task.status in {"draft", "open"} else task.desk["id"],
        current_agent=task.current if task.status not in RESTING else None,
        completed_agents=done, agent_queue=list(task.team[task.turns :]) if task.moving else [],
        analysis=_analysis(task), ai_analysis=_estimate(task), ai_suggestions=_suggestions(task),
        retry_count=whole(1, 3, task.key) if task.status == "failed" else int(_stumbled(task)),
        error=_error(task), github_issue_number=task.number,
        github_pr_number=1000 + task.number if "git_agent" in done else None,
        labels=[epic.label, *(["agents"] if epic.workflow == "aigentflow" else [])],
        result=_result(task), **_times(company, task.started, task.ended, task.last),
    )["id"]  # fmt: skip


def _fill(words: str, company: Company, epic: Epic) -> str:
    tester, lead = company.person(epic.key, "tester"), OWNERS[epic.project]
    return words.format(tester=first_name(tester), lead=first_name(lead))


def _stumbled(task: Task) -> bool:
    return task.started is not None and share(task.key, "stumbled") < 0.15


def _analysis(task: Task) -> dict[str, Any] | None:
    if task.started is None or task.status == "analyzing":
        return None
    return {
        "task_type": task.type,
        "complexity": pick(_COMPLEXITIES, task.key),
        "requires_ui": "frontend_dev" in task.team,
        "requires_backend": "backend_dev" in task.team,
        "requires_architecture": "architect" in task.team,
        "requires_approval": task.epic.label in {"safety", "tariff", "access"},
        "suggested_agents": list(task.team),
    }


def _estimate(task: Task) -> dict[str, Any] | None:
    if share(task.key, "estimated") < 0.4:
        return None
    hours = whole(2, 14, task.key, "hours")
    return {"estimated_hours": hours, "similar_tasks": whole(1, 6, task.key, "similar")}


def _suggestions(task: Task) -> list[dict[str, Any]]:
    if task.type != "bugfix" or task.started is not None:
        return []
    return [{"kind": "first_step", "text": "Reproduce it with the recording of the report."}]


def _error(task: Task) -> dict[str, Any] | None:
    if task.status != "failed":
        return None
    errors = text("phrases")["errors"]
    place = whole(0, len(errors["codes"]) - 1, task.key, "error")
    return {
        "code": errors["codes"][place],
        "message": errors["messages"][place],
        "stack": None,
        "context": {"agent": task.team[max(0, task.turns - 1)], "attempt": 3},
    }


def _result(task: Task) -> dict[str, Any] | None:
    if task.done:
        return {
            "summary": f"{task.title}: done and merged.",
            "files_changed": whole(1, 14, task.key, "files"),
            "tests_added": whole(0, 22, task.key, "tests"),
        }
    if task.dropped and task.status != "failed":
        return {"resolution": pick(text("phrases")["errors"]["dropped"], task.key)}
    return None


def _dependencies(company: Company, epic: Epic) -> None:
    """On the one before, and some on an earlier one too; what was given up holds nobody up."""
    for place, task in enumerate(epic.tasks):
        before = [
            t for t in epic.tasks[:place] if not t.dropped and (t.done or task.started is None)
        ]
        wanted = before[-1:] if share(task.key, "waits") < 0.75 else []
        if len(before) > 2 and share(task.key, "also") < 0.3:
            wanted = [*wanted, before[0]]
        if task.status == "blocked" and not wanted:
            wanted = before[-1:]
        for other in wanted:
            company.add(
                TaskDependency, task.key, other.key, back=task.created,
                task_id=task.id, depends_on_id=other.id,
            )  # fmt: skip
