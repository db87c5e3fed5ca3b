"""A cached function whose answer is there: a key from its arguments, one GET, and the value."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgpack  # type: ignore[import-untyped]
from redis.asyncio import Redis

from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison, compare
from bench.world import World
from tenantry import Tenant, cached

ANSWER = {
    "id": str(UUID(int=1)),
    "name": "Project 7",
    "status": "active",
    "tasks": {"open": 12, "done": 30},
    "tags": ["alpha", "beta"],
}


@cached(ttl=3600)
async def summary(t: Tenant, project_id: UUID) -> dict[str, Any]:
    return ANSWER


async def measure(world: World) -> Comparison:
    coordination = await world.coordination()
    db, raw = world.db, Redis.from_url(world.local.valkey_url(tcp=True))
    db.coordination = coordination
    our_keys, raw_keys = world.keys(), world.keys()
    packed = msgpack.packb(ANSWER)

    for tenant, project in set(world.projects):
        await summary(db.tenant(tenant), project)
        await raw.set(f"raw:{tenant}:{project}", packed, ex=3600)

    async def ours() -> None:
        tenant, project = next(our_keys)
        await summary(db.tenant(tenant), project)

    async def limit() -> None:
        tenant, project = next(raw_keys)
        msgpack.unpackb(await raw.get(f"raw:{tenant}:{project}"))

    comparison = await compare(ours, limit)
    await raw.aclose()
    return comparison


BENCHMARK = Benchmark(
    what="cached function, hit",
    against="redis-py GET as it comes, and msgpack",
    bar=AtMost(1.3),
    measure=measure,
)
