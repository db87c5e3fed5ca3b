"""A thousand tasks at once, with the tenant's graph and without."""

from __future__ import annotations

from bench import graphed
from bench.benchmark import AtMost, Benchmark
from bench.graphed import Side
from bench.measure import Call, Comparison, compare
from bench.world import World

MANY = 1_000


async def measure(world: World) -> Comparison:
    ours, other = await graphed.with_graph(world), await graphed.not_enabled(world)
    return await compare(_creating(ours), _creating(other), rounds=21, calls=2)


def _creating(side: Side) -> Call:
    rows = [{"project_id": side.project, "title": f"Task {n}"} for n in range(MANY)]

    async def create() -> None:
        await side.db.tenant(side.tenant).tasks.create_many(rows)

    return create


BENCHMARK = Benchmark(
    what=f"create {MANY:,} tasks at once, with a graph",
    against="the same, graphs not enabled",
    bar=AtMost(2.5),
    measure=measure,
)
