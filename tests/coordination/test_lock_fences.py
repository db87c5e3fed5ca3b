"""What is written under a lock is written by its newest holder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import tenantry
import tenantry.sync
from tenantry import Database
from tenantry.coordination import Fence, Keys
from tenantry.errors import (
    AlreadyExists,
    InvalidInput,
    LockLost,
    PermissionDenied,
    RuleViolated,
    StaleFence,
    TenantNotWritable,
    TransactionError,
)
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer
from tests.kernel.conftest import until

#: A table of an application's own, whose rows show who wrote them.
GUARDED = """
CREATE TABLE public.reports (name text PRIMARY KEY, body text, fence bigint NOT NULL DEFAULT 0);
CREATE TRIGGER refuse_stale_fence BEFORE UPDATE ON public.reports
    FOR EACH ROW EXECUTE FUNCTION tenantry.refuse_stale_fence();
INSERT INTO public.reports VALUES ('it', 'empty');
GRANT SELECT, UPDATE ON public.reports TO tenantry_app;
"""


@pytest.fixture
async def db(place: Place, kv_server: KeyValueServer) -> AsyncIterator[Database]:
    settings = place.settings(redis_url=kv_server.url)
    async with await tenantry.connect(settings=settings) as database:
        yield database


async def test_a_late_holder_writes_no_more(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    async with t.locks.hold("nightly") as lock:
        first = Fence(lock.name, lock.fence)
        async with t as work:
            await work.locks.guard(lock)
            await work.projects.create(name="by the first")
    async with t.locks.hold("nightly") as lock, t as work:
        await work.locks.guard(lock)
        await work.locks.guard(lock)
        await work.projects.create(name="by the second")
    with pytest.raises(StaleFence) as caught:
        async with t as work:
            await work.projects.create(name="by the late one")
            await work.locks.guard(first)
    error = caught.value
    assert (error.table, error.fence, error.newest) == ("lock_fences", first.fence, lock.fence)
    assert error.hint
    assert {p.name for p in await t.projects.list()} == {"by the first", "by the second"}


async def test_who_knows_that_he_lost_it_does_not_even_ask(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    lock = await t.locks.acquire("nightly", timeout=0.2)
    await db.coordination.lasting.command("DEL", Keys(acme.id).name("lock", "nightly"))
    await until(lambda: lock.lost)
    with pytest.raises(LockLost):
        async with t as work:
            await work.locks.guard(lock)


async def test_what_two_holders_write_does_not_mix(db: Database, acme: Tenant) -> None:
    """The second waits at the guard until the first, whose lock is gone, has committed."""
    first, second = Fence("nightly", 1), Fence("nightly", 2)
    order: list[str] = []
    guarded = asyncio.Event()

    async def late() -> None:
        async with db.tenant(acme.id) as t:
            await t.locks.guard(first)
            guarded.set()
            await until(lambda: _is_waiting(t))
            order.append("first writes")
            await t.projects.create(name="first")

    async def next_one() -> None:
        await guarded.wait()
        async with db.tenant(acme.id) as t:
            await t.locks.guard(second)
            order.append("second passes")
            assert [p.name for p in await t.projects.list()] == ["first"]

    await asyncio.gather(late(), next_one())
    assert order == ["first writes", "second passes"]
    with pytest.raises(StaleFence):
        async with db.tenant(acme.id) as t:
            await t.locks.guard(first)


async def _is_waiting(t: Any) -> bool:
    """Whether somebody waits for what this transaction holds."""
    sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"
    return bool(await t.fetch_value(sql))


async def test_fences_lost_in_redis_are_found_again_in_the_database(
    db: Database, acme: Tenant
) -> None:
    """Refused once, since the database has seen greater ones; and never again."""
    ahead = 2**52
    async with db.tenant(acme.id) as work:
        await work.locks.guard(Fence("nightly", ahead))
    t = db.tenant(acme.id)
    with pytest.raises(StaleFence):
        async with t.locks.hold("nightly") as lock, t as work:
            await work.locks.guard(lock)
    async with t.locks.hold("nightly") as lock, t as work:
        assert lock.fence == ahead + 1
        await work.locks.guard(lock)


async def test_a_table_of_ones_own_refuses_him_too(
    db: Database, place: Place, acme: Tenant
) -> None:
    admin = await place.connection("superuser")
    await admin.execute(GUARDED)
    await admin.close()
    write = "UPDATE public.reports SET body = $1, fence = $2 WHERE name = 'it'"
    t = db.tenant(acme.id)
    async with t.locks.hold("reports") as first:
        await t.execute(write, "first", first.fence)
    async with t.locks.hold("reports") as second:
        await t.execute(write, "second", second.fence)
        with pytest.raises(StaleFence) as caught:
            await t.execute(write, "late", first.fence)
        assert caught.value.table == "reports"
    row = await t.fetch_one("SELECT body, fence FROM public.reports")
    assert tuple(row or ()) == ("second", second.fence)


async def test_a_guard_needs_a_transaction_and_a_fence_that_fits(
    db: Database, acme: Tenant
) -> None:
    with pytest.raises(TransactionError):
        await db.tenant(acme.id).locks.guard(Fence("nightly", 1))
    for name, fence, error in (
        ("", 1, InvalidInput),
        ("x" * 256, 1, InvalidInput),
        ("nightly", -1, RuleViolated),
        ("nightly", 2**53, RuleViolated),
    ):
        with pytest.raises(error):
            async with db.tenant(acme.id) as t:
                await t.locks.guard(Fence(name, fence))
    # The longest there is, in the widest letters, with as little sense as possible.
    widest = "".join(chr(0x10000 + (n * 7919) % 0x8000) for n in range(255))
    async with db.tenant(acme.id) as t:
        await t.locks.guard(Fence(widest, 1))


async def test_fences_are_a_tenants_own(db: Database, acme: Tenant, beta: Tenant) -> None:
    for tenant, fence in ((acme, 7), (beta, 3)):
        async with db.tenant(tenant.id) as t:
            await t.locks.guard(Fence("nightly", fence))
            assert [
                r["fence"] for r in await t.fetch("SELECT fence FROM tenantry.lock_fences")
            ] == [fence]


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("DELETE FROM tenantry.lock_fences", PermissionDenied),
        ("UPDATE tenantry.lock_fences SET name = 'other'", PermissionDenied),
        ("UPDATE tenantry.lock_fences SET fence = 1", StaleFence),
        ("INSERT INTO tenantry.lock_fences (name, fence) VALUES ('nightly', 1)", AlreadyExists),
    ],
)
async def test_no_sql_of_the_application_opens_the_way_for_a_late_holder(
    db: Database, acme: Tenant, sql: str, error: type[Exception]
) -> None:
    async with db.tenant(acme.id) as t:
        await t.locks.guard(Fence("nightly", 7))
    with pytest.raises(error):
        await db.tenant(acme.id).execute(sql)


async def test_a_suspended_tenant_writes_nothing(db: Database) -> None:
    tenant = await make_tenant(db, "closed", status="suspended")
    with pytest.raises(TenantNotWritable):
        async with db.tenant(tenant.id) as t:
            await t.locks.guard(Fence("nightly", 7))


def test_plain_code_holds_locks_too(place: Place, kv_server: KeyValueServer) -> None:
    settings = place.settings(redis_url=kv_server.url)
    with tenantry.sync.connect(settings=settings) as db:
        with db.service("test set-up") as s:
            tenant = s.tenants.create(name="Acme", slug="acme", status="active")
        t = db.tenant(tenant.id)
        with t.locks.hold("nightly", timeout=0.5) as lock:
            # Renewed on the loop's own thread, whatever this one does.
            asyncio.run(asyncio.sleep(1))
            assert not lock.lost
            assert t.locks.try_acquire("nightly") is None
            with db.tenant(tenant.id) as work:
                work.locks.guard(lock)
        late = t.locks.acquire("nightly")
        late.release()
        with pytest.raises(LockLost), t.locks.hold("nightly", timeout=0.3) as lock:
            key = Keys(tenant.id).name("lock", "nightly")
            store = db._database.coordination.lasting
            db._loop.run(store.command("DEL", key))
            while not lock.lost:
                asyncio.run(asyncio.sleep(0.01))
        with db.tenant(tenant.id) as work, pytest.raises(LockLost):
            work.locks.guard(lock=lock)
        with t.locks.in_database("nightly", wait=1) as held:
            assert not held.lost
            with db.tenant(tenant.id) as work:
                work.locks.guard(Fence("of the database", held.fence))
