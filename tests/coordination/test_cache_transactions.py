"""What a transaction does to the cache is done when it is committed, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

import tenantry
from tenantry import Database
from tenantry.coordination import Cache
from tenantry.errors import CommitOutcomeUnknown, TransactionClosed
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.wire import tap

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
async def db(place: Place, kv_server: KeyValueServer) -> AsyncIterator[Database]:
    settings = place.settings(redis_url=kv_server.url)
    async with await tenantry.connect(settings=settings) as database:
        yield database


@pytest.fixture
async def tenant(db: Database) -> UUID:
    async with db.service("test set-up") as s:
        made = await s.tenants.create(name="Acme", slug="acme", status="active")
    return UUID(str(made.id))


@pytest.fixture
async def outside(db: Database, tenant: UUID) -> Cache:
    """The cache as everybody else sees it, with a value in it."""
    cache = db.tenant(tenant).cache
    await cache.set("x", "old", tags=["t"])
    return cache


_INVALIDATIONS: dict[str, Callable[[Cache], Awaitable[Any]]] = {
    "delete": lambda cache: cache.delete("x"),
    "delete_many": lambda cache: cache.delete_many(["a", "x"]),
    "clear_pattern": lambda cache: cache.clear_pattern("?"),
    "tag": lambda cache: cache.invalidate_tag("t"),
}


@pytest.mark.parametrize("how", _INVALIDATIONS)
async def test_deleted_on_commit(db: Database, tenant: UUID, outside: Cache, how: str) -> None:
    async with db.tenant(tenant) as t:
        await _INVALIDATIONS[how](t.cache)
        assert await t.cache.get("x") is None
        assert await t.cache.get_many(["x"]) == {}
        assert await outside.get("x") == "old"
    assert await outside.get("x") is None


@pytest.mark.parametrize("how", _INVALIDATIONS)
async def test_nothing_on_rollback(db: Database, tenant: UUID, outside: Cache, how: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.tenant(tenant) as t:
            await _INVALIDATIONS[how](t.cache)
            await t.cache.set("y", "never")
            1 / 0  # noqa: B018
    assert await outside.get_many("xy") == {"x": "old"}
    assert await t.cache.get_many("xy") == {"x": "old"}  # it speaks for no transaction any more
    assert await outside.get_or_compute("y", lambda: "soon") == "soon"


async def test_set_on_commit(db: Database, tenant: UUID, outside: Cache) -> None:
    async with db.tenant(tenant) as t:
        await t.cache.set("x", ["new"])
        await t.cache.set_many({"y": 1, "z": 2}, tags=["u"])
        await t.cache.delete("z")
        assert await t.cache.get_many("xyz") == {"x": ["new"], "y": 1}
        assert await outside.get_many("xyz") == {"x": "old"}
    assert await outside.get_many("xyz") == {"x": ["new"], "y": 1}
    await outside.invalidate_tag("u")
    assert await outside.get("y") is None


async def test_cancelled_before_the_commit(db: Database, tenant: UUID, outside: Cache) -> None:
    ready = asyncio.Event()

    async def work() -> None:
        async with db.tenant(tenant) as t:
            await t.cache.delete("x")
            ready.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await ready.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await outside.get("x") == "old"


async def test_an_unknown_outcome_deletes_and_sets_nothing(
    place: Place, kv_server: KeyValueServer, tenant: UUID, outside: Cache
) -> None:
    await outside.set("y", "old")
    server = place.server
    async with tap(place.url("app"), f"{server.socket_dir}/.s.PGSQL.{server.port}") as wire:
        settings = place.settings(database_url=wire.url, redis_url=kv_server.url)
        async with await tenantry.connect(settings=settings) as db:
            with pytest.raises(CommitOutcomeUnknown):
                async with db.tenant(tenant) as t:
                    await t.projects.create(name="Apollo")
                    await t.cache.delete("x")
                    await t.cache.set("y", "new")
                    wire.fail("COMMIT", "after")
    assert await outside.get_many("xy") == {}


async def test_a_savepoint_that_is_undone_sets_nothing(
    db: Database, tenant: UUID, outside: Cache
) -> None:
    async with db.tenant(tenant) as t:
        with pytest.raises(ZeroDivisionError):
            async with t.savepoint():
                await t.cache.set("x", "undone")
                1 / 0  # noqa: B018
        assert await t.cache.get("x") is None
    assert await outside.get("x") is None


async def test_after_its_block_a_transactions_cache_deletes_nothing(
    db: Database, tenant: UUID, outside: Cache
) -> None:
    async with db.tenant(tenant) as t:
        await t.cache.delete("y")
    for how in _INVALIDATIONS.values():
        with pytest.raises(TransactionClosed):
            await how(t.cache)
    with pytest.raises(TransactionClosed):
        await t.cache.set("x", 1)
    assert await t.cache.get("x") == "old"


async def test_the_later_of_two_transactions_wins(
    db: Database, tenant: UUID, outside: Cache
) -> None:
    """What the first set is older than what the second did, whichever comes to the server last."""
    for second in ("set", "delete"):
        async with db.tenant(tenant) as one:
            await one.cache.set("x", "one")
            async with db.tenant(tenant) as two:
                if second == "set":
                    await two.cache.set("x", "two")
                else:
                    await two.cache.delete("x")
        assert await outside.get("x") != "one"


async def test_what_is_computed_meanwhile_is_not_kept(
    db: Database, tenant: UUID, outside: Cache
) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        begun.set()
        await go.wait()
        return "before the commit"

    changes: list[Callable[[Cache], Awaitable[Any]]] = [
        lambda cache: cache.set("y", "new"),
        lambda cache: cache.delete("y"),
    ]
    for change in changes:
        begun.clear()
        go.clear()
        async with db.tenant(tenant) as t:
            await change(t.cache)
            computing = asyncio.create_task(outside.get_or_compute("y", slow))
            await begun.wait()
        go.set()
        assert await computing == "before the commit"
        assert await outside.get("y") in {None, "new"}
        await outside.delete("y")


# ---- computed inside --------------------------------------------------------------------------


async def test_what_only_a_transaction_sees_is_not_stored(
    db: Database, tenant: UUID, outside: Cache
) -> None:
    async with db.tenant(tenant) as t:
        # So far it has read what all can read.
        assert await t.cache.get_or_compute("before", t.projects.count) == 0
        await t.projects.create(name="Apollo")
        assert await t.cache.get_or_compute("after", t.projects.count) == 1
        assert await t.cache.get_or_compute("before", t.projects.count) == 0
        await t.cache.delete("before")
        assert await t.cache.get_or_compute("before", t.projects.count) == 1
        assert await outside.get_many(["before", "after"]) == {"before": 0}
    assert await outside.get_many(["before", "after"]) == {}


async def test_an_old_snapshot_is_not_stored(db: Database, tenant: UUID, outside: Cache) -> None:
    async with db.tenant(tenant, isolation="repeatable read", readonly=True) as t:
        assert await t.cache.get_or_compute("n", t.projects.count) == 0
    assert await outside.get("n") is None
    async with db.tenant(tenant, readonly=True) as t:
        assert await t.cache.get_or_compute("n", t.projects.count) == 0
    assert await outside.get("n") == 0


async def test_a_transaction_waits_for_nobody(db: Database, tenant: UUID, outside: Cache) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        begun.set()
        await go.wait()
        return "theirs"

    computing = asyncio.create_task(outside.get_or_compute("n", slow))
    await begun.wait()
    async with db.tenant(tenant) as t:
        assert await t.cache.get_or_compute("n", t.projects.count) == 0
    go.set()
    assert await computing == "theirs"
    assert await outside.get("n") == "theirs"


async def test_an_error_inside_frees_the_lease(db: Database, tenant: UUID, outside: Cache) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.tenant(tenant) as t:
            await t.cache.get_or_compute("n", lambda: 1 / 0)
    assert await outside._shelf.holder("n") == ""
