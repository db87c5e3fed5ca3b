"""A new connection, which reads the catalog, among many graphs and among few."""

from __future__ import annotations

import asyncpg

from bench.benchmark import AtMost, Benchmark
from bench.graphed import FEW, MANY, Crowd, crowd
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    many, few = await crowd(world, MANY), await crowd(world, FEW)
    return await compare(_connecting(world, many), _connecting(world, few), rounds=31, calls=3)


def _connecting(world: World, crowd: Crowd) -> Call:
    async def connect() -> None:
        connection = await asyncpg.connect(world.url("app", crowd.name))
        await connection.close()

    return connect


BENCHMARK = Benchmark(
    what=f"connect, {MANY:,} graphs there",
    against=f"the same, {FEW} there",
    bar=AtMost(1.2),
    measure=measure,
)
