"""Tasks: the work, what it waits for, who talks about it, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from .base import Audited, Counted, Rule, TenantScoped
from .columns import NOW, Json, column, member, reference, searchable, words
from .workflows import StateCategory

TaskType = Literal["feature", "bugfix", "refactor", "docs", "config", "test", "chore", "task"]
Priority = Literal["critical", "high", "medium", "low"]


class Task(TenantScoped, Audited, Counted):
    """A piece of work. The database lets it move as its workflow allows, and in no other way."""

    __tablename__ = "tasks"
    __usage__: ClassVar[str] = "current_tasks"
    __quota__: ClassVar[str] = "max_tasks"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("govern_task", "BEFORE INSERT OR UPDATE"),
        Rule("refuse_circular_parents", "BEFORE INSERT OR UPDATE OF parent_id"),
    )
    __table_args__ = (
        Index("tasks_project_id_idx", "tenant_id", "project_id", "id"),  # recent(project)
        Index("tasks_status_idx", "tenant_id", "status", "id"),  # by_state, list(status=…)
        # What is still to be done, most urgent first: a small part of a table that grows for ever.
        Index(
            "tasks_open_idx", "tenant_id", "state_category", "priority", "id",
            postgresql_where=text("state_category NOT IN ('done', 'failed')"),
        ),
        Index("tasks_priority_idx", "tenant_id", "priority", "id"),
        Index("tasks_type_idx", "tenant_id", "type", "id"),
        Index("tasks_parent_id_idx", "tenant_id", "parent_id"),  # tree
        Index("tasks_workflow_id_idx", "tenant_id", "workflow_id", "status"),  # a stage in use
        Index("tasks_creator_id_idx", "tenant_id", "creator_id"),
        Index("tasks_assigned_to_user_id_idx", "tenant_id", "assigned_to_user_id"),
        Index("tasks_assigned_to_agent_id_idx", "tenant_id", "assigned_to_agent_id"),
        Index("tasks_assigned_to_desk_id_idx", "tenant_id", "assigned_to_desk_id"),
        Index("tasks_github_issue_number_idx", "tenant_id", "project_id", "github_issue_number"),
        Index("tasks_github_pr_number_idx", "tenant_id", "project_id", "github_pr_number"),
        Index("tasks_labels_idx", "tenant_id", "labels", postgresql_using="gin"),  # tasks_labelled()
        Index("tasks_search_idx", "tenant_id", "search", postgresql_using="gin"),  # search()
    )  # fmt: skip

    project_id: Mapped[UUID | None] = reference("projects", default=None)
    parent_id: Mapped[UUID | None] = reference("tasks", default=None)
    workflow_id: Mapped[UUID] = reference(
        "workflows", on_delete="restrict", default=None, doc="the tenant's default unless given"
    )
    title: Mapped[str] = column(default=None, doc="the prompt's first line unless given")
    prompt: Mapped[str] = column(default="")
    description: Mapped[str | None] = column(default=None)
    type: Mapped[TaskType] = column(words(TaskType), default="task")
    status: Mapped[str] = column(
        default=None, doc="a stage of the workflow; its first unless given"
    )
    state_category: Mapped[StateCategory] = column(
        words(StateCategory), default=None, init=False, kept=True
    )
    priority: Mapped[Priority] = column(words(Priority), default="medium")
    creator_id: Mapped[UUID | None] = member(default=None)
    assigned_to_user_id: Mapped[UUID | None] = member(default=None)
    assigned_to_agent_id: Mapped[UUID | None] = reference(
        "agents", on_delete="set null", default=None
    )
    assigned_to_desk_id: Mapped[UUID | None] = reference(
        "desks", on_delete="set null", default=None
    )
    current_agent: Mapped[str | None] = column(default=None)
    completed_agents: Mapped[list[str]] = column(default=[])
    agent_queue: Mapped[list[str]] = column(default=[])
    analysis: Mapped[Json | None] = column(
        default=None,
        check="analysis ->> 'complexity' IN ('trivial', 'simple', 'moderate', 'complex')",
        doc="task_type, complexity, requires_ui, requires_backend, requires_architecture, "
        "requires_approval, suggested_agents",
    )
    retry_count: Mapped[int] = column(default=0, check="retry_count >= 0")
    max_retries: Mapped[int] = column(default=3, check="max_retries >= 0")
    error: Mapped[Json | None] = column(default=None, doc="code, message, stack, context")
    github_issue_number: Mapped[int | None] = column(default=None)
    github_pr_number: Mapped[int | None] = column(default=None)
    labels: Mapped[list[str]] = column(default=[])
    ai_analysis: Mapped[Json | None] = column(default=None)
    ai_suggestions: Mapped[list[Any]] = column(default=[])
    config: Mapped[Json] = column(default={})
    result: Mapped[Json | None] = column(default=None)
    metadata_: Mapped[Json] = column(name="metadata", default={})
    started_at: Mapped[datetime | None] = column(default=None, init=False, kept=True)
    completed_at: Mapped[datetime | None] = column(default=None, init=False, kept=True)
    status_changed_at: Mapped[datetime] = column(default=NOW, init=False, kept=True)
    search: Mapped[str] = searchable("title", "coalesce(description, '')")
