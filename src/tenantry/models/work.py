"""What gathers around a task: dependencies, checkpoints, hand-overs, results and talk."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Index, Uuid, text
from sqlalchemy.orm import Mapped

from .base import Audited, Rule, TenantScoped, unique
from .columns import Json, column, member, reference, words

DelegationStatus = Literal["offered", "accepted", "declined", "completed", "cancelled"]
ApprovalDecision = Literal["pending", "approved", "rejected"]


class TaskDependency(TenantScoped, Audited):
    """`task` waits for `depends_on`. A cycle is refused."""

    __tablename__ = "task_dependencies"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("refuse_circular_dependencies", "INSERT UPDATE", set_based=True),
    )
    __table_args__ = (
        unique("task_id", "depends_on_id"),
        Index("task_dependencies_depends_on_id_idx", "tenant_id", "depends_on_id"),
    )

    task_id: Mapped[UUID] = reference("tasks")
    depends_on_id: Mapped[UUID] = reference("tasks", doc="done before `task` may start")


class TaskCheckpoint(TenantScoped, Audited):
    """Where a task stood, to go on from there."""

    __tablename__ = "task_checkpoints"
    __table_args__ = (Index("task_checkpoints_task_id_idx", "tenant_id", "task_id", "id"),)

    task_id: Mapped[UUID] = reference("tasks")
    state: Mapped[str] = column()
    data: Mapped[Json] = column(default={})
    artifacts: Mapped[list[str]] = column(default=[])


class Delegation(TenantScoped, Audited):
    """A task handed from one desk to another."""

    __tablename__ = "delegations"
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("answer_delegation", "BEFORE INSERT OR UPDATE"),)
    __table_args__ = (
        Index("delegations_task_id_idx", "tenant_id", "task_id", "id"),
        Index("delegations_from_desk_id_idx", "tenant_id", "from_desk_id", "id"),
        Index("delegations_to_desk_id_idx", "tenant_id", "to_desk_id", "status", "id"),
        # One open offer of a task at a time.
        Index(
            "delegations_open_key", "tenant_id", "task_id", unique=True,
            postgresql_where=text("status = 'offered'"),
        ),
    )  # fmt: skip

    task_id: Mapped[UUID] = reference("tasks")
    from_desk_id: Mapped[UUID | None] = reference("desks", on_delete="set null", default=None)
    to_desk_id: Mapped[UUID] = reference("desks")
    reason: Mapped[str | None] = column(default=None)
    status: Mapped[DelegationStatus] = column(words(DelegationStatus), default="offered")
    answer: Mapped[str | None] = column(default=None, doc="why it was declined, say")
    answered_at: Mapped[datetime | None] = column(default=None)


class Artifact(TenantScoped, Audited):
    """Something a task produced."""

    __tablename__ = "artifacts"
    __table_args__ = (
        Index("artifacts_task_id_idx", "tenant_id", "task_id", "id"),
        Index("artifacts_execution_id_idx", "tenant_id", "execution_id"),
    )

    task_id: Mapped[UUID] = reference("tasks")
    execution_id: Mapped[UUID | None] = column(Uuid, default=None, doc="soft: executions age out")
    type: Mapped[str] = column()
    path: Mapped[str] = column(check="length(path) BETWEEN 1 AND 1000")
    content: Mapped[str | None] = column(default=None)
    metadata_: Mapped[Json] = column(name="metadata", default={})
    approved: Mapped[bool | None] = column(default=None, doc="empty while undecided")


class Approval(TenantScoped, Audited):
    """A person's yes or no to what a task is about to do or has made."""

    __tablename__ = "approvals"
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("decide_approval", "BEFORE INSERT OR UPDATE"),)
    __table_args__ = (
        Index("approvals_task_id_idx", "tenant_id", "task_id", "id"),
        Index("approvals_user_id_idx", "tenant_id", "user_id"),
        Index(
            "approvals_open_idx", "tenant_id", "id", postgresql_where=text("decision = 'pending'")
        ),
    )

    task_id: Mapped[UUID] = reference("tasks")
    user_id: Mapped[UUID | None] = member(default=None, doc="who decided")
    requested_by: Mapped[str | None] = column(default=None)
    decision: Mapped[ApprovalDecision] = column(words(ApprovalDecision), default="pending")
    reason: Mapped[str | None] = column(default=None)
    artifact_ids: Mapped[list[str]] = column(default=[])
    decided_at: Mapped[datetime | None] = column(default=None)


class TaskComment(TenantScoped, Audited):
    """What a person or an agent says about a task."""

    __tablename__ = "task_comments"
    __table_args__ = (
        Index("task_comments_task_id_idx", "tenant_id", "task_id", "id"),
        Index("task_comments_author_id_idx", "tenant_id", "author_id"),
        Index("task_comments_agent_id_idx", "tenant_id", "agent_id"),
        unique("github_comment_id"),
    )

    task_id: Mapped[UUID] = reference("tasks")
    author_id: Mapped[UUID | None] = member(default=None)
    agent_id: Mapped[UUID | None] = reference("agents", on_delete="set null", default=None)
    content: Mapped[str] = column(check="length(content) > 0")
    is_ai_generated: Mapped[bool] = column(default=False)
    ai_metadata: Mapped[Json | None] = column(default=None)
    github_comment_id: Mapped[int | None] = column(BigInteger, default=None)


class TaskAttachment(TenantScoped, Audited):
    """A file in an object store, and whether it proves something."""

    __tablename__ = "task_attachments"
    __table_args__ = (
        Index("task_attachments_task_id_idx", "tenant_id", "task_id", "id"),
        Index("task_attachments_evidence_id_idx", "tenant_id", "evidence_id"),
        Index("task_attachments_uploaded_by_idx", "tenant_id", "uploaded_by"),
        Index(
            "task_attachments_is_evidence_idx", "tenant_id", "task_id",
            postgresql_where=text("is_evidence"),
        ),
    )  # fmt: skip

    task_id: Mapped[UUID] = reference("tasks")
    filename: Mapped[str] = column()
    storage_path: Mapped[str] = column()
    content_type: Mapped[str | None] = column(default=None)
    size_bytes: Mapped[int | None] = column(BigInteger, default=None, check="size_bytes >= 0")
    checksum: Mapped[str | None] = column(default=None, doc="SHA-256, in hex")
    is_evidence: Mapped[bool] = column(default=False)
    evidence_id: Mapped[UUID | None] = reference("evidence", on_delete="set null", default=None)
    uploaded_by: Mapped[UUID | None] = member(default=None)
