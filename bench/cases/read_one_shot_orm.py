"""A row by its key as a call of its own, against the ORM."""

from __future__ import annotations

from bench import orm
from bench.benchmark import Benchmark, TimesFaster
from bench.measure import Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    db, keys = world.db, world.keys()

    async def ours() -> None:
        tenant, project = next(keys)
        await db.tenant(tenant).projects.get(project)

    async with orm.reading(world) as peer:
        return await compare(ours, peer, rounds=41, calls=40)


BENCHMARK = Benchmark(
    what="read by key, one-shot",
    against="SQLAlchemy async ORM session",
    bar=TimesFaster(8),
    measure=measure,
)
