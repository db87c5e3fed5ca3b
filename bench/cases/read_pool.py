"""Sixteen callers at once, each reading a row by its key in a transaction."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    db, pool = world.db, await world.raw_pool()
    twin = await world.twin("projects")
    select = f"SELECT * FROM {twin} WHERE tenant_id = $1 AND id = $2"
    our_keys, pool_keys = world.keys(), world.keys()

    async def ours() -> None:
        tenant, project = next(our_keys)
        async with db.tenant(tenant) as t:
            await t.projects.get(project)

    async def peer() -> None:
        tenant, project = next(pool_keys)
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(select, tenant, project)
            assert row is not None
            dict(row)

    return await compare(ours, peer, rounds=31, calls=800, callers=16)


BENCHMARK = Benchmark(
    what="16 callers, read by key in a transaction",
    against="asyncpg.Pool, transaction(), no RLS",
    measure=measure,
)
