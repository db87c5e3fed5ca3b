"""A project and its first task, with the tenant's counters and its quotas of both, and without."""

from __future__ import annotations

from itertools import cycle
from uuid import UUID

from bench.benchmark import AtMost, Benchmark
from bench.measure import Call, Comparison, compare
from bench.world import TENANTS, World
from tenantry import Database

COUNTED = ("projects", "tasks")
ENOUGH = 1_000_000


async def measure(world: World) -> Comparison:
    uncounted = await world.another(
        "uncounted", *(f"DROP TRIGGER count_insert ON tenantry.{table}" for table in COUNTED)
    )
    tenants = []
    async with uncounted.service("benchmark data") as s:
        for number in range(TENANTS):
            made = await s.tenants.create(name=f"Tenant {number}", slug=f"tenant-{number}")
            tenants.append(UUID(str(made.id)))
    async with world.admin() as admin:
        await admin.execute(
            f"UPDATE tenantry.tenant_quotas SET max_projects = {ENOUGH}, max_tasks = {ENOUGH}"
        )
    counted = sorted({tenant for tenant, _ in world.projects})
    return await compare(_creating(world.db, counted), _creating(uncounted, tenants), calls=20)


def _creating(db: Database, tenants: list[UUID]) -> Call:
    turns = cycle(tenants)

    async def create() -> None:
        async with db.tenant(next(turns)) as t:
            project = await t.projects.create(name="Apollo")
            await t.tasks.create(project_id=project.id, prompt="Add a login")

    return create


BENCHMARK = Benchmark(
    what="create a project and a task, with two quotas and counters",
    against="the same without",
    bar=AtMost(1.5),
    measure=measure,
)
