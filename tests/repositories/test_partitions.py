"""Partitions: rows of any time are kept and found, and plans look only where rows can be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tenantry import Database, ids
from tenantry.errors import InvalidInput
from tenantry.handles import Tenant as Handle
from tenantry.handles import TenantTransaction
from tenantry.models import Tenant, metadata
from tenantry.ops import partitions
from tenantry.schema.partitions import moments, parent_names, partitioned
from tests.fixtures.database import Place

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
    odd = await t.costs.record(id=uuid4(), cost_usd=Decimal(1))
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


# ---- plans --------------------------------------------------------------------------------------


async def scanned(
    t: TenantTransaction, call: Callable[[], Awaitable[Any]]
) -> tuple[set[str], set[str]]:
    """The relations and indexes that the plans of a call's statements would scan."""
    seen: list[tuple[str, tuple[Any, ...]]] = []
    fetch = t._transaction.fetch

    async def record(sql: str, *args: Any) -> Any:
        seen.append((sql, args))
        return await fetch(sql, *args)

    t._scope.fetch = record  # type: ignore[method-assign]
    await call()
    relations, indexes = set(), set()
    for sql, args in seen:
        [(plan,)] = await fetch(f"EXPLAIN (FORMAT JSON, COSTS OFF) {sql}", *args)
        for node in _nodes(plan[0]["Plan"]):
            if "Scan" in node["Node Type"] and "Relation Name" in node:
                relations.add(node["Relation Name"])
            indexes |= {node["Index Name"]} if "Index Name" in node else set()
    return relations, indexes


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


async def test_plans_scan_the_partitions_of_the_id_and_of_the_time(
    db: Database, place: Place, acme: Tenant
) -> None:
    await partitions.ensure(place.url("owner"), _LAST_YEAR[0], _LAST_YEAR[-1])
    handle = db.tenant(acme.id)
    await history(handle)
    since, until = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
    march_and_april = {"agent_executions_2025_03", "agent_executions_2025_04"}
    async with handle as t:
        [run, *_] = await t.executions.list(since=since, until=until, order="oldest")
        [agent] = await t.agents.list()
        cases: list[tuple[Callable[[], Awaitable[Any]], set[str]]] = [
            (lambda: t.executions.get(run.id), {"agent_executions_2025_03"}),
            (lambda: t.executions.update(run.id, error=None), {"agent_executions_2025_03"}),
            (lambda: t.executions.list(since=since, until=until), march_and_april),
            (lambda: t.executions.count(since=since, until=until), march_and_april),
            (lambda: t.executions.of_agent(agent.id, since=since, until=until), march_and_april),
            (
                lambda: t.costs.by_desk(since=since, until=until),
                {"cost_entries_2025_03", "cost_entries_2025_04"},
            ),
            (
                lambda: t.activity.feed(since=since, until=since + timedelta(days=1)),
                {"activity_feed_2025_03"},
            ),
        ]
        for call, expected in cases:
            relations, _ = await scanned(t, call)
            assert relations == expected


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
        relations = {n.get("Relation Name") for n in _nodes(json.loads(plan)[0]["Plan"])}
        assert relations - {None} == {f"{table}_default"}
    await connection.close()


async def test_the_queries_of_each_repository_use_their_index(
    db: Database, place: Place, acme: Tenant
) -> None:
    handle = db.tenant(acme.id)
    since = datetime.now(UTC) - timedelta(days=1)
    month = f"{datetime.now(UTC):_%Y_%m}"
    async with handle as t:
        await t.agents.create_many(
            [{"name": f"A{n}", "agent_type": f"t{n % 50}"} for n in range(2000)]
        )
        agents = await t.agents.list(limit=500)
        desks = await t.desks.create_many([{"code": f"d{n}", "title": "T"} for n in range(100)])
        await t.executions.create_many([{"agent_id": a.id} for a in agents for _ in range(4)])
        await t.sessions.create_many(
            [{"desk_id": desks[n % 100].id, "status": "completed"} for n in range(2000)]
        )
        await t.activity.create_many(
            [{"activity_type": "a", "is_public": n % 100 == 0} for n in range(3000)]
        )
    admin = await place.connection("superuser")
    await admin.execute("ANALYZE")
    await admin.close()
    async with handle as t:
        # Small tables are read whole, and rightly; this asks what would be used for big ones.
        await t.execute("SET LOCAL enable_seqscan = off")
        cases: list[tuple[Callable[[], Awaitable[Any]], str]] = [
            (lambda: t.agents.by_type("t1"), "agents_agent_type_idx"),
            (lambda: t.sessions.list(desk_id=desks[0].id), "agent_sessions_desk_id_idx"),
            (t.sessions.active, "agent_sessions_open_idx"),
            (lambda: t.desks.by_code("d1"), "desks_tenant_id_code_key"),
            (
                lambda: t.executions.of_agent(
                    agents[0].id, since=since, until=since + timedelta(days=2)
                ),
                f"agent_executions{month}_tenant_id_agent_id_id_idx",
            ),
            (
                lambda: t.activity.feed(public=True, since=since, until=since + timedelta(days=2)),
                f"activity_feed{month}_tenant_id_id_idx",
            ),
        ]
        for call, expected in cases:
            _, indexes = await scanned(t, call)
            assert expected in indexes
