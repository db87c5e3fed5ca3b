"""The same where each task is waited for by one: with no path to spare, AGE's best case."""

from __future__ import annotations

from bench import graphs
from bench.benchmark import Benchmark
from bench.cases.graph_closure_age import against_age
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await against_age(world, "tree", graphs.layered(5, most=1), rounds=11)


BENCHMARK = Benchmark(
    what=f"closure of {graphs.TASKS} tasks, a tree",
    against="AGE, variable length",
    measure=measure,
)
