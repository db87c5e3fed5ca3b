"""A row by its key, in a transaction: three round trips on both sides."""

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
        async with db.tenant(tenant) as t:
            await t.projects.get(project)

    async def limit() -> None:
        tenant, project = next(raw_keys)
        async with raw.transaction():
            row = await raw.fetchrow(select, tenant, project)
            assert row is not None
            dict(row)

    return await compare(ours, limit)


BENCHMARK = Benchmark(
    what="read by key, in a transaction",
    against="raw asyncpg, transaction(), no RLS",
    bar=AtMost(1.3),
    measure=measure,
)
