"""What was planned, by whom it is worked on, and how far it has come: tasks before they are rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .story import Company, Row, between, pick, share
from .texts import text

# Where a workflow's tasks stand while they are: open, under way, done, given up.
_STAGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "basic": (("pending",), ("running", "awaiting_approval"), ("completed",),
              ("cancelled", "failed")),
    "aigentflow": (("pending",),
                   ("agent_working", "awaiting_approval", "analyzing", "orchestrating",
                    "completing"),
                   ("completed",), ("aborted", "failed")),
    "agentdesk": (("assigned", "pending"), ("in_progress", "in_review"), ("completed",), ()),
    "issue": (("open", "draft"), ("in_progress", "in_review", "blocked"), ("closed",),
              ("closed",)),
}  # fmt: skip
_OPEN, _MOVING, _DONE, _DROPPED = range(4)

#: Stages in which nobody is at work on a task.
RESTING = {"awaiting_approval", "in_review", "blocked"}
_WORDS = {"fix": "bugfix"}
_SEEN = ("show", "draw", "page", "screen", "button", "layout", "view", "map", "card", "hide")

# What a task passes through, by its kind.
_TEAMS = {
    "ui": ("orchestrator", "architect", "ui_designer", "frontend_dev", "tester", "reviewer",
           "git_agent"),
    "feature": ("orchestrator", "architect", "backend_dev", "tester", "reviewer", "git_agent"),
    "data": ("orchestrator", "analyst", "backend_dev", "tester", "reviewer", "git_agent"),
    "bugfix": ("analyst", "bug_fixer", "tester", "reviewer", "git_agent"),
    "refactor": ("architect", "backend_dev", "tester", "reviewer", "git_agent"),
    "docs": ("project_manager", "analyst", "reviewer"),
    "test": ("analyst", "tester", "reviewer", "git_agent"),
    "config": ("backend_dev", "reviewer", "git_agent"),
    "chore": ("backend_dev", "git_agent"),
}  # fmt: skip
_MAKERS = ("frontend_dev", "bug_fixer", "backend_dev", "tester", "analyst")


@dataclass(slots=True)
class Task:
    """A task on its way. Times are working days before the end of the story."""

    key: str
    number: int
    project: str
    epic: Epic
    title: str
    type: str
    status: str
    standing: int
    created: float
    started: float | None
    ended: float | None
    #: Agent types in the order of their turns, and how many have had theirs.
    team: tuple[str, ...]
    turns: int
    desk: Row
    id: UUID = field(default=UUID(int=0))
    #: Agent type -> the row of the run that succeeded; others that later parts refer to.
    runs: dict[str, Row] = field(default_factory=dict)
    sessions: dict[str, Row] = field(default_factory=dict)
    proofs: list[tuple[str, UUID]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.standing == _DONE

    @property
    def dropped(self) -> bool:
        return self.standing == _DROPPED

    @property
    def moving(self) -> bool:
        return self.standing == _MOVING

    @property
    def slug(self) -> str:
        words = "".join(c if c.isalnum() else " " for c in self.title.lower()).split()
        return "-".join(words[:5])

    @property
    def maker(self) -> str:
        return next(kind for kind in _MAKERS if kind in self.team)

    @property
    def current(self) -> str | None:
        """Whose turn it is."""
        return self.team[self.turns] if self.moving and self.turns < len(self.team) else None

    def moment(self, part: float) -> float:
        """A time between its start and its end, or its latest change."""
        started = self.created if self.started is None else self.started
        return started + (self.last - started) * part

    @property
    def last(self) -> float:
        if self.ended is not None:
            return self.ended
        return self.created if self.started is None else self.started * between(0.1, 0.6, self.key)


@dataclass(slots=True)
class Epic:
    key: str
    project: str
    title: str
    why: str
    label: str
    workflow: str
    span: tuple[float, float]
    status: str
    number: int
    standing: int
    tasks: list[Task] = field(default_factory=list)
    id: UUID = field(default=UUID(int=0))

    @property
    def ended(self) -> float | None:
        return self.tasks[-1].last if self.standing == _DONE else None


def plan(company: Company) -> list[Epic]:
    """Every epic of the company with its tasks."""
    turn: Counter[tuple[str, int]] = Counter()

    def stage(workflow: str, standing: int) -> str:
        """The next of the stages that mean this, so that each is occupied."""
        names = _STAGES[workflow][standing]
        turn[workflow, standing] += 1
        return names[(turn[workflow, standing] - 1) % len(names)]

    epics = []
    for slug in company.projects:
        number = 100
        for place, told in enumerate(text(slug)["epic"]):
            epic = _epic(f"{slug}/{place}", slug, told, number)
            number += 1
            for standing, task in _tasks(company, epic, told):
                task.number, task.status = number, stage(epic.workflow, standing)
                task.turns = _turns(task)
                epic.tasks.append(task)
                number += 1
            epics.append(epic)
    return epics


def _epic(key: str, project: str, told: dict[str, Any], number: int) -> Epic:
    count, done, moving = len(told["tasks"]), told.get("done", 0), told.get("moving", 0)
    done += len([place for place in told.get("dropped", ()) if place >= done])
    standing = _DONE if done >= count else _MOVING if done + moving else _OPEN
    early, late = told["span"]
    return Epic(
        key, project, told["title"], told["why"], told["label"], told["workflow"], (early, late),
        _STAGES[told["workflow"]][standing][0], number, standing,
    )  # fmt: skip


def _tasks(company: Company, epic: Epic, told: dict[str, Any]) -> Iterator[tuple[int, Task]]:
    """One after the other within an epic: what comes later may wait for what came before."""
    early, late = epic.span
    done, dropped = told.get("done", 0), set(told.get("dropped", ()))
    closed = max(1, len(set(range(done)) | dropped))
    step = (early - 1 - max(late, 1.5)) / closed
    at, moving = early - 1, told.get("moving", 0)
    for place, line in enumerate(told["tasks"]):
        key = f"{epic.key}/{place}"
        kind, title = _kind(line)
        team = _TEAMS["ui" if kind == "feature" and _is_seen(title) else kind]
        if kind == "feature" and team is _TEAMS["feature"] and share(key, "data") < 0.4:
            team = _TEAMS["data"]
        maker = next(k for k in _MAKERS if k in team)
        started = ended = None
        if place < done or place in dropped:
            standing = _DROPPED if place in dropped else _DONE
            started, ended = at, at - step * between(0.75, 0.98, key, "length")
            at -= step
        elif moving:
            standing, moving = _MOVING, moving - 1
            started = between(0.6, 1.4, key, "started")
        else:
            standing = _OPEN
        created = early - between(0.0, 0.9, key, "created")
        yield standing, Task(
            key, 0, epic.project, epic, title, kind, "", standing, created, started, ended, team, 0,
            company.desk_of(maker, key),
        )  # fmt: skip


def _kind(line: str) -> tuple[str, str]:
    word, colon, rest = line.partition(": ")
    kind = _WORDS.get(word, word)
    return (kind, rest) if colon and kind in _TEAMS and kind != "ui" else ("feature", line)


def _is_seen(title: str) -> bool:
    return any(word in title.lower() for word in _SEEN)


def _turns(task: Task) -> int:
    """How many of its team have had their turn."""
    many = len(task.team)
    if task.done:
        return many
    if task.dropped:
        return pick(range(1, many), task.key, "turns") if many > 1 else 0
    if not task.moving or task.status in {"analyzing", "orchestrating"}:
        return 0
    if task.status in {"completing", "in_review", "awaiting_approval"}:
        return many - 1
    return pick(range(1, many), task.key, "turns") if many > 1 else 0
