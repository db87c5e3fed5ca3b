"""16 writers changing tasks of one tenant: what the audit trail adds stays what it adds for one."""

from __future__ import annotations

from bench.audited import updates
from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await updates(world, rows=500, callers=16, calls=160)


BENCHMARK = Benchmark(
    what="update of a task by 16 writers of a tenant, audited",
    against="the same, its audit trigger off",
    measure=measure,
)
