"""20,000 tasks changed by one statement, with the audit trail and without."""

from __future__ import annotations

from bench.audited import ROWS, updates
from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await updates(world, rows=ROWS, at_once=True, calls=1, rounds=5)


BENCHMARK = Benchmark(
    what=f"update of {ROWS:,} tasks, audited",
    against="the same, its audit trigger off",
    bar=AtMost(3.5),
    measure=measure,
)
