"""A row by its key in a transaction, against the ORM."""

from __future__ import annotations

from bench import orm
from bench.benchmark import Benchmark, TimesFaster
from bench.measure import Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    db, keys = world.db, world.keys()

    async def ours() -> None:
        tenant, project = next(keys)
        async with db.tenant(tenant) as t:
            await t.projects.get(project)

    async with orm.reading(world) as peer:
        return await compare(ours, peer, rounds=41, calls=40)


BENCHMARK = Benchmark(
    what="read by key, in a transaction",
    against="SQLAlchemy async ORM session",
    bar=TimesFaster(8),
    measure=measure,
)
