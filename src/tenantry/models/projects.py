"""Projects: what a tenant's people and agents work on."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from sqlalchemy import Float, Index
from sqlalchemy.orm import Mapped

from .base import Audited, Counted, TenantScoped, unique
from .columns import Json, column, member, words

ProjectStatus = Literal["active", "archived", "deleted"]


class Project(TenantScoped, Audited, Counted):
    """A piece of software, or another undertaking, that people and agents work on."""

    __tablename__ = "projects"
    __usage__: ClassVar[str] = "current_projects"
    __quota__: ClassVar[str] = "max_projects"
    __table_args__ = (
        unique("slug"),
        Index("projects_status_idx", "tenant_id", "status"),  # list(status=…)
        Index("projects_owner_id_idx", "tenant_id", "owner_id"),  # list(owner_id=…)
        Index("projects_repository_url_idx", "tenant_id", "repository_url"),  # a webhook's project
    )

    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    slug: Mapped[str | None] = column(default=None, check="slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'")
    description: Mapped[str | None] = column(default=None)
    status: Mapped[ProjectStatus] = column(words(ProjectStatus), default="active")
    owner_id: Mapped[UUID | None] = member(default=None)
    repository_url: Mapped[str | None] = column(default=None)
    default_branch: Mapped[str] = column(default="main")
    path: Mapped[str | None] = column(default=None, doc="working copy, relative to the workspace")
    tech_stack: Mapped[list[str]] = column(default=[])
    config: Mapped[Json] = column(
        default={}, doc="ai_model, max_concurrent_agents, design_tokens, hooks"
    )
    pr_merge_rate: Mapped[float | None] = column(
        Float, default=None, check="pr_merge_rate BETWEEN 0 AND 1"
    )
    test_coverage_percent: Mapped[float | None] = column(
        Float, default=None, check="test_coverage_percent BETWEEN 0 AND 100"
    )
    archived_at: Mapped[datetime | None] = column(default=None)
