"""Who worked on what, asked from either side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.errors import InvalidInput, NotFound
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.ops import partitions
from tests.fixtures.database import Place
from tests.fixtures.plans import Plans

_DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 8)]


def run(agent: UUID | None, task: UUID | None, day: int, status: str, **more: Any) -> Any:
    start = _DAYS[day]
    return {"agent_id": agent, "task_id": task, "started_at": start, "status": status, **more}


async def test_an_agent_s_history_with_the_tasks(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = (await t.agents.create(name="Ada", agent_type="architect")).id
    bob = (await t.agents.create(name="Bob", agent_type="tester")).id
    one, two = [(await t.tasks.create(title=x)).id for x in ("One", "Two")]
    made = await t.executions.create_many(
        [
            run(ada, one, 0, "failure"), run(ada, two, 1, "success"), run(bob, one, 2, "success"),
            run(ada, None, 3, "success"), run(ada, one, 4, "running"),
        ]
    )  # fmt: skip
    found = await t.agents.history(ada)
    assert [r.execution.id for r in found] == [made[n].id for n in (4, 3, 1, 0)]
    assert [r.task and r.task.title for r in found] == ["One", None, "Two", "One"]
    first = await t.agents.history(ada, limit=3)
    rest = await t.agents.history(ada, limit=3, after=first[-1].execution.id)
    assert [r.execution.id for r in (*first, *rest)] == [r.execution.id for r in found]
    carl = await t.agents.create(name="Carl", agent_type="tester")
    assert await t.agents.history(carl.id) == []


async def test_who_has_worked_on_a_task(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = (await t.agents.create(name="Ada", agent_type="architect")).id
    bob = (await t.agents.create(name="Bob", agent_type="tester")).id
    desk = await t.desks.create(code="lead", title="Lead")
    session = await t.sessions.open(agent_id=ada, desk_id=desk.id)
    task, other = [(await t.tasks.create(title=x)).id for x in "AB"]
    await t.executions.create_many(
        [
            run(ada, task, 0, "failure"), run(ada, task, 1, "success"),
            run(ada, task, 4, "success", session_id=session.id),
            run(bob, task, 3, "success"), run(bob, other, 5, "success"),
            run(None, task, 2, "timeout", agent_type="human"),
        ]
    )  # fmt: skip
    found = await t.tasks.workers(task)
    assert [
        (w.agent_name, w.agent_type, w.desk_code, w.executions, w.successes, w.last_started_at)
        for w in found
    ] == [
        ("Ada", "architect", "lead", 1, 1, _DAYS[4]),
        ("Bob", "tester", None, 1, 1, _DAYS[3]),
        (None, "human", None, 1, 0, _DAYS[2]),
        ("Ada", "architect", None, 2, 1, _DAYS[1]),
    ]
    assert [(w.agent_id, w.desk_id) for w in found[:2]] == [(ada, desk.id), (bob, None)]
    since = await t.tasks.workers(task, since=_DAYS[3])
    assert [w.agent_name for w in since] == ["Ada", "Bob"]
    assert await t.tasks.workers(task, limit=1) == found[:1]
    idle = await t.tasks.create(title="C")
    assert await t.tasks.workers(idle.id) == []


async def test_what_an_agent_has_worked_on(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = (await t.agents.create(name="Ada", agent_type="architect")).id
    bob = (await t.agents.create(name="Bob", agent_type="tester")).id
    one, two = [(await t.tasks.create(title=x)).id for x in ("One", "Two")]
    await t.executions.create_many(
        [
            run(ada, one, 0, "failure"), run(ada, one, 1, "success"), run(ada, two, 2, "running"),
            run(ada, None, 3, "success"), run(bob, one, 4, "success"),
        ]
    )  # fmt: skip
    await t.tasks.transition(two, "running")
    found = await t.agents.worked_on(ada)
    assert [
        (w.task_id, w.title, w.state_category, w.executions, w.successes, w.last_started_at)
        for w in found
    ] == [(two, "Two", "active", 1, 0, _DAYS[2]), (one, "One", "todo", 2, 1, _DAYS[1])]
    assert await t.agents.worked_on(ada, since=_DAYS[2]) == found[:1]
    assert await t.agents.worked_on(ada, limit=1) == found[:1]
    carl = await t.agents.create(name="Carl", agent_type="tester")
    assert await t.agents.worked_on(carl.id) == []


async def test_what_there_is_not(db: Database, acme: Tenant, beta: Tenant) -> None:
    theirs = db.tenant(beta.id)
    agent = (await theirs.agents.create(name="Ada", agent_type="architect")).id
    task = (await theirs.tasks.create(title="T")).id
    await theirs.executions.create_many([run(agent, task, 0, "success")])
    t = db.tenant(acme.id)
    nobody: list[Coroutine[Any, Any, Any]] = [
        call(one)
        for one in (agent, task, uuid7())
        for call in (t.agents.history, t.agents.worked_on, t.tasks.workers)
    ]
    for call in nobody:
        with pytest.raises(NotFound):
            await call
    senseless: list[Coroutine[Any, Any, Any]] = [
        theirs.tasks.workers(task, limit=0),
        theirs.agents.worked_on(agent, since=datetime(2026, 1, 1)),
        theirs.agents.history(agent, limit=0),
    ]
    for call in senseless:
        with pytest.raises(InvalidInput):
            await call


async def test_since_says_which_partitions_are_looked_into(place: Place, plans: Plans) -> None:
    async with plans.db.service("test") as s:
        tenant = (await s.tenants.create(name="T", slug="t")).id
    now = datetime.now(UTC)
    await partitions.ensure(
        place.url("owner"), now - timedelta(days=300), now, tables=["agent_executions"]
    )
    t = plans.db.tenant(tenant)
    ada = (await t.agents.create(name="Ada", agent_type="architect")).id
    task = (await t.tasks.create(title="T")).id
    await t.executions.create_many(
        [
            {"agent_id": ada, "task_id": task, "started_at": now - timedelta(days=days)}
            for days in range(0, 300, 5)
        ]
    )
    lately = now - timedelta(days=1)

    async def oldest(asked: Callable[[], Awaitable[Any]]) -> str:
        return min((await plans.of(t, asked)).partitions("agent_executions"))

    early = f"{now - timedelta(days=40):%Y_%m}"
    assert await oldest(lambda: t.tasks.workers(task, since=lately)) >= early
    assert await oldest(lambda: t.agents.worked_on(ada, since=lately)) >= early
    assert await oldest(lambda: t.agents.history(ada, limit=1)) >= early
    assert await oldest(lambda: t.tasks.workers(task)) < early
