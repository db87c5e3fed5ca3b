"""A task moved to another stage, with the tenant's graph and without."""

from __future__ import annotations

from itertools import cycle

from bench import graphed
from bench.benchmark import AtMost, Benchmark
from bench.graphed import Side
from bench.measure import Call, Comparison, compare
from bench.world import World


async def measure(world: World) -> Comparison:
    ours, other = await graphed.with_graph(world), await graphed.not_enabled(world)
    return await compare(_moving(ours), _moving(other), calls=40)


def _moving(side: Side) -> Call:
    stages, task = cycle(("running", "pending")), next(side.tasks)

    async def move() -> None:
        nonlocal task
        stage = next(stages)
        await side.db.tenant(side.tenant).tasks.transition(task, stage)
        task = next(side.tasks) if stage == "pending" else task

    return move


BENCHMARK = Benchmark(
    what="move a task, with a graph",
    against="the same, graphs not enabled",
    bar=AtMost(4),
    measure=measure,
)
