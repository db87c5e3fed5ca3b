"""Sessions: totals equal a recount, and what one cost stands in the accounts once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tenantry import Database, ids
from tenantry.errors import InvalidInput, ReferenceNotFound
from tenantry.handles import Tenant as Handle
from tenantry.models import AgentSession, Tenant
from tests.fixtures.database import Place

_RECOUNT = """
SELECT (SELECT count(*) FROM tenantry.messages WHERE session_id = $1),
       sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost_usd)
FROM (SELECT input_tokens, output_tokens, cost_usd FROM tenantry.messages WHERE session_id = $1
      UNION ALL
      SELECT input_tokens, output_tokens, cost_usd FROM tenantry.agent_executions WHERE session_id = $1
      UNION ALL SELECT 0, 0, 0) AS parts"""


async def agrees(t: Handle, session_id: UUID) -> AgentSession:
    """The session, once its totals and its entry in the accounts are found right."""
    kept = await t.sessions.get(session_id)
    totals = (kept.message_count, kept.input_tokens, kept.output_tokens, kept.cost_usd)
    recount = await t.fetch_one(_RECOUNT, session_id)
    assert recount is not None
    assert totals == tuple(recount)
    if kept.status != "active":
        entries = await t.costs.list(session_id=session_id)
        booked = [(e.input_tokens, e.output_tokens, e.cost_usd) for e in entries]
        assert booked == ([totals[1:]] if booked or any(totals[1:]) else [])
    return kept


async def test_a_session_from_open_to_close(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    desk = await t.desks.create(code="dev", title="Developer", llm_provider="p", llm_model="m")
    session = await t.sessions.open(desk_id=desk.id)
    assert (session.status, session.ended_at, session.duration_ms) == ("active", None, None)
    assert [s.id for s in await t.sessions.active(desk_id=desk.id)] == [session.id]
    await t.messages.append(session_id=session.id, role="user", content="hi", input_tokens=3)
    run = await t.executions.start(session_id=session.id)
    await t.executions.finish(run.id, input_tokens=10, output_tokens=5, cost_usd=Decimal("0.25"))
    assert await t.costs.count() == 0
    closed = await t.sessions.close(session.id, metrics={"steps": 1})
    assert closed.ended_at is not None
    assert closed.duration_ms == round(
        (closed.ended_at - closed.started_at) / timedelta(milliseconds=1)
    )
    await agrees(t, session.id)
    [entry] = await t.costs.list()
    assert (entry.id, entry.desk_id, entry.provider, entry.model) == (session.id, desk.id, "p", "m")
    assert await t.sessions.active() == []
    again = await t.sessions.close(session.id, status="failed")
    assert (again.status, again.ended_at) == ("failed", closed.ended_at)
    with pytest.raises(InvalidInput):
        await t.sessions.close(session.id, status="active")
    with pytest.raises(ReferenceNotFound):
        await t.sessions.open(desk_id=session.id)


async def test_totals_follow_single_writes_and_writes_of_many_rows(
    db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    a, b = await t.sessions.create_many([{}, {}])
    await t.messages.append_many(
        [
            {"session_id": s.id, "role": "user", "input_tokens": n, "cost_usd": Decimal(n) / 8}
            for n in range(10)
            for s in (a, b)
        ]
    )
    runs = await t.executions.create_many(
        [{"session_id": a.id, "input_tokens": n, "cost_usd": n} for n in range(10)]
    )
    assert (await agrees(t, a.id)).message_count == 10
    await agrees(t, b.id)
    await t.executions.update(runs[1].id, session_id=b.id)
    await t.executions.update(runs[2].id, session_id=None, cost_usd=Decimal(9))
    await t.execute("UPDATE tenantry.agent_executions SET output_tokens = output_tokens + 2")
    await t.execute("DELETE FROM tenantry.messages WHERE input_tokens > 6")
    await t.execute("UPDATE tenantry.messages SET cost_usd = 1")
    await t.executions.delete(runs[3].id)
    for session in (a, b):
        await agrees(t, session.id)


async def test_the_accounts_follow_what_happens_after_the_end(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    session = await t.sessions.open()
    await t.sessions.close(session.id)
    assert await t.costs.count() == 0
    run = await t.executions.create(session_id=session.id, status="success", cost_usd=Decimal(2))
    await agrees(t, session.id)
    await t.executions.update(run.id, cost_usd=Decimal(3), input_tokens=4)
    await agrees(t, session.id)
    for _ in range(3):
        await t.sessions.update(session.id, metrics={"saved": True})
    assert (await t.costs.total()).entries == 1
    await t.executions.update(run.id, cost_usd=Decimal(0), input_tokens=0)
    await agrees(t, session.id)
    # Opened again and closed again, it is still one entry.
    await t.sessions.update(session.id, status="active")
    await t.executions.update(run.id, cost_usd=Decimal(5))
    closed = await t.sessions.close(session.id)
    assert (await agrees(t, closed.id)).cost_usd == 5
    await t.executions.delete(run.id)
    assert (await agrees(t, session.id)).cost_usd == 0
    await t.sessions.update(session.id, status="active")
    await t.sessions.close(session.id)
    assert await t.costs.count() == 1


async def booked(t: Handle, session: AgentSession) -> tuple[int, int]:
    """Cost and input tokens in the accounts for a session."""
    total = await t.costs.total(session_id=session.id)
    assert total.cost_usd == int(total.cost_usd)
    return int(total.cost_usd), total.input_tokens


@pytest.mark.parametrize("first", ["record", "close"])
async def test_what_was_recorded_by_itself_is_not_booked_again(
    db: Database, acme: Tenant, first: str
) -> None:
    t = db.tenant(acme.id)
    session = await t.sessions.open()
    run = await t.executions.create(
        session_id=session.id, status="success", cost_usd=Decimal(2), input_tokens=20
    )
    await t.messages.append(
        session_id=session.id, role="user", cost_usd=Decimal(1), input_tokens=10
    )
    if first == "close":
        await t.sessions.close(session.id)
        assert await booked(t, session) == (3, 30)
    # The run's use of a model, by its execution alone: the session is known from it.
    use = await t.costs.record(
        execution_id=run.id, provider="p", model="m", cost_usd=Decimal(2), input_tokens=20
    )
    assert use.session_id == session.id
    if first == "record":
        assert await booked(t, session) == (2, 20)
        await t.sessions.close(session.id)
    assert await booked(t, session) == (3, 30)
    own = await t.costs.get(session.id)
    assert own.cost_usd == Decimal(1)
    assert own.input_tokens == 10
    # The whole session by itself: nothing is left for its own entry.
    await t.costs.record(session_id=session.id, model="m", cost_usd=Decimal(1), input_tokens=10)
    assert await booked(t, session) == (3, 30)
    # What is no use of a model comes on top, and what is recorded beyond the totals stays.
    fee = await t.costs.record(session_id=session.id, cost_usd=Decimal(8), description="licence")
    assert await booked(t, session) == (11, 30)
    await t.costs.update(use.id, cost_usd=Decimal(5))
    assert await booked(t, session) == (14, 30)
    await t.costs.delete(use.id)
    assert await booked(t, session) == (11, 30)
    await t.costs.update(fee.id, session_id=None)
    assert await booked(t, session) == (3, 30)
    for _ in range(2):
        await t.sessions.update(session.id, status="active")
        await t.sessions.close(session.id)
    assert await booked(t, session) == (3, 30)


async def test_a_tenant_goes_with_sessions_whose_costs_were_recorded(
    db: Database, acme: Tenant, place: Place
) -> None:
    t = db.tenant(acme.id)
    session = await t.sessions.open()
    await t.messages.append(session_id=session.id, role="user", cost_usd=Decimal(1))
    await t.costs.record(session_id=session.id, model="m", cost_usd=Decimal(1))
    await t.sessions.close(session.id)
    assert await t.costs.count() == 1
    admin = await place.connection("superuser")
    await admin.execute("DELETE FROM tenantry.tenants WHERE id = $1", acme.id)
    assert await admin.fetchval("SELECT count(*) FROM tenantry.cost_entries") == 0
    await admin.close()


async def test_an_end_and_a_record_at_once_book_it_once(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    sessions = await t.sessions.create_many([{} for _ in range(12)])
    await t.messages.append_many(
        [{"session_id": s.id, "role": "user", "cost_usd": Decimal(3)} for s in sessions]
    )

    async def record(session: AgentSession) -> None:
        async with db.tenant(acme.id) as inside:
            await inside.costs.record(session_id=session.id, model="m", cost_usd=Decimal(1))
            await asyncio.sleep(0.01)

    async def close(session: AgentSession) -> None:
        async with db.tenant(acme.id) as inside:
            await inside.sessions.close(session.id)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(work(s) for s in sessions for work in (record, close, record)))
    assert [await booked(t, s) for s in sessions] == [(3, 0)] * 12


async def test_a_session_of_the_past_is_booked_in_its_month(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    start = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    session = await t.sessions.open(started_at=start)
    await t.executions.create(
        session_id=session.id, started_at=start, status="success", cost_usd=Decimal(1)
    )
    closed = await t.sessions.close(session.id, ended_at=start + timedelta(minutes=2))
    assert closed.duration_ms == 120_000
    [entry] = await t.costs.list()
    assert str(entry.billing_month) == "2025-12-01"
    assert ids.time_of(entry.id) == start


async def test_the_accounts_outlive_the_session(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    session = await t.sessions.open()
    await t.executions.create(session_id=session.id, status="success", cost_usd=Decimal(1))
    await t.sessions.close(session.id)
    await t.sessions.delete(session.id)
    assert (await t.costs.total()).cost_usd == 1
    assert (await t.executions.list())[0].session_id is None
