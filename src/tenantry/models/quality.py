"""Quality and learning: reviews, lessons, patterns, evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, Index, Integer, Uuid, text
from sqlalchemy.orm import Mapped

from .base import Audited, Rule, TenantScoped, unique
from .columns import Json, column, member, reference, searchable, words

ReviewStage = Literal["automated_tests", "code_review", "security_scan", "peer_review"]
Verdict = Literal["pending", "passed", "failed"]
EvidenceLinkKind = Literal["supports", "contradicts", "related"]
EvidenceTarget = Literal["evidence", "execution", "approval", "review"]

_SCORE = "BETWEEN 0 AND 1"


class QaReview(TenantScoped, Audited):
    """One step of a task's quality pipeline."""

    __tablename__ = "qa_reviews"
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("time_review", "BEFORE INSERT OR UPDATE"),)
    __table_args__ = (
        Index("qa_reviews_task_id_idx", "tenant_id", "task_id", "stage", "id"),
        Index("qa_reviews_reviewer_user_id_idx", "tenant_id", "reviewer_user_id"),
        Index("qa_reviews_reviewer_agent_id_idx", "tenant_id", "reviewer_agent_id"),
    )

    task_id: Mapped[UUID] = reference("tasks")
    stage: Mapped[ReviewStage] = column(words(ReviewStage))
    verdict: Mapped[Verdict] = column(words(Verdict), default="pending")
    reviewer_user_id: Mapped[UUID | None] = member(default=None)
    reviewer_agent_id: Mapped[UUID | None] = reference("agents", on_delete="set null", default=None)
    quality_score: Mapped[float | None] = column(
        Float, default=None, check=f"quality_score {_SCORE}"
    )
    findings: Mapped[list[Any]] = column(default=[])
    comment: Mapped[str | None] = column(default=None)
    reviewed_at: Mapped[datetime | None] = column(default=None)


class SelfReview(TenantScoped, Audited):
    """An agent's own judgement of what it made, one for each iteration."""

    __tablename__ = "self_reviews"
    __table_args__ = (
        Index("self_reviews_task_id_idx", "tenant_id", "task_id", "id"),
        Index("self_reviews_execution_id_idx", "tenant_id", "execution_id"),
    )

    task_id: Mapped[UUID] = reference("tasks")
    execution_id: Mapped[UUID | None] = column(Uuid, default=None, doc="soft: executions age out")
    agent_type: Mapped[str] = column()
    iteration: Mapped[int] = column(default=1, check="iteration > 0")
    quality_score: Mapped[float] = column(Float, check=f"quality_score {_SCORE}")
    completeness_score: Mapped[float] = column(Float, check=f"completeness_score {_SCORE}")
    correctness_score: Mapped[float] = column(Float, check=f"correctness_score {_SCORE}")
    overall_score: Mapped[float] = column(Float, check=f"overall_score {_SCORE}")
    gaps: Mapped[list[Any]] = column(default=[])
    requirements: Mapped[list[Any]] = column(default=[])
    decision: Mapped[str] = column(doc="approve, revise, escalate, …: open")
    reasoning: Mapped[str | None] = column(default=None)
    duration_ms: Mapped[int | None] = column(Integer, default=None, check="duration_ms >= 0")


class Lesson(TenantScoped, Audited):
    """What was learned, and how well it has served since."""

    __tablename__ = "lessons"
    __table_args__ = (
        Index("lessons_category_idx", "tenant_id", "category", "application_count"),
        Index("lessons_task_id_idx", "tenant_id", "task_id"),
        Index("lessons_validated_by_idx", "tenant_id", "validated_by"),
        Index("lessons_tags_idx", "tenant_id", "tags", postgresql_using="gin"),  # by_tags()
        Index("lessons_search_idx", "tenant_id", "search", postgresql_using="gin"),  # search()
    )

    task_id: Mapped[UUID | None] = reference("tasks", on_delete="set null", default=None)
    category: Mapped[str] = column(check="length(category) BETWEEN 1 AND 50")
    title: Mapped[str] = column(check="length(title) BETWEEN 1 AND 255")
    summary: Mapped[str] = column()
    details: Mapped[str | None] = column(default=None)
    tags: Mapped[list[str]] = column(default=[])
    source_agent: Mapped[str | None] = column(default=None)
    confidence: Mapped[float] = column(Float, default=0.5, check=f"confidence {_SCORE}")
    application_count: Mapped[int] = column(default=0, init=False, kept=True)
    success_rate: Mapped[float | None] = column(
        Float,
        default=None,
        init=False,
        kept=True,
        check=f"success_rate {_SCORE}",
        doc="a moving average, 0.2 for the newest",
    )
    human_validated: Mapped[bool] = column(default=False)
    validated_by: Mapped[UUID | None] = member(default=None)
    search: Mapped[str] = searchable("title || ' ' || summary || ' ' || coalesce(details, '')")


class Pattern(TenantScoped, Audited):
    """Something seen again and again; seeing it once more counts it up."""

    __tablename__ = "patterns"
    __table_args__ = (
        Index(
            "patterns_key", "tenant_id", "type", text("coalesce(agent_type, '')"), text("md5(pattern::text)"),
            unique=True,
        ),
        Index("patterns_frequency_idx", "tenant_id", "type", "frequency"),
    )  # fmt: skip

    type: Mapped[str] = column(check="length(type) BETWEEN 1 AND 50")
    agent_type: Mapped[str | None] = column(default=None)
    pattern: Mapped[Json] = column()
    frequency: Mapped[int] = column(default=1, check="frequency > 0", info={"quiet": True})
    last_seen: Mapped[datetime] = column(default=text("now()"), info={"quiet": True})


class Evidence(TenantScoped, Audited):
    """What a decision rests on, and how far it can be believed."""

    __tablename__ = "evidence"
    __table_args__ = (
        Index("evidence_task_id_idx", "tenant_id", "task_id", "id"),
        Index("evidence_project_id_idx", "tenant_id", "project_id", "id"),
        Index("evidence_source_type_idx", "tenant_id", "source_type", "id"),
        Index("evidence_credibility_score_idx", "tenant_id", "credibility_score"),
        Index("evidence_is_verified_idx", "tenant_id", "is_verified", "id"),
        Index("evidence_verified_by_idx", "tenant_id", "verified_by"),
        Index("evidence_tags_idx", "tenant_id", "tags", postgresql_using="gin"),
        Index("evidence_search_idx", "tenant_id", "search", postgresql_using="gin"),
    )

    task_id: Mapped[UUID | None] = reference("tasks", default=None)
    project_id: Mapped[UUID | None] = reference("projects", default=None)
    source_type: Mapped[str] = column(doc="code_analysis, test_result, ai_output, …: open")
    source: Mapped[str | None] = column(
        default=None, doc="where it comes from: a path, a URL, a run"
    )
    title: Mapped[str] = column(default="")
    content: Mapped[str] = column(default="")
    data: Mapped[Json] = column(default={})
    credibility_score: Mapped[float] = column(
        Float, default=0.5, check=f"credibility_score {_SCORE}"
    )
    is_verified: Mapped[bool] = column(default=False)
    verified_by: Mapped[UUID | None] = member(default=None)
    verified_at: Mapped[datetime | None] = column(default=None)
    tags: Mapped[list[str]] = column(default=[])
    search: Mapped[str] = searchable("title || ' ' || content")


class EvidenceLink(TenantScoped, Audited):
    """What a piece of evidence says of another thing."""

    __tablename__ = "evidence_links"
    __table_args__ = (
        unique("evidence_id", "kind", "target_type", "target_id"),
        CheckConstraint("evidence_id <> target_id", name="not_itself"),
        Index("evidence_links_target_idx", "tenant_id", "target_type", "target_id"),
    )

    evidence_id: Mapped[UUID] = reference("evidence")
    kind: Mapped[EvidenceLinkKind] = column(words(EvidenceLinkKind))
    target_type: Mapped[EvidenceTarget] = column(words(EvidenceTarget), default="evidence")
    target_id: Mapped[UUID] = column(Uuid, doc="soft: executions age out")
    note: Mapped[str | None] = column(default=None)
