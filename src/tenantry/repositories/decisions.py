"""Decisions about tasks, each made once: approvals, and hand-overs between desks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Table, Text, func, insert, select, update

from tenantry.errors import AlreadyDecided
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Approval, Delegation, Task
from tenantry.schema.statements import Statement, compile_statement, readable, slot

from .base import Creates, Page
from .work import OfTask

CONSTRAINT_MESSAGES["delegations_open_key"] = "The task is on offer to a desk already."


class Approvals(OfTask[Approval]):
    model = Approval
    create = Creates(Approval)

    async def request(
        self, task_id: UUID, *, requested_by: str | None = None, artifact_ids: Sequence[UUID] = ()
    ) -> Approval:
        """Ask for a yes or no to the task, or to these artifacts of it."""
        return await self.create(
            task_id=task_id, requested_by=requested_by, artifact_ids=[str(a) for a in artifact_ids]
        )

    async def decide(
        self,
        id: UUID,
        decision: Literal["approved", "rejected"],
        *,
        by: UUID | None = None,
        reason: str | None = None,
    ) -> Approval:
        """`by` a member. Whoever comes second gets `AlreadyDecided`."""
        decided = await self._update_if(
            id,
            {"decision": decision, "user_id": by, "reason": reason},
            only_if={"decision": "pending"},
        )
        if decided is None:
            raise _already(Approval.__tablename__, "decision", (await self.get(id)).decision)
        return decided

    async def pending(self, *, limit: int = 50, after: UUID | None = None) -> Page[Approval]:
        """What waits for a decision, longest first."""
        return await self.list(decision="pending", limit=limit, after=after, order="oldest")


class Delegations(OfTask[Delegation]):
    model = Delegation
    create = Creates(Delegation)

    async def offer(
        self,
        task_id: UUID,
        to_desk_id: UUID,
        *,
        from_desk_id: UUID | None = None,
        reason: str | None = None,
    ) -> Delegation:
        """Offer the task to a desk; from the one it is assigned to unless another is named."""
        (row,) = await self._fetch(
            _offer(),
            {"task_id": task_id, "to": to_desk_id, "from": from_desk_id, "reason": reason},
        )
        return self._load(row)

    async def accept(self, id: UUID, answer: str | None = None) -> Delegation:
        """The task is the desk's from here on."""
        rows = await self._fetch(_accept(), {"row_id": id, "answer": answer})
        if not rows:
            raise _already(Delegation.__tablename__, "status", (await self.get(id)).status)
        return self._load(rows[0])

    async def decline(self, id: UUID, answer: str | None = None) -> Delegation:
        return await self._answer(id, status="declined", answer=answer)

    async def withdraw(self, id: UUID) -> Delegation:
        """Take an offer back that nobody has answered."""
        return await self._answer(id, status="cancelled")

    async def complete(self, id: UUID) -> Delegation:
        """The desk that accepted it has done it."""
        return await self.update(id, status="completed")

    async def offered_to(
        self, desk_id: UUID, *, limit: int = 50, after: UUID | None = None
    ) -> Page[Delegation]:
        """What waits for the desk's answer, longest first."""
        return await self.list(
            to_desk_id=desk_id, status="offered", limit=limit, after=after, order="oldest"
        )

    async def _answer(self, id: UUID, **changes: Any) -> Delegation:
        answered = await self._update_if(id, changes, only_if={"status": "offered"})
        if answered is None:
            raise _already(Delegation.__tablename__, "status", (await self.get(id)).status)
        return answered


def _already(table: str, column: str, decision: str) -> AlreadyDecided:
    return AlreadyDecided(
        f"It is {decision} already.",
        table=table,
        constraint="decided_once",
        column=column,
        decision=decision,
    )


@cache
def _offer() -> Statement:
    tasks, delegations = _table(Task), _table(Delegation)
    assigned = select(tasks.c.assigned_to_desk_id).where(
        tasks.c.tenant_id == slot("tenant_id"), tasks.c.id == slot("task_id")
    )
    values = {
        "tenant_id": slot("tenant_id"),
        "task_id": slot("task_id"),
        "to_desk_id": slot("to"),
        "from_desk_id": func.coalesce(slot("from"), assigned.scalar_subquery()),
        "reason": slot("reason", Text()),
    }
    return compile_statement(insert(delegations).values(values).returning(*readable(Delegation)))


@cache
def _accept() -> Statement:
    """The answer and the task's new desk, in one statement: both or neither."""
    tasks, delegations = _table(Task), _table(Delegation)
    answered = (
        update(delegations)
        .where(
            delegations.c.tenant_id == slot("tenant_id"),
            delegations.c.id == slot("row_id"),
            delegations.c.status == "offered",
        )
        .values(status="accepted", answer=slot("answer", Text()))
        .returning(*readable(Delegation))
        .cte("answered")
    )
    moved = (
        update(tasks)
        .where(tasks.c.tenant_id == slot("tenant_id"), tasks.c.id == answered.c.task_id)
        .values(assigned_to_desk_id=answered.c.to_desk_id)
        .cte("moved")
    )
    return compile_statement(select(*answered.c).add_cte(moved))


def _table(model: type[Task | Delegation]) -> Table:
    table: Table = model.__table__  # type: ignore[assignment]
    return table
