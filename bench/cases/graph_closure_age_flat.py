"""The same in five layers, whose few thousand paths AGE can go along."""

from __future__ import annotations

from bench import graphs
from bench.benchmark import Benchmark, TimesFaster
from bench.cases.graph_closure_age import against_age
from bench.measure import Comparison
from bench.world import World


async def measure(world: World) -> Comparison:
    return await against_age(world, "flat", graphs.layered(5, most=3), rounds=11)


BENCHMARK = Benchmark(
    what=f"closure of {graphs.TASKS} tasks, 5 layers",
    against="AGE, variable length",
    bar=TimesFaster(20),
    measure=measure,
)
