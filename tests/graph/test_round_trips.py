"""What is given to the graph engine comes back, by way of the engine itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.graph import Edge, Path, Vertex
from tenantry.graph.agtype import parse
from tenantry.graph.parameters import encode
from tenantry.ops import features
from tests.coordination import soak
from tests.fixtures.database import Place

from .spelling import PLAIN, VALUES, kinds, spelt

#: The wheel has Apache AGE.
pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
async def age(place: Place) -> AsyncIterator[asyncpg.Connection[Any]]:
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    connection = await place.connection("superuser")
    # Any call loads the library; until then the parser does not know cypher().
    await connection.fetchval("SELECT ag_catalog.agtype_build_map()::text")
    await connection.execute("SET search_path = ag_catalog")
    await connection.set_type_codec(
        "agtype", schema="ag_catalog", encoder=str, decoder=str, format="text"
    )
    yield connection
    await connection.close()


async def _for_any(
    values: st.SearchStrategy[Any], check: Callable[[Any], Any], examples: int = soak(150, 300)
) -> None:
    """Hypothesis is synchronous, and the connection lives in this loop."""
    loop = asyncio.get_running_loop()

    @given(values)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def play(value: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(value), loop).result()

    await asyncio.to_thread(play)


@pytest.mark.parametrize("way", ["$1::text::agtype", "$1::text::jsonb::text::agtype"])
async def test_parameters_come_back_equal(age: asyncpg.Connection[Any], way: str) -> None:
    async def check(value: Any) -> None:
        answer = await age.fetchval(f"SELECT agtype_out({way})::text", encode({"x": value}))
        read = parse(answer)
        assert read == {"x": value}
        assert kinds(read) == kinds({"x": value})

    await _for_any(PLAIN, check)
    for value in (2**63 - 1, -(2**63), 5e-324, 1.7976931348623157e308, 1e16, 1e22, -0.0, 100.0):
        await check([value])


async def test_parameters_come_back_equal_from_cypher(age: asyncpg.Connection[Any]) -> None:
    await age.fetchval("SELECT create_graph('g_round')")
    # In a list, since a map that Cypher makes leaves out what is null.
    ask = "SELECT * FROM cypher('g_round', $$ RETURN $x, [$x], {m: [$x]} $$, $1) AS (a agtype, b agtype, c agtype)"

    async def check(value: Any) -> None:
        row = await age.fetchrow(ask, encode({"x": value}))
        assert row is not None
        a, b, c = (None if text is None else parse(text) for text in row)
        assert (a, b, c) == (value, [value], {"m": [value]})
        assert kinds(a) == kinds(value)

    await _for_any(PLAIN, check, examples=100)


async def test_every_value_comes_back_as_it_was_spelt(age: asyncpg.Connection[Any]) -> None:
    async def check(value: Any) -> None:
        answer = await age.fetchval("SELECT agtype_out($1::text::agtype)::text", spelt(value))
        read = parse(answer)
        assert read == value
        assert kinds(read) == kinds(value)

    await _for_any(VALUES, check)


async def test_what_a_match_returns(age: asyncpg.Connection[Any]) -> None:
    await age.fetchval("SELECT create_graph('g_match')")
    await age.execute(
        """SELECT * FROM cypher('g_match', $$
           CREATE (:Task {id: 'x', gone: null, l: [1, {k: 1.5::numeric}], s: "}::vertex"})
                  -[:NEEDS {since: 1.0}]->(:Task {n: 'b'})<-[:OWNS]-(:Agent)
           $$) AS (a agtype)"""
    )
    row = await age.fetchrow(
        """SELECT * FROM cypher('g_match', $$
           MATCH p = (a:Task {id: 'x'})-[e:NEEDS]->(b)<-[o:OWNS]-(c)
           RETURN a, e, p, {it: [p]}, nodes(p), relationships(p), length(p), a.gone,
                  toFloat('NaN'), toFloat('-Infinity'), 2.50::numeric
           $$) AS (a agtype, e agtype, p agtype, i agtype, n agtype, r agtype, l agtype, g agtype,
                   x agtype, y agtype, z agtype)"""
    )
    assert row is not None
    a, e, p, i, n, r, length, gone, x, y, z = (t if t is None else parse(t) for t in row)
    assert isinstance(a, Vertex) and isinstance(e, Edge) and isinstance(p, Path)
    assert a.label == "Task"
    assert a.properties == {"id": "x", "l": [1, {"k": Decimal("1.5")}], "s": "}::vertex"}
    assert (e.start_id, e.label, e.properties) == (a.graph_id, "NEEDS", {"since": 1.0})
    assert p.vertices[0] == a and p.edges[0] == e
    assert e.end_id == p.vertices[1].graph_id == p.edges[1].end_id
    assert i == {"it": [p]}
    assert (n, r, length) == (list(p.vertices), list(p.edges), len(p))
    assert gone is None
    assert repr((x, y)) == "(nan, -inf)"
    assert z == Decimal("2.5") and isinstance(z, Decimal)
