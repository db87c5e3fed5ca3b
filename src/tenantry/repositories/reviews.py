"""Reviews of tasks: a pipeline's, and an agent's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Table, func, insert, select

from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import QaReview, SelfReview
from tenantry.models.quality import ReviewStage, Verdict
from tenantry.schema.statements import Statement, compile_statement, readable, slot

from .base import Repository

CONSTRAINT_MESSAGES.update(
    {
        "qa_reviews_stage_check": "stage is one of automated_tests, code_review, security_scan,"
        " peer_review.",
        "qa_reviews_verdict_check": "verdict is one of pending, passed, failed.",
        "qa_reviews_quality_score_check": "quality_score lies between 0 and 1.",
        "qa_reviews_task_id_fkey": "There is no such task in this tenant.",
        "self_reviews_task_id_fkey": "There is no such task in this tenant.",
    }
)


class Reviews(Repository[QaReview]):
    """Steps of tasks' quality pipelines."""

    model = QaReview

    async def submit(
        self,
        task_id: UUID,
        stage: ReviewStage,
        verdict: Verdict,
        *,
        reviewer_user_id: UUID | None = None,
        reviewer_agent_id: UUID | None = None,
        quality_score: float | None = None,
        findings: list[Any] | None = None,
        comment: str | None = None,
    ) -> QaReview:
        """The newest verdict of a stage counts; one that is pending asks for a review."""
        return await self._create(
            task_id=task_id,
            stage=stage,
            verdict=verdict,
            reviewer_user_id=reviewer_user_id,
            reviewer_agent_id=reviewer_agent_id,
            quality_score=quality_score,
            findings=findings or [],
            comment=comment,
        )

    async def decide(self, id: UUID, verdict: Verdict, **changes: Any) -> QaReview:
        """Answer one that is pending, or answer it anew."""
        # The server's clock tells when: a stage asks for verdicts since the task came there.
        return await self.update(id, verdict=verdict, reviewed_at=None, **changes)

    async def of(self, task_id: UUID) -> Sequence[QaReview]:
        """The task's reviews, the newest first."""
        return await self.list(task_id=task_id, limit=1000)


class SelfReviews(Repository[SelfReview]):
    """An agent's own judgements of what it made."""

    model = SelfReview

    async def submit(
        self,
        task_id: UUID,
        agent_type: str,
        *,
        quality_score: float,
        completeness_score: float,
        correctness_score: float,
        decision: str,
        overall_score: float | None = None,
        iteration: int | None = None,
        execution_id: UUID | None = None,
        gaps: list[Any] | None = None,
        requirements: list[Any] | None = None,
        reasoning: str | None = None,
        duration_ms: int | None = None,
    ) -> SelfReview:
        """Without them, the overall score is the mean of the three and the iteration is the next."""
        scores = quality_score, completeness_score, correctness_score
        overall = sum(scores) / len(scores) if overall_score is None else overall_score
        return await self._one(
            _submit(),
            {
                "task_id": task_id,
                "agent_type": agent_type,
                "quality_score": quality_score,
                "completeness_score": completeness_score,
                "correctness_score": correctness_score,
                "overall_score": overall,
                "decision": decision,
                "iteration": iteration,
                "execution_id": execution_id,
                "gaps": gaps or [],
                "requirements": requirements or [],
                "reasoning": reasoning,
                "duration_ms": duration_ms,
            },
        )

    async def of(self, task_id: UUID) -> Sequence[SelfReview]:
        """The task's, the newest first."""
        return await self.list(task_id=task_id, limit=1000)


@cache
def _submit() -> Statement:
    table: Table = SelfReview.__table__  # type: ignore[assignment]
    c = table.c
    kept = {"id", "created_at", "updated_at"}
    values: dict[str, Any] = {g.name: slot(g.name, g.type) for g in c if g.name not in kept}
    same = c.tenant_id == slot("tenant_id"), c.task_id == slot("task_id")
    last = select(func.max(c.iteration)).where(*same, c.agent_type == values["agent_type"])
    values["iteration"] = func.coalesce(
        slot("iteration", Integer()), last.scalar_subquery() + 1, 1, type_=Integer()
    )
    return compile_statement(insert(table).values(values).returning(*readable(SelfReview)))
