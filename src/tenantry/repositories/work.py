"""What gathers around a task: checkpoints, comments, files and results."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import (
    Artifact,
    Json,
    TaskAttachment,
    TaskCheckpoint,
    TaskComment,
    TenantRow,
)

from .base import Creates, Order, Page, Repository

M = TypeVar("M", bound=TenantRow)

CONSTRAINT_MESSAGES["task_comments_tenant_id_github_comment_id_key"] = (
    "This comment is there already."
)


class OfTask(Repository[M]):
    """Rows that belong to a task."""

    async def of(
        self, task_id: UUID, *, limit: int = 50, after: UUID | None = None, order: Order = "oldest"
    ) -> Page[M]:
        """The task's, oldest first."""
        return await self.list(task_id=task_id, limit=limit, after=after, order=order)


class TaskCheckpoints(OfTask[TaskCheckpoint]):
    model = TaskCheckpoint
    create = Creates(TaskCheckpoint)


class TaskComments(OfTask[TaskComment]):
    model = TaskComment
    create = Creates(TaskComment)

    async def add(
        self,
        task_id: UUID,
        content: str,
        *,
        author_id: UUID | None = None,
        agent_id: UUID | None = None,
        ai_metadata: Json | None = None,
    ) -> TaskComment:
        """By a person, `author_id`, or by an AI, `agent_id` or just `ai_metadata`."""
        return await self.create(
            task_id=task_id,
            content=content,
            author_id=author_id,
            agent_id=agent_id,
            is_ai_generated=agent_id is not None or ai_metadata is not None,
            ai_metadata=ai_metadata,
        )


class TaskAttachments(OfTask[TaskAttachment]):
    model = TaskAttachment
    create = add = Creates(TaskAttachment)


class Artifacts(OfTask[Artifact]):
    model = Artifact
    create = add = Creates(Artifact)

    async def approve(self, id: UUID) -> Artifact:
        return await self.update(id, approved=True)

    async def reject(self, id: UUID) -> Artifact:
        return await self.update(id, approved=False)
