"""All that a task waits for, 500 tasks in 25 layers, in a transaction."""

from __future__ import annotations

from time import perf_counter

from bench import graphs
from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison
from bench.world import World

LIMIT = 2000.0
ROUNDS, CALLS = 31, 20


async def measure(world: World) -> Comparison:
    waiting = await graphs.waiting(world, graphs.layered(25, most=3))
    spent = []
    async with world.db.tenant(waiting.t.tenant_id) as t:
        for _ in range(ROUNDS):
            started = perf_counter()
            for _ in range(CALLS):
                await t.tasks.dependencies(waiting.id, transitive=True)
            spent.append((perf_counter() - started) / CALLS * 1e6)
    return Comparison(spent, [LIMIT] * ROUNDS)


BENCHMARK = Benchmark(
    what=f"closure of {graphs.TASKS} tasks, in a transaction",
    against="2 ms",
    bar=AtMost(1),
    measure=measure,
)
