"""Writes of tenants with a graph, with none, and where graphs are not enabled at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from uuid import UUID

from bench.world import World
from tenantry import Database
from tenantry.ops import features

#: Of each side, before anything is measured.
TASKS = 4_000
GRAPHED, PLAIN = "graphed", "graphless"
_numbers = count(1)


@dataclass(frozen=True)
class Side:
    db: Database
    tenant: UUID
    project: UUID
    agent: UUID
    #: Random, and endless.
    tasks: Iterator[UUID]


async def with_graph(world: World) -> Side:
    """Its graph follows what it writes."""
    side = await _filled(await enabled(world))
    await side.db.tenant(side.tenant).execute("SELECT tenantry.open_graph()")
    return side


async def without_graph(world: World) -> Side:
    """Graphs are enabled, and it has none."""
    return await _filled(await enabled(world))


async def not_enabled(world: World) -> Side:
    return await _filled(await world.another(PLAIN))


async def enabled(world: World, name: str = GRAPHED) -> Database:
    db = await world.another(name)
    await features.enable(db.settings, "graph", admin_url=world.admin_url(name))
    return db


async def _filled(db: Database) -> Side:
    async with db.service("benchmark data") as s:
        name = f"tenant-{next(_numbers)}"
        tenant = UUID(str((await s.tenants.create(name=name, slug=name)).id))
        await s.tenants.set_quotas(tenant, max_tasks=None)
        t = s.tenant(tenant)
        project = UUID(str((await t.projects.create(name="Apollo")).id))
        agent = UUID(str((await t.agents.create(name="Ada", agent_type="coder")).id))
        rows = [{"project_id": project, "title": f"Task {n}"} for n in range(TASKS)]
        tasks = [UUID(str(task.id)) for task in await t.tasks.create_many(rows)]
    return Side(db, tenant, project, agent, cycle(tasks))
