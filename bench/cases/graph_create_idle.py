"""One task of a tenant that has no graph, where others may."""

from __future__ import annotations

from bench import graphed
from bench.benchmark import Benchmark
from bench.cases.graph_create import creating
from bench.measure import Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    ours, other = await graphed.without_graph(world), await graphed.not_enabled(world)
    return await compare(creating(ours), creating(other), calls=40)


BENCHMARK = Benchmark(
    what="create a task, no graph yet",
    against="the same, graphs not enabled",
    measure=measure,
)
