"""Maintenance: each step is provoked, done, and then finds nothing more to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.errors import InvalidInput, LockTimeout
from tenantry.ids import uuid7_at
from tenantry.models import Tenant, metadata
from tenantry.ops import features, graphs, partitions
from tenantry.ops.maintain import STEPS, Action, Upkeep, analyze, maintain, reindex, vacuum
from tenantry.ops.maintain.pg_cron import jobs, sql
from tenantry.ops.maintain.step import Step
from tenantry.ops.tenants.holding import hold, release
from tenantry.schema.partitions import partitioned
from tests.audit.record import seal_all
from tests.fixtures.database import Place, make_tenant
from tests.ops.tenants.whole import purge

wheel = pytest.mark.postgres("wheel")
_LAST = (
    "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'tenantry.activity_feed'::regclass"
    " AND inhrelid::regclass::text NOT LIKE '%default'"
)
OLD = datetime(2024, 3, 10, tzinfo=UTC)


@pytest.fixture
def upkeep(db: Database, place: Place) -> Upkeep:
    return Upkeep(db, place.url("owner"), place.url("service"))


@pytest.fixture
async def root(place: Place) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await place.connection("superuser")
    yield connection
    await connection.close()


async def _done(upkeep: Upkeep, step: str, **changes: Any) -> list[tuple[str, str]]:
    """What a step did, by name; a dry run before it said the same and did nothing."""
    (told,) = (await maintain(replace(upkeep, dry_run=True, **changes), [step])).outcomes
    (outcome,) = (await maintain(replace(upkeep, **changes), [step])).outcomes
    assert outcome.error == told.error == ""
    assert {a.what for a in told.actions} == {a.what for a in outcome.actions}
    return [(a.what, a.target) for a in outcome.actions]


async def test_a_new_database_is_maintained_without_a_word_and_twice(upkeep: Upkeep) -> None:
    for _ in range(2):
        report = await maintain(upkeep)
        assert report.ok
        assert [o.step for o in report.outcomes] == list(STEPS)
        states = {o.step: o.state for o in report.outcomes}
        assert states["partitions"] == states["retention"] == states["sessions"] == "nothing"


async def test_views_are_refreshed_one_or_all(upkeep: Upkeep, db: Database, acme: Tenant) -> None:
    await db.tenant(acme.id).costs.create_many([{"cost_usd": Decimal(3)}])
    figure = "SELECT coalesce(sum(cost_usd), 0) FROM tenantry.cost_summary()"
    assert await _done(upkeep, "views", name="desk_performance") == [
        ("refresh", "desk_performance")
    ]
    with pytest.raises(InvalidInput):
        await maintain(replace(upkeep, name="nothing"), ["views"])
    assert len(await _done(upkeep, "views")) == 2
    async with db.tenant(acme.id) as t:
        assert await t.fetch_value(figure) == 3


async def test_partitions_are_made_and_defaults_emptied(
    upkeep: Upkeep, db: Database, acme: Tenant, root: asyncpg.Connection[Any], place: Place
) -> None:
    await db.tenant(acme.id).costs.create_many([{"cost_usd": Decimal(1), "created_at": OLD}])
    last = await root.fetchval(_LAST)
    await root.execute(f"DROP TABLE {last}")
    done = await _done(upkeep, "partitions")
    assert done == [("make", last.removeprefix("tenantry.")), ("drain", "cost_entries_2024_03")]
    assert await _done(upkeep, "partitions") == []
    standing = await partitions.status(place.url("service"))
    assert all(s.strays == 0 and s.ahead == 3 for s in standing)


async def test_old_partitions_go_when_somebody_says_so(
    upkeep: Upkeep, db: Database, acme: Tenant, root: asyncpg.Connection[Any]
) -> None:
    await db.tenant(acme.id).costs.create_many([{"cost_usd": Decimal(1), "created_at": OLD}])
    await maintain(upkeep, ["partitions"])
    assert await _done(upkeep, "retention") == []
    assert await _done(upkeep, "retention", keep={"messages": timedelta(days=90)}) == []
    keep = {"cost_entries": timedelta(days=90)}
    assert await _done(upkeep, "retention", keep=keep) == [("detach", "cost_entries_2024_03")]
    assert await root.fetchval("SELECT count(*) FROM tenantry_archive.cost_entries_2024_03") == 1
    assert await db.tenant(acme.id).costs.count() == 0
    assert await _done(upkeep, "retention", keep=keep) == []
    logged = "SELECT details->>'partition' FROM tenantry.platform_log WHERE action = 'detach'"
    assert await root.fetchval(logged) == "cost_entries_2024_03"
    with pytest.raises(InvalidInput):
        await maintain(replace(upkeep, keep={"projects": timedelta(days=1)}), ["retention"])


async def test_what_is_under_legal_hold_stays(
    upkeep: Upkeep, db: Database, acme: Tenant, beta: Tenant
) -> None:
    for tenant in (acme, beta):
        await db.tenant(tenant.id).costs.create_many([{"cost_usd": Decimal(1), "created_at": OLD}])
    await maintain(upkeep, ["partitions"])
    keep = {"cost_entries": timedelta(days=90)}
    async with db.service("test") as s:
        held = await hold(s, beta.id, "a court asked")
    assert await _done(upkeep, "retention", keep=keep) == [("keep", "cost_entries_2024_03")]
    async with db.service("test") as s:
        await release(s, beta.id, held)
    assert await _done(upkeep, "retention", keep=keep) == [("detach", "cost_entries_2024_03")]


async def test_a_time_may_be_taken_out_twice_and_is_purged_with_its_tenant(
    upkeep: Upkeep, db: Database, acme: Tenant, beta: Tenant, root: asyncpg.Connection[Any]
) -> None:
    keep = {"cost_entries": timedelta(days=90)}
    names = []
    for tenant in (acme, beta, acme):  # somebody imports history, again and again
        await db.tenant(tenant.id).costs.create_many([{"cost_usd": Decimal(1), "created_at": OLD}])
        await maintain(upkeep, ["partitions"])
        (taken,) = (await maintain(replace(upkeep, keep=keep), ["retention"])).outcomes
        names += [action.result for action in taken.actions]
    first = "tenantry_archive.cost_entries_2024_03"
    assert names == [first, f"{first}_2", f"{first}_3"]
    await purge(db, acme.id)
    left = [await root.fetchval(f"SELECT count(*) FROM {name}") for name in names]
    assert left == [0, 1, 0]


async def test_of_the_record_only_what_is_sealed_goes(
    upkeep: Upkeep, acme: Tenant, place: Place, root: asyncpg.Connection[Any]
) -> None:
    await partitions.ensure(place.url("owner"), OLD, OLD, tables=["audit_logs"])
    await root.execute(
        "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type) VALUES ($1, $2, 'event', 'x')",
        acme.id, uuid7_at(OLD),
    )  # fmt: skip
    keep = {"audit_logs": timedelta(days=365)}
    (before,) = (await maintain(replace(upkeep, keep=keep), ["retention"])).outcomes
    assert [(a.what, a.target) for a in before.actions] == [("keep", "audit_logs_2024_03")]
    # The step leaves the last minute alone, in which the platform's log began.
    assert [a.what for a in (await maintain(upkeep, ["seals"])).outcomes[0].actions] == ["seal"]
    await seal_all(upkeep.db)
    assert await _done(upkeep, "retention", keep=keep) == [("detach", "audit_logs_2024_03")]


@wheel
async def test_graphs_forget_executions_that_were_taken_out(
    place: Place, root: asyncpg.Connection[Any]
) -> None:
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    await partitions.ensure(place.url("owner"), OLD, OLD, tables=["agent_executions"])
    async with await tenantry.connect(settings=place.settings()) as db:
        acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
        begin = await db.serving("test")
        for tenant in (acme, beta):
            t = db.tenant(tenant.id)
            agent = await t.agents.create(name="Ada", agent_type="coder")
            await graphs.rebuild(begin, tenant.id)
            await root.execute(
                "INSERT INTO tenantry.agent_executions (tenant_id, id, agent_id, status)"
                " VALUES ($1, $2, $3, 'success'), ($1, $4, $3, 'success')",
                tenant.id, uuid7_at(OLD), agent.id, uuid7_at(datetime.now(UTC)),
            )  # fmt: skip
            assert (await graphs.compare(begin, tenant.id)).ok
        kept = Upkeep(
            db, place.url("owner"), place.url("service"),
            keep={"agent_executions": timedelta(days=90)},
        )  # fmt: skip
        (outcome,) = (await maintain(kept, ["retention"])).outcomes
        assert [(a.what, a.result) for a in outcome.actions][1:] == [("forget", "2 vertices")]
        for tenant in (acme, beta):
            assert (await graphs.compare(begin, tenant.id)).ok
            left = f'SELECT count(*) FROM tg_{tenant.id.hex}."Execution"'
            assert await root.fetchval(left) == 1
        assert (await maintain(kept, ["retention"])).outcomes[0].state == "nothing"


async def test_keys_and_locks_whose_time_is_over_go(
    upkeep: Upkeep, db: Database, acme: Tenant, root: asyncpg.Connection[Any]
) -> None:
    await root.execute("SET session_replication_role = replica")
    for name, age in (("young", 10), ("old", 100)):
        await root.execute(
            "INSERT INTO tenantry.api_keys (tenant_id, name, prefix, key_hash, expires_at)"
            " VALUES ($1, $2, 'x', $2::text::bytea, now() - $3 * interval '1 day')",
            acme.id, name, age,
        )  # fmt: skip
        await root.execute(
            "INSERT INTO tenantry.lock_fences (tenant_id, name, updated_at)"
            " VALUES ($1, $2, now() - $3 * interval '1 day')", acme.id, name, age,
        )  # fmt: skip
        await root.execute(
            "INSERT INTO tenantry.invitations (tenant_id, email, token_hash, expires_at)"
            " VALUES ($1, $2 || '@x.org', $2::text::bytea, now() - $3 * interval '1 day')",
            acme.id, name, age,
        )  # fmt: skip
    async with db.service("test") as s:
        held = await hold(s, acme.id, "a court asked")
    assert await _done(upkeep, "sessions") == []
    async with db.service("test") as s:
        await release(s, acme.id, held)
    assert await _done(upkeep, "sessions") == [
        ("delete", "api_keys"), ("delete", "invitations"), ("delete", "lock_fences"),
    ]  # fmt: skip
    assert (
        await root.fetchval("SELECT string_agg(email, ',') FROM tenantry.invitations")
        == "young@x.org"
    )
    for table in ("api_keys", "lock_fences"):
        assert await root.fetchval(f"SELECT string_agg(name, ',') FROM tenantry.{table}") == "young"
    assert await _done(upkeep, "sessions") == []


async def test_statistics_and_dead_rows_where_figures_call_for_it(
    upkeep: Upkeep, db: Database, acme: Tenant, root: asyncpg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(analyze, "CHANGED_ROWS", 20)
    monkeypatch.setattr(vacuum, "DEAD_ROWS", 20)
    projects = db.tenant(acme.id).projects
    await projects.create_many([{"name": f"p{n}"} for n in range(40)])
    await root.execute("ALTER TABLE tenantry.projects SET (autovacuum_enabled = off)")
    await _flushed(
        root,
        "SELECT n_mod_since_analyze >= 40 FROM pg_stat_all_tables WHERE relid = 'tenantry.projects'::regclass",
    )
    assert ("analyze", "projects") in await _done(upkeep, "analyze")
    assert ("analyze", "projects") not in await _done(upkeep, "analyze")
    assert await _done(upkeep, "vacuum", name="projects") == []
    await root.execute("UPDATE tenantry.projects SET description = 'x'")
    await _flushed(
        root,
        "SELECT n_dead_tup >= 40 FROM pg_stat_all_tables WHERE relid = 'tenantry.projects'::regclass",
    )
    assert await _done(upkeep, "vacuum", name="projects") == [("vacuum", "projects")]
    assert await _done(upkeep, "vacuum", name="projects") == []
    monkeypatch.setattr(vacuum, "OLD_AGE", -1)
    assert await _done(upkeep, "vacuum", name="lessons") == [("vacuum", "lessons")]
    # The views are another role's.
    assert await _done(upkeep, "vacuum", name="desk_performance") == [
        ("vacuum", "desk_performance")
    ]
    # What somebody has locked is passed over, and said to be.
    async with root.transaction():
        await root.execute("LOCK TABLE tenantry.lessons IN SHARE UPDATE EXCLUSIVE MODE")
        (outcome,) = (await maintain(replace(upkeep, name="lessons"), ["vacuum"])).outcomes
        ((what, result),) = [(a.what, a.result) for a in outcome.actions]
        assert what == "skip"
        assert "lock not available" in result


async def test_a_partitioned_table_is_analyzed_as_a_whole_and_its_partitions_not_again(
    upkeep: Upkeep, db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch,
    root: asyncpg.Connection[Any],
) -> None:  # fmt: skip
    monkeypatch.setattr(analyze, "CHANGED_ROWS", 20)
    await db.tenant(acme.id).costs.create_many([{"cost_usd": Decimal(1)}] * 50)
    await _flushed(
        root, "SELECT sum(n_mod_since_analyze) >= 50 FROM pg_stat_all_tables WHERE relname LIKE 'cost_entries%'"
    )  # fmt: skip
    assert await _done(upkeep, "analyze", name="cost_entries") == [("analyze", "cost_entries")]
    known = "SELECT count(*) FROM pg_statistic WHERE starelid = 'tenantry.cost_entries'::regclass AND stainherit"
    assert await root.fetchval(known) > 0
    assert await _done(upkeep, "analyze", name="cost_entries") == []


async def _flushed(root: asyncpg.Connection[Any], sql: str) -> None:
    """Statistics come when the session that made them is idle."""
    for _ in range(200):
        await root.execute("SELECT pg_stat_force_next_flush()")
        if await root.fetchval(sql):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(sql)


async def test_indexes_that_are_invalid_or_bloated(
    upkeep: Upkeep, root: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await root.execute(
        "CREATE TABLE tenantry.things AS SELECT g AS n FROM generate_series(1, 20000) AS g;"
        "ALTER TABLE tenantry.things OWNER TO tenantry_owner;"
        "CREATE INDEX things_n ON tenantry.things (n); CREATE INDEX things_n_ccnew ON tenantry.things (n);"
        "CREATE INDEX broken ON tenantry.things (n);"
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN"
        " ('tenantry.broken'::regclass, 'tenantry.things_n_ccnew'::regclass);"
        "DELETE FROM tenantry.things WHERE n % 100 > 0"
    )
    await root.execute("VACUUM ANALYZE tenantry.things")
    assert await _done(upkeep, "reindex") == [("reindex", "broken"), ("drop", "things_n_ccnew")]
    monkeypatch.setattr(reindex, "BLOAT_BYTES", 100_000)
    assert await _done(upkeep, "reindex", name="things") == [("reindex", "things_n")]
    assert await _done(upkeep, "reindex") == []
    state = (
        "SELECT count(*) FROM pg_index WHERE indrelid = 'tenantry.things'::regclass AND indisvalid"
    )
    assert await root.fetchval(state) == 2


@wheel
async def test_two_at_once_do_the_work_once(
    upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go, times = asyncio.Event(), asyncio.Event(), []

    async def slow(_: Upkeep) -> list[Action]:
        times.append(1)
        began.set()
        await go.wait()
        return [Action("do", "it", "once")]

    monkeypatch.setitem(STEPS, "views", Step("views", "", slow))
    first = asyncio.create_task(maintain(upkeep, ["views"]))
    await began.wait()
    second = await maintain(upkeep, ["views", "analyze"])
    assert second.outcomes[0].state == "elsewhere"
    assert second.ok
    go.set()
    assert (await first).outcomes[0].state == "done"
    assert len(times) == 1
    assert (await maintain(upkeep, ["views"])).outcomes[0].state == "done"


@wheel
async def test_a_step_that_fails_stops_no_other(
    upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(_: Upkeep) -> list[Action]:
        raise LockTimeout("Somebody holds it.")

    monkeypatch.setitem(STEPS, "views", Step("views", "", failing))
    report = await maintain(upkeep, ["views", "sessions"])
    assert [(o.step, o.state) for o in report.outcomes] == [
        ("views", "failed"),
        ("sessions", "nothing"),
    ]
    assert not report.ok
    assert "holds it" in report.outcomes[0].error


async def test_what_pg_cron_is_given_runs_as_its_role(place: Place) -> None:
    root = await place.connection("superuser")
    # pg_cron keeps what it is told, and this is all that it is told.
    await root.execute("""
        CREATE SCHEMA cron; CREATE TABLE cron.job (name text PRIMARY KEY, schedule text, command text, place text, role text);
        CREATE FUNCTION cron.schedule_in_database(text, text, text, text, text) RETURNS void
        LANGUAGE sql AS 'INSERT INTO cron.job VALUES ($1, $2, $3, $4, $5)'""")
    await root.execute(sql(metadata, "it's"))
    last = await root.fetchval(_LAST)
    await root.execute(f"DROP TABLE {last}")
    kept = await root.fetch("SELECT * FROM cron.job")
    assert [dict(row) for row in kept] == [
        {"name": j.name, "schedule": j.schedule, "command": j.command, "place": "it's", "role": j.role}
        for j in jobs(metadata)
    ]  # fmt: skip
    for row in kept:
        connection = await place.connection(row["role"].removeprefix("tenantry_"))
        await connection.execute(row["command"])
        await connection.close()
    assert (await partitions.status(place.url("service"), tables=["activity_feed"]))[0].ahead == 3
    analyzed = "SELECT count(*) FROM pg_stat_all_tables WHERE last_analyze IS NOT NULL AND relname = ANY ($1)"
    whole = list(partitioned(metadata))
    assert await root.fetchval(analyzed, whole) == len(whole)
    await root.close()
