"""A row by its key, as a call of its own: one round trip on both sides."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    db, raw = world.db, await world.raw()
    twin = await world.twin("projects")
    select = f"SELECT * FROM {twin} WHERE tenant_id = $1 AND id = $2"
    our_keys, raw_keys = world.keys(), world.keys()

    async def ours() -> None:
        tenant, project = next(our_keys)
        await db.tenant(tenant).projects.get(project)

    async def limit() -> None:
        tenant, project = next(raw_keys)
        row = await raw.fetchrow(select, tenant, project)
        assert row is not None
        dict(row)

    return await compare(ours, limit)


BENCHMARK = Benchmark(
    what="read by key, one-shot",
    against="raw asyncpg, autocommit, no RLS",
    bar=AtMost(1.7),
    measure=measure,
)
