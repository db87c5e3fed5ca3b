"""Reviews: those a workflow demands, and what agents think of their own work."""

from __future__ import annotations

from collections.abc import Sequence

from tenantry.models import QaReview, SelfReview

from .backlog import Epic, Task
from .story import Company, between, pick, share, whole
from .texts import text

_STAGES = ("automated_tests", "code_review", "security_scan", "peer_review")
_REVIEWERS = {"automated_tests": "tester", "code_review": "reviewer", "security_scan": "reviewer"}


def quality(company: Company, epics: Sequence[Epic]) -> None:
    for epic in epics:
        for task in epic.tasks:
            if epic.workflow == "agentdesk" and (task.done or task.status == "in_review"):
                _reviews(company, task)
            if task.maker in task.runs:
                _self_reviews(company, task)


def _reviews(company: Company, task: Task) -> None:
    """All passed before a task was completed; some at the second try. In review, half are out."""
    words = text("phrases")["review"]
    for place, stage in enumerate(_STAGES):
        back = task.moment(0.80 + 0.045 * place) if task.done else task.last * (0.95 - 0.1 * place)
        person = company.user(company.person(task.key, stage)) if stage == "peer_review" else None
        kind = _REVIEWERS.get(stage)
        if share(task.key, stage, "first") < 0.12:
            company.add(
                QaReview, task.key, stage, "first", back=back + 0.01, task_id=task.id, stage=stage,
                verdict="failed", reviewer_user_id=person,
                reviewer_agent_id=company.agents[kind]["id"] if kind else None,
                quality_score=round(between(0.35, 0.6, task.key, stage), 2),
                findings=[{"severity": "medium", "text": words["failed"][stage]}],
                comment=words["failed"][stage], reviewed_at=company.at(back + 0.005),
            )  # fmt: skip
        passed = task.done or place < 2
        row = company.add(
            QaReview, task.key, stage, back=back, task_id=task.id, stage=stage,
            verdict="passed" if passed else "pending", reviewer_user_id=person,
            reviewer_agent_id=company.agents[kind]["id"] if kind else None,
            quality_score=round(between(0.74, 0.99, task.key, stage), 2) if passed else None,
            findings=[],
            comment=pick(words[stage], task.key).format(count=whole(14, 260, task.key, stage))
            if passed else None,
            reviewed_at=company.at(back) if passed else None,
        )  # fmt: skip
        if passed:
            task.proofs.append(("review", row["id"]))


def _self_reviews(company: Company, task: Task) -> None:
    """The first draft is sent back to itself in one of three cases."""
    words, run = text("phrases")["self_review"], task.runs[task.maker]
    rounds = 2 if share(task.key, "rounds") < 0.35 else 1
    for iteration in range(1, rounds + 1):
        good = iteration == rounds
        low, high = (0.8, 0.98) if good else (0.5, 0.72)
        scores = [
            round(between(low, high, task.key, iteration, name), 2)
            for name in ("quality", "completeness", "correctness")
        ]
        gaps = [] if good else [pick(words["gaps"], task.key)]
        company.add(
            SelfReview, task.key, str(iteration), at=run["completed_at"], task_id=task.id,
            execution_id=run["id"], agent_type=task.maker, iteration=iteration,
            quality_score=scores[0], completeness_score=scores[1], correctness_score=scores[2],
            overall_score=round(sum(scores) / 3, 3), gaps=gaps,
            requirements=[{"text": task.title, "met": good}],
            decision="approve" if good else "revise", reasoning=words["approve" if good else "revise"],
            duration_ms=whole(2_000, 30_000, task.key, iteration),
        )  # fmt: skip
