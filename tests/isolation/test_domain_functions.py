"""What reads past row security, searches and views of figures among them, reads one tenant's rows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from .world import DENIED, VIEWS, Connection, Party, World, attempt

#: What gives the world's rows something to be found by, the same for every tenant.
_FINDABLE = """
    UPDATE tenantry.tasks SET title = 'a needle', labels = '["needle"]';
    UPDATE tenantry.lessons SET title = 'a needle', tags = '["needle"]';
    UPDATE tenantry.evidence SET title = 'a needle', tags = '["needle"]';
    UPDATE tenantry.chunks SET content = 'a needle';
    UPDATE tenantry.data_sources SET credentials = convert_to(tenant_id::text, 'UTF8');
    UPDATE tenantry.cost_entries SET provider = tenant_id::text;
    REFRESH MATERIALIZED VIEW tenantry.tenant_cost_summary;
    REFRESH MATERIALIZED VIEW tenantry.desk_performance;
"""
#: Function -> a call of it, and the table and column whose values in the caller's tenant it returns.
_OVER_ALL = {
    "search_tasks": ("SELECT id FROM tenantry.search_tasks('needle')", "tasks", "id"),
    "tasks_labelled": ("SELECT id FROM tenantry.tasks_labelled('needle')", "tasks", "id"),
    "search_lessons": ("SELECT id FROM tenantry.search_lessons('needle')", "lessons", "id"),
    "lessons_tagged": ("SELECT id FROM tenantry.lessons_tagged('{needle}')", "lessons", "id"),
    "search_evidence": ("SELECT id FROM tenantry.search_evidence('needle')", "evidence", "id"),
    "evidence_tagged": (
        "SELECT id FROM tenantry.evidence_tagged('{needle}', every => true)", "evidence", "id",
    ),
    "search_chunks": ("SELECT id FROM tenantry.search_chunks('needle')", "chunks", "id"),
    "cost_summary": ("SELECT provider::uuid FROM tenantry.cost_summary()", "tenants", "id"),
    "desk_figures": ("SELECT desk_id FROM tenantry.desk_figures()", "desks", "id"),
}  # fmt: skip
#: Function -> a call of it for the row `$1`, and that row's table. It answers with one value or none.
_OF_ONE = {
    "search_chunks": ("SELECT id FROM tenantry.search_chunks('needle', $1)", "knowledge_bases"),
    "desk_subtree": ("SELECT id FROM tenantry.desk_subtree($1)", "desks"),
    "record_lesson_outcome": ("SELECT tenantry.record_lesson_outcome($1, true)", "lessons"),
    "record_lesson_applied": ("SELECT tenantry.record_lesson_applied($1)", "lessons"),
    "data_source_credentials": ("SELECT tenantry.data_source_credentials($1)", "data_sources"),
    "tenant_statistics": (
        "SELECT nullif(x, jsonb_object_agg(k, 0)) FROM tenantry.tenant_statistics($1) AS s,"
        " to_jsonb(s) AS x, jsonb_object_keys(x) AS k GROUP BY x", "tenants",
    ),
}  # fmt: skip
#: Attacked in test_functions.py.
#: Attacked elsewhere, those of the graph in tests/graph/test_attacks.py.
_OTHERS = {
    *("record_event", "authenticate_key", "identity_member", "my_identities"),
    "publish_event",
    *("open_graph", "graph_run"),
}
_ONE_SHOT = re.compile(r"_(get|newest|append|create|by_\w+)$")


@pytest.fixture
async def findable(world: World) -> AsyncIterator[Connection]:
    async with world.acting("superuser") as connection:
        await connection.execute(_FINDABLE)
        yield connection


async def _become(connection: Connection, role: str, tenant: object) -> None:
    await connection.execute(f"SET LOCAL ROLE tenantry_{role}")
    await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant or ""))


async def test_every_function_of_the_applications_is_attacked(findable: Connection) -> None:
    rows = await findable.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace"
        " AND has_function_privilege('tenantry_app', oid, 'EXECUTE')"
        # What every role may call reads no table.
        " AND NOT has_function_privilege('tenantry_search', oid, 'EXECUTE')"
        " OR pronamespace = 'tenantry'::regnamespace AND proowner = 'tenantry_search'::regrole"
    )
    names = {row["proname"] for row in rows if not _ONE_SHOT.search(row["proname"])}
    assert names == {*_OVER_ALL, *_OF_ONE, *_OTHERS}


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("function", _OVER_ALL)
async def test_only_rows_of_the_tenant_are_found(
    world: World, findable: Connection, function: str, role: str
) -> None:
    call, table, column = _OVER_ALL[function]
    for party in (world.acme, world.beta):
        await _become(findable, role, party.id)
        found = [row[0] for row in await findable.fetch(call)]
        assert sorted(found) == sorted(row[column] for row in party.made[table])
    await _become(findable, role, None)
    assert await findable.fetch(call) == []


@pytest.mark.parametrize("function", _OF_ONE)
async def test_nothing_is_told_or_changed_of_anothers_row(
    world: World, findable: Connection, function: str
) -> None:
    call, table = _OF_ONE[function]

    async def answer(context: Party | None, of: Party) -> Any:
        await _become(findable, "app", context.id if context else None)
        return await findable.fetchval(call, of.rows[table]["id"])

    before = await _everything(findable)
    assert await answer(world.acme, world.beta) is None
    assert await answer(None, world.beta) is None
    assert await _everything(findable) == before
    # The control: each is told of its own.
    assert await answer(world.acme, world.acme) is not None
    assert await answer(world.beta, world.beta) is not None


async def _everything(connection: Connection) -> list[Any]:
    """What the functions could change, as a superuser sees it."""
    await connection.execute("RESET ROLE")
    tables = ("lessons", "data_sources", "audit_logs", "desks", "chunks")
    return [
        await connection.fetch(f"SELECT t::text FROM tenantry.{table} AS t ORDER BY 1")
        for table in tables
    ]


@pytest.mark.parametrize("role", ["app", "readonly", "service"])
@pytest.mark.parametrize("view", VIEWS)
async def test_views_of_all_tenants_are_reached_by_nobody(
    world: World, view: str, role: str
) -> None:
    async with world.acting(role, world.acme.id) as connection:
        for sql in (
            f"SELECT FROM tenantry.{view}",
            f"SELECT count(*) FROM tenantry.{view}",
            f"COPY tenantry.{view} TO STDOUT",
            f"REFRESH MATERIALIZED VIEW tenantry.{view}",
            f"ALTER MATERIALIZED VIEW tenantry.{view} RENAME TO mine",
            f"DROP MATERIALIZED VIEW tenantry.{view}",
        ):
            assert await attempt(connection, sql) == DENIED, sql
        sampled = "SELECT FROM pg_stats WHERE tablename = $1"
        assert await attempt(connection, sampled, view) == "SELECT 0"
