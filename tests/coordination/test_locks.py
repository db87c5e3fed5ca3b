"""A lock is held by one at a time, and whoever loses it is told."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from tenantry.coordination import Coordination, Keys, Lock, Locks, Share
from tenantry.errors import CoordinationUnavailable, InvalidInput, LockLost, LockNotAcquired
from tests.fixtures.servers import KeyValueServer

from .conftest import coordination_at


@pytest.fixture
def tenant_id() -> UUID:
    return uuid4()


@pytest.fixture
def locks(coordination: Coordination, tenant_id: UUID) -> Locks:
    return Locks(Share.of(coordination, tenant_id))


async def dead_holder(locks: Locks, name: str, timeout: float = 30) -> Lock:
    """Who took it, and renews it no more."""
    lock = locks._lock(name, timeout)
    assert await lock.take() is None
    return lock


async def expire(coordination: Coordination, tenant_id: UUID, name: str) -> None:
    """What the server does when a lock's time is over."""
    assert await coordination.lasting.command("DEL", Keys(tenant_id).name("lock", name)) == 1


# ---- one at a time --------------------------------------------------------------------------


async def test_one_holds_it_and_the_next_has_a_greater_fence(locks: Locks) -> None:
    first = await locks.acquire("nightly")
    assert await locks.try_acquire("nightly") is None
    with pytest.raises(LockNotAcquired) as caught:
        await locks.acquire("nightly", wait=0.05)
    assert caught.value.name == "nightly"
    assert caught.value.waited_s >= 0.05
    other = await locks.acquire("hourly")
    await first.release()
    await first.release()
    second = await locks.acquire("nightly")
    assert second.fence > first.fence
    assert not second.lost
    await second.release()
    await other.release()


async def test_each_tenant_has_its_own(coordination: Coordination, locks: Locks) -> None:
    other = Locks(Share.of(coordination, uuid4()))
    async with locks.hold("nightly"), other.hold("nightly"):
        pass


async def test_it_is_let_go_of_when_the_work_fails(locks: Locks) -> None:
    with pytest.raises(RuntimeError):
        async with locks.hold("nightly"):
            raise RuntimeError
    async with locks.hold("nightly"):
        pass


async def test_it_is_let_go_of_when_the_work_is_cancelled(locks: Locks) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with locks.hold("nightly"):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with locks.hold("nightly", wait=5):
        pass


async def test_all_who_wait_get_their_turn(locks: Locks) -> None:
    inside, most, turns = 0, 0, 0

    async def work() -> None:
        nonlocal inside, most, turns
        async with locks.hold("nightly", wait=60):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1
            turns += 1

    await asyncio.gather(*(work() for _ in range(30)))
    assert (most, turns) == (1, 30)


async def test_who_waits_is_woken(
    kv_server: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He does not have to look again: he would do that much later."""
    coordination = coordination_at(kv_server.url, redis_timeout=40)
    locks, store = Locks(Share.of(coordination, uuid4())), coordination.lasting
    wait, waits = store.wait, asyncio.Event()
    heard: list[object] = []

    async def listened(*words: object, timeout: float) -> object:
        waits.set()
        heard.append(await wait(*words, timeout=timeout))
        return heard[-1]

    monkeypatch.setattr(store, "wait", listened)
    async with locks.hold("nightly"):
        task = asyncio.create_task(locks.acquire("nightly", wait=60))
        await waits.wait()
    await (await task).release()
    assert len(heard) == 1
    assert heard[0] is not None
    await coordination.close()


async def test_nobody_holds_it_who_was_cancelled_while_he_waited(locks: Locks) -> None:
    async with locks.hold("nightly"):
        task = asyncio.create_task(locks.acquire("nightly", wait=60))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with locks.hold("nightly"):
        pass


async def test_a_holder_who_died_does_not_keep_it(locks: Locks) -> None:
    dead = await dead_holder(locks, "nightly", timeout=0.2)
    async with locks.hold("nightly", wait=30) as lock:
        assert lock.fence > dead.fence
    assert dead.lost


async def test_a_holder_who_lives_keeps_it_beyond_its_timeout(locks: Locks) -> None:
    async with locks.hold("nightly", timeout=0.3) as lock:
        for _ in range(4):
            await asyncio.sleep(0.2)
            assert await locks.try_acquire("nightly") is None
        assert not lock.lost


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b"])
async def test_a_name_is_short_text(locks: Locks, name: str) -> None:
    with pytest.raises(InvalidInput):
        await locks.acquire(name)


@pytest.mark.parametrize("timeout", [0, -1, 86_401])
async def test_a_timeout_is_a_time(locks: Locks, timeout: float) -> None:
    with pytest.raises(InvalidInput):
        await locks.acquire("nightly", timeout=timeout)


# ---- what is asked twice --------------------------------------------------------------------


async def test_asked_twice_for_one_holder_it_is_his(locks: Locks) -> None:
    lock = await dead_holder(locks, "nightly")
    fence = lock.fence
    assert await lock.take() is None
    assert lock.fence == fence


async def test_a_release_whose_answer_was_lost_is_a_release(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    lock = await dead_holder(locks, "nightly")
    await expire(coordination, tenant_id, "nightly")
    await lock.release()


# ---- what is lost ---------------------------------------------------------------------------


async def test_who_lost_it_does_no_harm_to_who_has_it(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    late, later = await dead_holder(locks, "nightly"), await dead_holder(locks, "hourly")
    for name in ("nightly", "hourly"):
        await expire(coordination, tenant_id, name)
    async with locks.hold("nightly"), locks.hold("hourly"):
        with pytest.raises(LockLost) as caught:
            await late.release()
        assert caught.value.name == "nightly"
        with pytest.raises(LockLost):
            await later.extend()
        with pytest.raises(LockLost):
            await later.extend()
        assert late.lost
        assert later.lost
        assert await locks.try_acquire("nightly") is None
        assert await locks.try_acquire("hourly") is None


async def test_the_work_is_cancelled_when_it_is_lost(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    went_on = False
    with pytest.raises(LockLost):
        async with locks.hold("nightly", timeout=0.3) as lock:
            await expire(coordination, tenant_id, "nightly")
            await asyncio.sleep(60)
            went_on = True
    assert lock.lost
    assert not went_on
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_or_goes_on_and_is_told(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    told = asyncio.Event()
    with pytest.raises(LockLost):
        async with locks.hold("nightly", timeout=0.3, cancel_on_loss=False) as lock:
            lock.when_lost(told.set)
            lock.check()
            await expire(coordination, tenant_id, "nightly")
            await told.wait()
            assert lock.lost
            with pytest.raises(LockLost):
                lock.check()


async def test_who_fails_to_hear_of_it_keeps_nobody_from_letting_go(locks: Locks) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    lock = await locks.acquire("nightly", timeout=0.3)
    lock.when_lost(lambda: 1 / 0)
    lock._lose()
    with pytest.raises(LockLost):
        await lock.release()
    assert len(heard) == 1
    assert await locks.try_acquire("nightly") is not None


async def test_anothers_cancellation_is_not_taken_for_a_loss(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    async def work() -> None:
        async with locks.hold("nightly", timeout=0.3) as lock:
            lock.when_lost(own.cancel)
            await expire(coordination, tenant_id, "nightly")
            await asyncio.sleep(60)

    own = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await own


async def test_an_error_of_the_work_says_more_than_the_loss(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    with pytest.raises(RuntimeError):
        async with locks.hold("nightly"):
            await expire(coordination, tenant_id, "nightly")
            await dead_holder(locks, "nightly")
            raise RuntimeError


async def test_a_program_that_was_stopped_knows_at_once(locks: Locks) -> None:
    lock = await locks.acquire("nightly", timeout=0.1)
    time.sleep(0.15)  # noqa: ASYNC251 - nothing of this program runs
    assert lock.lost
    # Nobody came meanwhile, so nothing was lost.
    if not super(Lock, lock).lost:
        await lock.release()


# ---- what is left of it ---------------------------------------------------------------------


async def test_a_name_that_nobody_asks_for_is_forgotten(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    async with locks.hold("once") as lock:
        key = Keys(tenant_id).name("fence", "once")
        await lock.raise_fence(lock.fence + 10)
    # Long after the last holder can have gone.
    assert await coordination.lasting.command("TTL", key) > 86_400 * 6


async def test_waiting_ends(locks: Locks) -> None:
    for wait in (float("nan"), float("inf"), 1e9):
        with pytest.raises(InvalidInput):
            await locks.acquire("nightly", wait=wait)
        with pytest.raises(InvalidInput):
            locks.in_database("nightly", wait=wait)


# ---- without its server, or with one that forgot --------------------------------------------


async def test_fences_grow_though_the_server_forgot_them(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    lock = await dead_holder(locks, "nightly")
    keys = Keys(tenant_id)
    names = [keys.name("lock", "nightly"), keys.name("fence", "nightly")]
    assert await coordination.lasting.command("DEL", *names) == 2
    with pytest.raises(LockLost):
        await lock.release()
    async with locks.hold("nightly") as after:
        assert after.fence > lock.fence


async def test_a_name_leaves_nothing_for_good(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    keys = Keys(tenant_id)
    async with locks.hold("nightly") as lock:
        await lock.raise_fence(lock.fence + 1)
    async with locks.hold("hourly"):
        pass
    for name in ("nightly", "hourly"):
        left = [keys.name("lock", name), keys.name("fence", name), keys.name("turn", name)]
        # -1 is for ever, -2 not there.
        lives = [await coordination.lasting.command("PTTL", key) for key in left]
        assert lives[0] == -2
        assert lives[1] > 86_400_000
        assert lives[2] <= 1000
        assert -1 not in lives


async def test_fences_grow_though_the_servers_clock_fell_back(
    locks: Locks, coordination: Coordination, tenant_id: UUID
) -> None:
    ahead = time.time_ns() // 1000 + 10**12
    key = Keys(tenant_id).name("fence", "nightly")
    await coordination.lasting.command("SET", key, ahead)
    for n in (1, 2):
        async with locks.hold("nightly") as lock:
            assert lock.fence == ahead + n


async def test_nobody_holds_what_cannot_be_asked_for() -> None:
    away = coordination_at("redis://127.0.0.1:1/0")
    locks = Locks(Share.of(away, uuid4()))
    for call in (locks.acquire("nightly", wait=60), locks.try_acquire("nightly")):
        with pytest.raises(CoordinationUnavailable):
            await call
    await away.close()


async def test_it_is_lost_when_the_server_stays_away_for_its_timeout(
    kv_server: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordination = coordination_at(kv_server.url)
    locks, store = Locks(Share.of(coordination, uuid4())), coordination.lasting
    asked = 0

    async def away(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise CoordinationUnavailable("away", store="redis")

    with pytest.raises(LockLost):
        async with locks.hold("nightly", timeout=0.4):
            monkeypatch.setattr(store, "script", away)
            await asyncio.sleep(60)
    assert asked > 1, "it asked again while there was time"
    monkeypatch.undo()
    async with locks.hold("nightly", wait=30):
        pass
    await coordination.close()


async def test_a_server_that_comes_back_in_time_has_taken_nothing(
    locks: Locks, coordination: Coordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, asked = coordination.lasting, asyncio.Event()

    async def away(*_: object) -> None:
        asked.set()
        raise CoordinationUnavailable("away", store="redis")

    async with locks.hold("nightly", timeout=3) as lock:
        monkeypatch.setattr(store, "script", away)
        await asked.wait()
        monkeypatch.undo()
        await lock.extend()
        assert not lock.lost
