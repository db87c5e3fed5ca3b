"""A tenant's 50 newest rows, one-shot, as instances of the model."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison, compare
from bench.world import PROJECTS, World


async def measure(world: World) -> Comparison:
    db, raw = world.db, await world.raw()
    twin = await world.twin("projects")
    select = f"SELECT * FROM {twin} WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2"
    our_keys, raw_keys = world.keys(), world.keys()

    async def ours() -> None:
        await db.tenant(next(our_keys)[0]).projects.list(limit=PROJECTS)

    async def limit() -> None:
        [dict(row) for row in await raw.fetch(select, next(raw_keys)[0], PROJECTS)]

    return await compare(ours, limit, calls=40)


BENCHMARK = Benchmark(
    what=f"list {PROJECTS} newest, one-shot",
    against="raw asyncpg, autocommit, no RLS",
    measure=measure,
)
