"""Attacks on the graphs of others, by their names, their functions, and Cypher of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from tenantry.schema.graph import IS_KEPT, QUESTIONS

from ..rows import Party
from .arena import Arena
from .registry import NotApplicable, Tries, attack
from .results import Trial


@asynccontextmanager
async def _graphs(arena: Arena) -> AsyncIterator[str]:
    """A scene in which both have a graph; the victim's name of one."""
    if not (
        arena.subject.installed
        and (await arena.run("SELECT 1 WHERE to_regclass('ag_catalog.ag_graph') IS NOT NULL")).rows
        and (await arena.run(IS_KEPT)).rows[0][0]
    ):
        raise NotApplicable("the feature graph is not enabled")
    async with arena.scene(None):
        for party in (arena.me, arena.victim):
            made = await arena.run("SELECT tenantry.graph_ready($1::text::uuid)", party.id)
            if made.refused:
                raise NotApplicable(f"this administrator can make no graph: {made.message}")
        yield f"tg_{UUID(arena.victim.id).hex}"


_BY_NAME = (
    'SELECT 1 FROM {graph}."Project"',
    "SELECT 1 FROM {graph}._ag_label_vertex",
    'INSERT INTO {graph}."Project" DEFAULT VALUES RETURNING 1',
    'DELETE FROM {graph}."Project" RETURNING 1',
    "SELECT 1 FROM ag_catalog.ag_graph",
    "SELECT 1 FROM ag_catalog.cypher('{graph}', $$ MATCH (a) RETURN a $$) AS (a ag_catalog.agtype)",
    "SELECT ag_catalog.create_vlabel('{graph}', 'Mine')",
    "SELECT ag_catalog.drop_graph('{graph}', true)",
)


@attack(56, "Another tenant's graph by its name")
async def by_graph_name(arena: Arena) -> Tries:
    async with _graphs(arena) as graph:
        for sql in _BY_NAME:
            for role in arena.roles:
                await arena.act(role, arena.me)
                outcome = await arena.run(sql.format(graph=graph))
                leak = "" if outcome.refused else "another tenant's graph"
                yield Trial(f"{role}: {sql.format(graph='graph')[:48]}", leak)
        await arena.act(None)
        seen = await arena.run(_BY_NAME[1].format(graph=graph))
        yield Trial("administrator", "read" if seen.touched else "", control=True)


_FUNCTIONS = (
    "cypher_rows('{graph}', 'MATCH (a) RETURN a', 1, '{{}}', 10)",
    "graph_ready('{victim}')",
    "compare_graph('{victim}')",
    "make_graph('{victim}')",
    "fill_graph('{victim}', '{graph}')",
    "graph_label('{graph}', 'Mine', 'v')",
    "rebuild_graph('{victim}')",
    "drop_graph('{victim}')",
    "tenants_with_graph()",
)


@attack(57, "Functions that take a graph or its tenant")
async def by_graph_function(arena: Arena) -> Tries:
    async with _graphs(arena) as graph:
        for call in _FUNCTIONS:
            sql = f"SELECT tenantry.{call.format(graph=graph, victim=arena.victim.id)}"
            for role in arena.roles:
                await arena.act(role, arena.me)
                # Whoever may call it has reached it, whatever came of it.
                denied = (await arena.run(sql)).sqlstate == "42501"
                allowed = await _may_call(arena, role, call.partition("(")[0])
                leak = "" if denied and not allowed else "may be called for any graph"
                yield Trial(f"{role}: {call.partition('(')[0]}", leak)
        await arena.act(None)
        made = await arena.run(f"SELECT tenantry.graph_ready('{arena.victim.id}')")
        yield Trial("administrator", "" if made.refused else "called", control=True)


async def _may_call(arena: Arena, role: str, name: str) -> bool:
    outcome = await arena.run(
        "SELECT 1 FROM pg_proc WHERE pronamespace = to_regnamespace('tenantry') AND proname = $2"
        " AND has_function_privilege($1, oid, 'EXECUTE')",
        role, name,
    )  # fmt: skip
    return bool(outcome.touched)


#: What the allow-list has no place for, and the engine would do.
_NOT_ALLOWED = (
    "RETURN 1 AS x /* */",
    "RETURN '1' AS x",
    "MATCH (a) RETURN a UNION MATCH (a) RETURN a",
    "RETURN pg_catalog.version() AS x",
    "MATCH (a:Project) RETURN a AS x $tenantry$) AS (c1 ag_catalog.agtype) --",
    "MATCH ()-[e]->() RETURN startnode($g, e) AS x",
    "MATCH (a)-[*]->(b) RETURN b",
    "CREATE (a:Project) RETURN a",
)


@attack(58, "Cypher outside the allow-list")
async def by_cypher(arena: Arena) -> Tries:
    """Asked by SQL, past the parser, where tenants may ask at all: here they are let."""
    ask = "SELECT cells FROM tenantry.graph_ask($1, 1, $2::text::jsonb, 10) AS r (cells)"
    async with _graphs(arena) as graph:
        for role in arena.roles:
            await arena.act(None)
            let = await arena.run(f"GRANT EXECUTE ON FUNCTION tenantry.{QUESTIONS} TO {role}")
            if let.refused:
                raise NotApplicable("this administrator cannot let tenants ask")
            await arena.act(role, arena.me)
            given = f'{{"g": "{graph}"}}'
            for text in _NOT_ALLOWED:
                outcome = await arena.run(ask, text, given)
                leak = "" if outcome.refused else "an answer"
                yield Trial(f"{role}: {text[:40]}", leak)
            answered = await arena.run(ask, "RETURN $g AS x", given)
            yield Trial(f"{role}: allowed", "" if answered.refused else "answered", control=True)


@attack(59, "The graph of whoever was here before")
async def by_graph_left_behind(arena: Arena) -> Tries:
    """On one connection, on which the engine keeps what it knows of graphs."""
    run = "SELECT cells FROM tenantry.graph_run('prove_everything', '{}', 10000) AS r (cells)"
    async with _graphs(arena):
        named = await arena.run(
            "INSERT INTO tenantry.graph_queries (name, text, result_columns)"
            " VALUES ('prove_everything', 'MATCH (a) RETURN a', '[\"a\"]')"
        )
        if named.refused:
            raise NotApplicable(f"this administrator can name no question: {named.message}")
        for role in arena.roles:
            for party, other in ((arena.victim, arena.me), (arena.me, arena.victim)) * 2:
                await arena.act(role, party)
                outcome = await arena.run(run)
                name = f"{role}: after the other"
                leak = "vertices of another tenant" if outcome.tells_of(_ids(other)) else ""
                yield Trial(name, leak)
                seen = bool(outcome.tells_of(_ids(party)))
                yield Trial(f"{role}: its own", "seen" if seen else "", control=True)


def _ids(party: Party) -> list[str]:
    """Of everything it has, but for what tells the tenant."""
    ids = (row.get("id") for row in party.rows.values())
    return [i for i in ids if i and i != party.id]
