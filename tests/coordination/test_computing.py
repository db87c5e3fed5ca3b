"""However many ask for a cold value, one computes it; and what was begun before an invalidation is
never stored after it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenantry.coordination import Cache, Coordination
from tenantry.coordination.shelf import Shelf
from tests.fixtures.servers import KeyValueServer

from .conftest import cache_of, coordination_at


class Slow:
    """A computation that ends when it is told to."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.calls = 0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self) -> Any:
        self.calls += 1
        value = self.values[min(self.calls, len(self.values)) - 1]
        self.begun.set()
        await self.go.wait()
        if isinstance(value, Exception):
            raise value
        return value


@pytest.fixture
async def another(kv_server: KeyValueServer, cache: Cache) -> AsyncIterator[Cache]:
    """The same tenant's cache in what could be another process."""
    coordination = coordination_at(kv_server.url)
    yield cache_of(coordination, UUID(cache._shelf._keys.owner))
    await coordination.close()


async def _lease(cache: Cache, name: str) -> str:
    return await cache._shelf.holder(name)


async def _until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.005)


# ---- one computes -----------------------------------------------------------------------------


async def test_200_callers_of_a_cold_key_compute_it_once(coordination: Coordination) -> None:
    tenant, slow = uuid4(), Slow({"n": 1})
    caches = [cache_of(coordination, tenant) for _ in range(200)]
    calls = [asyncio.create_task(cache.get_or_compute("cold", slow)) for cache in caches]
    await _until(lambda: caches[0].stats.waited == 199)
    slow.go.set()
    answers = await asyncio.gather(*calls)
    assert answers == [{"n": 1}] * 200
    assert slow.calls == 1
    assert len({id(answer) for answer in answers}) == 200  # nobody can change another's
    assert await caches[0].get("cold") == {"n": 1}
    assert await _lease(caches[0], "cold") == ""
    assert coordination.caching.flights == {}


def _ask(url: str, tenant: str, callers: int, started: Any, log: Any) -> None:
    async def compute() -> str:
        log.put("computed")
        await asyncio.sleep(0.3)
        return "value"

    async def main() -> None:
        coordination = coordination_at(url)
        started.wait()
        calls = (
            cache_of(coordination, UUID(tenant)).get_or_compute("cold", compute)
            for _ in range(callers)
        )
        for answer in await asyncio.gather(*calls):
            log.put(answer)
        await coordination.close()

    asyncio.run(main())


async def test_200_callers_in_4_processes_compute_it_once(valkey_server: KeyValueServer) -> None:
    context = multiprocessing.get_context("spawn")
    started, log = context.Barrier(4), context.Queue()
    arguments = (valkey_server.url, str(uuid4()), 50, started, log)
    processes = [context.Process(target=_ask, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    heard = [await asyncio.to_thread(log.get, timeout=60) for _ in range(201)]
    for process in processes:
        await asyncio.to_thread(process.join)
    assert heard.count("computed") == 1
    assert heard.count("value") == 200


async def test_others_wait_in_another_process(cache: Cache, another: Cache) -> None:
    slow = Slow("value")
    first = asyncio.create_task(cache.get_or_compute("x", slow))
    await slow.begun.wait()
    second = asyncio.create_task(another.get_or_compute("x", lambda: "never"))
    await _until(lambda: another.stats.waited == 1)
    slow.go.set()
    assert [await first, await second] == ["value", "value"]
    assert another.stats.computed == 0


# ---- errors, cancellation, death --------------------------------------------------------------


async def test_an_error_is_its_callers_and_is_not_stored(cache: Cache, another: Cache) -> None:
    slow = Slow(LookupError("no such row"))
    here = [asyncio.create_task(cache.get_or_compute("x", slow)) for _ in range(3)]
    await slow.begun.wait()
    there = asyncio.create_task(another.get_or_compute("x", lambda: "there"))
    await _until(lambda: cache.stats.waited == 2 and another.stats.waited == 1)
    slow.go.set()
    errors = await asyncio.gather(*here, return_exceptions=True)
    assert [str(error) for error in errors] == ["no such row"] * 3
    assert slow.calls == 1
    assert await there == "there"
    assert await cache.get("x") == "there"
    with pytest.raises(ZeroDivisionError):
        await cache.get_or_compute("y", lambda: 1 / 0)
    assert await _lease(cache, "y") == ""
    assert await cache.get_or_compute("y", lambda: 2) == 2


async def test_the_first_caller_goes_and_the_others_get_it(cache: Cache) -> None:
    slow = Slow("value")
    first = asyncio.create_task(cache.get_or_compute("x", slow))
    await slow.begun.wait()
    others = [asyncio.create_task(cache.get_or_compute("x", slow)) for _ in range(5)]
    await _until(lambda: cache.stats.waited == 5)
    first.cancel()
    others[0].cancel()
    await asyncio.wait([first, others[0]])
    slow.go.set()
    assert await asyncio.gather(*others[1:]) == ["value"] * 4
    assert first.cancelled()
    assert slow.calls == 1


async def test_when_all_go_so_does_the_work(cache: Cache, another: Cache) -> None:
    slow = Slow("value")
    calls = [asyncio.create_task(cache.get_or_compute("x", slow)) for _ in range(3)]
    await slow.begun.wait()
    await _until(lambda: cache.stats.waited == 2)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    # The lease is let go of: another need not wait until it runs out.
    another._shelf.caching.lease = cache._shelf.caching.lease = 3600
    assert await another.get_or_compute("x", lambda: "other") == "other"


async def test_a_computation_that_is_cancelled_from_within(cache: Cache) -> None:
    async def gives_up() -> None:
        raise asyncio.CancelledError

    calls = [asyncio.create_task(cache.get_or_compute("x", gives_up)) for _ in range(3)]
    await asyncio.wait(calls)
    assert all(call.cancelled() for call in calls)
    assert await cache.get_or_compute("x", lambda: 1) == 1


async def test_the_lease_of_a_dead_one_runs_out(coordination: Coordination, cache: Cache) -> None:
    key = cache._shelf.key("lease", "x")
    await coordination.passing.command("SET", key, "cdead", "PX", 300)
    assert await cache.get_or_compute("x", lambda: "alive") == "alive"
    assert cache.stats.waited == 1
    assert await cache.get("x") == "alive"


async def test_the_lease_of_a_living_one_does_not(cache: Cache, another: Cache) -> None:
    cache._shelf.caching.lease = 0.3
    slow = Slow("value")
    first = asyncio.create_task(cache.get_or_compute("x", slow))
    await slow.begun.wait()
    second = asyncio.create_task(another.get_or_compute("x", lambda: "never"))
    await asyncio.sleep(1)
    assert another.stats.computed == 0
    slow.go.set()
    assert [await first, await second] == ["value", "value"]


async def test_asked_twice_for_one_caller_the_lease_is_his(cache: Cache) -> None:
    """His first answer was lost, and the client asked once more: he is not to wait for himself."""
    begun = [await cache._shelf.begin("x", ["t"], "c" + "0" * 16, 60_000) for _ in range(2)]
    assert [one is not None and one.holder for one in begun] == ["", ""]


async def test_a_lease_that_could_not_be_renewed_once_is_renewed_again(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache._shelf.caching.lease = 0.9
    answers, asked, ask = [None], list[int | None](), cache._shelf._lease

    async def lease(name: str, token: str, ms: int) -> int | None:
        asked.append(answers.pop() if answers else await ask(name, token, ms))
        return asked[-1]

    monkeypatch.setattr(Shelf, "_lease", lambda _, *args: lease(*args))
    slow = Slow("value")
    computing = asyncio.create_task(cache.get_or_compute("x", slow))
    await _until(lambda: len(asked) == 2)
    slow.go.set()
    assert await computing == "value"
    assert asked == [None, 1]


async def test_one_who_lost_the_lease_stores_nothing(
    coordination: Coordination, cache: Cache
) -> None:
    slow = Slow("late")
    late = asyncio.create_task(cache.get_or_compute("x", slow))
    await slow.begun.wait()
    await coordination.passing.command("SET", cache._shelf.key("lease", "x"), "canother")
    slow.go.set()
    assert await late == "late"
    assert await cache.get("x") is None
    assert await _lease(cache, "x") == "canother"


# ---- invalidated while it is computed ---------------------------------------------------------

_INVALIDATIONS: dict[str, Callable[[Cache], Awaitable[Any]]] = {
    "delete": lambda cache: cache.delete("x"),
    "delete_many": lambda cache: cache.delete_many(["a", "x"]),
    "clear_pattern": lambda cache: cache.clear_pattern("[x-z]"),
    "tag": lambda cache: cache.invalidate_tag("t"),
    "set": lambda cache: cache.set("x", "set"),
}


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("how", _INVALIDATIONS)
async def test_what_began_before_an_invalidation_is_not_stored_after_it(
    cache: Cache, another: Cache, how: str, here: bool
) -> None:
    slow = Slow("old")
    before = asyncio.create_task(cache.get_or_compute("x", slow, tags=["t"]))
    await slow.begun.wait()
    await _INVALIDATIONS[how](cache if here else another)
    if how == "set":
        slow.go.set()
        assert await before == "old"
        assert await cache.get("x") == "set"
        return
    # Who asks afterwards does not join it either, and is not overtaken by it.
    assert await cache.get_or_compute("x", lambda: "new", tags=["t"]) == "new"
    slow.go.set()
    assert await before == "old"
    assert await cache.get("x") == "new"


async def test_an_invalidation_between_many_computations(cache: Cache, another: Cache) -> None:
    """A row that changes, and a cache of it that is told each time: nobody reads what is older than
    the last change that was told of before he asked."""
    row, told, wrong = 0, 0, []

    async def read() -> int:
        seen = row
        await asyncio.sleep(0.002)
        return seen

    async def change(mine: Cache) -> None:
        nonlocal row, told
        for _ in range(60):
            row += 1
            now = row
            await mine.delete("x")
            told = max(told, now)
            await asyncio.sleep(0.001)

    async def ask(mine: Cache) -> None:
        while told < 60:
            least = told
            seen = await mine.get_or_compute("x", read)
            if seen < least:
                wrong.append((seen, least))

    await asyncio.gather(change(cache), *(ask(c) for c in (cache, another) for _ in range(4)))
    assert wrong == []
    assert await cache.get_or_compute("x", read) == 60


# ---- stale ------------------------------------------------------------------------------------


async def _stale(cache: Cache, value: str, **options: Any) -> None:
    await cache.get_or_compute("x", lambda: value, ttl=0.01, stale=600, jitter=0, **options)
    await asyncio.sleep(0.03)


async def test_while_one_computes_the_others_get_the_old_value(
    cache: Cache, another: Cache
) -> None:
    await _stale(cache, "old")
    assert await cache.get("x") is None  # its time is over
    slow = Slow("new")
    first = asyncio.create_task(cache.get_or_compute("x", slow, ttl=60, stale=600))
    await slow.begun.wait()
    for mine in (cache, another):
        assert await mine.get_or_compute("x", slow, ttl=60, stale=600) == "old"
    assert (cache.stats.stale, another.stats.stale) == (1, 1)
    slow.go.set()
    assert await first == "new"
    assert await another.get_or_compute("x", slow, ttl=60, stale=600) == "new"
    assert slow.calls == 1


async def test_what_was_invalidated_is_never_given_as_stale(cache: Cache) -> None:
    for invalidate in (lambda: cache.delete("x"), lambda: cache.invalidate_tag("t")):
        await _stale(cache, "old", tags=["t"])
        await invalidate()
        slow = Slow("new")
        calls = [
            asyncio.create_task(cache.get_or_compute("x", slow, stale=600, tags=["t"]))
            for _ in range(3)
        ]
        await slow.begun.wait()
        slow.go.set()
        assert await asyncio.gather(*calls) == ["new"] * 3
        assert cache.stats.stale == 0
        await cache.delete("x")
