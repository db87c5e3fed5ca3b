"""Each part of readiness: well, ill, told in a word, and whether it decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.ids import uuid7_at
from tenantry.migrations import head
from tenantry.ops import partitions, readiness
from tenantry.ops.readiness import Part
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer, Pooler
from tests.fixtures.wire import tap
from tests.kernel.conftest import until
from tests.migrations.test_plan import write_revision

_NOWHERE = "postgresql://tenantry_app:secret-word@127.0.0.1:1/nowhere"


async def look(db: Database, **options: Any) -> readiness.Readiness:
    """With patience: a machine that runs tests is busy."""
    return await readiness.readiness(db, **{"timeout": 20, **options})


async def parts(db: Database, **options: Any) -> dict[str, Part]:
    return {part.name: part for part in (await look(db, **options)).parts}


async def ready(db: Database, **options: Any) -> bool:
    return (await look(db, **options)).ok


@pytest.fixture
async def admin(place: Place) -> AsyncIterator[Any]:
    connection = await place.connection("superuser")
    yield connection
    await connection.close()


async def test_all_is_well(db: Database) -> None:
    found = await look(db)
    assert found.ok
    # There are no replicas here, nor Redis or Valkey: nobody misses them.
    assert [part.name for part in found.parts] == ["database", "migrations", "partitions"]
    for part in found.parts:
        assert (part.ok, part.error) == (True, "")
        assert part.latency_ms is not None
    told = found.to_dict()
    assert told["ok"] is True
    assert set(told["parts"][0]) == {"name", "ok", "required", "latency_ms", "error"}
    assert [part["required"] for part in told["parts"]] == [True, True, False]


async def test_through_a_pooler(place: Place, pgbouncer: Callable[..., Pooler]) -> None:
    role = "tenantry_app"
    pooler = pgbouncer(place.server, {role: place.server.password(role)})
    settings = place.settings(database_url=pooler.url(role, place.name), pgbouncer=True)
    async with await tenantry.connect(settings=settings) as db:
        assert all(part.ok for part in (await look(db)).parts)


# ---- migrations ---------------------------------------------------------------------------------


async def test_a_database_without_the_schema(empty_place: Place) -> None:
    async with await tenantry.connect(settings=empty_place.settings(migrate="off")) as db:
        found = await parts(db)
        assert found["database"].ok
        assert found["migrations"].error == found["partitions"].error == "not_installed"
        assert not await ready(db)


async def test_migrations_that_are_behind_or_ahead(db: Database, admin: Any) -> None:
    for revision, error in (("0000", "behind"), ("9999", "")):
        await admin.execute("UPDATE tenantry.schema_version SET version_num = $1", revision)
        assert (await parts(db))["migrations"].error == error
        assert await ready(db) == (not error)
    assert (await parts(db))["migrations"].facts == {"revision": "9999", "head": head()}


async def test_migrations_of_the_application(place: Place, admin: Any, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    for number in (1, 2):
        write_revision(folder, number, "pass")
    async with await tenantry.connect(settings=place.settings(migrations=folder)) as db:
        assert (await parts(db))["migrations"].error == "behind"
        for revision, error in (("app_0001", "behind"), ("app_0002", ""), ("app_0003", "")):
            await admin.execute("DELETE FROM tenantry.schema_version WHERE version_num ~ 'app'")
            await admin.execute("INSERT INTO tenantry.schema_version VALUES ($1)", revision)
            assert (await parts(db))["migrations"].error == error


# ---- partitions ---------------------------------------------------------------------------------


async def test_partitions_that_run_out(db: Database, place: Place, admin: Any) -> None:
    names = [
        row[0]
        for row in await admin.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tenantry.activity_feed'::regclass"
            " AND inhrelid::regclass::text !~ 'default' ORDER BY 1 DESC"
        )
    ]
    for name in names[:3]:
        assert (await parts(db))["partitions"].ok
        assert not (await parts(db, ahead=4))["partitions"].ok
        await admin.execute(f"DROP TABLE {name}")
    found = (await parts(db))["partitions"]
    assert (found.error, found.facts["tables"]) == ("partitions_run_out", ["activity_feed"])
    assert (await parts(db, ahead=0))["partitions"].ok
    await admin.execute(f"DROP TABLE {names[3]}")
    assert (await parts(db))["partitions"].error == "no_current_partition"
    # Rows go to the default partition: it takes no program out of service unless somebody says so.
    assert await ready(db)
    assert not await ready(db, require=("database", "partitions"))
    await partitions.prepare(place.url("owner"))
    assert (await parts(db))["partitions"].ok


async def test_rows_in_a_default_partition(db: Database, place: Place, admin: Any) -> None:
    await admin.execute(
        "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type)"
        f" VALUES (gen_random_uuid(), '{uuid7_at(datetime(2024, 3, 10, tzinfo=UTC))}', 'event', 'x');"
        " SELECT pg_stat_force_next_flush()"
    )
    await admin.fetchval("SELECT 1")
    found = (await parts(db))["partitions"]
    assert (found.error, found.facts["tables"]) == ("rows_in_default", ["audit_logs"])
    assert found.facts["strays"] == 1


@pytest.mark.postgres("wheel")  # an older server locks nothing to show a bound
async def test_who_makes_partitions_keeps_nobody_waiting(db: Database, admin: Any) -> None:
    async with admin.transaction():
        await admin.execute("LOCK TABLE tenantry.audit_logs_default IN ACCESS EXCLUSIVE MODE")
        await admin.execute("LOCK TABLE tenantry.audit_logs IN ACCESS EXCLUSIVE MODE")
        assert (await parts(db))["partitions"].ok


# ---- Valkey and replicas ------------------------------------------------------------------------


async def test_valkey_where_the_settings_name_one(
    place: Place, valkey_server: KeyValueServer
) -> None:
    async with await tenantry.connect(settings=place.settings(redis_url=valkey_server.url)) as db:
        found = (await parts(db))["valkey"]
        assert (found.ok, found.required) == (True, False)
        assert found.latency_ms is not None


async def test_valkey_that_is_away(place: Place) -> None:
    gone = {"redis_url": "redis://:secret-word@127.0.0.1:1/0"}
    gone["cache_url"] = "redis://:secret-word@127.0.0.1:2/0"
    settings = place.settings(redis_timeout=0.2, **gone)
    async with await tenantry.connect(settings=settings) as db:
        found = await look(db)
        assert [(p.name, p.error) for p in found.parts if not p.ok] == [
            ("valkey", "coordination_unavailable"),
            ("valkey-cache", "coordination_unavailable"),
        ]
        assert found.ok
        assert not await ready(db, require=("database", "valkey"))
        assert "secret-word" not in str(found.to_dict(facts=True))
        assert "127.0.0.1" not in str(found.to_dict())


async def test_a_replica_that_is_away(place: Place) -> None:
    urls = (_NOWHERE, place.url("app"))
    async with await tenantry.connect(settings=place.settings(replica_urls=urls)) as db:
        found = await look(db)
        assert [(p.name, p.error) for p in found.parts if not p.ok] == [
            ("replica-1", "database_unavailable"),
            ("replica-2", "not_a_standby"),
        ]
        assert found.ok
        for word in ("secret-word", "127.0.0.1", "nowhere", place.name):
            assert word not in str(found.to_dict())


# ---- it always answers --------------------------------------------------------------------------


async def test_a_part_that_hangs_is_told(place: Place) -> None:
    socket = f"{place.server.socket_dir}/.s.PGSQL.{place.server.port}"
    async with tap(place.url("app"), socket) as wire:
        settings = place.settings(database_url=wire.url)
        async with await tenantry.connect(settings=settings) as db:
            assert await ready(db)
            wire.fail("SELECT to_regclass", "delay", seconds=60)
            # Known to the server by now, so that it would not be sent again.
            db.pool.forget_statements()
            found = await readiness.readiness(db, timeout=0.5)
            assert [(p.name, p.error) for p in found.parts if not p.ok] == [
                ("migrations", "no_answer")
            ]
            assert not found.ok
            wire.cut()
            assert await ready(db)


async def test_all_connections_in_use(place: Place) -> None:
    async with await tenantry.connect(
        settings=place.settings(pool_max=1, acquire_timeout=60)
    ) as db:
        connection = await db.pool.acquire()
        found = await readiness.readiness(db, timeout=0.2)
        assert {p.name: p.error for p in found.parts} == dict.fromkeys(
            ("database", "migrations", "partitions"), "no_answer"
        )
        await until(lambda: db.pool.stats.waiting == 0)
        db.pool.release(connection)
        assert await ready(db)


async def test_after_the_end(place: Place) -> None:
    db = await tenantry.connect(settings=place.settings())
    await db.close()
    assert {p.error for p in (await look(db)).parts} == {"pool_closed"}


async def test_what_nobody_expects_is_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> bool:
        raise RuntimeError("secret-word")

    monkeypatch.setattr(readiness, "has_redis", broken)
    found = await look(db)
    assert [(p.name, p.error) for p in found.parts if not p.ok] == [("valkey", "internal_error")]
    assert "secret-word" not in str(found)
    assert found.ok


async def test_who_is_cancelled_leaves_nothing_behind(place: Place) -> None:
    async with await tenantry.connect(
        settings=place.settings(pool_max=1, acquire_timeout=60)
    ) as db:
        connection = await db.pool.acquire()
        asking = asyncio.create_task(look(db))
        await until(lambda: db.pool.stats.waiting > 0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: db.pool.stats.waiting == 0)
        db.pool.release(connection)
        assert await ready(db)
