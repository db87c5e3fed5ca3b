"""A replica that cancels a query, or dies in the middle of it."""

from __future__ import annotations

import asyncio

import pytest

from tenantry import Database
from tenantry.errors import ConnectionLost, SerializationFailure
from tenantry.handles import TenantTransaction
from tenantry.models import Tenant
from tenantry.ops.readiness import readiness
from tests.fixtures.standbys import execute, held_still, kill, standby_of

from .conftest import IN_RECOVERY, Connect, Pair, served_by_replica, serving, until

#: Takes long on a standby only.
_SLOW = (
    "SELECT pg_is_in_recovery() AS there, count(*)"
    " FROM (SELECT CASE WHEN pg_is_in_recovery() THEN pg_sleep(30) END) AS s,"
    " (SELECT count(*) FROM tenantry.projects) AS p"
)
_RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid() AND state = 'active'"
_CONFLICT = (
    "DO $$ BEGIN PERFORM pg_current_xact_id();"
    " LOCK TABLE tenantry.projects IN ACCESS EXCLUSIVE MODE; END $$"
)


async def _slow(db: Database, tenant: Tenant) -> bool:
    row = await db.tenant(tenant.id, readonly=True).fetch_one(_SLOW)
    assert row is not None
    return bool(row["there"])


async def test_a_cancelled_call_is_run_again_elsewhere(
    db: Database, pair: Pair, acme: Tenant
) -> None:
    call = asyncio.create_task(_slow(db, acme))
    await until(lambda: pair.on_standby(_RUNNING))
    await pair.on_primary(_CONFLICT)
    assert not await call
    # The replica is as well as before.
    assert (await db.health()).replicas[0].ok


async def test_a_cancelled_transaction_may_be_run_again(
    db: Database, pair: Pair, acme: Tenant
) -> None:
    async def work() -> None:
        async with db.tenant(acme.id, readonly=True) as t:
            await t.fetch(_SLOW)

    running = asyncio.create_task(work())
    await until(lambda: pair.on_standby(_RUNNING))
    await pair.on_primary(_CONFLICT)
    with pytest.raises(SerializationFailure) as caught:
        await running
    assert caught.value.retryable


async def test_one_that_dies_is_replaced(connect: Connect, pair: Pair, acme: Tenant) -> None:
    with standby_of(pair.primary.server, "mortal") as mortal:
        url = mortal.url("tenantry_app", pair.primary.name)
        db = await connect(replica_urls=(url,))
        await until(lambda: serving(db))

        async def running(count: int) -> bool:
            return await execute(mortal, _RUNNING) == count

        async def alone() -> None:
            async with db.tenant(acme.id, readonly=True) as t:
                await t.fetch(_SLOW)

        async def work(t: TenantTransaction) -> bool:
            row = await t.fetch_one(_SLOW)
            assert row is not None
            return bool(row["there"])

        transaction = asyncio.create_task(alone())
        again = asyncio.create_task(db.run(acme.id, work, readonly=True))
        calls = [asyncio.create_task(_slow(db, acme)) for _ in range(3)]
        await until(lambda: running(5))
        await asyncio.to_thread(kill, mortal)
        assert await asyncio.gather(*calls) == [False] * 3
        assert not await again
        with pytest.raises(ConnectionLost):
            await transaction
        assert not await _slow(db, acme)
        # And it is used again once it is back.
        await asyncio.to_thread(mortal.servers.up, valkey=False)
        await until(lambda: serving(db))


async def test_one_that_hangs_keeps_nobody(connect: Connect, pair: Pair, acme: Tenant) -> None:
    db = await connect()
    await until(lambda: serving(db))

    async def alone() -> None:
        async with db.tenant(acme.id, readonly=True) as t:
            await t.fetch(_SLOW)

    async def running() -> bool:
        return await pair.on_standby(_RUNNING) == 2

    call, transaction = asyncio.create_task(_slow(db, acme)), asyncio.create_task(alone())
    await until(running)
    with held_still(pair.standby):
        assert not await call
        with pytest.raises(ConnectionLost):
            await transaction
        (replica,) = (await db.health()).replicas
        assert (replica.ok, replica.error in {"no_answer", "connection_lost"}) == (False, True)
        assert not await _slow(db, acme)
        # The program is as ready as before: its reads go elsewhere.
        found = await readiness(db, timeout=20)
        assert [(p.name, p.ok) for p in found.parts if "replica" in p.name] == [
            ("replica-1", False)
        ]
        assert found.ok
    await until(lambda: serving(db))
    assert await served_by_replica(db, acme)
    (told,) = [p for p in (await readiness(db, timeout=20)).parts if "replica" in p.name]
    assert (told.ok, told.error) == (True, "")
    assert told.latency_ms is not None


async def test_one_that_lets_nobody_in_is_left_alone(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    role, word = "tenantry_readonly", pair.primary.server.password("tenantry_readonly")
    db = await connect(replica_urls=(pair.replica_url("readonly"),))
    await until(lambda: serving(db))
    await pair.on_primary(f"ALTER ROLE {role} PASSWORD 'kT9vQx2mWz7pLr'")
    try:
        await pair.caught_up()
        assert not await served_by_replica(db, acme)
        assert (await db.health()).replicas[0].error == "authentication_failed"
        async with db.tenant(acme.id, readonly=True) as t:
            assert not await t.fetch_value(IN_RECOVERY)
    finally:
        await pair.on_primary(f"ALTER ROLE {role} PASSWORD '{word}'")
        await pair.caught_up()
    await until(lambda: served_by_replica(db, acme))


async def test_one_that_came_back_with_less_is_asked_first(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    """What it had replayed and not written down is gone, and is replayed again."""
    with standby_of(pair.primary.server, "forgetful") as forgetful:
        db = await connect(replica_urls=(forgetful.url("tenantry_app", pair.primary.name),))
        made = await db.tenant(acme.id).projects.create(name="Apollo")
        await until(lambda: serving(db))
        await until(lambda: served_by_replica(db, acme))
        assert db._replicas is not None
        assert db._replicas._watching is not None
        db._replicas._watching.cancel()  # as if it all were between two looks
        await execute(forgetful, "ALTER SYSTEM SET recovery_min_apply_delay = '1h'")
        await asyncio.to_thread(kill, forgetful)
        await asyncio.to_thread(forgetful.servers.up, valkey=False)
        assert (await db.tenant(acme.id, readonly=True).projects.get(made.id)).id == made.id


async def test_reading_goes_on_while_the_primary_is_away(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    db = await connect()
    await until(lambda: serving(db))
    name = "SELECT slug FROM tenantry.tenants"
    near = db.tenant(acme.id, readonly=True)
    assert await near.fetch_one(name)
    server = pair.primary.server
    await asyncio.to_thread(kill, server)
    try:
        assert await near.fetch_one(name)
        assert not (await db.health()).ok
        assert await near.fetch_one(name)
    finally:
        await asyncio.to_thread(server.servers.up, valkey=False)
    # The standby finds its primary again.
    await pair.caught_up()
