"""One task, with the tenant's graph and without."""

from __future__ import annotations

from bench import graphed
from bench.benchmark import AtMost, Benchmark
from bench.graphed import Side
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    ours, other = await graphed.with_graph(world), await graphed.not_enabled(world)
    return await compare(creating(ours), creating(other), calls=40)


def creating(side: Side) -> Call:
    async def create() -> None:
        await side.db.tenant(side.tenant).tasks.create(project_id=side.project, title="Add a login")

    return create


BENCHMARK = Benchmark(
    what="create a task, with a graph",
    against="the same, graphs not enabled",
    bar=AtMost(4),
    measure=measure,
)
