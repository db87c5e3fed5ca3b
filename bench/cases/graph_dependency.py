"""A task made to wait for another, with the tenant's graph and without."""

from __future__ import annotations

from bench import graphed
from bench.benchmark import AtMost, Benchmark
from bench.graphed import Side
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    ours, other = await graphed.with_graph(world), await graphed.not_enabled(world)
    return await compare(_adding(ours), _adding(other), calls=20)


def _adding(side: Side) -> Call:
    async def add() -> None:
        waiting, awaited = next(side.tasks), next(side.tasks)
        await side.db.tenant(side.tenant).tasks.add_dependency(waiting, on=awaited)

    return add


BENCHMARK = Benchmark(
    what="add a dependency, with a graph",
    against="the same, graphs not enabled",
    bar=AtMost(4),
    measure=measure,
)
