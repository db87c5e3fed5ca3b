"""Figures: what is provoked is seen, by a login that may only monitor, and no value with it."""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from tenantry import Database
from tenantry.coordination import Keys
from tenantry.coordination.acl import acl_line
from tenantry.errors import InvalidInput
from tenantry.ops import features
from tenantry.ops.figures import (
    AGES,
    BLOAT,
    CONNECTIONS,
    DISK,
    INDEXES,
    LOCKS,
    PARTITIONS,
    REPLICATION,
    SECTIONS,
    SESSIONS,
    SIZES,
    STATEMENTS,
    TABLES,
    TENANTS,
    TRAFFIC,
    VALKEY,
    Source,
    Wait,
    gather,
    gather_all,
    watching,
)
from tenantry.ops.figures.disk import _is_here
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.topologies import PASSWORD, kv_node

wheel = pytest.mark.postgres("wheel")
SECRET = "sterling-hush"
_PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
_FLUSH = "SELECT pg_stat_force_next_flush()"


@pytest.fixture
async def root(place: Place) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await place.connection("superuser")
    yield connection
    await connection.close()


def test_the_page_tells_of_every_section() -> None:
    told = re.findall(r"^\| `(\w+)` \|", _PAGE.read_text("utf-8"), re.MULTILINE)
    assert told == list(SECTIONS)


@wheel
async def test_the_login_of_the_page_sees_everything(
    place: Place, root: asyncpg.Connection[Any], valkey_server: KeyValueServer
) -> None:
    (sql,) = re.findall(r"^```sql\n(.*?)^```", _PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    name = "tenantry_monitor"
    await root.execute(sql.replace("DATABASE tenantry ", f"DATABASE {place.name} "))
    try:
        await root.execute(f"ALTER ROLE {name} PASSWORD '{place.server.password(name)}'")
        url = place.server.url(name, place.name)
        settings = place.settings(monitor_url=url, redis_url=valkey_server.url)
        async with watching(settings) as source:
            gathered = await gather_all(source)
        assert [(one.section, one.why) for one in gathered.values() if one.figures is None] == []
    finally:
        await root.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
async def source(place: Place, root: asyncpg.Connection[Any]) -> AsyncIterator[Source]:
    """By a login of its own that is a member of pg_monitor, and of nothing else."""
    name = f"watch_{uuid.uuid4().hex[:12]}"
    await root.execute(
        f"CREATE ROLE {name} LOGIN IN ROLE pg_monitor PASSWORD '{place.server.password(name)}';"
        f"GRANT CONNECT ON DATABASE {place.name} TO {name}"
    )
    settings = place.settings(monitor_url=place.server.url(name, place.name))
    async with watching(settings, rows=100) as source:
        yield source
    await root.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@asynccontextmanager
async def _connected(place: Place, role: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await place.connection(role)
    try:
        yield connection
    finally:
        connection.terminate()


async def _until_waiting(root: asyncpg.Connection[Any], pid: int) -> None:
    asked = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
    async with asyncio.timeout(20):
        while not await root.fetchval(asked, pid):
            pass


async def _waits(source: Source, place: Place) -> list[Wait]:
    """Those of this database: the server is every test's."""
    return [w for w in (await LOCKS.look(source)).waits if w.waiting.database == place.name]


async def _running(source: Source, place: Place) -> list[str]:
    found = await STATEMENTS.look(source)
    return [s.text for s in found.running if s.database == place.name]


async def test_sessions_and_a_lock_with_both_its_sides(
    place: Place, root: asyncpg.Connection[Any], source: Source
) -> None:
    assert await _waits(source, place) == []
    async with _connected(place, "service") as holder, _connected(place, "owner") as waiter:
        await holder.execute(f"BEGIN; SELECT '{SECRET}'; LOCK TABLE tenantry.tasks")
        waits = asyncio.ensure_future(
            waiter.execute(f"COMMENT ON TABLE tenantry.tasks IS '{SECRET}'")
        )
        holding, waiting = holder.get_server_pid(), waiter.get_server_pid()
        await _until_waiting(root, waiting)
        (found,) = await _waits(source, place)
        sessions = {s.pid: s for s in (await SESSIONS.look(source)).sessions}
        connections, ages = await CONNECTIONS.look(source), await AGES.look(source)
        # What is locked against everybody does not keep anybody from measuring the rest.
        gathered = await gather_all(source, ["tables", "indexes", "bloat"])
        waits.cancel()
    assert found.waiting.pid == waiting
    assert found.waiting.role == "tenantry_owner"
    assert found.wanted == "ShareUpdateExclusiveLock on tasks"
    assert found.waiting.blocked_by == (holding,)
    (held,) = found.holders
    assert (held.pid, held.role) == (holding, "tenantry_service")
    assert held.text == "BEGIN; SELECT ?; LOCK TABLE tenantry.tasks"
    assert sessions[held.pid].state == "idle in transaction"
    assert sessions[found.waiting.pid].wait == "Lock: relation"
    assert SECRET not in repr((found, sessions))
    assert {(c.role, c.state) for c in connections.by} >= {
        ("tenantry_service", "idle in transaction"),
        ("tenantry_owner", "active"),
    }
    assert connections.maximum == int(await root.fetchval("SHOW max_connections"))
    assert connections.used == sum(c.count for c in connections.by)
    assert ages.oldest is not None
    assert (ages.oldest.pid, ages.oldest.whose) == (held.pid, "tenantry_service")
    assert place.name in {d.database for d in ages.databases}
    assert not [one.why for one in gathered.values() if one.figures is None]


async def test_a_big_table_leads_with_its_partitions_and_an_index_that_nobody_reads(
    root: asyncpg.Connection[Any], source: Source
) -> None:
    await root.execute(
        "CREATE TABLE public.big (g int, word text) PARTITION BY RANGE (g);"
        "CREATE TABLE public.big_a PARTITION OF public.big FOR VALUES FROM (0) TO (20000);"
        "CREATE TABLE public.big_b PARTITION OF public.big FOR VALUES FROM (20000) TO (40000);"
        "CREATE INDEX big_word ON public.big (word); CREATE UNIQUE INDEX big_g ON public.big (g);"
        "INSERT INTO public.big SELECT g, repeat('x', 100) || g FROM generate_series(0, 39999) AS g;"
        "ANALYZE public.big; SET enable_seqscan = off"
    )
    await root.fetch("SELECT * FROM public.big WHERE g = 7")
    await root.execute(_FLUSH)
    first, *_ = (await TABLES.look(source)).tables
    assert (first.table, first.partitions, first.rows) == ("public.big", 2, 40_000)
    told = await root.fetchval(
        "SELECT sum(pg_total_relation_size(oid))::float8 FROM pg_class WHERE relname IN ('big_a', 'big_b')"
    )
    assert 0.9 * told < first.bytes <= told
    assert first.index_bytes > 0.2 * first.bytes
    indexes = await INDEXES.look(source)
    unused = indexes.unused[0]
    assert (unused.index, unused.table, unused.scans) == ("public.big_word", "public.big", 0)
    assert indexes.unused_count >= len(indexes.unused)
    assert indexes.unused_bytes >= unused.bytes
    used = next(i for i in indexes.used if i.index == "public.big_g")
    assert used.is_rule and used.scans == used.rows_read == 1
    sizes = await SIZES.look(source)
    name = await root.fetchval("SELECT current_database()")
    assert next(d.bytes for d in sizes.databases if d.database == name) > told


async def test_slow_statements_of_now_and_as_they_were_counted(
    place: Place, root: asyncpg.Connection[Any], source: Source
) -> None:
    async with _connected(place, "service") as slow:
        runs = asyncio.ensure_future(slow.fetch(f"SELECT pg_sleep(60), '{SECRET}'"))
        async with asyncio.timeout(20):
            while not (found := await _running(source, place)):
                pass
        runs.cancel()
    assert found == ["SELECT pg_sleep(?), ?"]
    await features.enable(place.settings(), "statements", admin_url=place.url("superuser"))
    async with _connected(place, "service") as slow:
        for _ in range(2):
            await slow.fetch(f"SELECT pg_sleep(0.3), '{SECRET}'")
    counted = (await STATEMENTS.look(source)).counted
    assert counted is not None
    one = next(s for s in counted if "pg_sleep" in s.text)
    assert (one.role, one.calls, one.rows) == ("tenantry_service", 2, 2)
    assert one.max_ms >= one.mean_ms >= 300
    assert one.total_ms >= 600
    assert SECRET not in repr(counted)
    means = [s.mean_ms for s in counted]
    assert means == sorted(means, reverse=True)


async def test_the_tenant_that_runs_the_most_leads(
    db: Database, root: asyncpg.Connection[Any], source: Source
) -> None:
    quiet, busy, other = [await make_tenant(db, slug) for slug in ("quiet", "busy", "other")]
    async with db.tenant(busy.id) as t:
        for _ in range(3):
            await t.executions.create(input={"word": SECRET}, input_tokens=20, output_tokens=5)
        await t.costs.create(provider="x", model="y", input_tokens=1, cost_usd=Decimal(2))
    async with db.tenant(other.id) as t:
        await t.executions.create(status="success", input_tokens=1000)
        await t.executions.create()
    recorded = "SELECT count(*) FROM tenantry.platform_log WHERE action = 'service_use'"
    before = await root.fetchval(recorded)
    loads = (await TENANTS.look(source)).tenants
    assert [(x.slug, x.running, x.requests, x.tokens) for x in loads] == [
        ("busy", 3, 3, 75),
        ("other", 1, 2, 1000),
    ]
    assert loads[0].cost_usd == 2
    assert quiet.id not in {x.tenant_id for x in loads}
    await TENANTS.look(source)
    # That the service role was used is on record: once for all looks of one source.
    assert await root.fetchval(recorded) == before + 1


async def test_two_looks_make_a_rate(root: asyncpg.Connection[Any], source: Source) -> None:
    await root.execute(_FLUSH)
    earlier = await TRAFFIC.look(source)
    assert earlier.rates(earlier) is None
    for n in range(20):
        await root.execute(f"CREATE TABLE public.passing_{n} ()")
    await root.execute(_FLUSH)
    later = await TRAFFIC.look(source)
    rates = later.rates(earlier)
    assert rates is not None
    seconds = (later.at - earlier.at).total_seconds()
    assert rates.transactions_s * seconds >= 20
    assert rates.rows_written_s > 0
    assert rates.hit_ratio is not None and 0 < rates.hit_ratio <= 1
    assert not later.is_standby


async def test_dead_rows_slots_and_the_partition_that_is_missing(
    root: asyncpg.Connection[Any], source: Source
) -> None:
    await root.execute(
        "INSERT INTO tenantry.model_prices (provider, model, input_price, output_price)"
        " SELECT 'x', g::text, 1, 1 FROM generate_series(1, 500) AS g; DELETE FROM tenantry.model_prices;"
        " SELECT pg_stat_force_next_flush()"
    )
    bloat = await BLOAT.look(source)
    dead = next(t for t in bloat.tables if t.table == "model_prices")
    assert dead.dead >= 500
    assert 0 < dead.wasted_bytes <= bloat.dead_bytes
    assert dead.due == "" and bloat.due == 0  # too few for `tenantry maintain`
    slot = f"slot_{uuid.uuid4().hex[:12]}"
    await root.execute(f"SELECT pg_create_physical_replication_slot('{slot}', true)")
    try:
        replication = await REPLICATION.look(source)
    finally:
        await root.execute(f"SELECT pg_drop_replication_slot('{slot}')")
    kept = next(s for s in replication.slots if s.name == slot)
    assert (kept.kind, kept.is_active, kept.wal_status) == ("physical", False, "reserved")
    assert replication.behind is None
    last = await root.fetchval(
        "SELECT max(inhrelid::regclass::text) FROM pg_inherits"
        " WHERE inhparent = 'tenantry.messages'::regclass AND inhrelid::regclass::text !~ 'default'"
    )
    tables = (await PARTITIONS.look(source)).tables
    usual = {t.ahead for t in tables}
    await root.execute(f"ALTER TABLE tenantry.messages DETACH PARTITION {last}")
    first, *_ = (await PARTITIONS.look(source)).tables
    assert (first.table, first.ahead) == ("messages", min(usual) - 1)


async def test_room_on_the_disk_of_a_server_that_is_here(source: Source) -> None:
    disk = await DISK.look(source)
    assert disk.filesystem is not None
    assert 0 < disk.filesystem.free < disk.filesystem.total
    assert disk.wal_files > 0 and disk.wal_bytes >= disk.wal_files * 1024**2
    assert not _is_here(os.getpid())  # a process of this machine that is no PostgreSQL
    assert not _is_here(2**22 + 1)


@wheel
async def test_memory_keys_by_kind_and_slow_commands_of_valkey(place: Place) -> None:
    lines = ["port {port}", f"requirepass {PASSWORD}", "slowlog-log-slower-than 0"]
    with kv_node("valkey", lines) as node:
        url = f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0"
        keys = Keys(uuid.uuid4())
        async with Redis.from_url(url) as client:
            await client.mset(
                {
                    keys.name("cache", f"}}:lock:{SECRET}"): SECRET,
                    keys.name("cache", "b"): "1",
                    keys.name("session", "c"): "1",
                    "somebody-elses": "1",
                }
            )
            await client.get("somebody-elses")
            await client.get("nothing")
            _, *words = acl_line("tenantry", "a-word").split()
            await client.execute_command("ACL", "SETUSER", *words)
        async with watching(place.settings(redis_url=url)) as source:
            (store,) = (await VALKEY.look(source)).stores
        own = f"redis://tenantry:a-word@127.0.0.1:{node.port}/0"
        async with watching(place.settings(redis_url=own)) as source:
            (limited,) = (await VALKEY.look(source)).stores
    assert (store.use, store.keys, store.counted_all) == ("both", 4, True)
    assert store.kinds == {"cache": 2, "session": 1}
    assert store.hit_ratio == 0.5
    assert store.memory_bytes > 0 and store.server.startswith("valkey ")
    assert {"mset", "get"} <= {c.command for c in store.commands}
    assert store.slow is not None and "MSET" in {c.command for c in store.slow}
    assert SECRET not in repr(store)
    # With the rights that `tenantry redis acl` gives, all but those.
    assert limited.slow is None
    assert (limited.keys, limited.kinds) == (store.keys, store.kinds)


@wheel
async def test_what_cannot_be_seen_says_why_and_keeps_nothing_from_the_rest(place: Place) -> None:
    # The owner is no monitor, and no Redis is set.
    async with watching(place.settings()) as source:
        gathered = await gather_all(source)
        with pytest.raises(InvalidInput, match="no section"):
            await gather_all(source, ["everything"])
    assert list(gathered) == list(SECTIONS)
    assert "TENANTRY_MONITOR_URL" in gathered["sessions"].hint
    assert "TENANTRY_REDIS_URL" in gathered["valkey"].why
    assert {name for name, one in gathered.items() if one.figures is not None} == {
        "traffic", "tenants", "tables", "indexes", "bloat", "sizes", "partitions",
    }  # fmt: skip


@wheel
async def test_a_connection_that_broke_is_made_again(
    root: asyncpg.Connection[Any], source: Source
) -> None:
    server = await source.server()
    await root.execute("SELECT pg_terminate_backend($1)", server.get_server_pid())
    began = datetime.now(UTC)
    while (seen := await gather(source, CONNECTIONS)).figures is None:
        assert (datetime.now(UTC) - began).total_seconds() < 20
    assert seen.figures.used > 0
