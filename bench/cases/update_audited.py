"""One task changed in a transaction of its own, with the audit trail and without."""

from __future__ import annotations

from bench.audited import updates
from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await updates(world, rows=500)


BENCHMARK = Benchmark(
    what="update of a task, audited",
    against="the same, its audit trigger off",
    bar=AtMost(2),
    measure=measure,
)
