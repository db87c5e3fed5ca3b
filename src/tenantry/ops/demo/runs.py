"""Sessions of agents, every run in them, and what it all cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tenantry.models import AgentExecution, AgentSession, CostEntry

from .backlog import RESTING, Epic, Task
from .organisation import model_of, price
from .story import HOURS, LENGTH, Company, Row, pick, share, whole
from .texts import text

_STATUS = {
    "success": "completed", "failure": "failed", "cancelled": "cancelled", "running": "active",
}  # fmt: skip
#: A tenth of runs come to nothing at first.
_FAILS = 0.1
_BOUND = 25 * 60
_EMBEDDING = ("openai", "text-embedding-3-small")


def runs(company: Company, epics: Sequence[Epic]) -> None:
    for epic in epics:
        for task in epic.tasks:
            if task.started is not None:
                for place, kind in enumerate(task.team[: task.turns + (task.current is not None)]):
                    if place < task.turns or task.status not in RESTING:
                        _turn(company, task, place, kind)


def _turn(company: Company, task: Task, place: int, kind: str) -> None:
    """An agent's turn at a task is a session: perhaps a run that failed, then one that did not."""
    many = max(task.turns, 1) + (0 if task.ended is not None else 1)
    begins, ends = task.moment(place / many), task.moment((place + 1) / many)
    last = task.dropped and place == task.turns - 1
    if last:
        status = "failure" if task.status == "failed" else "cancelled"
    else:
        status = "success" if place < task.turns else "running"
    session = _session(company, task, kind, begins, status)
    at, room = company.at(begins), (begins - ends) * HOURS * 3600
    if not last and share(task.key, kind, "fails") < _FAILS:
        failed = _run(company, task, session, kind, at=at, room=room * 0.35, first=True,
                      status=pick(("failure", "timeout"), task.key, kind))  # fmt: skip
        at, room = failed["completed_at"] + timedelta(seconds=int(room * 0.02)), room * 0.6
    run = _run(company, task, session, kind, at=at, room=room * 0.95, status=status)
    session["ended_at"] = run["completed_at"]
    if status == "success":
        task.runs[kind] = run


def _session(company: Company, task: Task, kind: str, begins: float, status: str) -> Row:
    agent, at = company.agents[kind], company.at(begins)
    desk = task.desk if kind == task.maker else company.desk_of(kind, task.key)
    names = (task.key, kind)
    row = task.sessions[kind] = company.add(
        AgentSession, *names, at=at, desk_id=desk["id"], agent_id=agent["id"], task_id=task.id,
        status=_STATUS[status], started_at=at, ended_at=None,
        metrics={"tool_calls": whole(6, 60, *names, "calls"), "files_read": whole(3, 40, *names)},
        state={"step": kind, "branch": f"{task.number}-{task.slug}"} if status == "running" else {},
    )  # fmt: skip
    if status != "running":
        # The database fills in the sums when runs and messages come in; the date is the story's.
        expense(company, "session", *names, at=at, model=model_of(agent), used=(0, 0),
                desk_id=desk["id"], agent_id=agent["id"], task_id=task.id,
                session_id=row["id"])["id"] = row["id"]  # fmt: skip
    return row


def _run(
    company: Company, task: Task, session: Row, kind: str, *, at: datetime, room: float,
    status: str, first: bool = False,
) -> Row:  # fmt: skip
    """A run that begins at a moment and has so many seconds at most."""
    agent, names = company.agents[kind], (task.key, kind, str(first))
    seconds = int(min(room, 200 + share(*names, "time") * _BOUND))
    over = status != "running"
    tokens_in = whole(3_000, 46_000, *names, "in")
    tokens_out = whole(300, 5_200, *names, "out") if over else 0
    model = model_of(agent)
    return company.add(
        AgentExecution, *names, at=at, agent_id=agent["id"], agent_type=kind, task_id=task.id,
        project_id=company.projects[task.project], session_id=session["id"], evidence_id=None,
        input={"task": task.title, "step": kind, "after": list(task.runs)},
        output={"summary": said(task, kind)} if status == "success" else None, status=status,
        error=pick(text("phrases")["errors"]["runs"], *names)
        if status in {"failure", "timeout"} else None,
        model_provider=model[0], model_name=model[1], input_tokens=tokens_in,
        output_tokens=tokens_out, cost_usd=price(model, tokens_in, tokens_out), started_at=at,
        completed_at=at + timedelta(seconds=seconds) if over else None,
        duration_ms=seconds * 1000 if over else None,
    )  # fmt: skip


def said(task: Task, kind: str) -> str:
    """What an agent has to say of its turn."""
    words: str = pick(text("phrases")["comments"]["agents"][kind], task.key, kind)
    return words.format(
        count=whole(4, 180, task.key, kind, "count"), steps=len(task.team) - 1,
        agents=", ".join(k.replace("_", " ") for k in task.team[1:]),
    )  # fmt: skip


def overheads(company: Company) -> None:
    """What runs every day, whatever there is to do: planning, reports, the index of what is known."""
    desks = {d["agent_id"]: d["id"] for d in reversed(company.desks.values())}
    for day in range(LENGTH):
        for kind, hour, what in (
            ("orchestrator", 0.95, "daily planning"),
            ("project_manager", 0.1, "daily report"),
        ):
            agent, names = company.agents[kind], (company.slug, what, day)
            used = whole(8_000, 60_000, *names, "in"), whole(400, 4_000, *names, "out")
            expense(company, what, str(day), at=company.at(day + hour), model=model_of(agent),
                    used=used, agent_id=agent["id"], desk_id=desks[agent["id"]])  # fmt: skip
        if day % 5 == 0:
            expense(company, "knowledge index", str(day), at=company.at(day + 0.5), model=_EMBEDDING,
                    used=(whole(90_000, 400_000, company.slug, day), 0))  # fmt: skip


def expense(
    company: Company,
    what: str,
    *names: str,
    at: datetime,
    model: tuple[str, str],
    used: tuple[int, int],
    **more: Any,
) -> Row:
    """An entry of the accounts that belongs to no session."""
    nobody = dict.fromkeys(("desk_id", "agent_id", "task_id", "session_id"))
    return company.add(
        CostEntry, what, *names, at=at, provider=model[0], model=model[1], input_tokens=used[0],
        output_tokens=used[1], cost_usd=price(model, *used), description=what,
        billing_month=at.date().replace(day=1), **{**nobody, **more},
    )  # fmt: skip
