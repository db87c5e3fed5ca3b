"""The same updates of tasks with the audit trail and without: its trigger is switched off for the
other side's turns, and nothing else differs."""

from __future__ import annotations

from itertools import count
from uuid import UUID

from bench.measure import Call, Comparison, compare
from bench.world import World

ROWS = 20_000

_FILL = """
INSERT INTO tenantry.tasks (tenant_id, project_id, title)
SELECT $1, $2, 'Task ' || n FROM generate_series(1, $3::integer) AS n RETURNING id"""
_ONE = """
UPDATE tenantry.tasks SET title = 'Task ' || $3::integer, description = 'No. ' || $3::integer
WHERE tenant_id = $1 AND id = $2"""
_ALL = "UPDATE tenantry.tasks SET retry_count = $2 WHERE tenant_id = $1"


async def updates(
    world: World,
    *,
    rows: int,
    at_once: bool = False,
    callers: int = 1,
    calls: int = 60,
    rounds: int = 31,
) -> Comparison:
    """One row at a time, each caller in turn, or all of them in one statement."""
    tenant, project = world.projects[0]
    async with world.db.service("benchmark data") as s:
        await s.tenants.set_quotas(tenant, max_tasks=None)
    made = await world.db.tenant(tenant).fetch(_FILL, tenant, project, rows)
    tasks = [UUID(str(row[0])) for row in made]
    number = count()

    async def change() -> None:
        n = next(number)
        async with world.db.tenant(tenant) as t:
            if at_once:
                await t.execute(_ALL, tenant, n % 5)
            else:
                await t.execute(_ONE, tenant, tasks[n % rows], n)

    async def with_audit() -> None:
        await change()

    async def without() -> None:
        await change()

    async def switch(side: Call) -> None:
        verb = "ENABLE" if side is with_audit else "DISABLE"
        if at_once:
            # What the last turn left behind is neither side's to carry.
            await admin.execute("VACUUM ANALYZE tenantry.tasks")
        await admin.execute(f"ALTER TABLE tenantry.tasks {verb} TRIGGER audit_update")

    async with world.admin() as admin:
        try:
            return await compare(
                with_audit, without, rounds=rounds, calls=calls, callers=callers, before=switch
            )
        finally:
            await switch(with_audit)
            await admin.execute("DELETE FROM tenantry.tasks WHERE tenant_id = $1", tenant)
