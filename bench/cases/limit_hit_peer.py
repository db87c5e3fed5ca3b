"""A hit of a window, allowed."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.limited import against_limits
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await against_limits(world, 100_000, 1)


BENCHMARK = Benchmark(
    what="hit a window", against="limits, moving window", measure=measure, bar=AtMost(1.0)
)
