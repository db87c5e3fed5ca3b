"""Whoever has written finds it on a replica, or is sent to the primary."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tenantry import Database
from tenantry.errors import CommitOutcomeUnknown, InvalidInput
from tenantry.kernel import Context, OneShot
from tenantry.models import Project, Tenant
from tests.coordination import soak

from .conftest import IN_RECOVERY, Connect, Pair, served_by_replica

_TRIES = soak(400, 10_000)


async def _write(db: Database, tenant: UUID, number: int) -> str:
    """In each of the ways there are; the name of what must be found."""
    name = str(uuid4())
    match number % 4:
        case 0:
            await db.tenant(tenant).projects.create(name=name)
        case 1:
            async with db.tenant(tenant) as t:
                await t.projects.create(name=name)
        case 2:
            async with db.service("a test") as s:
                await s.tenant(tenant).projects.create(name=name)
        case _:
            async with db.session(tenant) as orm:
                orm.add(Project(name=name))
                await orm.commit()
    return name


async def _found(db: Database, tenant: UUID, name: str, number: int, **options: str) -> bool:
    sql = "SELECT pg_is_in_recovery() FROM tenantry.projects WHERE name = $1"
    near = db.tenant(tenant, readonly=True, **options)  # type: ignore[arg-type]
    if number % 2:
        return await near.fetch_one(sql, name) is not None
    async with near as t:
        return await t.fetch_one(sql, name) is not None


@pytest.mark.parametrize("commits", ["on", "off"])
async def test_it_is_never_violated(
    connect: Connect, pair: Pair, acme: Tenant, commits: str
) -> None:
    """Also where a commit is acknowledged before it is flushed, let alone sent."""
    await pair.on_primary(f"ALTER DATABASE {pair.primary.name} SET synchronous_commit = {commits}")
    try:
        # The server takes its time to flush what nobody waits for.
        db = await connect(replica_wait=0.1 if commits == "on" else 2)
        near = 0

        async def one(numbers: range) -> None:
            nonlocal near
            for number in numbers:
                name = await _write(db, acme.id, number)
                assert await _found(db, acme.id, name, number // 4)
                near += await served_by_replica(db, acme)

        tries = _TRIES // 2
        await asyncio.gather(*(one(range(start, tries, 4)) for start in range(4)))
        assert near > 0
    finally:
        await pair.on_primary(f"ALTER DATABASE {pair.primary.name} RESET synchronous_commit")


async def test_it_holds_while_the_replay_is_paused(db: Database, pair: Pair, acme: Tenant) -> None:
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    for number in range(12):
        name = await _write(db, acme.id, number)
        assert await _found(db, acme.id, name, number // 4)
        assert not await served_by_replica(db, acme)


async def test_it_holds_while_the_replay_is_delayed(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    await pair.on_standby("ALTER SYSTEM SET recovery_min_apply_delay = '300ms'")
    await pair.on_standby("SELECT pg_reload_conf()")
    try:
        patient, hasty = await connect(replica_wait=5), await connect(replica_wait=0.01)
        for number in range(8):
            for db in (patient, hasty):
                name = await _write(db, acme.id, number)
                assert await _found(db, acme.id, name, number // 4)
    finally:
        await pair.on_standby("ALTER SYSTEM RESET recovery_min_apply_delay")
        await pair.on_standby("SELECT pg_reload_conf()")


async def test_a_reader_waits_for_a_replica_that_is_nearly_there(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    db = await connect(replica_wait=10)
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    name = await _write(db, acme.id, 0)
    reading = asyncio.create_task(served_by_replica(db, acme))
    await asyncio.sleep(0.05)
    assert not reading.done()
    await pair.on_standby("SELECT pg_wal_replay_resume()")
    assert await reading
    assert await _found(db, acme.id, name, 0)


async def test_what_others_write_does_not_hold_up_a_reader(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    db = await connect()
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    other = await connect()
    await other.tenant(acme.id).projects.create(name="theirs")
    assert await served_by_replica(db, acme)


async def test_a_position_carries_it_to_another_process(
    connect: Connect, pair: Pair, acme: Tenant
) -> None:
    writer, reader = await connect(), await connect()
    for number in range(40):
        name = await _write(writer, acme.id, number)
        position = await writer.position()
        assert await _found(reader, acme.id, name, number // 4, after=position)
    assert await served_by_replica(reader, acme, after=position)
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    name = await _write(writer, acme.id, 1)
    assert await served_by_replica(reader, acme)
    assert not await served_by_replica(reader, acme, after=await writer.position())
    assert await _found(reader, acme.id, name, 1, after=await writer.position())


@pytest.mark.parametrize(
    "token", ["", "nonsense", "0/", "1/2/3", "0/1", "1-0/123456789", "1-0/1\n", "٣-٣/٣"]
)
async def test_what_is_no_position_is_refused(db: Database, acme: Tenant, token: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        db.tenant(acme.id, readonly=True, after=token)
    assert caught.value.field == "after"


@pytest.mark.parametrize("token", ["1-FFFFFFFF/FFFFFFFF", "FF-0/1"])
async def test_a_position_from_the_future_is_the_primarys(
    db: Database, acme: Tenant, token: str
) -> None:
    async with db.tenant(acme.id, readonly=True, after=token) as t:
        assert not await t.fetch_value(IN_RECOVERY)


async def test_a_reader_who_will_not_wait_makes_nobody_ill(db: Database, acme: Tenant) -> None:
    assert db._replicas is not None
    (replica,) = db._replicas._replicas
    for _ in range(20):
        assert not await replica.reach(1 << 62, 0.0001)
        assert replica.error == ""
    assert await served_by_replica(db, acme)


@pytest.mark.parametrize("way", ["call", "session"])
async def test_it_holds_for_a_write_whose_outcome_is_unknown(
    db: Database, pair: Pair, acme: Tenant, way: str
) -> None:
    """Whoever looks what became of it is told by the primary."""
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    assert await served_by_replica(db, acme)
    before = db._replicas.writes.serial if db._replicas else 0
    if way == "call":
        slow = OneShot("SELECT pg_sleep(30)", writes=True)
        await pair.on_primary("DO $$ BEGIN CREATE TABLE t(); DROP TABLE t; END $$")
        with pytest.raises(CommitOutcomeUnknown):
            await slow.fetch(db._pool, Context(acme.id), timeout=0.01)
    else:
        with pytest.raises(SQLAlchemyError):
            async with db.session(acme.id) as orm:
                orm.add(Project(name="perhaps"))
                await orm.flush()
                pid = await orm.scalar(text("SELECT pg_backend_pid()"))
                await pair.on_primary(f"SELECT pg_terminate_backend({pid}, 5000)")
                await orm.commit()
    assert db._replicas is not None
    assert db._replicas.writes.serial > before
    assert not await served_by_replica(db, acme)
