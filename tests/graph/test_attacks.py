"""A tenant with SQL at hand against the graphs of others, and against the server itself."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.errors import InvalidInput, TenantryError
from tenantry.graph.cypher import parse
from tenantry.ops import features
from tests.fixtures.database import Place, _drop, clone, make_tenant
from tests.fixtures.servers import Server

pytestmark = pytest.mark.postgres("wheel")

Connection: TypeAlias = "asyncpg.Connection[Any]"

DENIED, REFUSED, NO_CONTEXT, CANCELLED = "42501", "TN011", "TN008", "57014"
#: In everything that the other tenant has.
_SECRET = "sigil-of-beta"
_START = "SELECT pg_postmaster_start_time()"
#: Nodes that each lead to each: paths explode.
_DENSE = 24


@dataclass(frozen=True)
class World:
    """Two tenants, each with a graph of its own."""

    place: Place
    acme: UUID
    beta: UUID

    @property
    def graph(self) -> str:
        """The other's."""
        return f"tg_{self.beta.hex}"

    @asynccontextmanager
    async def acting(
        self, role: str = "app", tenant: UUID | None = None
    ) -> AsyncIterator[Connection]:
        """Raw SQL as injection has it: in acme's context, unless another is named."""
        connection = await self.place.connection(role)
        try:
            async with connection.transaction():
                context = str(self.acme if tenant is None else tenant)
                await connection.execute("SELECT set_config('app.tenant_id', $1, true)", context)
                yield connection
        finally:
            connection.terminate()


async def _world(server: Server) -> World:
    place = await clone(server)
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    await features.enable(place.settings(), "graph-questions")
    async with await tenantry.connect(settings=place.settings()) as db:
        acme, beta = [(await make_tenant(db, slug)).id for slug in ("acme", "beta")]
        for tenant, mark in ((acme, "sigil-of-acme"), (beta, _SECRET)):
            async with db.tenant(tenant) as t:
                tasks = [await t.tasks.create(title=f"{mark} {n}") for n in range(3)]
                await t.tasks.add_dependency(tasks[0].id, on=tasks[1].id)
                await t.tasks.add_dependency(tasks[1].id, on=tasks[2].id)
                dense = [
                    await t.graph.put_node("Service", {"mark": mark, "n": n, "text": "x" * 200})
                    for n in range(_DENSE)
                ]
                for one in dense:
                    for other in dense:
                        await t.graph.put_edge("USES", one, other, {"mark": mark})
        for tenant in (acme, beta):
            await db.tenant(tenant).graph.ask("MATCH (a) RETURN count(*) AS n")
        async with db.service("test set-up") as s:
            await s.graph_queries.put("everything", "MATCH (a) RETURN a")
            await s.graph_queries.put("named", "MATCH (a) WHERE a.mark = $mark RETURN a")
    return World(place, acme, beta)


@pytest.fixture(scope="module")
def world(template: Server) -> Iterator[World]:
    made = asyncio.run(_world(template))
    yield made
    asyncio.run(_drop(made.place))


@pytest.fixture(autouse=True)
async def the_server_stays(world: World) -> AsyncIterator[None]:
    """Whatever is tried, the server does not end: it would take everybody's work with it."""

    async def started() -> Any:
        connection = await world.place.connection("superuser")
        try:
            return await connection.fetchval(_START)
        finally:
            await connection.close()

    before = await started()
    yield
    assert await started() == before


@pytest.fixture
async def db(world: World) -> AsyncIterator[Database]:
    async with await tenantry.connect(settings=world.place.settings()) as database:
        yield database


async def _answer(connection: Connection, sql: str, *args: Any) -> str:
    """The SQLSTATE it is refused with, or all that it said."""
    try:
        async with connection.transaction():
            return str(await connection.fetch(sql, *args))
    except asyncpg.PostgresError as error:
        assert _SECRET not in f"{error} {error.detail} {error.hint}"
        return error.sqlstate or "?"


_ASK = "SELECT cells FROM tenantry.graph_ask($1, $2, $3::text::jsonb, $4) AS r (cells)"


async def _ask(
    connection: Connection, text: str, params: Any = None, *, width: int = 1, most: int = 100
) -> str:
    return await _answer(connection, _ASK, text, width, json.dumps(params or {}), most)


# ---- past the functions --------------------------------------------------------------------------

ENGINE = (
    "SELECT * FROM cypher('{graph}', $$ MATCH (a) RETURN a $$) AS (a text)",
    "SELECT * FROM ag_catalog.cypher('{graph}', $$ MATCH (a) RETURN a $$) AS (a ag_catalog.agtype)",
    "SELECT * FROM ag_catalog.cypher('{own}', $$ MATCH (a) RETURN a $$) AS (a ag_catalog.agtype)",
    "SELECT * FROM ag_catalog.cypher('{graph}', $$ MATCH (a) DETACH DELETE a $$) AS (a ag_catalog.agtype)",
    "SELECT * FROM ag_catalog.ag_graph",
    "SELECT * FROM ag_catalog.ag_label",
    "SELECT ag_catalog.age_vle('\"{graph}\"', NULL, NULL, NULL, NULL, NULL, NULL)",
    "SELECT ag_catalog.age_startnode('\"{graph}\"', NULL)",
    "SELECT ag_catalog.graph_stats('{graph}')",
    "SELECT ag_catalog.get_cypher_keywords()",
    "SELECT ag_catalog.agtype_build_map()",
    "SELECT ag_catalog.load_labels_from_file('{graph}', 'Task', '/etc/passwd')",
    "SELECT ag_catalog.load_edges_from_file('{graph}', 'Task', '/etc/passwd')",
    "SELECT ag_catalog.create_graph('mine')",
    "SELECT ag_catalog.create_vlabel('{graph}', 'Mine')",
    "SELECT ag_catalog.drop_graph('{graph}', true)",
    "SELECT ag_catalog.drop_label('{graph}', 'Task')",
    "SELECT ag_catalog.alter_graph('{graph}', 'RENAME', 'mine')",
    "SELECT '{{}}'::ag_catalog.agtype",
    'SELECT * FROM {graph}."Task"',
    'SELECT * FROM {own}."Task"',
    "SELECT * FROM {graph}._ag_label_vertex",
    'INSERT INTO {graph}."Task" (properties) VALUES (NULL)',
    'DELETE FROM {own}."Task"',
    'TRUNCATE {graph}."Task"',
    "CREATE TABLE {graph}.mine (x int)",
    "DROP SCHEMA {graph} CASCADE",
    "SELECT nextval('{graph}._label_id_seq')",
    "SET ROLE tenantry_graph",
    "SET ROLE tenantry_graph_reader",
    "LOAD 'age'",
)  # fmt: skip


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("sql", ENGINE)
async def test_the_engine_is_out_of_reach(world: World, role: str, sql: str) -> None:
    async with world.acting(role) as connection:
        said = await _answer(connection, sql.format(graph=world.graph, own=f"tg_{world.acme.hex}"))
    # Where the library is not loaded, cypher() has no meaning at all; readonly may not write either.
    assert said in {DENIED, "42883", "25006"}


INNER = (
    "SELECT tenantry.cypher_rows('{graph}', 'MATCH (a) RETURN a', 1, '{{}}', 10)",
    "SELECT tenantry.graph_ready('{beta}')",
    "SELECT tenantry.graph_kept('{beta}')",
    "SELECT tenantry.graph_label('{graph}', 'Mine', 'v')",
    "SELECT tenantry.make_graph('{beta}')",
    "SELECT tenantry.fill_graph('{beta}', '{graph}')",
    "SELECT tenantry.rebuild_graph('{beta}')",
    "SELECT tenantry.drop_graph('{beta}')",
    "SELECT tenantry.compare_graph('{beta}')",
    "SELECT tenantry.compare_label('{beta}', '{graph}', 'Task', 'v', 'SELECT NULL::text')",
    "SELECT tenantry.tenants_with_graph()",
)


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("sql", INNER)
async def test_what_takes_a_tenant_or_a_graph_is_not_for_tenants(
    world: World, role: str, sql: str
) -> None:
    async with world.acting(role) as connection:
        said = await _answer(connection, sql.format(graph=world.graph, beta=world.beta))
    assert said == DENIED


@pytest.mark.parametrize(
    "name", ["keep_graph_tasks", "keep_graph_graph_nodes", "drop_graph_of_tenant"]
)
async def test_a_triggers_function_is_nobodys_to_call(world: World, name: str) -> None:
    async with world.acting() as connection:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.execute(f"SELECT tenantry.{name}()")
    assert caught.value.sqlstate in {DENIED, "0A000"}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO tenantry.graph_queries (name, text, result_columns) VALUES ('mine', 'MATCH (a) RETURN a', '[\"a\"]')",
        "UPDATE tenantry.graph_queries SET text = 'MATCH (b) RETURN b'",
        "DELETE FROM tenantry.graph_queries",
    ],
)
@pytest.mark.parametrize("role", ["app", "readonly"])
async def test_named_questions_are_the_platforms(world: World, role: str, sql: str) -> None:
    async with world.acting(role) as connection:
        assert await _answer(connection, sql) in {DENIED, "25006"}


@pytest.mark.parametrize("role", ["app", "readonly"])
async def test_each_sees_its_own_and_nothing_without_a_context(world: World, role: str) -> None:
    run = "SELECT tenantry.graph_run('everything', '{}', 10000)"
    async with world.acting(role) as connection:
        for sql in (run, "SELECT tenantry.open_graph()"):
            assert _SECRET not in await _answer(connection, sql)
        assert "sigil-of-acme" in await _answer(connection, run)
        # Whoever may change the context changes it for the next statement: plain contexts do not
        # keep SQL from that, and no connection remembers the graph of the one before.
        for tenant, mark in ((world.beta, _SECRET), (world.acme, "sigil-of-acme")):
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))
            said = await _answer(connection, run)
            assert mark in said
            assert len(set(re.findall("sigil-of-[a-z]+", said))) == 1
        for context in ("", "nonsense", str(UUID(int=7)), world.beta.hex[:8]):
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", context)
            for said in (
                await _answer(connection, run),
                await _ask(connection, "MATCH (a) RETURN a"),
            ):
                assert said in {NO_CONTEXT, "22P02", "TN012"}


# ---- Cypher of one's own -------------------------------------------------------------------------

BREAK_OUTS = (
    "MATCH (a) RETURN a $tenantry$) AS (c1 agtype); SELECT 1; --",
    "MATCH (a) RETURN a $$",
    "MATCH (a) RETURN a $tag$",
    "RETURN 1 $tenantry$, NULL) AS (c1 ag_catalog.agtype) UNION SELECT ARRAY['x'] --",
    "RETURN '1' AS x",
    'RETURN "1" AS x',
    "RETURN 1 AS x /* */",
    "RETURN 1 AS x // comment",
    "RETURN 1 AS x -- comment",
    "RETURN 1 AS x; SELECT 1",
    "RETURN \\u0031 AS x",
    "MATCH (a) RETURN a",
    "RETURN １ AS x",  # noqa: RUF001 - a digit, wide
    "RETURN 1::text AS x",
    "RETURN a.b.c::pg_catalog.text AS x",
    "MATCH (a:`Task`) RETURN a",
    "MATCH (a)-[*]->(b) RETURN a",
    "MATCH (a)-[*1..3]-(b) RETURN a",
    "MATCH (a)-[:USES*]->(b) RETURN a",
    "MATCH (a)-[:USES*1..99]->(b) RETURN a",
    "MATCH (a)-[:USES*0..$n]->(b) RETURN a",
    "CALL pg_sleep(10) RETURN 1 AS x",
    "CALL ag_catalog.graph_stats($g) YIELD x RETURN x",
    "RETURN pg_catalog.pg_sleep(10) AS x",
    "RETURN pg_sleep(10) AS x",
    "RETURN set_config($a, $b, TRUE) AS x",
    "RETURN current_setting($a) AS x",
    "RETURN pg_read_file($a) AS x",
    "RETURN query_to_xml($a, TRUE, TRUE, $b) AS x",
    "RETURN dblink($a, $b) AS x",
    "RETURN tenantry.graph_ready($a) AS x",
    "RETURN cypher($g, $q) AS x",
    "RETURN age_vle($g) AS x",
    "RETURN startnode($g, $e) AS x",
    "RETURN STARTNODE($g, $e) AS x",
    "RETURN age_startnode($g, $e) AS x",
    "RETURN vle($g) AS x",
    "LOAD CSV FROM $a AS x RETURN x",
    "CREATE (a) RETURN a",
    "MATCH (a) SET a.x = 1 RETURN a",
    "MATCH (a) REMOVE a.mark RETURN a",
    "MATCH (a) DELETE a RETURN a",
    "MATCH (a) DETACH DELETE a RETURN a",
    "MERGE (a) RETURN a",
    "MATCH (a) RETURN a UNION MATCH (a) RETURN a",
    "MATCH (a) WHERE EXISTS { MATCH (b) RETURN b } RETURN a",
    "EXPLAIN MATCH (a) RETURN a",
    "MATCH (a) RETURN [x IN a.tags | x] AS x",
    "MATCH (a)-[:_ag_label_edge]->(b) RETURN b",
    "",
    " ",
)


@pytest.mark.parametrize("text", BREAK_OUTS)
@pytest.mark.parametrize("role", ["app", "readonly"])
async def test_the_database_refuses_what_the_parser_would(
    world: World, role: str, text: str
) -> None:
    """Called by SQL, past the parser: nothing that is not canonical comes near the engine."""
    given = {
        "g": world.graph,
        "e": {"id": 1},
        "q": "MATCH (a) RETURN a",
        "a": "x",
        "b": "y",
        "n": 99,
    }
    async with world.acting(role) as connection:
        if text in {"MATCH (a) RETURN a"}:
            assert _SECRET not in await _ask(connection, text, given, most=10_000)
        else:
            assert await _ask(connection, text, given) == REFUSED


@pytest.mark.parametrize("text", [t for t in BREAK_OUTS if t != "MATCH (a) RETURN a"])
async def test_the_parser_refuses_it_first_or_lifts_its_texts_out(
    world: World, db: Database, text: str
) -> None:
    handle = db.tenant(world.acme)
    try:
        answer = await handle.graph.ask(text, a="x", b="y", g="z", e={}, q="", n=9)
    except InvalidInput as error:
        assert _SECRET not in str(error)
    else:
        assert "'" in text or '"' in text
        assert [str(row["x"]) for row in answer] == ["1"]


VALUES = (
    "$$) AS (a agtype); DROP SCHEMA tenantry CASCADE; --",
    "$tenantry$",
    "'; SELECT 1; --",
    '"}::vertex',
    '{"id": 1, "label": "Task", "properties": {}}::vertex',
    "\\u0000",
    "\\",
    "\u202e\ufeff\u0001",
    "$1",
    "%s %I %%",
    "/* */ -- //",
)


@pytest.mark.parametrize("value", VALUES)
async def test_values_are_values(world: World, db: Database, value: str) -> None:
    handle = db.tenant(world.acme)
    (row,) = await handle.graph.ask("RETURN $v AS v, {k: $v} AS m, [$v] AS l", v=value)
    assert (row["v"], row["m"], row["l"]) == (value, {"k": value}, [value])
    if "\u0001" not in value and "\\" not in value:
        text = json.dumps(value, ensure_ascii=False)
        (row,) = await handle.graph.ask(f"RETURN {text} AS v")
    assert row["v"] == value
    assert len(list(await handle.graph.run("named", mark=value))) == 0


HOSTILE: tuple[dict[str, Any], ...] = (
    {"label": "Task", "start_id": 1, "end_id": 2, "properties": {"id": 1}},
    {"__proto__": {"a": 1}, "constructor": "x", "toString": 1},
    {"v": "{}::vertex", "e": "[]::path", "n": "1::numeric"},
    {"text": "\u2028\u2029\u200b\U0001f600"},
    {"many": list(range(3000))},
)


@pytest.mark.parametrize("properties", HOSTILE, ids=lambda p: next(iter(p)))
async def test_hostile_properties_come_back_as_they_were(
    world: World, db: Database, properties: dict[str, Any]
) -> None:
    handle = db.tenant(world.acme)
    node = await handle.graph.put_node("Odd", properties)
    try:
        (row,) = await handle.graph.ask("MATCH (a:Odd {id: $id}) RETURN a", id=str(node.id))
        assert row["a"].label == "Odd"
        assert dict(row["a"].properties) == {**properties, "id": str(node.id)}
    finally:
        assert await handle.graph.remove_node(node.id)


@pytest.mark.parametrize(
    ("label", "properties"),
    [
        ("Odd", {"id": "x"}),
        ("Task", {}),
        ("_ag_label_vertex", {}),
        ('Odd"', {}),
        ("Odd; DROP TABLE x", {}),
        ("ODD", {}),
        ("Od\u00e9", {}),
        ("O" * 41, {}),
        ("Odd", {"text": "x" * 70_000}),
    ],
    ids=repr,
)
async def test_labels_and_ids_of_the_platforms_are_not_to_be_had(
    world: World, db: Database, label: str, properties: dict[str, Any]
) -> None:
    with pytest.raises(TenantryError):
        await db.tenant(world.acme).graph.put_node(label, properties)
    async with world.acting() as connection:
        sql = "INSERT INTO tenantry.graph_nodes (tenant_id, label, properties) VALUES ($1, $2, $3)"
        said = await _answer(connection, sql, world.acme, label, json.dumps(properties))
        assert said in {"23514", "22023"}


@pytest.mark.parametrize(
    "properties",
    [
        '{"": 1, " ": 2, "$x": 3, "a.b": 4, "a`b": 5, "%I": 8, "a\'b": 9, "$$": 1}',
        '{"deep": ' + "[" * 60 + "1" + "]" * 60 + "}",
    ],
    ids=["keys", "deep"],
)
async def test_properties_put_by_sql_are_kept_or_refused(world: World, properties: str) -> None:
    async with world.acting() as connection:
        sql = (
            "INSERT INTO tenantry.graph_nodes (tenant_id, label, properties) VALUES ($1, 'Odd', $2)"
        )
        assert await _answer(connection, sql, world.acme, properties) == "[]"
        assert (await _ask(connection, "MATCH (a:Odd) RETURN a")).startswith("[<Record")
        deeper = '{"deep": ' + "[" * 400 + "]" * 400 + "}"
        assert await _answer(connection, sql, world.acme, deeper) == "23514"


async def test_a_number_the_graph_has_no_room_for_is_refused_where_it_is_put(world: World) -> None:
    """Else the graph could not be made again from its tables."""
    async with world.acting() as connection:
        sql = (
            "INSERT INTO tenantry.graph_nodes (tenant_id, label, properties) VALUES ($1, 'Odd', $2)"
        )
        for number in ("9223372036854775808", "-9223372036854775809", "1e300", "[{}]"):
            value = number.replace("{}", '{"a": [1e30]}')
            assert await _answer(connection, sql, world.acme, f'{{"n": {value}}}') == "23514"
        for number in ("9223372036854775807", "1.5", "1e-300", "0.1e5"):
            assert await _answer(connection, sql, world.acme, f'{{"n": {number}}}') == "[]"


# ---- to exhaust the server -----------------------------------------------------------------------

_GREEDY = (
    # Paths and products.
    "MATCH (a)-[:USES*5..5]->(b)-[:USES*5..5]->(c) RETURN count(*) AS n",
    "MATCH p = (a)-[:USES*1..5]->(b) RETURN p",
    "MATCH p = (a)-[:USES*1..5]->(b) RETURN p ORDER BY length(p) DESC",
    "MATCH p = (a)-[:USES*1..5]->(b) RETURN DISTINCT nodes(p) AS n",
    "MATCH (a)-[e:USES*1..5]-(b) RETURN max(e) AS n",
    "MATCH (a)-[]-(b)-[]-(c)-[]-(d)-[]-(e)-[]-(f) RETURN DISTINCT a.n, f.n",
    "MATCH (a), (b), (c) RETURN a, b, c",
    "MATCH (a), (b), (c) RETURN a AS x, b AS y, c AS z ORDER BY a.text DESC, c.text",
    "MATCH (a), (b), (c) RETURN count(DISTINCT [a, b, c]) AS n",
    "MATCH (a)-[:USES*1..4]->(b) WITH a, b, count(*) AS n MATCH (c)-[:USES*1..4]->(d) RETURN sum(n) AS s",
    # What is collected, and what grows.
    "MATCH (a), (b) WITH a, b LIMIT 1000 WITH collect(a) AS l UNWIND l AS x MATCH (c) RETURN l",
    "MATCH (a), (b) WITH a, b LIMIT 1000 RETURN collect([a, b, a, b, a, b]) AS l",
    "UNWIND $big AS x MATCH (a), (b) RETURN x, a, b",
    "UNWIND $big AS x MATCH (a) RETURN toString(x) + toString(x) + toString(a.text) AS t ORDER BY t",
    "WITH $text AS a WITH a + a + a AS a WITH a + a + a AS a WITH a + a + a AS a RETURN size(a) AS n",
    "RETURN reverse($text) + reverse($text) + reverse($text) + reverse($text) AS x",
    "MATCH (a) RETURN a LIMIT 999999999999999999",
    "MATCH (a) RETURN a SKIP 999999999999999999",
    "RETURN [$big, $big, $big, $big, $big, $big, $big, $big] AS x",
    "MATCH (a)-[:USES*1..3]->(b) RETURN a AS a, b AS b, $big AS c",
)  # fmt: skip


def _status(process: int) -> str:
    return Path(f"/proc/{process}/status").read_text()


@pytest.mark.parametrize("text", _GREEDY)
async def test_what_is_greedy_is_bounded_or_refused(world: World, text: str) -> None:
    """In memory by the lists, in time by the statement timeout, in its answer by its size."""
    query = parse(text)
    big = {"big": [[n, "x" * 90] for n in range(2000)], "text": "x" * 100_000}
    given = {name: big[name] for name in query.parameters} | dict(query.literals)
    async with world.acting() as connection:
        await connection.execute("SET LOCAL statement_timeout = '2s'")
        said = await _ask(connection, query.text, given, width=len(query.columns), most=1001)
        assert _SECRET not in said
        assert said.startswith("[") or said in {REFUSED, CANCELLED, "53400"}
        memory = _status(connection.get_server_pid())
    peak = re.search(r"VmHWM:\s+(\d+) kB", memory)
    assert peak is not None
    assert int(peak[1]) < 1_500_000


async def test_wide_and_tall_questions_are_refused(world: World) -> None:
    async with world.acting() as connection:
        for width, most in ((0, 1), (51, 1), (-1, 1), (None, 1), (1, 0), (1, 10_002), (1, None)):
            said = await _answer(connection, _ASK, "RETURN 1 AS x", width, "{}", most)
            assert said == REFUSED
        assert await _ask(connection, "RETURN 1 AS x", width=2) == REFUSED
        for params in ("null", "[]", "1", '"x"', "not json"):
            said = await _answer(connection, _ASK, "RETURN $a AS x", 1, params, 1)
            assert said in {REFUSED, "22P02"}


# ---- from one tenant to the next, on one connection ---------------------------------------------


async def test_nothing_stays_on_a_connection(world: World) -> None:
    """AGE keeps graphs and labels in a session's memory: of the one before, nothing is seen."""
    texts = (
        "MATCH (a) RETURN a",
        "MATCH (a)-[:USES*1..1]->(b) RETURN b",
        "MATCH p = (a:Task)-[:DEPENDS_ON*1..3]->(b) RETURN p",
        "MATCH (a)-[e:USES]->(b) RETURN startNode(e)",
        "MATCH (a:OnlyBeta) RETURN a",
    )
    async with world.acting(tenant=world.beta) as connection:
        await connection.execute(
            "INSERT INTO tenantry.graph_nodes (tenant_id, label, properties)"
            f" VALUES ($1, 'OnlyBeta', '{{\"mark\": \"{_SECRET}\"}}')", world.beta,
        )  # fmt: skip
        for turn in range(4):
            tenant, mark = [(world.beta, _SECRET), (world.acme, "sigil-of-acme")][turn % 2]
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))
            for text in texts:
                said = await _ask(connection, text, most=10_000)
                assert set(re.findall("sigil-of-[a-z]+", said)) <= {mark}, text
                assert mark in said or "OnlyBeta" in text


async def test_a_graph_dropped_and_made_again_is_not_remembered(world: World) -> None:
    paths = "MATCH (a)-[:USES*1..2]->(b) RETURN b"
    connection = await world.place.connection("app")
    admin = await world.place.connection("service")
    try:
        for _ in range(3):
            for tenant, mark in ((world.beta, _SECRET), (world.acme, "sigil-of-acme")):
                async with connection.transaction():
                    await connection.execute(
                        f"SELECT set_config('app.tenant_id', '{tenant}', true)"
                    )
                    said = await _ask(connection, paths, most=10_000)
                    assert set(re.findall("sigil-of-[a-z]+", said)) == {mark}
                await admin.execute("SELECT tenantry.rebuild_graph($1)", tenant)
    finally:
        await connection.close()
        await admin.close()


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (a:Nowhere) RETURN a",
        "MATCH (a)-[:NOWHERE*1..3]->(b) RETURN b",
        "RETURN startNode($e) AS x",
        "RETURN endNode({id: 1, label: $l, start_id: 844424930131969, end_id: 1, properties: {}}) AS x",
        "RETURN properties(NULL) AS x",
        "RETURN nodes($e) AS x",
        "RETURN relationships([$e]) AS x",
        "RETURN labels($e) AS x",
        "RETURN $e[-9223372036854775807] AS x",
        "RETURN $list[-99999999999..99999999999] AS x",
        "MATCH (a) RETURN a LIMIT $minus",
        "MATCH (a) RETURN a SKIP $minus",
        "MATCH (a) RETURN a LIMIT $list",
        "RETURN 999999999999999999 * 999999999999999999 AS x",
        "RETURN 1 / 0 AS x",
        "RETURN 10 ^ 400 AS x",
        "RETURN substring($l, -1, -5) AS x",
        "RETURN round(1.5, 999999999) AS x",
        "MATCH (a)-[:USES*0..0]->(a) RETURN a.n",
        "MATCH (a) OPTIONAL MATCH (a)-[:NOWHERE*1..2]->(b) RETURN b",
    ],
)
async def test_odd_questions_are_answered_or_refused(world: World, text: str) -> None:
    given = {
        "e": {"id": 844424930131969, "label": "Task", "start_id": 1, "end_id": 1, "properties": {}},
        "l": "Task", "minus": -1, "list": [1, [2, [3]], None],
    }  # fmt: skip
    async with world.acting() as connection:
        said = await _ask(connection, text, given)
        assert _SECRET not in said
        assert said.startswith("[") or said == REFUSED
