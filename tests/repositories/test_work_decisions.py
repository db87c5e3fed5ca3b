"""Approvals and hand-overs: decided once, by whoever comes first."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.errors import AlreadyDecided, AlreadyExists, NotFound, RuleViolated
from tenantry.ids import uuid7
from tenantry.models import Approval, Delegation, Tenant
from tests.fixtures.database import make_user


async def make_desk(db: Database, tenant: Tenant, code: str) -> UUID:
    row = await db.tenant(tenant.id).fetch_one(
        "INSERT INTO tenantry.desks (tenant_id, code, title) VALUES ($1, $2, $2) RETURNING id",
        tenant.id, code,
    )  # fmt: skip
    assert row is not None
    desk: UUID = row["id"]
    return desk


async def test_an_approval_is_decided_once(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    artifact = await handle.artifacts.add(task_id=task.id, type="diff", path="a")
    first = await handle.approvals.request(
        task.id, requested_by="coder", artifact_ids=[artifact.id]
    )
    second = await handle.approvals.request(task.id)
    assert (first.decision, first.decided_at) == ("pending", None)
    assert first.artifact_ids == [str(artifact.id)]
    assert [a.id for a in await handle.approvals.pending()] == [first.id, second.id]
    decided = await handle.approvals.decide(first.id, "rejected", by=ann.id, reason="untested")
    assert (decided.decision, decided.user_id, decided.reason) == ("rejected", ann.id, "untested")
    assert decided.decided_at is not None
    assert [a.id for a in await handle.approvals.pending()] == [second.id]
    assert [a.id for a in await handle.approvals.of(task.id)] == [first.id, second.id]
    for again in ("approved", "rejected"):
        with pytest.raises(AlreadyDecided) as caught:
            await handle.approvals.decide(first.id, again)
        assert caught.value.decision == "rejected"
    with pytest.raises(AlreadyDecided) as refused:
        await handle.approvals.update(first.id, decision="approved")
    assert refused.value.decision == "rejected"
    with pytest.raises(NotFound):
        await handle.approvals.decide(uuid7(), "approved")
    with pytest.raises(RuleViolated):
        await handle.approvals.decide(second.id, "maybe")  # type: ignore[arg-type]


async def test_who_decided_may_leave_and_the_decision_stays(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    asked = await handle.approvals.request(task.id)
    await handle.approvals.decide(asked.id, "approved", by=ann.id)
    membership = await handle.memberships.of(ann.id)
    assert membership is not None
    async with db.service("leaving") as s:
        await s.tenant(acme.id).memberships.delete(membership.id)
    left = await handle.approvals.get(asked.id)
    assert (left.decision, left.user_id) == ("approved", None)


async def test_of_many_who_decide_at_once_one_does(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    asked = await handle.approvals.request(task.id)
    words = ("approved", "rejected") * 5
    came = await asyncio.gather(
        *(handle.approvals.decide(asked.id, w) for w in words),  # type: ignore[arg-type]
        return_exceptions=True,
    )
    (winner,) = [a for a in came if isinstance(a, Approval)]
    assert sum(isinstance(a, AlreadyDecided) for a in came) == len(words) - 1
    assert (await handle.approvals.get(asked.id)).decision == winner.decision


async def test_a_desk_hands_a_task_to_another(db: Database, acme: Tenant) -> None:
    here, there = await make_desk(db, acme, "here"), await make_desk(db, acme, "there")
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T", assigned_to_desk_id=here)
    offer = await handle.delegations.offer(task.id, there, reason="yours")
    assert (offer.from_desk_id, offer.to_desk_id, offer.status) == (here, there, "offered")
    with pytest.raises(AlreadyExists):
        await handle.delegations.offer(task.id, there)
    assert [d.id for d in await handle.delegations.offered_to(there)] == [offer.id]
    declined = await handle.delegations.decline(offer.id, "too busy")
    assert (declined.status, declined.answer) == ("declined", "too busy")
    assert declined.answered_at is not None
    assert (await handle.tasks.get(task.id)).assigned_to_desk_id == here
    offer = await handle.delegations.offer(task.id, there)
    accepted = await handle.delegations.accept(offer.id, "gladly")
    assert (accepted.status, accepted.answer) == ("accepted", "gladly")
    assert (await handle.tasks.get(task.id)).assigned_to_desk_id == there
    for answer in (
        handle.delegations.accept,
        handle.delegations.decline,
        handle.delegations.withdraw,
    ):
        with pytest.raises(AlreadyDecided) as caught:
            await answer(offer.id)
        assert caught.value.decision == "accepted"
    assert (await handle.delegations.complete(offer.id)).status == "completed"
    with pytest.raises(AlreadyDecided):
        await handle.delegations.update(offer.id, status="offered")
    assert await handle.delegations.offered_to(there) == []
    with pytest.raises(NotFound):
        await handle.delegations.accept(uuid7())


async def test_what_nobody_accepted_is_not_completed(db: Database, acme: Tenant) -> None:
    there = await make_desk(db, acme, "there")
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    offer = await handle.delegations.offer(task.id, there)
    assert offer.from_desk_id is None
    with pytest.raises(RuleViolated) as caught:
        await handle.delegations.complete(offer.id)
    assert not isinstance(caught.value, AlreadyDecided)
    assert (await handle.delegations.withdraw(offer.id)).status == "cancelled"
    with pytest.raises(AlreadyDecided):
        await handle.delegations.accept(offer.id)


async def test_an_offer_is_answered_once_and_the_task_follows(db: Database, acme: Tenant) -> None:
    there = await make_desk(db, acme, "there")
    handle = db.tenant(acme.id)
    for _ in range(5):
        task = await handle.tasks.create(title="T")
        offer = await handle.delegations.offer(task.id, there)
        answers = (handle.delegations.accept, handle.delegations.decline) * 4
        came = await asyncio.gather(*(a(offer.id) for a in answers), return_exceptions=True)
        (winner,) = [d for d in came if isinstance(d, Delegation)]
        assert sum(isinstance(d, AlreadyDecided) for d in came) == len(answers) - 1
        desk = (await handle.tasks.get(task.id)).assigned_to_desk_id
        assert desk == (there if winner.status == "accepted" else None)
