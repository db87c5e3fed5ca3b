"""A replica that cancels a query, or dies in the middle of it."""

from __future__ import annotations

import asyncio

import pytest

from tenantry import Database
from tenantry.errors import ConnectionLost, SerializationFailure
from tenantry.handles import TenantTransaction
from tenantry.models import Tenant
from tests.fixtures.standbys import execute, kill, standby_of

from .conftest import Connect, Pair, serving, until

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
