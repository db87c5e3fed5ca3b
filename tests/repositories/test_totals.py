"""Two hundred writers at once: counters, totals, paths and quotas equal a recount, and no deadlock
reaches a caller."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import CircularReference, QuotaExceeded
from tenantry.handles import Tenant as Handle
from tenantry.models import Tenant
from tests.fixtures.database import Place
from tests.repositories import test_agents, test_desks, test_sessions


@pytest.fixture
async def db(place: Place) -> AsyncIterator[Database]:
    settings = place.settings(pool_max=10, acquire_timeout=120)
    async with await tenantry.connect(settings=settings) as database:
        yield database


async def deadlocks(place: Place) -> int:
    """How often the server broke one, whether or not a caller was told."""
    admin = await place.connection("superuser")
    await asyncio.sleep(1.2)  # a session tells its figures once a second
    found: int = await admin.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    await admin.close()
    return found


async def usage_agrees(t: Handle) -> None:
    usage = await t.account.usage()
    assert usage.current_projects == await t.projects.count()
    assert usage.current_desks == await t.desks.count()
    assert usage.current_tasks == await t.tasks.count()


async def test_two_hundred_writers_of_everything(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    chance = random.Random(7)  # noqa: S311 - to be repeatable
    agents = await t.agents.create_many([{"name": f"A{n}", "agent_type": "x"} for n in range(4)])
    sessions = await t.sessions.create_many([{} for _ in range(4)])
    desks = await test_desks.company(t, depth=4)
    tasks = await t.tasks.create_many([{"title": f"T{n}"} for n in range(6)])
    conversation = await t.conversations.start(title="C")
    runs = await t.executions.create_many(
        [{"agent_id": agents[n % 4].id, "session_id": sessions[n % 3].id} for n in range(40)]
    )
    async with db.service("limits") as s:
        await s.tenants.set_quotas(acme.id, max_projects=15, max_desks=40)
    many = range(5)

    def kinds(n: int) -> list[Callable[[], Awaitable[object]]]:
        one, other = chance.choice(agents), chance.choice(sessions)
        return [
            lambda: t.executions.finish(runs[n % 40].id, input_tokens=n, cost_usd=Decimal(n)),
            lambda: t.executions.create_many(
                [
                    {
                        "agent_id": a.id,
                        "session_id": s.id,
                        "status": "success",
                        "task_id": tasks[n % 6].id,
                    }
                    for a in chance.sample(agents, 4)
                    for s in chance.sample(sessions, 4)
                ]
            ),
            lambda: t.messages.append_many(
                [
                    {
                        "session_id": chance.choice(sessions).id,
                        "conversation_id": conversation.id,
                        "role": "user",
                        "input_tokens": n,
                    }
                    for _ in many
                ]
            ),
            lambda: t.messages.append(session_id=other.id, role="user", cost_usd=Decimal(n)),
            lambda: t.desks.move(chance.choice(desks).id, to=chance.choice([*desks, desks[0]]).id),
            lambda: t.desks.create(code=f"n{n}", title="N", reports_to_id=chance.choice(desks).id),
            lambda: t.desks.delete(desks[-1 - n % 5].id),
            lambda: t.projects.create(name=f"P{n}"),
            lambda: t.sessions.close(other.id),
            lambda: t.sessions.update(other.id, status="active"),
            lambda: t.executions.delete(runs[n % 40].id),
            lambda: t.tasks.delete(tasks[n % 6].id),
            lambda: t.agents.update(one.id, description=str(n)),
        ]

    calls = [kinds(n)[n % 13] for n in range(200)]
    chance.shuffle(calls)
    ended = await asyncio.gather(*(call() for call in calls), return_exceptions=True)

    unexpected = [e for e in ended if isinstance(e, BaseException) and not _expected(e)]
    assert unexpected == []
    for agent in agents:
        await test_agents.agrees(t, agent)
    for session in sessions:
        await test_sessions.agrees(t, session.id)
    await test_desks.agree(t)
    await usage_agrees(t)
    assert await t.projects.count() == 15
    kept = await t.conversations.get(conversation.id)
    assert kept.message_count == await t.messages.count(conversation_id=conversation.id)


def _expected(error: BaseException) -> bool:
    """What is a true answer to a call that came too late, or asked for what cannot be."""
    late = ("NotFound", "ReferenceNotFound", "InvalidRows")
    return isinstance(error, (QuotaExceeded, CircularReference)) or type(error).__name__ in late


async def test_two_hundred_runs_of_one_agent_in_one_session(
    db: Database, place: Place, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    session = await t.sessions.open(agent_id=ada.id)

    async def run(n: int) -> None:
        made = await t.executions.start(agent_id=ada.id, session_id=session.id)
        await t.executions.finish(
            made.id,
            "success" if n % 4 else "failure",
            input_tokens=n,
            cost_usd=Decimal(1),
            duration_ms=n,
        )

    await asyncio.gather(*(run(n) for n in range(200)))
    kept = await test_agents.agrees(t, ada)
    assert (kept.execution_count, kept.success_rate) == (200, 0.75)
    closed = await t.sessions.close(session.id)
    assert (closed.cost_usd, closed.input_tokens) == (Decimal(200), sum(range(200)))
    await asyncio.gather(*(t.sessions.close(session.id) for _ in range(20)))
    await test_sessions.agrees(t, session.id)
    assert (await t.costs.total()).cost_usd == 200
    assert await deadlocks(place) == 0


async def test_agents_and_sessions_go_while_their_runs_end(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    agents = await t.agents.create_many([{"name": f"A{n}", "agent_type": "x"} for n in range(6)])
    sessions = await t.sessions.create_many([{"agent_id": a.id} for a in agents])
    runs = await t.executions.create_many(
        [{"agent_id": agents[n % 6].id, "session_id": sessions[n % 5].id} for n in range(60)]
    )
    goes = [t.agents.delete(a.id) for a in agents[:4]] + [
        t.sessions.delete(s.id) for s in sessions[:3]
    ]
    ends = [t.executions.finish(r.id, cost_usd=Decimal(2)) for r in runs]
    both: list[Awaitable[object]] = [*ends[:30], *goes, *ends[30:]]
    ended = await asyncio.gather(*both, return_exceptions=True)
    assert [e for e in ended if isinstance(e, BaseException)] == []
    for agent in agents[4:]:
        await test_agents.agrees(t, agent)
    for session in sessions[3:]:
        await test_sessions.agrees(t, session.id)
