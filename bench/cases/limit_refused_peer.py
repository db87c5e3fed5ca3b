"""A hit of a window that is full."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.limited import against_limits
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await against_limits(world, 1000, 60)


BENCHMARK = Benchmark(
    what="hit a full window", against="limits, moving window", measure=measure, bar=AtMost(1.0)
)
