"""A row by its key as a call of its own, which a seal makes a transaction."""

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
    await db.tenant(tenant).projects.get(project)


BENCHMARK = Benchmark(
    what="read by key, one-shot, sealed context",
    against="the same, plain context",
    measure=measure,
)
