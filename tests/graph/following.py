"""A graph as Cypher tells it, and what it should be by the tables: in plain Python, which shares
nothing with the SQL that fills and compares graphs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from tenantry.graph.agtype import parse
from tenantry.models.graph import EDGE_ENDS

Connection: TypeAlias = "asyncpg.Connection[Any]"
#: What a vertex is: its label and properties. What an edge is: those, and the ids of its ends.
Things = Counter[tuple[Any, ...]]


async def cypher(root: Connection, tenant: UUID, text: str, width: int) -> list[list[Any]]:
    """As the superuser, past everything."""
    # Any call loads the library, without which the server does not know cypher().
    await root.fetchval("SELECT ag_catalog.agtype_build_map()::text")
    await root.execute("SET search_path = ag_catalog, pg_catalog")
    rows = await root.fetch(
        f"SELECT {', '.join(f'ag_catalog.agtype_out(c{n})::text' for n in range(width))}"
        f" FROM ag_catalog.cypher('tg_{tenant.hex}', $q${text}$q$)"
        f" AS ({', '.join(f'c{n} ag_catalog.agtype' for n in range(width))})"
    )
    return [[None if cell is None else parse(cell) for cell in row.values()] for row in rows]


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted((k, _frozen(v)) for k, v in value.items()))
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    return (type(value).__name__, value)


async def found(root: Connection, tenant: UUID) -> tuple[Things, Things]:
    """Vertices and edges, as Cypher finds them."""
    vertices = await cypher(root, tenant, "MATCH (n) RETURN label(n), properties(n)", 2)
    edges = await cypher(
        root, tenant, "MATCH (a)-[r]->(b) RETURN label(r), a.id, b.id, properties(r)", 4
    )
    return (
        Counter((label, _frozen(p)) for label, p in vertices),
        Counter((label, start, end, _frozen(p)) for label, start, end, p in edges),
    )


async def wanted(root: Connection, tenant: UUID) -> tuple[Things, Things]:
    """Vertices and edges, as the rows of the tables have it."""
    rows = {
        table: await root.fetch(f"SELECT * FROM tenantry.{table} WHERE tenant_id = $1", tenant)
        for table in (
            "projects", "agents", "desks", "tasks", "agent_executions", "task_dependencies",
            "delegations", "graph_nodes", "graph_edges",
        )
    }  # fmt: skip
    vertices: Things = Counter()
    edges: Things = Counter()

    def vertex(label: str, row: Any, **properties: Any) -> None:
        vertices[label, _frozen({"id": str(row["id"]), **properties})] += 1

    def edge(label: str, row: Any, start: Any, end: Any, **properties: Any) -> None:
        if start is not None and end is not None:
            properties = {"id": str(row["id"]), **properties}
            edges[label, str(start), str(end), _frozen(properties)] += 1

    for r in rows["projects"]:
        vertex("Project", r, name=r["name"], status=r["status"], created_at=_at(r["created_at"]))
    for r in rows["agents"]:
        vertex("Agent", r, type=r["agent_type"], name=r["name"], created_at=_at(r["created_at"]))
    for r in rows["desks"]:
        vertex("Desk", r, code=r["code"], title=r["title"])
        edge("REPORTS_TO", r, r["id"], r["reports_to_id"])
        edge("HELD_BY", r, r["id"], r["agent_id"])
    for r in rows["tasks"]:
        vertex(
            "Task", r, type=r["type"], title=r["title"], status=r["status"],
            state=r["state_category"], priority=r["priority"], created_at=_at(r["created_at"]),
        )  # fmt: skip
        edge("IN_PROJECT", r, r["id"], r["project_id"])
        edge("SUBTASK_OF", r, r["id"], r["parent_id"])
        edge("ASSIGNED_TO", r, r["id"], r["assigned_to_agent_id"])
        edge("ASSIGNED_TO", r, r["id"], r["assigned_to_desk_id"])
    for r in rows["task_dependencies"]:
        edge("DEPENDS_ON", r, r["task_id"], r["depends_on_id"])
    for r in rows["delegations"]:
        told = {"task_id": str(r["task_id"]), "status": r["status"]}
        edge("DELEGATED_TO", r, r["from_desk_id"], r["to_desk_id"], **told)
    for r in rows["agent_executions"]:
        vertex("Execution", r, status=r["status"], started_at=_at(r["started_at"]))
        edge("RAN", r, r["agent_id"], r["id"])
        edge("FOR_TASK", r, r["id"], r["task_id"])
        if r["status"] in ("success", "failure", "timeout"):
            edge(
                "EXECUTED", r, r["agent_id"], r["task_id"],
                result="success" if r["status"] == "success" else "failure",
                timestamp=_at(r["completed_at"] or r["started_at"]),
            )  # fmt: skip
    for r in rows["graph_nodes"]:
        vertex(r["label"], r, **_own(r["properties"]))
    for r in rows["graph_edges"]:
        ends = [[r[f"{side}_{k}_id"] for k in EDGE_ENDS if r[f"{side}_{k}_id"]] for side in _SIDES]
        edge(r["label"], r, ends[0][0], ends[1][0], **_own(r["properties"]))
    return vertices, edges


_SIDES = ("from", "to")


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _own(properties: Any) -> dict[str, Any]:
    # As JSON, in which agtype and jsonb agree.
    value = parse(properties)
    assert isinstance(value, dict)
    return value


async def assert_follows(root: Connection, *tenants: UUID) -> None:
    """The tenants' graphs are what their tables say, to both who compare."""
    for tenant in tenants:
        async with root.transaction(isolation="repeatable_read", readonly=True):
            assert await wrong(root, tenant) == {}
            assert await found(root, tenant) == await wanted(root, tenant)


async def wrong(root: Connection, tenant: UUID) -> dict[str, tuple[int, int]]:
    """What the database says of labels that are not as they should be: missing, surplus."""
    rows = await root.fetch(
        "SELECT * FROM tenantry.compare_graph($1) WHERE missing <> 0 OR surplus <> 0", tenant
    )
    return {r["label"]: (r["missing"], r["surplus"]) for r in rows}


async def has_graph(root: Connection, tenant: UUID) -> bool:
    return bool(await root.fetchval("SELECT to_regnamespace($1) IS NOT NULL", f"tg_{tenant.hex}"))
