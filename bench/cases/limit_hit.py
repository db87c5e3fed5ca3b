"""A hit of a window, allowed."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.limited import against_the_script
from bench.measure import Comparison
from bench.world import World
from tenantry.coordination import Rate


async def measure(world: World) -> Comparison:
    return await against_the_script(world, Rate(100_000, per=1))


BENCHMARK = Benchmark(
    what="hit a window", against="EVALSHA of the same script", measure=measure, bar=AtMost(1.2)
)
