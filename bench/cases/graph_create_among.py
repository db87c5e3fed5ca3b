"""One task of a tenant with a graph, among many graphs and among few."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.graphed import FEW, MANY, Crowd, crowd
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    many, few = await crowd(world, MANY), await crowd(world, FEW)
    return await compare(_creating(many), _creating(few), calls=40)


def _creating(crowd: Crowd) -> Call:
    async def create() -> None:
        tasks = crowd.db.tenant(crowd.tenant).tasks
        await tasks.create(project_id=crowd.project, title="Add a login")

    return create


BENCHMARK = Benchmark(
    what=f"create a task, {MANY:,} graphs there",
    against=f"the same, {FEW} there",
    bar=AtMost(1.2),
    measure=measure,
)
