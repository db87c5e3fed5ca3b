"""Dropping a small tenant's graph, among many and among few."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.graphed import DROP, FEW, MAKE, MANY, among_many_and_few
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await among_many_and_few(world, DROP, undone_by=MAKE)


BENCHMARK = Benchmark(
    what=f"drop a small tenant's graph, {MANY:,} there",
    against=f"the same, {FEW} there",
    bar=AtMost(1.5),
    measure=measure,
)
