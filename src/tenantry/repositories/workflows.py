"""Workflows: the templates of how tasks move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenantry.errors import NotFound
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Workflow
from tenantry.models.quality import ReviewStage
from tenantry.models.workflows import StateCategory
from tenantry.schema.statements import compile_statement, slot

from .base import Creates, Repository

CONSTRAINT_MESSAGES.update(
    {
        "workflows_tenant_id_name_key": "There is a workflow of this name already.",
        "workflows_default_key": "The tenant has a default workflow already: set_default changes it.",
        "tasks_workflow_id_fkey": "Tasks and workflows belong together: there is none of this id,"
        " or tasks still follow it.",
    }
)

_c = Workflow.__table__.c
#: Those who change the default wait for each other; tasks that are made meanwhile do not.
_LOCK = compile_statement(
    select(_c.id)
    .where(_c.tenant_id == slot("tenant_id"))
    .order_by(_c.id)
    .with_for_update(key_share=True)
)


class Workflows(Repository[Workflow]):
    model = Workflow
    create = Creates(Workflow)

    async def by_name(self, name: str) -> Workflow | None:
        page = await self.list(name=name, limit=1)
        return page[0] if page else None

    async def default(self) -> Workflow:
        """What a task follows that names no workflow."""
        page = await self.list(is_default=True, limit=1)
        if not page:
            raise NotFound(Workflow.__tablename__, "default")
        return page[0]

    async def set_default(self, id: UUID) -> Workflow:
        """Make it the default instead of the one that was."""
        async with self._scope.transaction() as scope:
            inside = type(self)(scope)
            await inside._fetch(_LOCK, {})
            for other in await inside.list(is_default=True):
                if other.id != id:
                    await inside.update(other.id, is_default=False)
            return await inside.update(id, is_default=True)

    async def define(
        self,
        name: str,
        *,
        stages: Sequence[tuple[str, StateCategory]],
        transitions: Mapping[str, Sequence[str]],
        initial: str | None = None,
        qa_pipeline: Mapping[str, Sequence[ReviewStage]] | None = None,
        retry_rule: Mapping[str, Any] | None = None,
        description: str | None = None,
    ) -> Workflow:
        """Make the workflow of this name, or make it what this says.

            await t.workflows.define(
                "support",
                stages=[("new", "todo"), ("answering", "active"), ("solved", "done")],
                transitions={"new": ["answering"], "answering": ["new", "solved"]},
            )

        A task starts on `initial`, the first stage unless given. A stage tasks stand on can neither
        go nor change its category.
        """
        return await self.upsert(
            on="name",
            name=name,
            description=description,
            stages=[{"name": stage, "category": category} for stage, category in stages],
            transition_rules={stage: list(to) for stage, to in transitions.items()},
            initial_stage=initial if initial is not None else (stages[0][0] if stages else ""),
            qa_pipeline={stage: list(reviews) for stage, reviews in (qa_pipeline or {}).items()},
            retry_rule=dict(retry_rule or {}),
        )
