"""A row by its key, as a call of its own: with metrics of it, and without."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

import tenantry
from bench.benchmark import AtMost, Benchmark
from bench.measure import Call, Comparison, compare
from bench.world import World
from tenantry import Database
from tenantry.observing.prometheus import PrometheusMetrics


async def measure(world: World) -> Comparison:
    metrics = PrometheusMetrics(CollectorRegistry())
    async with await tenantry.connect(settings=world.db.settings, observe=[metrics]) as watched:

        def read(db: Database) -> Call:
            keys = world.keys()

            async def one() -> None:
                tenant, project = next(keys)
                await db.tenant(tenant).projects.get(project)

            return one

        return await compare(read(watched), read(world.db))


BENCHMARK = Benchmark(
    what="read by key, one-shot, with metrics",
    against="the same, without",
    bar=AtMost(1.15),
    measure=measure,
)
