"""Partitions: rows of any time are kept and found, and plans look only where rows can be."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg
import pytest

from tenantry import Database, ids
from tenantry.errors import InvalidInput
from tenantry.handles import Tenant as Handle
from tenantry.models import Tenant, metadata
from tenantry.ops import partitions
from tenantry.repositories import Repository
from tenantry.schema.partitions import moments, parent_names, partitioned
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.plans import Plans, nodes

_LAST_YEAR = [datetime(2025, month, 10, tzinfo=UTC) for month in range(1, 13)]


async def where(place: Place, table: str) -> dict[str, int]:
    """How many rows each partition holds, as a superuser sees it."""
    connection = await place.connection("superuser")
    rows = await connection.fetch(
        f"SELECT tableoid::regclass::text AS part, count(*) FROM tenantry.{table} GROUP BY 1"
    )
    await connection.close()
    return {row[0].removeprefix("tenantry."): row[1] for row in rows}


async def strays(place: Place) -> dict[str, int]:
    found = await partitions.status(place.url("service"))
    return {s.table: s.strays for s in found if s.strays}


async def history(t: Handle, days: list[datetime] = _LAST_YEAR) -> None:
    ada = await t.agents.create(name="Ada", agent_type="architect")
    session = await t.sessions.open()
    await t.executions.create_many(
        [
            {"agent_id": ada.id, "session_id": session.id, "started_at": d, "status": "success",
             "duration_ms": 1000, "input_tokens": 5}
            for d in days
        ]
    )  # fmt: skip
    await t.costs.create_many([{"cost_usd": Decimal(1), "created_at": d} for d in days])


async def runs(t: Handle, days: list[datetime]) -> tuple[UUID, UUID]:
    """An agent's runs for a task, with what they cost and a line about each; both their ids."""
    ada = await t.agents.create(name="Ada", agent_type="architect")
    task = await t.tasks.create(title="T")
    await t.executions.create_many(
        [{"agent_id": ada.id, "task_id": task.id, "started_at": d} for d in days]
    )
    await t.costs.create_many([{"cost_usd": Decimal(1), "created_at": d} for d in days])
    await t.activity.create_many(
        [{"activity_type": "a", "task_id": task.id, "created_at": d} for d in days]
    )
    return ada.id, task.id


def test_names_of_a_partition_lead_to_its_parent_s() -> None:
    for part in ("default", "2026_01", "2026w05"):
        assert parent_names(f"a_b_{part}", f"a_b_{part}_pkey") == ("a_b", "a_b_pkey")
        assert parent_names(f"a_b_{part}", "a_b_x_check") == ("a_b", "a_b_x_check")
    assert parent_names("projects", "projects_pkey") == ("projects", "projects_pkey")


def test_a_range_has_a_moment_in_every_period() -> None:
    since, until = datetime(2025, 12, 31, 22, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert [f"{m:%Y-%m}" for m in moments("month", since, until)] == [
        "2025-12",
        "2026-01",
        "2026-02",
    ]
    weeks = [m.isocalendar()[:2] for m in moments("week", since, until)]
    assert weeks == [(2026, n) for n in range(1, 6)]


async def test_rows_of_the_past_wait_in_the_default_and_move_where_they_belong(
    db: Database, place: Place, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    await history(t)
    [ada] = await t.agents.list()
    assert (await where(place, "agent_executions"))["agent_executions_default"] == 12
    assert await strays(place) == {"agent_executions": 12, "cost_entries": 12}
    [standing] = [
        s for s in await partitions.status(place.url("service")) if s.table == "cost_entries"
    ]
    assert (standing.oldest_stray, standing.newest_stray) == (_LAST_YEAR[0], _LAST_YEAR[-1])
    before = await t.executions.list(limit=100)

    made = await partitions.drain(place.url("owner"))

    assert sorted(made)[:2] == ["agent_executions_2025_01", "agent_executions_2025_02"]
    assert len(made) == 24
    assert await strays(place) == {}
    found = await where(place, "agent_executions")
    assert found == {f"agent_executions_2025_{n:02}": 1 for n in range(1, 13)}
    assert [vars(e) | {"_sa_instance_state": 0} for e in await t.executions.list(limit=100)] == [
        vars(e) | {"_sa_instance_state": 0} for e in before
    ]
    # What moved was not counted twice, and what is written there now is.
    after = await t.agents.get(ada.id)
    assert (after.execution_count, after.avg_execution_time_ms) == (12, 1000)
    await t.executions.create(agent_id=ada.id, started_at=_LAST_YEAR[0], status="failure")
    assert (await t.agents.get(ada.id)).execution_count == 13
    assert (await t.sessions.list())[0].input_tokens == 60
    assert await partitions.drain(place.url("owner")) == []
    async with db.service("look") as s:
        moves = await s.platform_log.list(action="move", limit=100)
    assert {m.details["partition"] for m in moves if m.details} == set(made)


async def test_the_record_moves_unaltered_and_stays_append_only(
    db: Database, place: Place, acme: Tenant
) -> None:
    admin = await place.connection("superuser")
    for n, day in enumerate(_LAST_YEAR[:3]):
        await admin.execute(
            "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type, details)"
            " VALUES ($1, $2, 'x', 'y', $3)",
            acme.id, ids.uuid7_at(day), json.dumps({"n": n}),
        )  # fmt: skip
    content = "SELECT l::text FROM tenantry.audit_logs AS l ORDER BY id"
    before = await admin.fetch(content)
    assert await strays(place) == {"audit_logs": 3}
    made = await partitions.drain(place.url("owner"), tables=["audit_logs"])
    assert made == [f"audit_logs_2025_0{n}" for n in (1, 2, 3)]
    assert await admin.fetch(content) == before
    for table in ("audit_logs", "audit_logs_2025_01", "audit_logs_default"):
        for change in ("DELETE FROM {}", "UPDATE {} SET action = 'z'", "TRUNCATE {}"):
            with pytest.raises(asyncpg.PostgresError) as caught:
                await admin.execute(change.format(f"tenantry.{table}"))
            assert caught.value.sqlstate == "TN007"
    guarded = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relname LIKE 'audit_logs%' AND relkind IN ('r', 'p')"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert guarded == []
    await admin.close()


async def test_partitions_made_before_an_import_take_its_rows(
    db: Database, place: Place, acme: Tenant
) -> None:
    url = place.url("owner")
    tables = ["agent_executions", "cost_entries"]
    made = await partitions.ensure(url, _LAST_YEAR[0], _LAST_YEAR[-1], tables=tables)
    assert len(made) == 24
    assert await partitions.ensure(url, _LAST_YEAR[0], _LAST_YEAR[-1], tables=tables) == []
    await history(db.tenant(acme.id))
    assert await strays(place) == {}
    for since, until, chosen in (
        (datetime(2025, 1, 1), _LAST_YEAR[1], None),
        (_LAST_YEAR[1], _LAST_YEAR[0], None),
        (_LAST_YEAR[0], _LAST_YEAR[1], ["projects"]),
    ):
        with pytest.raises(InvalidInput):
            await partitions.ensure(url, since, until, tables=chosen)


async def test_an_id_of_no_time_stays_and_is_told(db: Database, place: Place, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    odd = await t.costs.record(id=UUID(int=uuid4().int | 0xF << 124), cost_usd=Decimal(1))
    assert odd.billing_month == datetime.now(UTC).date().replace(day=1)
    assert await partitions.drain(place.url("owner")) == []
    assert await strays(place) == {"cost_entries": 1}
    assert (await t.costs.get(odd.id)).cost_usd == 1


async def test_writers_go_on_while_partitions_are_made(
    db: Database, place: Place, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    done = asyncio.Event()
    written = 0

    async def write(n: int) -> None:
        nonlocal written
        while not done.is_set():
            day = _LAST_YEAR[(written + n) % 12]
            await t.executions.create(agent_id=ada.id, started_at=day, status="success")
            await t.agents.update(ada.id, description=str(n))
            written += 1

    async def drain() -> None:
        try:
            for _ in range(3):
                await asyncio.sleep(0.2)
                await partitions.drain(place.url("owner"))
        finally:
            done.set()

    await asyncio.gather(drain(), *(write(n) for n in range(6)))
    await partitions.drain(place.url("owner"))
    assert written > 0
    assert await strays(place) == {}
    assert (await t.agents.get(ada.id)).execution_count == await t.executions.count() == written


@pytest.mark.parametrize("drained", [False, True])
async def test_pages_are_the_same_wherever_the_rows_lie(
    db: Database, place: Place, acme: Tenant, drained: bool
) -> None:
    t = db.tenant(acme.id)
    now = datetime.now(UTC)
    gaps = random.Random(7)  # noqa: S311 - no secret
    days = [now - timedelta(days=n**2 * gaps.random()) for n in range(60)]
    ada, _ = await runs(t, [*days, now + timedelta(days=20)])
    odd = await t.executions.create(id=uuid4(), agent_id=ada)
    if drained:
        await partitions.drain(place.url("owner"))
    orders: tuple[Literal["newest", "oldest"], ...] = ("newest", "oldest")
    for order in orders:
        whole = await Repository.list(t.executions, agent_id=ada, order=order, limit=100)
        assert len(whole) == 62
        assert odd.id in {e.id for e in whole}
        for size in (1, 7, 61, 62):
            found, after = [], None
            while True:
                page = await t.executions.of_agent(ada, limit=size, after=after, order=order)
                found += [e.id for e in page]
                if (after := page.next) is None:
                    break
                assert len(page) == size
            assert found == [e.id for e in whole]
        for since, until in (
            (days[40], days[5]),
            (days[50], None),
            (None, days[3]),
            (days[2], days[1]),
        ):
            wanted = await Repository.list(
                t.executions, order=order, limit=100, since=since, until=until
            )
            page = await t.executions.list(order=order, limit=100, since=since, until=until)
            assert [e.id for e in page] == [e.id for e in wanted]
            assert page.next is None
    assert [e.id async for e in t.executions.iterate(batch=5)] == sorted(e.id for e in whole)
    with pytest.raises(InvalidInput, match="limit"):
        await t.executions.list(limit=0)


# ---- plans --------------------------------------------------------------------------------------


async def test_plans_scan_the_partitions_of_the_id_and_of_the_time(
    plans: Plans, place: Place
) -> None:
    acme = await make_tenant(plans.db, "acme")
    await partitions.ensure(place.url("owner"), _LAST_YEAR[0], _LAST_YEAR[-1])
    await history(plans.db.tenant(acme.id))
    since, until = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
    march, april = "2025_03", "2025_04"
    async with plans.db.tenant(acme.id) as t:
        [run, *_] = await t.executions.list(since=since, until=until, order="oldest")
        [agent] = await t.agents.list()
        [talk] = await t.conversations.create_many([{"title": "T"}])
        said = await t.messages.append(
            id=ids.uuid7_at(since), conversation_id=talk.id, role="user", content="Hello"
        )
        cases: list[tuple[str, Callable[[], Awaitable[Any]], set[str]]] = [
            ("agent_executions", lambda: t.executions.get(run.id), {march}),
            ("agent_executions", lambda: t.executions.update(run.id, error=None), {march}),
            ("agent_executions", lambda: t.executions.list(since=since, until=until), {march, april}),
            ("agent_executions", lambda: t.executions.count(since=since, until=until), {march, april}),
            ("agent_executions",
             lambda: t.executions.of_agent(agent.id, since=since, until=until), {march, april}),
            ("cost_entries", lambda: t.costs.by_desk(since=since, until=until), {march, april}),
            ("cost_entries", lambda: t.costs.total(since=since, until=until), {march, april}),
            ("activity_feed",
             lambda: t.activity.feed(since=since, until=since + timedelta(days=1)), {march}),
            ("messages", lambda: t.messages.get(said.id), {"2025w09"}),
            ("messages", lambda: t.messages.history(talk.id), {"2025w09"}),
        ]  # fmt: skip
        for table, call, expected in cases:
            assert (await plans.of(t, call)).partitions(table) == expected
    # Also outside a transaction, where the hot calls are functions with plans of their own.
    handle = plans.db.tenant(acme.id)
    assert (await plans.of(handle, lambda: handle.messages.history(talk.id))).partitions(
        "messages"
    ) == {"2025w09"}
    assert (await plans.of(handle, lambda: handle.executions.get(run.id))).partitions(
        "agent_executions"
    ) == {march}


async def test_what_is_newest_is_found_in_the_newest_partitions(plans: Plans, place: Place) -> None:
    acme = await make_tenant(plans.db, "acme")
    now = datetime.now(UTC)
    days = [now - timedelta(days=2 + 15 * n) for n in range(48)]
    await partitions.ensure(place.url("owner"), days[-1], now)
    ada, task = await runs(plans.db.tenant(acme.id), days)

    def months(since: datetime, until: datetime) -> set[str]:
        return {f"{m:%Y_%m}" for m in moments("month", since, until)}

    # Nothing tells that the future is empty.
    newest = months(now - timedelta(days=31), now + 3 * timedelta(days=31)) | {"default"}
    async with plans.db.tenant(acme.id) as t:
        await t.agents.update(ada, description="on record twice")
        half = await t.executions.list(limit=24)
        then = ids.time_of(half[-1].id)
        before = months(then - timedelta(days=31), then)
        cases: list[tuple[str, Callable[[], Awaitable[Any]], set[str]]] = [
            ("agent_executions", lambda: t.executions.list(limit=1), newest),
            ("agent_executions", lambda: t.executions.of_agent(ada, limit=1), newest),
            ("agent_executions", lambda: t.executions.of_task(task, limit=1), newest),
            ("agent_executions", lambda: t.executions.of_agent(ada, limit=1, after=half.next), before),
            ("activity_feed", lambda: t.activity.feed(limit=1), newest),
            ("activity_feed", lambda: t.activity.feed(task_id=task, limit=1), newest),
            ("cost_entries", lambda: t.costs.list(limit=1), newest),
            ("audit_logs", lambda: t.audit.of("agents", ada, limit=1), newest),
        ]  # fmt: skip
        for table, call, expected in cases:
            scanned = (await plans.of(t, call)).partitions(table)
            assert scanned <= expected, table
            assert scanned


async def test_status_looks_only_into_the_default_partitions(
    db: Database, place: Place, acme: Tenant
) -> None:
    connection = await place.connection("service")
    for table in partitioned(metadata):
        gaps = await connection.fetch("SELECT lower, upper FROM tenantry.partition_gaps($1)", table)
        outside = " OR ".join(partitions._within(*gap) for gap in gaps)
        [(plan,)] = await connection.fetch(
            f"EXPLAIN (FORMAT JSON, COSTS OFF) SELECT count(*) FROM tenantry.{table} WHERE {outside}"
        )
        relations = {n.get("Relation Name") for n in nodes(json.loads(plan)[0]["Plan"])}
        assert relations - {None} == {f"{table}_default"}
    await connection.close()
