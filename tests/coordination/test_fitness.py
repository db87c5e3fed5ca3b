"""A server is looked at for what is kept on it."""

from __future__ import annotations

import pytest

from tenantry.coordination import Coordination
from tenantry.coordination.fitness import Fitness, look
from tests.fixtures.topologies import PASSWORD, kv_node

from .conftest import coordination_at


async def _look(coordination: Coordination) -> list[Fitness]:
    try:
        return await look(coordination)
    finally:
        await coordination.close()


def _lines(**settings: str) -> list[str]:
    return [
        "port {port}",
        f"requirepass {PASSWORD}",
        *(f"{name.replace('_', '-')} {value}" for name, value in settings.items()),
    ]


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_a_server_for_everything(kind: str) -> None:
    with kv_node(kind, _lines(appendonly="yes")) as node:
        url = f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0"
        (found,) = await _look(coordination_at(url))
        assert (found.ok, found.use, found.faults) == (True, "both", ())
        assert found.server.startswith(kind)
        assert (found.memory_policy, found.append_only) == ("noeviction", True)
        node.admin.config_set("appendonly", "no")
        (found,) = await _look(coordination_at(url))
        assert found.ok
        assert "appendonly" in found.faults[0].detail
        node.admin.config_set("maxmemory-policy", "allkeys-lru")
        node.admin.config_set("maxmemory", "100mb")
        (found,) = await _look(coordination_at(url))
        assert not found.ok
        assert "allkeys-lru" in found.faults[0].detail


async def test_a_cache_of_its_own_should_be_one() -> None:
    with kv_node("valkey", _lines(appendonly="yes")) as one, kv_node("valkey", _lines()) as other:
        urls = [f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0" for node in (one, other)]
        coordination = coordination_at(urls[0], cache_url=urls[1])
        lasting, cache = await _look(coordination)
        assert (lasting.store, lasting.faults) == ("redis", ())
        assert (cache.store, cache.use, cache.ok) == ("cache", "cache", True)
        assert "maxmemory" in cache.faults[0].detail
        other.admin.config_set("maxmemory-policy", "allkeys-lfu")
        other.admin.config_set("maxmemory", "100mb")
        _, cache = await _look(coordination_at(urls[0], cache_url=urls[1]))
        assert cache.faults == ()


async def test_a_server_that_is_away_is_an_answer() -> None:
    (found,) = await _look(coordination_at("redis://127.0.0.1:1/0"))
    assert not found.ok
    assert "cannot be reached" in found.error
