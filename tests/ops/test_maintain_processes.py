"""Maintenance by real processes: two at once, beside writers, and killed in the middle of a step."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.ids import uuid7_at
from tenantry.models import Tenant
from tenantry.ops import features, graphs, partitions
from tenantry.ops.maintain import Upkeep, maintain
from tests.cli.helpers import command
from tests.fixtures.database import Place, make_tenant

OLD = datetime(2024, 3, 10, tzinfo=UTC)
_LAST = (
    "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'tenantry.activity_feed'::regclass"
    " AND inhrelid::regclass::text NOT LIKE '%default'"
)
_AT_WORK = (
    "FROM pg_stat_activity WHERE application_name IN ('tenantry-maintain', 'tenantry-setup')"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def root(place: Place) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await place.connection("superuser")
    yield connection
    await connection.close()


async def _start(place: Place, folder: Path, *arguments: str) -> Process:
    urls = {"DATABASE": "app", "OWNER": "owner", "SERVICE": "service"}
    named = {f"TENANTRY_{name}_URL": place.url(role) for name, role in urls.items()}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TENANTRY_")}
    return await asyncio.create_subprocess_exec(
        *command("maintain", *arguments, "--json"), cwd=folder, stdin=DEVNULL, stdout=PIPE,
        env={**inherited, **named, "TENANTRY_PROFILE": "test"},
    )  # fmt: skip


async def _states(process: Process) -> list[str]:
    out, _ = await process.communicate()
    assert process.returncode == 0, out
    return [step["state"] for step in json.loads(out)["steps"]]


async def _until(root: asyncpg.Connection[Any], sql: str, process: Process | None = None) -> None:
    for _ in range(600):
        if await root.fetchval(sql):
            return
        assert process is None or process.returncode is None
        await asyncio.sleep(0.05)
    raise TimeoutError(sql)


async def _kill(root: asyncpg.Connection[Any], process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_two_at_once_do_the_work_once_and_hold_up_no_writer(
    place: Place, root: asyncpg.Connection[Any], acme: Tenant, tmp_path: Path
) -> None:
    last = await root.fetchval(_LAST)
    await root.execute(f"DROP TABLE {last}")
    # Somebody's transaction is in the way of the first, which asks again and again.
    holder = await place.connection("superuser")
    await holder.execute("BEGIN; UPDATE tenantry.tenants SET name = name")
    first = await _start(place, tmp_path, "partitions", "activity_feed")
    await _until(root, f"SELECT count(*) {_AT_WORK} AND wait_event_type = 'Lock'", first)
    assert await _states(await _start(place, tmp_path, "partitions", "activity_feed")) == [
        "elsewhere"
    ]
    # Of whom others wait for, they do so for a moment only.
    await root.execute("SET lock_timeout = '20s'")
    for n in range(3):
        await root.execute(
            "INSERT INTO tenantry.tenants (name, slug) VALUES ($1, $1)", f"beside{n}"
        )
    assert first.returncode is None
    await holder.execute("COMMIT")
    await holder.close()
    assert await _states(first) == ["done"]
    assert await root.fetchval(_LAST) == last


async def test_a_rebuild_that_was_killed_is_left_alone_while_it_lasts_and_then_finished(
    place: Place, db: Database, root: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    await root.execute(
        "CREATE TABLE tenantry.things AS SELECT g AS n FROM generate_series(1, 100) AS g;"
        "ALTER TABLE tenantry.things OWNER TO tenantry_owner; CREATE INDEX broken ON tenantry.things (n);"
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tenantry.broken'::regclass"
    )
    # It has made the new one, and waits for who does not know of that.
    writer = await place.connection("superuser")
    await writer.execute("BEGIN; UPDATE tenantry.things SET n = 1 WHERE n = 1")
    process = await _start(place, tmp_path, "reindex", "things")
    building = "FROM pg_stat_progress_create_index WHERE datname = current_database()"
    await _until(
        root, f"SELECT count(*) {building} AND phase = 'waiting for writers before build'", process
    )
    await _kill(root, process)
    # The server goes on without its client; nobody gets between.
    await _until(root, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'")
    upkeep = Upkeep(db, place.url("owner"), place.url("service"))
    assert [o.state for o in (await maintain(upkeep, ["reindex"])).outcomes] == ["nothing"]
    await root.execute(f"SELECT pg_terminate_backend(pid) {building}")
    await writer.close()
    await _until(root, f"SELECT count(*) = 0 {building}")
    left = "SELECT string_agg(indexrelid::regclass || ' ' || indisvalid, ', ' ORDER BY 1) FROM pg_index WHERE indrelid = 'tenantry.things'::regclass"
    assert await root.fetchval(left) == "tenantry.broken false, tenantry.broken_ccnew false"
    (outcome,) = (await maintain(upkeep, ["reindex"])).outcomes
    assert [(a.what, a.target) for a in outcome.actions] == [
        ("reindex", "broken"),
        ("drop", "broken_ccnew"),
    ]
    assert await root.fetchval(left) == "tenantry.broken true"


async def test_a_refresh_that_was_killed_leaves_the_view_as_it_was(
    place: Place, db: Database, root: asyncpg.Connection[Any], acme: Tenant, tmp_path: Path
) -> None:
    holder = await place.connection("superuser")
    await root.execute("REFRESH MATERIALIZED VIEW tenantry.tenant_cost_summary")
    # Of two refreshes one waits for the other, and no reader does.
    await holder.execute(
        "BEGIN; REFRESH MATERIALIZED VIEW CONCURRENTLY tenantry.tenant_cost_summary"
    )
    process = await _start(place, tmp_path, "views", "tenant_cost_summary")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%refresh_view%' AND wait_event_type = 'Lock' AND datname = current_database()"
    await _until(root, waiting, process)
    await _kill(root, process)
    assert await root.fetchval("SELECT count(*) FROM tenantry.tenant_cost_summary") == 0
    await holder.close()
    upkeep = Upkeep(db, place.url("owner"), place.url("service"), name="tenant_cost_summary")
    (outcome,) = (await maintain(upkeep, ["views"])).outcomes
    assert outcome.state == "done"


@pytest.mark.postgres("wheel")
async def test_executions_taken_out_by_a_run_that_was_killed_leave_the_graphs_in_the_next(
    place: Place, root: asyncpg.Connection[Any], tmp_path: Path
) -> None:
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    await partitions.ensure(place.url("owner"), OLD, OLD, tables=["agent_executions"])
    async with await tenantry.connect(settings=place.settings()) as db:
        acme = await make_tenant(db, "acme")
        begin = await db.serving("test")
        agent = await db.tenant(acme.id).agents.create(name="Ada", agent_type="coder")
        await graphs.rebuild(begin, acme.id)
        await root.execute(
            "INSERT INTO tenantry.agent_executions (tenant_id, id, agent_id, status)"
            " VALUES ($1, $2, $3, 'success')", acme.id, uuid7_at(OLD), agent.id,
        )  # fmt: skip
        holder = await place.connection("superuser")
        await holder.execute(f'BEGIN; LOCK TABLE tg_{acme.id.hex}."Execution" IN EXCLUSIVE MODE')
        process = await _start(place, tmp_path, "retention", "--keep", "agent_executions=90d")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%forget_executions%' AND wait_event_type = 'Lock' AND datname = current_database()"
        await _until(root, waiting, process)
        await _kill(root, process)
        await holder.close()
        vertices = f'SELECT count(*) FROM tg_{acme.id.hex}."Execution"'
        await _until(
            root,
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE '%forget_executions%' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()",
        )
        assert await root.fetchval(vertices) == 1
        upkeep = Upkeep(
            db, place.url("owner"), place.url("service"),
            keep={"agent_executions": timedelta(days=90)},
        )  # fmt: skip
        (outcome,) = (await maintain(upkeep, ["retention"])).outcomes
        assert [(a.what, a.result) for a in outcome.actions] == [("forget", "1 vertices")]
        assert await root.fetchval(vertices) == 0
        assert (await graphs.compare(begin, acme.id)).ok
