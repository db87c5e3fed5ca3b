"""Writes of tenants with a graph, with none, and where graphs are not enabled at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from uuid import UUID

from bench.measure import Call, Comparison, compare
from bench.world import World
from tenantry import Database
from tenantry.ops import features

#: Of each side, before anything is measured.
TASKS = 4_000
GRAPHED, PLAIN = "graphed", "graphless"
_numbers = count(1)


@dataclass(frozen=True)
class Side:
    """A tenant that writes."""

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


# ---- many of them --------------------------------------------------------------------------------

FEW = 10
#: 10,000 take a quarter of an hour and 8 GB: `TENANTRY_BENCH_GRAPHS=10000 make bench ARGS=graph_make`.
MANY = int(os.environ.get("TENANTRY_BENCH_GRAPHS", "300"))
MAKE, DROP = "SELECT tenantry.graph_ready($1)", "SELECT tenantry.drop_graph($1)"
QUESTION = "waits-for"

_TENANTS = """
    INSERT INTO tenantry.tenants (name, slug)
    SELECT 'Tenant ' || n, 'tenant-' || n FROM generate_series(1, {count}) AS n;
    INSERT INTO tenantry.projects (tenant_id, name) SELECT id, 'Apollo' FROM tenantry.tenants;
    INSERT INTO tenantry.agents (tenant_id, name, agent_type) SELECT id, 'Ada', 'coder' FROM tenantry.tenants;
    INSERT INTO tenantry.tasks (tenant_id, project_id, title)
    SELECT p.tenant_id, p.id, 'Task ' || n FROM tenantry.projects AS p, generate_series(1, 3) AS n;
    INSERT INTO tenantry.task_dependencies (tenant_id, task_id, depends_on_id)
    SELECT tenant_id, min(id::text)::uuid, max(id::text)::uuid FROM tenantry.tasks GROUP BY 1
"""


@dataclass(frozen=True)
class Crowd:
    """Small tenants, each with an agent, a project, three tasks and a graph of these."""

    db: Database
    name: str
    #: One of them, its project, and its task that waits for another.
    tenant: UUID
    project: UUID
    task: UUID


async def crowd(world: World, graphs: int) -> Crowd:
    """Made once, for whoever asks next."""
    name = f"graphs_{graphs}"
    db = await enabled(world, name)
    async with world.admin(name) as admin:
        if not await admin.fetchval("SELECT EXISTS (SELECT FROM tenantry.tenants)"):
            await admin.execute(_TENANTS.format(count=graphs))
            await admin.execute("VACUUM ANALYZE")
            for tenant in await admin.fetch("SELECT id FROM tenantry.tenants"):
                await admin.execute(MAKE, tenant["id"])
            await admin.execute("VACUUM ANALYZE")
        ones = await admin.fetch(
            "SELECT t.tenant_id, t.project_id, t.id FROM tenantry.tasks AS t JOIN tenantry.task_dependencies"
            " AS d ON d.tenant_id = t.tenant_id AND d.task_id = t.id ORDER BY t.tenant_id"
        )
    plain = [[UUID(str(key)) for key in row] for row in ones]
    async with db.service("benchmark data") as s:
        asked = "MATCH (:Task {id: $task})-[:DEPENDS_ON]->(t:Task) RETURN t.title"
        await s.graph_queries.put(QUESTION, asked)
    return Crowd(db, name, *plain[-1])


async def among_many_and_few(world: World, statement: str, undone_by: str) -> Comparison:
    """Of a tenant's graph; what undoes it is not measured. Both find nothing to do the second time."""
    many, few = await crowd(world, MANY), await crowd(world, FEW)
    async with world.admin(many.name) as in_many, world.admin(few.name) as in_few:

        async def ours() -> None:
            await in_many.execute(statement, many.tenant)

        async def other() -> None:
            await in_few.execute(statement, few.tenant)

        async def undo(side: Call) -> None:
            if side is ours:
                await in_many.execute(undone_by, many.tenant)
            else:
                await in_few.execute(undone_by, few.tenant)

        return await compare(ours, other, before=undo, calls=1)
