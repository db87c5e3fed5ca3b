"""A project made, with all its triggers, under a seal."""

from __future__ import annotations

from uuid import UUID

from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.sealed import sealed_against_plain
from bench.world import World
from tenantry import Database


async def measure(world: World) -> Comparison:
    return await sealed_against_plain(world, _work)


async def _work(db: Database, tenant: UUID, project: UUID) -> None:
    del project
    async with db.tenant(tenant) as t:
        await t.projects.create(name="Apollo")


BENCHMARK = Benchmark(
    what="create with audit entry, counter, quota and guard, sealed context",
    against="the same, plain context",
    measure=measure,
)
