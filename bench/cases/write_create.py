"""One row, with its audit entry, counter, quota and guard, against an INSERT without them."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    db, raw = world.db, await world.raw()
    twin = await world.twin("projects")
    insert = f"INSERT INTO {twin} (tenant_id, name) VALUES ($1, $2) RETURNING *"
    our_keys, raw_keys = world.keys(), world.keys()

    async def ours() -> None:
        async with db.tenant(next(our_keys)[0]) as t:
            await t.projects.create(name="Apollo")

    async def limit() -> None:
        async with raw.transaction():
            row = await raw.fetchrow(insert, next(raw_keys)[0], "Apollo")
            assert row is not None
            dict(row)

    return await compare(ours, limit, calls=40)


BENCHMARK = Benchmark(
    what="create, with audit, counter and quota",
    against="raw asyncpg, transaction(), plain table",
    measure=measure,
)
