"""PostgreSQL's own locks, for who has no Redis: the same promises, kept by a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

import tenantry
from tenantry import Database
from tenantry.coordination import Fence, advisory
from tenantry.errors import LockLost, LockNotAcquired, StaleFence
from tenantry.models import Tenant
from tests.fixtures.database import Place
from tests.fixtures.servers import Pooler
from tests.kernel.conftest import until

pytestmark = pytest.mark.usefixtures("quick_beats")


@pytest.fixture
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advisory, "BEAT_S", 0.05)


async def end_holders(place: Place) -> int:
    """End every connection that holds an advisory lock, as an administrator would."""
    admin = await place.connection("superuser")
    ended: int = await admin.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks"
        " WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())"
    )
    await admin.close()
    return ended


async def test_one_holds_it_and_the_next_has_a_greater_fence(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    async with t.locks.in_database("nightly") as first:
        with pytest.raises(LockNotAcquired):
            async with t.locks.in_database("nightly"):
                pass
        with pytest.raises(LockNotAcquired) as caught:
            async with t.locks.in_database("nightly", wait=0.05):
                pass
        assert caught.value.waited_s > 0
        async with t.locks.in_database("hourly"):
            pass
    async with t.locks.in_database("nightly", wait=5) as second:
        assert second.fence > first.fence
        assert not second.lost


async def test_each_tenant_has_its_own(db: Database, acme: Tenant, beta: Tenant) -> None:
    async with (
        db.tenant(acme.id).locks.in_database("nightly"),
        db.tenant(beta.id).locks.in_database("nightly"),
    ):
        pass


def test_no_two_tenants_names_share_a_number() -> None:
    tenants = [uuid4() for _ in range(100)]
    keys = {advisory.advisory_key(t, f"{n}") for t in tenants for n in range(100)}
    assert len(keys) == 10_000
    assert all(-(2**63) <= key < 2**63 for key in keys)


async def test_all_who_wait_get_their_turn(place: Place, acme: Tenant) -> None:
    inside, most, turns = 0, 0, 0
    settings = place.settings(pool_max=20)
    async with await tenantry.connect(settings=settings) as db:

        async def work() -> None:
            nonlocal inside, most, turns
            async with db.tenant(acme.id).locks.in_database("nightly", wait=60):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.001)
                inside -= 1
                turns += 1

        await asyncio.gather(*(work() for _ in range(10)))
    assert (most, turns) == (1, 10)


async def test_within_a_transaction_it_lasts_as_long(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        async with t.locks.in_database("nightly", wait=1) as lock:
            await t.locks.guard(lock)
        with pytest.raises(LockNotAcquired):
            async with db.tenant(acme.id).locks.in_database("nightly"):
                pass
    async with db.tenant(acme.id).locks.in_database("nightly") as after:
        assert after.fence > lock.fence


async def test_a_lock_not_granted_leaves_the_transaction_as_it_was(
    db: Database, acme: Tenant
) -> None:
    limits = "SELECT current_setting('lock_timeout') || current_setting('statement_timeout')"
    async with db.tenant(acme.id).locks.in_database("nightly"), db.tenant(acme.id) as t:
        before = await t.fetch_value(limits)
        for wait in (0, 0.05):
            with pytest.raises(LockNotAcquired):
                async with t.locks.in_database("nightly", wait=wait):
                    pass
        async with t.locks.in_database("hourly", wait=1):
            assert await t.fetch_value(limits) == before
        await t.projects.create(name="goes on")
    assert await db.tenant(acme.id).projects.count() == 1


async def test_it_outlasts_what_may_idle(place: Place, acme: Tenant) -> None:
    settings = place.settings(idle_in_transaction_timeout=0.3)
    async with await tenantry.connect(settings=settings) as db:
        t = db.tenant(acme.id)
        async with t.locks.in_database("nightly") as lock:
            await asyncio.sleep(1)
            assert not lock.lost
            with pytest.raises(LockNotAcquired):
                async with t.locks.in_database("nightly"):
                    pass


@pytest.mark.parametrize("cancel_on_loss", [True, False])
async def test_who_lost_it_is_told_and_writes_no_more(
    db: Database, place: Place, acme: Tenant, *, cancel_on_loss: bool
) -> None:
    t = db.tenant(acme.id)
    went_on = False
    with pytest.raises(LockLost) as caught:
        async with t.locks.in_database("nightly", cancel_on_loss=cancel_on_loss) as lock:
            assert await end_holders(place) == 1
            await until(lambda: lock.lost)
            if cancel_on_loss:
                await asyncio.sleep(60)
            went_on = True
    assert caught.value.name == "nightly"
    assert went_on is not cancel_on_loss
    async with t.locks.in_database("nightly", wait=5) as later, t as work:
        await work.locks.guard(later)
    with pytest.raises(StaleFence):
        async with t as work:
            await work.locks.guard(Fence(lock.name, lock.fence))


async def test_what_is_lost_unnoticed_is_told_at_the_end(
    db: Database, place: Place, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisory, "BEAT_S", 60)
    with pytest.raises(LockLost):
        async with db.tenant(acme.id).locks.in_database("nightly"):
            assert await end_holders(place) == 1


async def test_an_error_of_the_work_comes_out_as_it_is(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    with pytest.raises(RuntimeError):
        async with t.locks.in_database("nightly"):
            raise RuntimeError
    async with t.locks.in_database("nightly"):
        pass


async def test_through_a_pooler(
    place: Place, acme: Tenant, pgbouncer: Callable[..., Pooler]
) -> None:
    role = "tenantry_app"
    pooler = pgbouncer(place.server, {role: place.server.password(role)})
    settings = place.settings(database_url=pooler.url(role, place.name), pgbouncer="yes")
    async with await tenantry.connect(settings=settings) as db:
        t = db.tenant(acme.id)
        async with t.locks.in_database("nightly") as first:
            with pytest.raises(LockNotAcquired):
                async with t.locks.in_database("nightly", wait=0.05):
                    pass
        async with t.locks.in_database("nightly") as second:
            assert second.fence > first.fence


async def test_nothing_but_the_block_holds_a_connection(db: Database, acme: Tenant) -> None:
    t: Any = db.tenant(acme.id)
    async with t.locks.in_database("nightly"):
        pass
    with pytest.raises(LockNotAcquired):
        async with t.locks.in_database("a"), t.locks.in_database("a"):
            pass
    stats = db._pool.stats
    assert stats.in_use == 0
