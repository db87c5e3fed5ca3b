"""Agents, the desks they sit at, their sessions, and every run of theirs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Float, Index, Numeric, Uuid, text
from sqlalchemy.orm import Mapped

from .base import Audited, Counted, Partitioned, Rule, TenantScoped, Totalled, unique
from .columns import Json, LTree, column, reference, words

#: The built-in kinds of agents; a platform may use any other word.
AGENT_TYPES = (
    "orchestrator", "project_manager", "architect", "analyst", "ui_designer", "frontend_dev",
    "backend_dev", "tester", "bug_fixer", "reviewer", "git_agent",
)  # fmt: skip
DeskStatus = Literal["active", "paused", "retired"]
SessionStatus = Literal["active", "completed", "failed", "cancelled"]
ExecutionStatus = Literal["pending", "running", "success", "failure", "timeout", "cancelled"]


class Agent(TenantScoped, Audited):
    """The registry: what an agent is, what it can do, and how it has done."""

    __tablename__ = "agents"
    __table_args__ = (
        unique("name", "agent_type"),
        Index("agents_agent_type_idx", "tenant_id", "agent_type"),
        Index("agents_is_active_idx", "tenant_id", "is_active"),
        Index("agents_model_provider_idx", "tenant_id", "model_provider"),
        Index("agents_tags_idx", "tenant_id", "tags", postgresql_using="gin"),
    )

    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    agent_type: Mapped[str] = column(check="length(agent_type) BETWEEN 1 AND 100")
    description: Mapped[str | None] = column(default=None)
    model_provider: Mapped[str | None] = column(default=None)
    model_name: Mapped[str | None] = column(default=None)
    capabilities: Mapped[Json] = column(default={})
    config: Mapped[Json] = column(default={})
    tags: Mapped[list[str]] = column(default=[])
    version: Mapped[str] = column(default="1.0.0")
    is_active: Mapped[bool] = column(default=True)
    is_experimental: Mapped[bool] = column(default=False)
    #: Kept from executions by a trigger; the two counts make the figures exact.
    success_rate: Mapped[float | None] = column(Float, default=None, init=False, kept=True)
    avg_execution_time_ms: Mapped[float | None] = column(Float, default=None, init=False, kept=True)
    execution_count: Mapped[int] = column(BigInteger, default=0, init=False, kept=True)
    success_count: Mapped[int] = column(BigInteger, default=0, init=False, kept=True)
    timed_count: Mapped[int] = column(BigInteger, default=0, init=False, kept=True)
    total_execution_ms: Mapped[int] = column(BigInteger, default=0, init=False, kept=True)


class Desk(TenantScoped, Audited, Counted):
    """A position in the organisation, held by an agent."""

    __tablename__ = "desks"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("hold_desks", "BEFORE UPDATE OF reports_to_id OR DELETE", each="STATEMENT"),
        Rule("place_desk", "BEFORE INSERT OR UPDATE OF reports_to_id"),
        Rule("settle_desks", "INSERT UPDATE", set_based=True),
    )
    __usage__: ClassVar[str] = "current_desks"
    __quota__: ClassVar[str] = "max_desks"
    __table_args__ = (
        unique("code"),
        Index("desks_reports_to_id_idx", "tenant_id", "reports_to_id"),
        Index("desks_agent_id_idx", "tenant_id", "agent_id"),
        Index("desks_path_idx", "path", postgresql_using="gist"),  # subtree, through desk_subtree()
    )

    code: Mapped[str] = column(check="code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'")
    title: Mapped[str] = column()
    role: Mapped[str] = column(default="member", doc="executive, manager, …: open")
    reports_to_id: Mapped[UUID | None] = reference("desks", on_delete="set null", default=None)
    path: Mapped[str] = column(
        LTree, init=False, default=None, kept=True, doc="from the top, kept by a trigger"
    )
    llm_provider: Mapped[str | None] = column(default=None)
    llm_model: Mapped[str | None] = column(default=None)
    llm_config: Mapped[Json] = column(default={})
    capabilities: Mapped[list[str]] = column(default=[])
    skills: Mapped[list[str]] = column(default=[])
    status: Mapped[DeskStatus] = column(words(DeskStatus), default="active")
    agent_id: Mapped[UUID | None] = reference("agents", on_delete="set null", default=None)


class AgentSession(TenantScoped, Totalled):
    """A stretch of an agent's work. Its totals are sums of its messages and executions."""

    __tablename__ = "agent_sessions"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("time_session", "BEFORE INSERT OR UPDATE"),
        Rule("account_session", "AFTER INSERT OR UPDATE"),
    )
    __table_args__ = (
        Index("agent_sessions_desk_id_idx", "tenant_id", "desk_id", "id"),
        Index("agent_sessions_agent_id_idx", "tenant_id", "agent_id", "id"),
        Index("agent_sessions_task_id_idx", "tenant_id", "task_id", "id"),
        Index(
            "agent_sessions_open_idx", "tenant_id", "id", postgresql_where=text("status = 'active'")
        ),
    )

    desk_id: Mapped[UUID | None] = reference("desks", on_delete="set null", default=None)
    agent_id: Mapped[UUID | None] = reference("agents", on_delete="set null", default=None)
    task_id: Mapped[UUID | None] = reference("tasks", on_delete="set null", default=None)
    status: Mapped[SessionStatus] = column(words(SessionStatus), default="active")
    started_at: Mapped[datetime] = column(default=text("now()"))
    ended_at: Mapped[datetime | None] = column(default=None)
    duration_ms: Mapped[int | None] = column(BigInteger, default=None, init=False, kept=True)
    message_count: Mapped[int] = column(default=0, init=False, kept=True)
    input_tokens: Mapped[int] = column(BigInteger, default=0, init=False, kept=True)
    output_tokens: Mapped[int] = column(BigInteger, default=0, init=False, kept=True)
    cost_usd: Mapped[Decimal] = column(Numeric(14, 6), default=0, init=False, kept=True)
    first_message_id: Mapped[UUID | None] = column(Uuid, default=None, init=False, kept=True)
    last_message_id: Mapped[UUID | None] = column(Uuid, default=None, init=False, kept=True)
    metrics: Mapped[Json] = column(default={})
    state: Mapped[Json] = column(default={})


class AgentExecution(TenantScoped, Partitioned):
    """One run of an agent: what went in, what came out, what it cost."""

    __tablename__ = "agent_executions"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("time_execution", "BEFORE INSERT OR UPDATE"),
        Rule("total_executions", "INSERT UPDATE DELETE", set_based=True),
    )
    __table_args__ = (
        Index("agent_executions_agent_id_idx", "tenant_id", "agent_id", "id"),
        Index("agent_executions_task_id_idx", "tenant_id", "task_id", "id"),
        Index("agent_executions_project_id_idx", "tenant_id", "project_id", "id"),
        Index("agent_executions_session_id_idx", "tenant_id", "session_id", "id"),
        Index("agent_executions_status_idx", "tenant_id", "status", "id"),
        Index("agent_executions_evidence_id_idx", "tenant_id", "evidence_id"),
    )

    agent_id: Mapped[UUID | None] = reference("agents", on_delete="set null", default=None)
    agent_type: Mapped[str | None] = column(default=None, doc="the agent's unless given")
    task_id: Mapped[UUID | None] = reference("tasks", default=None)
    project_id: Mapped[UUID | None] = reference("projects", default=None)
    session_id: Mapped[UUID | None] = reference(
        "agent_sessions", on_delete="set null", default=None
    )
    evidence_id: Mapped[UUID | None] = reference("evidence", on_delete="set null", default=None)
    input: Mapped[Json] = column(default={})
    output: Mapped[Json | None] = column(default=None)
    status: Mapped[ExecutionStatus] = column(words(ExecutionStatus), default="running")
    error: Mapped[str | None] = column(default=None)
    model_provider: Mapped[str | None] = column(default=None)
    model_name: Mapped[str | None] = column(default=None)
    input_tokens: Mapped[int] = column(default=0, check="input_tokens >= 0")
    output_tokens: Mapped[int] = column(default=0, check="output_tokens >= 0")
    cost_usd: Mapped[Decimal] = column(Numeric(14, 6), default=0, check="cost_usd >= 0")
    started_at: Mapped[datetime] = column(default=text("now()"))
    completed_at: Mapped[datetime | None] = column(default=None)
    duration_ms: Mapped[int | None] = column(BigInteger, default=None, check="duration_ms >= 0")
    metadata_: Mapped[Json] = column(name="metadata", default={})
