"""A platform whose cache is away is a platform without a cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tenantry.coordination import Coordination
from tests.fixtures.servers import KeyValueServer

from .conftest import cache_of, coordination_at
from .door import Door, door_to


@pytest.fixture
async def door(kv_server: KeyValueServer) -> AsyncIterator[Door]:
    async with door_to(kv_server.url) as door:
        yield door


@pytest.fixture
async def beyond(door: Door) -> AsyncIterator[Coordination]:
    coordination = coordination_at(door.url, redis_timeout=0.2)
    yield coordination
    await coordination.close()


async def _take_away(door: Door, how: str) -> None:
    if how == "stopped":
        await door.shut()
    else:
        door.fall_silent()


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_all_calls_are_misses_and_counted(door: Door, beyond: Coordination, how: str) -> None:
    cache = cache_of(beyond)
    await cache.set("x", 1, tags=["t"])
    assert await cache.get("x") == 1
    await _take_away(door, how)
    async with asyncio.timeout(20):  # that it ends at all
        assert await cache.get("x", "miss") == "miss"
        assert await cache.get_many(["x", "y"]) == {}
        assert not await cache.set("x", 2)
        assert await cache.set_many({"x": 2}, tags=["t"]) == 0
        assert not await cache.delete("x")
        assert await cache.clear_pattern("*") == 0
        await cache.invalidate_tag("t")
        assert await cache.get_or_compute("x", lambda: 3, tags=["t"]) == 3
        with pytest.raises(ZeroDivisionError):
            await cache.get_or_compute("x", lambda: 1 / 0)
    stats = cache.stats
    assert (stats.hits, stats.computed, stats.unstored) == (1, 1, 3)
    assert stats.lost_invalidations == 4  # clear_pattern is two
    assert stats.errors >= 10


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_one_process_computes_once_all_the_same(
    door: Door, beyond: Coordination, how: str
) -> None:
    cache, calls, go = cache_of(beyond), 0, asyncio.Event()

    async def compute() -> list[int]:
        nonlocal calls
        calls += 1
        await go.wait()
        return [calls]

    await _take_away(door, how)
    asked = [asyncio.create_task(cache.get_or_compute("x", compute)) for _ in range(20)]
    while cache.stats.waited < 19:  # noqa: ASYNC110 - a figure has no event
        await asyncio.sleep(0.01)
    # Who asks after a change is not given what was begun before it.
    await cache.delete("x")
    late = asyncio.create_task(cache.get_or_compute("x", compute))
    while calls < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    go.set()
    assert await asyncio.gather(*asked) == [[2]] * 20
    assert await late == [2]
    assert calls == 2


async def test_it_comes_back(door: Door, beyond: Coordination) -> None:
    cache = cache_of(beyond)
    await cache.set("x", 1)
    await door.shut()
    assert await cache.get("x") is None
    await door.open()
    async with asyncio.timeout(20):
        while await cache.get("x") != 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["stopped", "silent"])
async def test_away_while_it_is_computed(door: Door, beyond: Coordination, how: str) -> None:
    """The one who computes gets his value; the others, who can see nobody compute, do it too."""
    cache, begun, go = cache_of(beyond), asyncio.Event(), asyncio.Event()

    async def compute() -> Any:
        begun.set()
        await go.wait()
        return "value"

    first = asyncio.create_task(cache.get_or_compute("x", compute))
    await begun.wait()
    await _take_away(door, how)
    second = asyncio.create_task(cache.get_or_compute("x", lambda: "own"))
    async with asyncio.timeout(20):
        assert await second == "own"
        go.set()
        assert await first == "value"
    assert cache.stats.unstored == 2
