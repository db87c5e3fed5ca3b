"""Where readonly work goes, and where it goes when a replica is ill."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tenantry import Database
from tenantry.errors import PermissionDenied, TransactionError
from tenantry.kernel import Observer, Work
from tenantry.models import Tenant
from tests.fixtures.standbys import standby_of

from .conftest import IN_RECOVERY, Connect, Pair, served_by_replica, until


async def test_readonly_work_goes_to_the_replica(db: Database, acme: Tenant) -> None:
    assert await served_by_replica(db, acme)
    async with db.tenant(acme.id, readonly=True) as t:
        assert await t.fetch_value(IN_RECOVERY)
    async with db.tenant(acme.id) as t:
        assert not await t.fetch_value(IN_RECOVERY)
    row = await db.tenant(acme.id).fetch_one(IN_RECOVERY)
    assert row is not None
    assert not row[0]


async def test_repositories_read_there(db: Database, acme: Tenant, pair: Pair) -> None:
    made = await db.tenant(acme.id).projects.create(name="Apollo")
    await pair.caught_up()
    near = db.tenant(acme.id, readonly=True)
    assert (await near.projects.get(made.id)).name == "Apollo"
    assert [p.id for p in await near.projects.list()] == [made.id]
    assert [p.id async for p in near.projects.iterate()] == [made.id]
    with pytest.raises(PermissionDenied):
        await near.projects.create(name="Gemini")


async def test_one_shot_calls_go_there_as_well(connect: Connect, pair: Pair, acme: Tenant) -> None:
    db, writer = await connect(), await connect()
    made = await writer.tenant(acme.id).projects.create(name="Apollo")
    await pair.caught_up()
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    await writer.tenant(acme.id).projects.update(made.id, name="Gemini")
    assert (await db.tenant(acme.id, readonly=True).projects.get(made.id)).name == "Apollo"
    assert (await db.tenant(acme.id).projects.get(made.id)).name == "Gemini"
    assert (await writer.tenant(acme.id, readonly=True).projects.get(made.id)).name == "Gemini"


class Told(Observer):
    """Which work was done where."""

    def __init__(self) -> None:
        self.work: list[tuple[str, str, str]] = []

    def ended(self, work: Work) -> None:
        self.work.append((work.kind, work.site.server, work.sql))


async def test_in_the_usual_case_nobody_is_asked(connect: Connect, acme: Tenant) -> None:
    db, told = await connect(), Told()
    assert await served_by_replica(db, acme)
    db.observe(told)
    assert await served_by_replica(db, acme)
    assert told.work == [("statement", "replica", IN_RECOVERY), ("transaction", "replica", "")]


async def test_a_read_that_has_to_stay_is_told_as_the_primarys(
    connect: Connect, acme: Tenant
) -> None:
    db, told = await connect(), Told()
    db.observe(told)
    async with db.tenant(acme.id, readonly=True, isolation="serializable"):
        pass
    await db.tenant(acme.id, readonly=True).projects.list(limit=1)
    assert [(kind, server) for kind, server, _ in told.work] == [
        ("transaction", "primary"), ("one_shot", "replica"),
    ]  # fmt: skip


async def test_serializable_work_stays_on_the_primary(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id, readonly=True, isolation="serializable") as t:
        assert not await t.fetch_value(IN_RECOVERY)
    async with db.tenant(acme.id, readonly=True, isolation="repeatable read") as t:
        assert await t.fetch_value(IN_RECOVERY)


async def test_another_event_loop_is_told(db: Database, acme: Tenant) -> None:
    async def elsewhere() -> None:
        await db.tenant(acme.id, readonly=True).fetch(IN_RECOVERY)

    with pytest.raises(TransactionError, match="another event loop"):
        await asyncio.to_thread(asyncio.run, elsewhere())


async def test_closing_leaves_nothing_on_the_replica(connect: Connect, pair: Pair) -> None:
    db = await connect(application_name="leaves-nothing")
    there = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaves-nothing'"
    assert await pair.on_standby(there) == 1
    await db.close()

    async def gone() -> bool:
        return await pair.on_standby(there) == 0

    await until(gone)


async def test_one_that_is_not_there_is_out(connect: Connect, pair: Pair, acme: Tenant) -> None:
    nowhere = "postgresql://tenantry_app:word@127.0.0.1:1/watched"
    db = await connect(replica_urls=(nowhere,))
    assert not await served_by_replica(db, acme)
    (replica,) = (await db.health()).replicas
    assert (replica.name, replica.ok, replica.error) == (
        "127.0.0.1:1",
        False,
        "database_unavailable",
    )
    assert (await db.health()).ok
    (told,) = (await db.health()).to_dict()["replicas"]
    assert told == {**told, "name": "127.0.0.1:1", "ok": False, "lag_s": None, "pool": None}
    db = await connect(replica_urls=(nowhere, pair.replica_url()))
    for _ in range(4):
        assert await served_by_replica(db, acme)


async def test_one_that_is_no_standby_is_out(connect: Connect, pair: Pair, acme: Tenant) -> None:
    db = await connect(replica_urls=(pair.primary.url("app"),))
    (replica,) = (await db.health()).replicas
    assert (replica.ok, replica.error) == (False, "not_a_standby")
    assert not await served_by_replica(db, acme)


async def test_one_that_lags_is_out_until_it_has_caught_up(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    db = await connect(replica_max_lag=0.5)
    assert await served_by_replica(db, acme)
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    other = await connect()  # whose writes are not ours
    await other.tenant(acme.id).projects.create(name="Unseen")

    async def lagging() -> bool:
        (replica,) = (await db.health()).replicas
        return not replica.ok and replica.error == "lagging"

    await until(lagging)
    assert not await served_by_replica(db, acme)
    await pair.on_standby("SELECT pg_wal_replay_resume()")
    await until(lambda: served_by_replica(db, acme))


async def test_the_least_lagged_is_chosen_and_equals_take_turns(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    with standby_of(pair.primary.server, "second") as second:
        other = second.url("tenantry_app", pair.primary.name)
        db = await connect(replica_urls=(pair.replica_url(), other))

        async def ports() -> set[int]:
            port = "SELECT current_setting('port')::int"
            near = db.tenant(acme.id, readonly=True)
            return {(await near.fetch(port))[0][0] for _ in range(6)}

        assert await ports() == {pair.standby.port, second.port}
        await pair.on_standby("SELECT pg_wal_replay_pause()")
        writer = await connect(replica_urls=())

        async def only_the_second() -> bool:
            await writer.tenant(acme.id).projects.create(name=str(uuid4()))
            return await ports() == {second.port}

        await until(only_the_second)
        assert (await db.health()).replicas[0].ok  # it lags, though not too far
        # And when that one goes away, calls in progress do not notice.
        second.servers.down()
        assert await ports() <= {pair.standby.port, pair.primary.server.port}
