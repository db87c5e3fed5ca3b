"""What gathers around tasks: talk, files, results, decisions, hand-overs, checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tenantry.models import (
    Approval,
    Artifact,
    Delegation,
    TaskAttachment,
    TaskCheckpoint,
    TaskComment,
)

from .backlog import RESTING, Epic, Task
from .company import first_name
from .organisation import OWNERS
from .runs import said
from .story import Company, pick, share, whole
from .texts import text

_FILES = {
    "bugfix": (("console.log", "text/plain"), ("before.png", "image/png")),
    "feature": (("sketch.png", "image/png"), ("figures.csv", "text/csv")),
    "test": (("report.html", "text/html"), ("recording.json.gz", "application/gzip")),
    "docs": (("draft.pdf", "application/pdf"),),
}
# Who leaves what behind: kind, path, and whether people look at it.
_RESULTS = {
    "architect": ("design", "docs/design/{slug}.md"),
    "ui_designer": ("design", "design/{slug}.svg"),
    "frontend_dev": ("code", "web/src/{label}/{slug}.tsx"),
    "backend_dev": ("code", "src/{label}/{slug}.py"),
    "bug_fixer": ("patch", "patches/{slug}.diff"),
    "tester": ("test_report", "reports/{slug}.json"),
    "git_agent": ("pull_request", "pulls/{number}"),
}


def around(company: Company, epics: Sequence[Epic]) -> None:
    for epic in epics:
        for task in epic.tasks:
            _comments(company, task)
            if task.started is None:
                continue
            _attachments(company, task)
            _artifacts(company, task)
            _checkpoints(company, task)
            _approvals(company, task)
            _delegation(company, task)


def _comments(company: Company, task: Task) -> None:
    words = text("phrases")["comments"]
    lead = first_name(OWNERS[task.project])

    def people(name: str, choices: list[str], back: float) -> None:
        company.add(
            TaskComment, task.key, name, back=back, task_id=task.id,
            author_id=company.user(company.person(task.key, name)), agent_id=None,
            content=pick(choices, task.key, name).format(area=task.epic.label, lead=lead),
            is_ai_generated=False, ai_metadata=None,
            github_comment_id=whole(10**9, 2 * 10**9, task.key, name)
            if task.epic.workflow == "issue" else None,
        )  # fmt: skip

    if share(task.key, "asks") < 0.45:
        people("asks", words["people"], task.created * 0.97 if task.started is None
               else task.moment(0.3))  # fmt: skip
    for place, kind in enumerate(task.runs):
        if share(task.key, kind, "speaks") < 0.4:
            run = task.runs[kind]
            company.add(
                TaskComment, task.key, kind, back=task.moment((place + 1) / (len(task.runs) + 1)),
                task_id=task.id, author_id=None, agent_id=company.agents[kind]["id"],
                content=said(task, kind), is_ai_generated=True,
                ai_metadata={"model": run["model_name"], "execution_id": str(run["id"])},
                github_comment_id=None,
            )  # fmt: skip
    if task.done and share(task.key, "closes") < 0.5:
        people("closes", words["closing"], task.last * 0.98)
    if task.status in RESTING - {"in_review"}:
        people("waits", words["waiting"], task.last)


def _attachments(company: Company, task: Task) -> None:
    if share(task.key, "attached") > 0.35 or task.type not in _FILES:
        return
    name, kind = pick(_FILES[task.type], task.key)
    digest = hashlib.sha256(f"{company.slug}/{task.key}/{name}".encode()).hexdigest()
    company.add(
        TaskAttachment, task.key, back=task.moment(0.2), task_id=task.id,
        filename=f"{task.slug}-{name}", storage_path=f"{task.project}/{task.number}/{digest[:12]}/{name}",
        content_type=kind, size_bytes=whole(9_000, 4_000_000, task.key, name), checksum=digest,
        is_evidence=task.type == "test", uploaded_by=company.user(company.person(task.key, name)),
    )  # fmt: skip


def _artifacts(company: Company, task: Task) -> None:
    for kind, run in task.runs.items():
        if kind not in _RESULTS:
            continue
        type_, path = _RESULTS[kind]
        company.add(
            Artifact, task.key, kind, at=run["completed_at"], task_id=task.id, execution_id=run["id"],
            type=type_, path=path.format(slug=task.slug, label=task.epic.label, number=1000 + task.number),
            content=said(task, kind) if type_ == "design" else None,
            metadata={"agent": kind, "lines": whole(12, 380, task.key, kind, "lines")},
            approved=True if task.done else False if task.dropped else None,
        )  # fmt: skip


def _checkpoints(company: Company, task: Task) -> None:
    if task.epic.workflow != "aigentflow":
        return
    done: list[str] = []
    for kind, run in task.runs.items():
        done.append(kind)
        state = (
            "analyzing"
            if len(done) == 1
            else "orchestrating"
            if len(done) == 2
            else "agent_working"
        )
        company.add(
            TaskCheckpoint, task.key, kind, at=run["completed_at"], task_id=task.id, state=state,
            data={"completed": list(done), "next": next((k for k in task.team if k not in done), None)},
            artifacts=[_RESULTS[k][0] for k in done if k in _RESULTS],
        )  # fmt: skip


def _approvals(company: Company, task: Task) -> None:
    asked = task.status == "awaiting_approval"
    if not asked and (share(task.key, "approval") > 0.35 or task.maker not in task.runs):
        return
    reasons = text("phrases")["approval"]["reasons"]
    turns = ["pending"] if asked else ["approved"]
    if share(task.key, "refused") < 0.2:
        turns.insert(0, "rejected")
    for place, decision in enumerate(turns):
        back = task.last if decision == "pending" else task.moment(0.45 + 0.2 * place)
        open_ = decision == "pending"
        row = company.add(
            Approval, task.key, str(place), back=back, task_id=task.id, decision=decision,
            user_id=None if open_ else company.user(OWNERS[task.project]),
            requested_by=task.maker, reason=None if open_ else pick(reasons[decision], task.key, place),
            artifact_ids=[], decided_at=None if open_ else company.at(back * 0.995),
        )  # fmt: skip
        if decision == "approved":
            task.proofs.append(("approval", row["id"]))


def _delegation(company: Company, task: Task) -> None:
    """Offered by the desk above; most accept."""
    above = next((d for d in company.desks.values() if d["id"] == task.desk["reports_to_id"]), None)
    if above is None or share(task.key, "delegated") > 0.3:
        return
    words, back = text("phrases")["delegation"], task.created * 0.98
    if task.started is not None:
        back = min(back, task.started + 0.05)
    status = "completed" if task.done else "cancelled" if task.dropped else "accepted"
    if task.moving and task.status in RESTING:
        status = "offered"
    elif share(task.key, "declined") < 0.15:
        status = "declined"
    company.add(
        Delegation, task.key, back=back, task_id=task.id, from_desk_id=above["id"],
        to_desk_id=task.desk["id"], reason=pick(words["reasons"], task.key), status=status,
        answer=words["declined"] if status == "declined" else None,
        answered_at=None if status == "offered" else company.at(back * 0.99),
    )  # fmt: skip
