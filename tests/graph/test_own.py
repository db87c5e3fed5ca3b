"""Vertices and edges of a tenant's own."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg
import pytest

from tenantry import Database
from tenantry.errors import (
    GraphUnavailable,
    InvalidInput,
    NotFound,
    QuotaExceeded,
    ReferenceNotFound,
    RuleViolated,
    TenantryError,
)
from tenantry.graph.graph import End
from tenantry.handles import Tenant as Handle
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.models.graph import EDGE_ENDS
from tests.fixtures.database import Place, make_tenant

from .following import assert_follows

Connection: TypeAlias = "asyncpg.Connection[Any]"
wheel = pytest.mark.postgres("wheel")


async def test_they_are_rows_wherever_the_server_has_no_graph(
    db: Database, acme: Tenant, place: Place
) -> None:
    """Which stays unavailable, and says so."""
    t = db.tenant(acme.id)
    task = await t.tasks.create(title="Mend the mail")
    mail = await t.graph.put_node("Service", {"name": "mail", "none": None})
    assert mail.properties == {"name": "mail"}
    uses = await t.graph.put_edge("USES", task, mail, {"how": "often"})
    assert (uses.from_task_id, uses.to_node_id) == (task.id, mail.id)
    assert (await t.graph.put_node("Service", {"name": "post"}, id=mail.id)).id == mail.id
    assert (await t.graph.nodes.get(mail.id)).properties == {"name": "post"}
    again = await t.graph.put_edge("USES", task, mail, {"how": "rarely"}, id=uses.id)
    assert (again.id, again.properties) == (uses.id, {"how": "rarely"})
    named = await t.graph.put_node("Service", id=uuid7())
    assert await t.graph.remove_node(named.id)
    assert not await t.graph.remove_node(named.id)
    with pytest.raises(GraphUnavailable) as caught:
        async with db.service("name a question") as s:
            await s.graph_queries.put("all", "MATCH (t:Task) RETURN t")
        await t.graph.run("all")
    assert caught.value.reason == "feature"
    assert "tenantry feature enable graph" in (caught.value.hint or "")
    with pytest.raises(GraphUnavailable):
        await t.graph.ask("MATCH (t:Task) RETURN t")
    # The edge goes with either end.
    assert await t.tasks.delete(task.id)
    assert await t.graph.edges.find(uses.id) is None


@pytest.mark.parametrize(
    "label",
    [
        "",
        "service",
        "Service!",
        'A"b',
        "A`b",
        "SERVICE",
        "Ä",
        "S" * 41,
        "1A",
        "_ag",
        "Task",
        "a.b",
        "Order",
        "Match",
    ],
)
async def test_labels_of_nodes_that_are_refused(db: Database, acme: Tenant, label: str) -> None:
    with pytest.raises(RuleViolated):
        await db.tenant(acme.id).graph.put_node(label)


@pytest.mark.parametrize(
    "label", ["", "uses", "Uses", "U S", "DEPENDS_ON", "U" * 41, "_X", "É", "CONTAINS", "IN"]
)
async def test_labels_of_edges_that_are_refused(db: Database, acme: Tenant, label: str) -> None:
    t = db.tenant(acme.id)
    node = await t.graph.put_node("Service")
    with pytest.raises(RuleViolated):
        await t.graph.put_edge(label, node, node)


async def test_what_is_there_keeps_its_label_and_its_ends(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    a, b = [await t.graph.put_node("Service") for _ in range(2)]
    with pytest.raises(InvalidInput, match="labelled Service"):
        await t.graph.put_node("Customer", id=a.id)
    edge = await t.graph.put_edge("USES", a, b)
    with pytest.raises(InvalidInput, match="labelled USES"):
        await t.graph.put_edge("OWNS", a, b, id=edge.id)
    with pytest.raises(InvalidInput, match="something else"):
        await t.graph.put_edge("USES", b, a, id=edge.id)
    with pytest.raises(TenantryError):
        await t.execute("UPDATE tenantry.graph_nodes SET label = 'Other'")
    async with db.service("relabel") as s:
        for table in ("graph_nodes", "graph_edges"):
            with pytest.raises(RuleViolated, match="label stays"):
                async with s.savepoint():
                    await s.execute(f"UPDATE tenantry.{table} SET label = 'Other'")
    with pytest.raises(InvalidInput):
        await t.graph.put_edge("USES", acme, a)  # type: ignore[arg-type]


async def test_properties_have_their_bounds(db: Database, acme: Tenant) -> None:
    graph = db.tenant(acme.id).graph
    await graph.put_node("Service", {"much": "x" * 65_000})
    with pytest.raises(RuleViolated):
        await graph.put_node("Service", {"much": "x" * 65_536})
    with pytest.raises(InvalidInput):
        await graph.put_node("Service", {"id": "another"})
    with pytest.raises(RuleViolated):
        await graph.nodes.create(label="Service", properties={"id": "another"})


async def test_labels_are_counted(db: Database, acme: Tenant, beta: Tenant) -> None:
    t = db.tenant(acme.id)
    nodes = [{"label": f"Label{n}"} for n in range(49)]
    await t.graph.nodes.create_many(nodes)
    node = await t.graph.put_node("Label0")
    await t.graph.put_edge("USES", node, node)
    for again in (
        t.graph.put_node("OneMore"),
        t.graph.put_edge("ONE_MORE", node, node),
        t.graph.nodes.create_many([{"label": "Label0"}, {"label": "OneMore"}]),
    ):
        with pytest.raises(QuotaExceeded) as caught:
            await again
        assert (caught.value.quota, caught.value.limit) == ("graph_labels", 50)
    await t.graph.put_edge("USES", node, node)
    await db.tenant(beta.id).graph.put_node("OneMore")


async def test_none_leads_to_another_tenants(db: Database, acme: Tenant, beta: Tenant) -> None:
    t, their = db.tenant(acme.id), db.tenant(beta.id)
    mine, task = await t.graph.put_node("Service"), await their.tasks.create(title="theirs")
    for start, end in ((mine, task), (task, mine), (mine, await their.graph.put_node("Service"))):
        with pytest.raises(ReferenceNotFound):
            await t.graph.put_edge("USES", start, end)
    with pytest.raises(NotFound):
        await t.graph.nodes.update(uuid7(), properties={})


@wheel
async def test_no_properties_keep_a_graph_from_being_made(gdb: Database, root: Connection) -> None:
    """Whatever JSON gets into the row gets into the graph, or is refused at once."""
    acme = await make_tenant(gdb, "acme")
    t = gdb.tenant(acme.id)
    deep, deeper = (f'{{"n": {"[" * depth + "]" * depth}}}' for depth in (60, 2_000))
    refused = []
    for text in (
        '{"n": 9223372036854775807}',
        '{"n": -9223372036854775808}',
        '{"n": 9223372036854775808}',
        '{"n": [[{"x": -9223372036854775809}]]}',
        '{"n": 1e22}',
        '{"n": 1e308}',
        '{"n": 1e400}',
        '{"n": 1.5e-400}',
        '{"n": 10000000000000000000000.0}',
        '{"n": 0.1000000000000000000000000000000001}',
        deep,
        deeper,
        '{"": 1, "a b": 2, "\\"": 3, "__id__": 4, "ID": 5}',
        '{"s": "\\u0001\\u001f\\u007f\\u0085\\u2028\\\\ \\" \\/ \\b\\f\\n\\r\\t \\ud83d\\ude00"}',
        '{"s": "::vertex", "t": "$1 %s %1$I {x} $$"}',
    ):
        try:
            await t.execute(
                "INSERT INTO tenantry.graph_nodes (tenant_id, label, properties)"
                " VALUES (tenantry.current_tenant_id(), 'Thing', $1::text::jsonb)",
                text,
            )
        except RuleViolated:
            refused.append(text)
            continue
        await t.graph.ask("MATCH (a:Thing) RETURN a")
        await root.execute("SELECT tenantry.drop_graph($1)", acme.id)
    with pytest.raises(RuleViolated):
        await t.graph.nodes.create(label="Thing", properties={"n": 2**63})
    await t.fetch("SELECT tenantry.open_graph()")
    assert len(refused) == 8
    await assert_follows(root, acme.id)


@wheel
async def test_labels_that_were_emptied_count_as_long_as_the_graph_has_them(
    gdb: Database, root: Connection
) -> None:
    """Each is a table, and a question that names no label reads and locks them all."""
    acme = await make_tenant(gdb, "acme")
    t = gdb.tenant(acme.id)
    await t.tasks.create(title="one")
    await t.fetch("SELECT tenantry.open_graph()")
    for n in range(50):
        assert await t.graph.remove_node((await t.graph.put_node(f"Label{n}")).id)
    with pytest.raises(QuotaExceeded) as caught:
        await t.graph.put_node("OneMore")
    assert (caught.value.quota, caught.value.limit) == ("graph_labels", 50)
    assert "graph rebuild" in (caught.value.hint or "")
    # The platform's own have their place, and so has what the graph knows.
    node = await t.graph.put_node("Label7")
    await t.agents.create(name="Ada", agent_type="tester")
    await root.execute("SELECT tenantry.rebuild_graph($1)", acme.id)
    await t.graph.put_edge("USES", node, await t.graph.put_node("OneMore"))
    await assert_follows(root, acme.id)


@pytest.mark.parametrize("side", ["from", "to"])
@pytest.mark.parametrize("kind", EDGE_ENDS)
async def test_an_edge_leads_to_nothing_of_another_tenants(
    db: Database, acme: Tenant, kind: str, side: str
) -> None:
    mine, other = db.tenant(acme.id), db.tenant((await make_tenant(db, "other")).id)
    theirs, own = await _something(other, kind), await mine.graph.put_node("Service")
    ends = (theirs, own) if side == "from" else (own, theirs)
    with pytest.raises(ReferenceNotFound):
        await mine.graph.put_edge("USES", *ends)


async def _something(tenant: Handle, kind: str) -> End:
    match kind:
        case "task":
            return await tenant.tasks.create(title="Theirs")
        case "agent":
            return await tenant.agents.create(name="theirs", agent_type="tester")
        case "desk":
            return await tenant.desks.create(code="THEIRS", title="Theirs")
        case "project":
            return await tenant.projects.create(name="Theirs")
    return await tenant.graph.put_node("Service")
