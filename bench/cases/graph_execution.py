"""A run of an agent, started and finished, with the tenant's graph and without."""

from __future__ import annotations

from bench import graphed
from bench.benchmark import AtMost, Benchmark
from bench.graphed import Side
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    ours, other = await graphed.with_graph(world), await graphed.not_enabled(world)
    return await compare(_running(ours), _running(other), calls=20)


def _running(side: Side) -> Call:
    async def run() -> None:
        runs = side.db.tenant(side.tenant).executions
        started = await runs.start(agent_id=side.agent, task_id=next(side.tasks))
        await runs.finish(started.id)

    return run


BENCHMARK = Benchmark(
    what="start and finish a run, with a graph",
    against="the same, graphs not enabled",
    bar=AtMost(4),
    measure=measure,
)
