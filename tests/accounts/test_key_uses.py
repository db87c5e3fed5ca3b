"""When keys were used, and how often: known within a minute, written once in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.accounts import uses
from tenantry.accounts.uses import Uses
from tenantry.errors import DatabaseUnavailable, StatementTimeout, TenantryError
from tenantry.kernel.transaction import Transaction
from tenantry.keyring import new_key
from tenantry.migrations.sealing import seal
from tenantry.models import ApiKey, Tenant
from tenantry.repositories import NewKey
from tenantry.sync import connect
from tests.fixtures.database import Place, make_tenant

_REQUEST = ContextVar[str]("request")


async def _use(db: Database, made: NewKey, times: int = 1) -> None:
    for _ in range(times):
        assert await db.authenticate_key(made.secret) is not None


async def _key(db: Database, made: NewKey) -> ApiKey:
    return await db.tenant(made.key.tenant_id).api_keys.get(made.key.id)


@asynccontextmanager
async def _door(place: Place) -> AsyncIterator[Database]:
    """A second program."""
    async with await tenantry.connect(settings=place.settings()) as db:
        yield db


async def test_uses_are_written_when_the_program_ends(
    db: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    one, two, unused = [await db.tenant(acme.id).api_keys.create(name=n) for n in "abc"]
    theirs = await db.tenant(beta.id).api_keys.create(name="d")
    async with _door(place) as door:
        await _use(door, one, 3)
        await _use(door, two)
        await _use(door, theirs, 2)
        assert await door.authenticate_key("tnt_" + "x" * 43) is None
        assert (await _key(db, one)).use_count == 0
    assert [(await _key(db, k)).use_count for k in (one, two, theirs, unused)] == [3, 1, 2, 0]
    last = (await _key(db, one)).last_used_at
    assert last is not None
    assert one.key.created_at < last <= datetime.now(UTC)
    assert (await _key(db, unused)).last_used_at is None


async def test_many_uses_are_one_write_and_no_line_of_the_record(
    db: Database, acme: Tenant
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    before = (
        (await _key(db, made)).use_count,
        await db.tenant(acme.id).audit.of("api_keys", made.key.id),
    )
    statements = []
    execute = Transaction.execute

    async def counted(self: Transaction, sql: str, *args: object, **more: float) -> int:
        statements.append(args[0])
        return await execute(self, sql, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "execute", counted)
        await _use(db, made, 50)
        assert statements == []
        await db._uses.write()
        await db._uses.write()
    assert statements == [acme.id]
    assert (await _key(db, made)).use_count == before[0] + 50
    entries = await db.tenant(acme.id).audit.of("api_keys", made.key.id)
    assert [e.id for e in entries] == [e.id for e in before[1]]


async def test_they_are_written_in_the_background(db: Database, acme: Tenant) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    db._uses = Uses(db._pool, every=0.01)
    for number in (1, 2):
        await _use(db, made)
        async with asyncio.timeout(20):
            while (await _key(db, made)).use_count < number:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)


async def test_programs_add_up_and_do_not_go_back_in_time(
    db: Database, place: Place, acme: Tenant
) -> None:
    made = [await db.tenant(acme.id).api_keys.create(name=str(n)) for n in range(20)]
    async with _door(place) as door, _door(place) as other:
        for key in made:
            await _use(door, key)
        for key in reversed(made):
            await _use(other, key, 2)
            await _use(other, key)
        await asyncio.gather(door._uses.write(), other._uses.write(), db._uses.write())
    assert {(await _key(db, key)).use_count for key in made} == {4}
    ahead = datetime.now(UTC) + timedelta(hours=1)
    async with db.service("another's clock") as s:
        await s.execute("UPDATE tenantry.api_keys SET last_used_at = $1", ahead)
    await _use(db, made[0])
    await db._uses.write()
    found = await _key(db, made[0])
    assert (found.last_used_at, found.use_count) == (ahead, 5)


async def test_a_late_write_tells_when_the_key_was_used(
    db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    await _use(db, made)
    monkeypatch.setattr(uses, "monotonic", lambda: time.monotonic() + 3600)
    await db._uses.write()
    last = (await _key(db, made)).last_used_at
    assert last is not None
    assert timedelta(0) <= made.key.created_at - timedelta(seconds=3500) - last


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), StatementTimeout("long")])
async def test_what_cannot_be_written_is_kept(
    db: Database, acme: Tenant, beta: Tenant, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made = [await db.tenant(t.id).api_keys.create(name="ci") for t in (acme, beta)]
    for key in made:
        await _use(db, key)

    tries = 0

    async def fails(*_: object) -> None:
        nonlocal tries
        tries += 1
        await _use(db, made[0])  # meanwhile
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Uses, "_write_tenant", fails)
        await db._uses.write()
    for key in made:
        await _use(db, key)
    await db._uses.write()
    assert [(await _key(db, key)).use_count for key in made] == [2 + tries, 2]


async def test_a_database_that_was_away_is_told_later(
    db: Database, place: Place, acme: Tenant
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    await _use(db, made, 2)
    admin = await asyncpg.connect(place.server.superuser_url)
    try:
        await admin.execute(f"ALTER DATABASE {place.name} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", place.name
        )
        await db._uses.write()
        with pytest.raises(TenantryError):
            await db.authenticate_key(made.secret)
        await admin.execute(f"ALTER DATABASE {place.name} ALLOW_CONNECTIONS true")
    finally:
        await admin.close()
    await _use(db, made)
    await db._uses.write()
    assert (await _key(db, made)).use_count == 3


async def test_what_is_refused_is_dropped(db: Database, acme: Tenant, beta: Tenant) -> None:
    made, theirs, gone = [
        await db.tenant(t.id).api_keys.create(name="ci") for t in (acme, beta, beta)
    ]
    for key in (made, theirs, gone):
        await _use(db, key)
    async with db.service("unpaid") as s:
        await s.tenants.suspend(acme.id)
    await db.tenant(beta.id).api_keys.delete(gone.key.id)
    await db._uses.write()
    assert [(await _key(db, key)).use_count for key in (made, theirs)] == [0, 1]
    await _use(db, made)  # its programs may still read
    assert not db._uses._uses


async def test_no_more_are_kept_than_there_is_room_for(db: Database, acme: Tenant) -> None:
    db._uses = Uses(db._pool, most=2)
    made = [await db.tenant(acme.id).api_keys.create(name=str(n)) for n in range(3)]
    for key in made * 2:
        await _use(db, key)
    await db._uses.close(5)
    assert [(await _key(db, key)).use_count for key in made] == [2, 2, 0]


async def test_a_write_that_waits_holds_up_no_end(db: Database, acme: Tenant) -> None:
    """A program that closes cuts it after a moment."""
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    async with db.tenant(acme.id) as t:
        await t.execute("SELECT FROM tenantry.api_keys WHERE id = $1 FOR UPDATE", made.key.id)
        await _use(db, made)
        await db._uses.close(0.05)
        assert await t.fetch_value("SELECT 1") == 1
    assert (await _key(db, made)).use_count == 0


async def test_they_are_written_in_no_requests_context(
    db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = asyncio.Queue[str]()

    async def write(_: Uses) -> None:
        seen.put_nowait(_REQUEST.get("none"))

    monkeypatch.setattr(Uses, "write", write)
    db._uses = Uses(db._pool, every=0.01)
    _REQUEST.set("the first")
    await _use(db, await db.tenant(acme.id).api_keys.create(name="ci"))
    assert await asyncio.wait_for(seen.get(), 20) == "none"


def test_without_an_event_loop(place: Place) -> None:
    with connect(settings=place.settings()) as db:
        with db.service("set-up") as s:
            acme = s.tenants.create(name="A", slug="acme", status="active")
        keys = db.tenant(acme.id).api_keys
        old = keys.create(name="ci", scopes=["tasks:read"])
        new = keys.rotate(old.key.id)
        for _ in range(3):
            assert db.authenticate_key(new.secret) is not None
    with connect(settings=place.settings()) as db:
        assert db.tenant(acme.id).api_keys.get(new.key.id).use_count == 3


@pytest.mark.postgres("wheel")
async def test_under_sealed_contexts(place: Place) -> None:
    settings = place.settings(context="sealed", seal_keys=(new_key(),))
    await seal(settings, only=False)
    async with await tenantry.connect(settings=settings) as db:
        acme = await make_tenant(db, "acme")
        made = await db.tenant(acme.id).api_keys.create(name="ci")
        await _use(db, made)
        await db._uses.write()
        assert (await _key(db, made)).use_count == 1
        new = await db.tenant(acme.id).api_keys.rotate(made.key.id)
        await _use(db, new)
