"""A hit of a pace, allowed."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.limited import against_the_script
from bench.measure import Comparison
from bench.world import World
from tenantry.coordination import Pace


async def measure(world: World) -> Comparison:
    return await against_the_script(world, Pace(1_000_000, per=1))


BENCHMARK = Benchmark(
    what="hit a pace", against="EVALSHA of the same script", measure=measure, bar=AtMost(1.2)
)
