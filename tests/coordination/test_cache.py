"""A tenant's cache: what is set is there, until its time, its tag or its name is called."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tenantry.coordination import Cache, Coordination
from tenantry.coordination.keys import Keys
from tenantry.coordination.values import pack
from tenantry.errors import InvalidInput
from tests.fixtures.servers import KeyValueServer

from .conftest import cache_of, coordination_at


def _keys(cache: Cache) -> Keys:
    return cache._shelf._keys


async def _raw(coordination: Coordination, cache: Cache, *words: Any) -> Any:
    return await coordination.passing.command(*words)


async def test_set_get_delete(cache: Cache) -> None:
    value = {"id": uuid4(), "at": datetime.now(UTC), "rows": [(1, 2)]}
    assert await cache.get("report") is None
    assert await cache.set("report", value)
    assert await cache.get("report") == value
    assert await cache.delete("report")
    assert not await cache.delete("report")
    assert await cache.get("report", "gone") == "gone"


async def test_none_is_a_value(cache: Cache) -> None:
    missing = object()
    await cache.set("nobody", None)
    assert await cache.get("nobody", missing) is None
    assert await cache.get("nothing", missing) is missing
    assert await cache.get_many(["nobody", "nothing"]) == {"nobody": None}


async def test_many_at_once(cache: Cache) -> None:
    values = {f"n{n}": n for n in range(1_203)}
    assert await cache.set_many(values) == len(values)
    assert await cache.get_many([*values, "none"]) == values
    assert await cache.delete_many([*values, "none"]) == len(values)
    assert await cache.get_many(values) == {}
    assert await cache.get_many([]) == {}
    assert await cache.set_many({}) == 0
    assert await cache.delete_many([]) == 0


async def test_each_value_has_its_time(coordination: Coordination, cache: Cache) -> None:
    async def lifetime(**options: Any) -> int:
        await cache.set("x", 1, **options)
        left = await _raw(coordination, cache, "PTTL", _keys(cache).name("cache", "x"))
        assert isinstance(left, int)
        return left

    assert 0 < 3_600_000 * 1.1 - await lifetime() < 3_600_000 * 0.2 + 60_000
    assert 55_000 < await lifetime(ttl=60, jitter=0) <= 60_000
    assert 55_000 < await lifetime(ttl=timedelta(minutes=1), jitter=0) <= 60_000
    spread = {await lifetime(ttl=1000) // 1000 for _ in range(20)}
    assert len(spread) > 5
    assert all(899 <= seconds <= 1100 for seconds in spread)
    await cache.set("brief", 1, ttl=0.02)
    await asyncio.sleep(0.05)
    assert await cache.get("brief") is None


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"ttl": 0}, "ttl"),
        ({"ttl": -1}, "ttl"),
        ({"ttl": float("nan")}, "ttl"),
        ({"ttl": float("inf")}, "ttl"),
        ({"ttl": 1e12}, "ttl"),
        ({"jitter": 1}, "jitter"),
        ({"jitter": -0.1}, "jitter"),
        ({"tags": [""]}, "name"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    cache: Cache, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await cache.set("x", 1, **options)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["", "x" * 1025, "\ud800"])
async def test_a_name_is_text_of_some_length(cache: Cache, name: str) -> None:
    for call in (
        cache.get(name),
        cache.set(name, 1),
        cache.delete(name),
        cache.clear_pattern(name),
    ):
        with pytest.raises(InvalidInput):
            await call


async def test_too_large_is_said(kv_server: KeyValueServer) -> None:
    coordination = coordination_at(kv_server.url, cache_largest_value=2_000)
    cache = cache_of(coordination)
    assert await cache.set("fits", b"x" * 1_900)
    with pytest.raises(InvalidInput) as caught:
        await cache.set("large", b"x" * 2_001)
    assert caught.value.fields["limit"] == 2_000
    # What was computed is there all the same.
    assert await cache.get_or_compute("large", lambda: b"x" * 2_001) == b"x" * 2_001
    assert await cache.get("large") is None
    assert cache.stats.unstored == 1
    await coordination.close()


# ---- tags -------------------------------------------------------------------------------------


async def test_a_tag_takes_all_its_values_along(cache: Cache) -> None:
    await cache.set("a", 1, tags=["project:1", "user:1"])
    await cache.set("b", 2, tags="project:1")
    await cache.set("c", 3, tags=["project:2"])
    await cache.set("d", 4)
    assert await cache.get_many("abcd") == {"a": 1, "b": 2, "c": 3, "d": 4}
    await cache.invalidate_tag("project:1")
    assert await cache.get("a") is None
    assert await cache.get_many("abcd") == {"c": 3, "d": 4}
    await cache.set("a", 5, tags=["project:1", "user:1"])
    assert await cache.get("a") == 5
    await cache.invalidate_tags(["user:1", "project:2"])
    assert await cache.get_many("abcd") == {"d": 4}


async def test_a_tag_that_was_evicted_makes_a_miss_for_ever(
    coordination: Coordination, cache: Cache
) -> None:
    await cache.set("old", 1, tags=["t"])
    await _raw(coordination, cache, "DEL", _keys(cache).name("tag", "t"))
    assert await cache.get("old") is None
    await cache.set("new", 2, tags=["t"])  # which gives the tag a token again
    assert await cache.get("old") is None
    assert await cache.get("new") == 2


async def test_a_tag_outlasts_its_values(coordination: Coordination, cache: Cache) -> None:
    async def left() -> int:
        key = _keys(cache).name("tag", "t")
        return int(await _raw(coordination, cache, "PTTL", key))

    await cache.set("long", 1, ttl=10_000, tags=["t"])
    await cache.set("short", 1, ttl=1, tags=["t"])
    assert await left() > 10_000_000
    await cache.get_or_compute("longer", lambda: 1, ttl=20_000, tags=["t"])
    assert await left() > 20_000_000


# ---- round trips ------------------------------------------------------------------------------


async def test_what_a_hit_costs(coordination: Coordination, cache: Cache) -> None:
    await cache.set("plain", 1)
    await cache.set("tagged", 2, tags=["a", "b"])
    store = coordination.passing

    async def calls(work: Any) -> int:
        before = store.stats.calls
        await work
        return store.stats.calls - before

    assert await calls(cache.get("plain")) == 1
    assert await calls(cache.get_or_compute("plain", lambda: 0)) == 1
    assert await calls(cache.get_or_compute("tagged", lambda: 0, tags=["b", "a"])) == 1
    assert await calls(cache.get("tagged")) == 2
    assert await calls(cache.get_many(["plain", "tagged"])) == 2


# ---- patterns ---------------------------------------------------------------------------------


async def test_a_pattern_clears_what_it_matches(cache: Cache) -> None:
    names = ["report:1", "report:2", "report:10", "reports", "other", "a*b", "a\\b", "ä"]
    await cache.set_many(dict.fromkeys(names, 1))
    assert await cache.clear_pattern("report:?") == 2
    assert await cache.clear_pattern("report:[0-9]*") == 1
    assert await cache.clear_pattern("a\\*b") == 1
    assert set(await cache.get_many(names)) == {"reports", "other", "a\\b", "ä"}
    assert await cache.clear_pattern("none*") == 0
    assert await cache.clear_pattern("*") == 4


async def test_a_pattern_finds_all_of_many(cache: Cache) -> None:
    values = {f"many:{n}": n for n in range(3_000)}
    await cache.set_many({**values, "kept": 1})
    assert await cache.clear_pattern("many:*") == 3_000
    assert await cache.get_many([*values, "kept"]) == {"kept": 1}


# ---- what is not ours -------------------------------------------------------------------------


#: What no condition is: a tag that is no name, a token that nobody has.
CONDITIONS = [
    b"\xc1\x02" + pack([0, tags, pack("x")]) for tags in ({1: b"t"}, {"": b"t"}, {"t": None})
]


@pytest.mark.parametrize(
    "foreign", [b"", b"hello", b"\xc1\x01\xc1", b"\xc1\x02\x93\x01", b"\x80\x04N.", *CONDITIONS]
)
async def test_foreign_bytes_are_a_miss(
    coordination: Coordination, cache: Cache, foreign: bytes
) -> None:
    await _raw(coordination, cache, "SET", _keys(cache).name("cache", "x"), foreign)
    assert await cache.get("x", "miss") == "miss"
    assert await cache.get_many(["x"]) == {}
    assert cache.stats.unreadable == 2
    assert await cache.get_or_compute("x", lambda: 7) == 7
    assert await cache.get("x") == 7


async def test_a_key_of_another_kind_is_a_miss(coordination: Coordination, cache: Cache) -> None:
    await _raw(coordination, cache, "RPUSH", _keys(cache).name("cache", "x"), "1")
    assert await cache.get("x", "miss") == "miss"
    assert cache.stats.errors == 1
    assert await cache.set("x", 1)
    assert await cache.get("x") == 1


async def test_figures_are_kept(cache: Cache) -> None:
    await cache.get("x")
    await cache.set("x", 1)
    await cache.get("x")
    await cache.get_or_compute("x", lambda: 1)
    await cache.get_or_compute("y", lambda: 1)
    stats = cache.stats
    assert (stats.hits, stats.misses, stats.computed, stats.errors) == (2, 2, 1, 0)


async def test_a_full_server_is_counted_and_the_old_value_goes(
    redis_server: KeyValueServer,  # it is this process's alone
) -> None:
    coordination = coordination_at(redis_server.url)
    cache, server = cache_of(coordination), coordination.passing
    await cache.set("x", "old")
    await server.command("CONFIG", "SET", "maxmemory", "1")
    try:
        assert not await cache.set("x", "new")
        assert await cache.get_or_compute("y", lambda: 1) == 1
        assert await cache.get("x", "miss") == "miss"
        assert not await cache.set("x", "new", tags=["a"])
        await cache.invalidate_tag("a")
    finally:
        await server.command("CONFIG", "SET", "maxmemory", "0")
    assert cache.stats.unstored == 3
    assert cache.stats.lost_invalidations == 0
    assert await cache.set("x", "new")
    await coordination.close()
