"""A graph that was damaged says where, and is made anew from the tables."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg
import pytest

from tenantry import Database
from tenantry.errors import PermissionDenied
from tenantry.ops import features
from tests.fixtures.database import Place, make_tenant

from .following import assert_follows, has_graph, wrong

pytestmark = pytest.mark.postgres("wheel")
Connection: TypeAlias = "asyncpg.Connection[Any]"
OPEN = "SELECT tenantry.open_graph()"


async def test_what_is_wrong_is_told_and_mended(gdb: Database, root: Connection) -> None:
    acme, beta = [(await make_tenant(gdb, slug)).id for slug in ("acme", "beta")]
    t = gdb.tenant(acme)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    tasks = [await t.tasks.create(title=f"T{n}", assigned_to_agent_id=ada.id) for n in range(3)]
    await t.dependencies.create(task_id=tasks[0].id, depends_on_id=tasks[1].id)
    node = await t.graph.put_node("Service", {"name": "mail"})
    await t.graph.put_edge("USES", tasks[0], node)
    for tenant in (acme, beta):
        await gdb.tenant(tenant).tasks.create(title="also")
        await gdb.tenant(tenant).fetch(OPEN)
    await assert_follows(root, acme, beta)
    await root.execute("SET search_path = ag_catalog, pg_catalog")

    async def damaged(*statements: str) -> dict[str, tuple[int, int]]:
        for statement in statements:
            await root.execute(statement.replace("@", f"tg_{acme.hex}"))
        told = await wrong(root, acme)
        await root.execute("SELECT tenantry.rebuild_graph($1)", acme)
        await assert_follows(root, acme, beta)
        return told

    assert await damaged('DELETE FROM @."DEPENDS_ON"') == {"DEPENDS_ON": (1, 0)}
    # What led to a vertex leads nowhere now.
    assert await damaged(
        f"""DELETE FROM @."Task" WHERE properties::text LIKE '%{tasks[2].id}%'"""
    ) == {"Task": (1, 0), "ASSIGNED_TO": (1, 1)}
    assert await damaged(
        """UPDATE @."Agent" SET properties = agtype_build_map('id', 'else', 'name', 'x')""",
    ) == {"Agent": (1, 1), "ASSIGNED_TO": (3, 3)}
    assert await damaged(
        f"""UPDATE @."Task" SET properties = agtype_build_map('id', '{tasks[0].id}')
            WHERE properties::text LIKE '%"T0"%'"""
    ) == {"Task": (1, 1)}
    assert await damaged(
        """INSERT INTO @."ASSIGNED_TO" (start_id, end_id, properties)
           SELECT start_id, end_id, properties FROM @."ASSIGNED_TO" LIMIT 2"""
    ) == {"ASSIGNED_TO": (0, 2)}
    assert await damaged('UPDATE @."DEPENDS_ON" SET start_id = end_id, end_id = start_id') == {
        "DEPENDS_ON": (1, 1)
    }
    assert await damaged('TRUNCATE @."Service"') == {"Service": (1, 0), "USES": (1, 1)}
    assert await damaged("SELECT drop_label('@', 'USES')") == {"USES": (1, 0)}
    # A label of nobody's.
    assert await damaged(
        "SET ROLE tenantry_graph",
        "SELECT create_vlabel('@', 'Stray')",
        """INSERT INTO @."Stray" (properties) VALUES ('{"id": "stray"}')""",
        "RESET ROLE",
    ) == {"Stray": (0, 1)}
    assert await wrong(root, beta) == {}


async def test_a_vertex_is_never_there_twice(gdb: Database, root: Connection) -> None:
    acme = (await make_tenant(gdb, "acme")).id
    await gdb.tenant(acme).tasks.create(title="one")
    await gdb.tenant(acme).fetch(OPEN)
    with pytest.raises(asyncpg.UniqueViolationError):
        await root.execute(
            f'INSERT INTO tg_{acme.hex}."Task" (properties)'
            f' SELECT properties FROM tg_{acme.hex}."Task"'
        )


async def test_a_tenant_takes_its_graph_along(gdb: Database, root: Connection) -> None:
    acme, beta = [(await make_tenant(gdb, slug)).id for slug in ("acme", "beta")]
    for tenant in (acme, beta):
        t = gdb.tenant(tenant)
        task = await t.tasks.create(title="one")
        await t.graph.put_edge("USES", task, await t.graph.put_node("Service"))
        await t.fetch(OPEN)
    async with gdb.service("they left") as s:
        assert await s.tenants.delete(acme)
    assert not await has_graph(root, acme)
    assert [r["name"] for r in await root.fetch("SELECT name FROM ag_catalog.ag_graph")] == [
        f"tg_{beta.hex}"
    ]
    assert await root.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^tg_'") == 1
    await assert_follows(root, beta)


async def test_executions_of_any_partition_are_followed(gdb: Database, root: Connection) -> None:
    acme = (await make_tenant(gdb, "acme")).id
    t = gdb.tenant(acme)
    ada = await t.agents.create(name="Ada", agent_type="tester")
    task = await t.tasks.create(title="one")
    await t.fetch(OPEN)
    runs = await t.executions.create_many(
        [
            {"agent_id": ada.id, "task_id": task.id, "status": "success", "duration_ms": n}
            for n in range(3)
        ]
    )
    await assert_follows(root, acme)
    partition = await root.fetchval(
        "SELECT tableoid::regclass::text FROM tenantry.agent_executions LIMIT 1"
    )
    async with gdb.service("past") as s:
        await s.execute("UPDATE tenantry.agent_executions SET status = 'failure'")
    await assert_follows(root, acme)
    # Nobody but the owner reaches a partition past its table.
    for sql in (f"DELETE FROM {partition}", f"UPDATE {partition} SET status = 'success'"):
        with pytest.raises(PermissionDenied):
            await t.execute(sql)
        with pytest.raises(PermissionDenied):
            async with gdb.service("past the table") as s:
                await s.execute(sql)
    await t.executions.delete(runs[0].id)
    await assert_follows(root, acme)


async def test_without_its_triggers_the_feature_is_not_enabled(
    gdb: Database, graphs: Place, root: Connection
) -> None:
    async def enabled() -> bool:
        listed = await features.list_features(graphs.settings())
        return next(feature.enabled for feature in listed if feature.name == "graph")

    assert await enabled()
    await root.execute("ALTER TABLE tenantry.tasks DISABLE TRIGGER keep_graph_update")
    assert not await enabled()
    await features.enable(graphs.settings(), "graph", admin_url=graphs.url("superuser"))
    assert await enabled()
    await root.execute("DROP TRIGGER keep_graph_delete ON tenantry.desks")
    assert not await enabled()
    await features.enable(graphs.settings(), "graph", admin_url=graphs.url("superuser"))
    assert await enabled()
