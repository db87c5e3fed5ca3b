"""The primary is killed and its standby promoted: the program goes on, and has lost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import CommitOutcomeUnknown, ConnectionLost, DatabaseUnavailable
from tenantry.handles import TenantTransaction
from tenantry.models import Tenant
from tests.coordination import soak
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.ledger import Ledger, more, write
from tests.fixtures.standbys import execute, hosts_url, kill, promote, standby_of

from .conftest import SETTINGS, Pair, served_by_replica, serving, until

_WRITERS = 6


async def _make_synchronous(pair: Pair, commits: str) -> None:
    await pair.on_primary(f"ALTER SYSTEM SET synchronous_commit = {commits}")
    await pair.on_primary("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await pair.on_primary("SELECT pg_reload_conf()")
    state = "SELECT sync_state = 'sync' FROM pg_stat_replication"
    await until(lambda: pair.on_primary(state))


@pytest.fixture
def mortal_pair(shared_pair: Pair) -> Iterator[Pair]:
    """A copy of the shared one that has become a primary of its own, which takes less than a new one."""
    with standby_of(shared_pair.primary.server, "mortal", SETTINGS) as first:
        asyncio.run(promote(first))
        with standby_of(first, settings=SETTINGS) as second:
            yield Pair(Place(first, shared_pair.primary.name), second)


async def test_a_replica_that_the_old_primary_led_astray_is_left_alone(mortal_pair: Pair) -> None:
    """It has what the new primary never got, and at the same positions not what that wrote since."""
    place, first, second = mortal_pair.primary, mortal_pair.primary.server, mortal_pair.standby
    with standby_of(first, "astray") as third:
        pair = Pair(place, third)
        settings = pair.settings(
            database_url=hosts_url(place.url("app"), first, second),
            service_url=hosts_url(place.url("service"), first, second),
        )
        async with (
            await tenantry.connect(settings=settings) as db,
            await tenantry.connect(settings=settings) as late,
        ):
            acme = await make_tenant(db, "acme")
            await pair.caught_up()
            await mortal_pair.caught_up()
            await until(lambda: serving(db))
            await asyncio.to_thread(second.servers.down)
            # Much of it, so that the new primary takes long to come as far.
            await pair.on_primary("CREATE TABLE lost AS SELECT generate_series(1, 200000) AS n")
            await pair.caught_up()
            await until(lambda: _has_all(late))
            assert await served_by_replica(late, acme)
            assert late._replicas is not None
            assert late._replicas._watching is not None
            late._replicas._watching.cancel()  # it looks at nothing by itself any more
            await asyncio.to_thread(kill, first)
            await asyncio.to_thread(second.servers.up, valkey=False)
            await promote(second)
            for _ in range(20):
                made = await _written(db, acme)
                for _ in range(3):
                    found = await db.tenant(acme.id, readonly=True).projects.get(made)
                    assert found.id == made
            # Nor does another process, which has not noticed yet, where a position is brought to it.
            after = await db.position()
            near = late.tenant(acme.id, readonly=True, after=after)
            assert (await near.projects.get(made)).id == made
        # Who comes later has not seen the failover, but sees where the replica is.
        async with await tenantry.connect(settings=settings) as db:
            made = await _written(db, acme)
            assert (await db.health()).replicas[0].error == "not_following"
            assert (await db.tenant(acme.id, readonly=True).projects.get(made)).id == made


async def test_one_that_follows_the_new_primary_serves_again(mortal_pair: Pair) -> None:
    place, first, second = mortal_pair.primary, mortal_pair.primary.server, mortal_pair.standby
    with standby_of(first, "faithful") as third:
        pair = Pair(place, third)
        settings = pair.settings(
            database_url=hosts_url(place.url("app"), first, second),
            service_url=hosts_url(place.url("service"), first, second),
        )
        async with await tenantry.connect(settings=settings) as db:
            acme = await make_tenant(db, "acme")
            await mortal_pair.caught_up()
            await until(lambda: serving(db))
            await asyncio.to_thread(kill, first)
            await promote(second)
            followed = str(await pair.on_standby("SHOW primary_conninfo"))
            following = followed.replace(f"port={first.port}", f"port={second.port}")
            await pair.on_standby(f"ALTER SYSTEM SET primary_conninfo = $${following}$$")
            await pair.on_standby("SELECT pg_reload_conf()")
            made = await _written(db, acme)

            async def served() -> bool:
                # Else it would be written down within checkpoint_timeout.
                await execute(third, "CHECKPOINT")
                near = db.tenant(acme.id, readonly=True)
                assert (await near.projects.get(made)).id == made
                return await served_by_replica(db, acme)

            await until(served)


async def _has_all(db: Database) -> bool:
    """Whether the replica is as far as the primary, as far as is known."""
    assert db._replicas is not None
    (replica,) = db._replicas._replicas
    return not replica.error and 0 < db._replicas._log.position <= replica.position


async def _written(db: Database, tenant: Tenant) -> UUID:
    """A project, however long it takes until there is a primary."""

    async def work(t: TenantTransaction) -> UUID:
        return (await t.projects.create(name=str(uuid4()))).id

    return await db.run(tenant.id, work, attempts=20)


@pytest.mark.parametrize("commits", soak(["on"], ["on", "remote_apply"]))
async def test_writes_resume_and_none_is_lost(mortal_pair: Pair, commits: str) -> None:
    pair = mortal_pair
    place, first, second = pair.primary, pair.primary.server, pair.standby
    await _make_synchronous(pair, commits)
    settings = pair.settings(
        database_url=hosts_url(place.url("app"), first, second),
        service_url=hosts_url(place.url("service"), first, second),
        owner_url=hosts_url(place.url("owner"), first, second),
        pool_max=_WRITERS,
    )
    ledger = Ledger()
    async with await tenantry.connect(settings=settings) as db:
        acme = await make_tenant(db, "acme")
        await until(lambda: serving(db))
        writers = [asyncio.create_task(write(db, acme.id, ledger, n)) for n in range(_WRITERS)]
        await more(ledger, writers)
        await asyncio.to_thread(kill, first)
        refused = len(ledger.refused)
        await until(lambda: len(ledger.refused) > refused + _WRITERS)
        await promote(second)
        # The same handle and the same tasks go on.
        await more(ledger, writers)
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        found = {p.name async for p in db.tenant(acme.id).projects.iterate()}
        assert ledger.acknowledged <= found
        assert not ledger.refused & found
        assert len(found - ledger.acknowledged - ledger.uncertain) <= _WRITERS
        assert ledger.errors <= {CommitOutcomeUnknown, ConnectionLost, DatabaseUnavailable}

        # What was the replica is the primary now, and readers find their writes.
        async def noticed() -> bool:
            return (await db.health()).replicas[0].error == "not_a_standby"

        await until(noticed)
        made = await db.tenant(acme.id).projects.create(name="after")
        assert (await db.tenant(acme.id, readonly=True).projects.get(made.id)).id == made.id
        assert (await db.health()).ok
