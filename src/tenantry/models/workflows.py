"""Workflows: which stages work passes through, and which moves between them are allowed."""

from __future__ import annotations

from typing import ClassVar, Literal

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from .base import Audited, Rule, TenantScoped, unique
from .columns import Json, column

#: What a stage means to a machine, whatever its name: every workflow's stages fall into these.
StateCategory = Literal["todo", "active", "waiting", "review", "done", "failed"]


class Workflow(TenantScoped, Audited):
    """A template. Its rules are kept by the database: see `schema/tasks.sql`."""

    __tablename__ = "workflows"
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("check_workflow", "BEFORE INSERT OR UPDATE"),)
    __table_args__ = (
        unique("name"),
        # At most one default in a tenant: what a task gets that names none.
        Index(
            "workflows_default_key", "tenant_id", unique=True, postgresql_where=text("is_default")
        ),
    )

    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 100")
    description: Mapped[str | None] = column(default=None)
    stages: Mapped[list[Json]] = column(
        doc='in order: [{"name": "pending", "category": "todo"}, …]'
    )
    transition_rules: Mapped[Json] = column(doc='{"pending": ["running", "cancelled"], …}')
    initial_stage: Mapped[str] = column()
    qa_pipeline: Mapped[Json] = column(
        default={},
        doc='reviews a stage is not left forward without: {"in_review": ["code_review"]}',
    )
    retry_rule: Mapped[Json] = column(
        default={},
        doc='{"max_retries": 3, "stage": "pending"}: where a failed task goes to be retried',
    )
    is_default: Mapped[bool] = column(default=False)
    is_builtin: Mapped[bool] = column(default=False)
