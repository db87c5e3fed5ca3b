"""A named question of a tenant's graph, among many graphs and among few."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.graphed import FEW, MANY, QUESTION, Crowd, crowd
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    many, few = await crowd(world, MANY), await crowd(world, FEW)
    return await compare(_asking(many), _asking(few), calls=40)


def _asking(crowd: Crowd) -> Call:
    async def ask() -> None:
        graph = crowd.db.tenant(crowd.tenant).graph
        assert len(await graph.run(QUESTION, task=crowd.task)) == 1

    return ask


BENCHMARK = Benchmark(
    what=f"ask a graph by name, {MANY:,} there",
    against=f"the same, {FEW} there",
    bar=AtMost(1.2),
    measure=measure,
)
