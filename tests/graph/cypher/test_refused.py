"""What is refused: ways out of the text, to functions, to other graphs, and to a query without end."""

from __future__ import annotations

import pickle

import asyncpg
import pytest

from tenantry.errors import CypherRefused, InvalidInput
from tenantry.graph.cypher import parse
from tenantry.schema.cypher import (
    BOUNDS,
    COLLECTED,
    FUNCTIONS,
    HOPS,
    NESTING,
    RESERVED,
    TEXT_LENGTH,
)

from .conftest import Scratch

#: Refused by the parser, and by the database however they reach it.
ATTACKS = [
    # Out of the quotes that a text is put between.
    "RETURN 1 $$) AS (a agtype); DROP TABLE tenantry.tenants; --",
    "RETURN 1 $cypher$) AS (a agtype); SELECT 1",
    "RETURN $$",
    "RETURN $a$ AS x",
    "RETURN a$b$ AS x",
    "RETURN 1 AS a$cypher$",
    "RETURN $1 AS x",
    "RETURN $ a AS x",
    "RETURN $`a` AS x",
    "RETURN ' AS x",
    "RETURN \\u0027 AS x",
    "RETURN 1 AS x\\",
    "RETURN \uff07a\uff07 AS x",
    "RETURN \u2018a\u2019 AS x",
    "RETURN 1; RETURN 2",
    "RETURN 1;",
    # Comments, and what any of the two languages takes for one.
    "RETURN 1 // AS x",
    "RETURN 1 /* */ AS x",
    "RETURN 1 /**/AS x",
    "RETURN 1 +/* */ 2 AS x",
    "RETURN 1 -- AS x",
    "RETURN 1 *// AS x",
    "RETURN 1 # AS x",
    # Other functions, by any name.
    "RETURN pg_sleep(1) AS x",
    "RETURN PG_SLEEP (1) AS x",
    "RETURN set_config($a, $b, TRUE) AS x",
    "RETURN current_setting($a) AS x",
    "RETURN cypher($a, $b) AS x",
    "RETURN ag_catalog.age_id(1) AS x",
    "RETURN ag_catalog . age_id (1) AS x",
    "RETURN pg_catalog.count(1) AS x",
    "RETURN pg_catalog.(count(1)) AS x",
    "RETURN pg_catalog.(size(1)) AS x",
    "RETURN a.b.size(1) AS x",
    "RETURN exists.size(1) AS x",
    "MATCH (a) RETURN a.id(a) AS x",
    "RETURN range(1, 1000000000) AS x",
    "RETURN replace($a, $b, $c) AS x",
    "RETURN split($a, $b) AS x",
    "RETURN timestamp() AS x",
    "RETURN age_id(1) AS x",
    "RETURN vle(1) AS x",
    "MATCH (a) RETURN vertex_stats(a) AS x",
    "RETURN graph_stats($a) AS x",
    "RETURN load_labels_from_file($a, $b, $c) AS x",
    "RETURN unnest([1]) AS x",
    "RETURN all(x IN [1] WHERE x) AS x",
    "RETURN reduce(a = 1, x IN [1] | a + x) AS x",
    "CALL pg_catalog.pg_sleep(1)",
    "MATCH (a) CALL ag_catalog.create_graph($a) YIELD x RETURN x",
    # Casts and operators of PostgreSQL.
    "RETURN 1::text AS x",
    "RETURN $a::pg_catalog.regclass AS x",
    "RETURN CAST(1 AS text) AS x",
    "RETURN 1 OPERATOR(pg_catalog.+) 2 AS x",
    "RETURN $a =~ $b AS x",
    "RETURN $a ~ $b AS x",
    "RETURN $a || $b AS x",
    "RETURN $a @> $b AS x",
    "RETURN $a != $b AS x",
    "RETURN $a <-> $b AS x",
    "RETURN |1 AS x",
    "RETURN !1 AS x",
    # Names that are not what they seem.
    "MATCH (`a`) RETURN 1 AS x",
    "MATCH (a:`tg_other`) RETURN a",
    "MATCH (_age_default_a) RETURN 1 AS x",
    "MATCH (a:_ag_label_vertex) RETURN a",
    "МATCH (a) RETURN a",  # noqa: RUF001 - the first letter is Cyrillic
    "MATCH (а) RETURN 1 AS x",  # noqa: RUF001 - so is this one
    "MATCH (a) RETURN \u0131d(a) AS x",
    "MATCH (a) RETURN s\u0131ze(a) AS x",
    "MATCH (a)\u00a0RETURN a",
    "MATCH (a)\u2028RETURN a",
    "MATCH (a)\u000bRETURN a",
    "\ufeffMATCH (a) RETURN a",
    "MATCH (a) RETURN a\u202e",
    "MATCH (a) RETURN \u200ba",
    "MATCH (a) RETURN a" + "b" * 63,
    # Clauses that write, and what is around a query.
    "CREATE (a) RETURN a",
    "MATCH (a) SET a.x = 1 RETURN a",
    "MATCH (a) REMOVE a.x RETURN a",
    "MATCH (a) DELETE a RETURN a",
    "MATCH (a) DETACH DELETE a RETURN a",
    "MERGE (a) RETURN a",
    "MATCH (a) MERGE (b) ON CREATE SET b = a RETURN a",
    "create (a) RETURN a",
    "cReAtE (a) RETURN a",
    "EXPLAIN ANALYZE MATCH (a) RETURN a",
    "EXPLAIN (analyze) MATCH (a) RETURN a",
    "MATCH (a) RETURN a UNION ALL MATCH (a) RETURN a",
    "MATCH (a) WHERE EXISTS { MATCH (b) RETURN b } RETURN a",
    "MATCH (a) WHERE exists { (a) } RETURN a",
    "MATCH (a) RETURN COUNT { MATCH (b) } AS x",
    "MATCH (a) RETURN a { .* } AS x",
    "MATCH (a) RETURN a { .name } AS x",
    "MATCH (a) RETURN [x IN a.tags | x] AS x",
    "RETURN * AS x",
    "MATCH (a) RETURN *",
    "MATCH (a) WITH * RETURN a",
    "MATCH (a) RETURN sum(*) AS x",
    "MATCH (a) RETURN count AS x",
    # Numbers that the two would read apart.
    "RETURN 010 AS x",
    "RETURN 0x10 AS x",
    "RETURN 08 AS x",
    "RETURN 1. AS x",
    "RETURN .5 AS x",
    "RETURN 1.a AS x",
    "RETURN 1e AS x",
    "RETURN 1e9999 AS x",
    "RETURN 1a AS x",
    "RETURN 1.2.3 AS x",
    "RETURN [1][0...1] AS x",
    "RETURN 99999999999999999999 AS x",
    "RETURN 1_000 AS x",
    # Paths without end.
    "MATCH (a)-[*]->(b) RETURN a",
    "MATCH (a)-[*1..3]->(b) RETURN a",
    "MATCH (a)-[r*1..3]->(b) RETURN a",
    "MATCH (a)<-[*]-(b) RETURN a",
    "MATCH (a)-[:T*]->(b) RETURN a",
    "MATCH (a)-[:T*1..]->(b) RETURN a",
    "MATCH (a)-[:T*..]->(b) RETURN a",
    f"MATCH (a)-[:T*1..{HOPS + 1}]->(b) RETURN a",
    f"MATCH (a)-[:T*{HOPS + 1}]->(b) RETURN a",
    "MATCH (a)-[:T*1..999999999999]->(b) RETURN a",
    "MATCH (a)-[:T*3..2]->(b) RETURN a",
    "MATCH (a)-[:T*1..$n]->(b) RETURN a",
    "MATCH (a) - [ : T * ] -> (b) RETURN a",
    "MATCH (a)-[r:T * 1 .. 99 {a: 1}]-(b) RETURN a",
    "MATCH (a)-[{a: 1}*]-(b) RETURN a",
    "MATCH (a)-[:T|S*1..2]->(b) RETURN a",
    "MATCH (a)-[r=*1..2]->(b) RETURN a",
    "MATCH (a) WHERE exists((a)-[:T*]->()) RETURN a",
    "MATCH p = shortestPath((a)-[*]-(b)) RETURN p",
    # Rows and values that multiply.
    "MATCH (a), (b), (c), (d) RETURN a",
    "MATCH (a) MATCH (b) MATCH (c) MATCH (d) RETURN a",
    "MATCH (a {x: $a STARTS WITH $b}), (b), (c), (d) RETURN a",
    "MATCH (a), (b), (c) WHERE exists((d)-[:T]->()) RETURN a",
    "MATCH (a {CASE: 1}), (b), (c), (d) RETURN a",
    "MATCH (a:CASE), (b), (c), (d) RETURN a",
    "MATCH ()-[:CASE]->(), (b), (c), (d) RETURN b",
    "WITH 1 AS CASE MATCH (a), (b), (c), (d) RETURN a",
    "MATCH (a {END: 1}) RETURN a",
    "MATCH (a:NULL) RETURN a",
    "MATCH (a) RETURN a.CASE",
    "MATCH (a) RETURN a AS NULL",
    "UNWIND $a AS a UNWIND $a AS b RETURN a",
    "MATCH (a)" + "-[]->()" * (BOUNDS["relationships"] + 1) + " RETURN a",
    "WITH 1 AS x " + "WITH x AS x " * BOUNDS["withs"] + "RETURN x",
    "WITH [1] AS x RETURN x",
    "WITH $a AS x WITH (1 + size([x, x])) AS y RETURN y",
    "WITH $a AS x WHERE x STARTS WITH $b WITH [x] AS y RETURN y",
    "WITH {a: 1} AS x RETURN x",
    "WITH a[[x, x]] AS x RETURN x",
    "RETURN 1" + " + 1" * (BOUNDS["additions"] + 1) + " AS x",
    "RETURN [1" + ", 1" * BOUNDS["entries"] + "] AS x",
    "RETURN " + "[" * 20 + "1" + "]" * 20 + " AS x, " + "[" * 21 + "]" * 21 + " AS y",
    "MATCH (a) RETURN collect(a) AS x",
    "MATCH (a) WITH collect(a) AS x LIMIT 10 RETURN x",
    "MATCH (a) RETURN collect(a) AS x LIMIT 10",
    "MATCH (a) WITH a LIMIT $n RETURN collect(a) AS x",
    f"MATCH (a) WITH a LIMIT {COLLECTED + 1} RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT 99999999999999999 RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT 10 * 1000000 RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT 10 + $n WITH a RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT (1000000) RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT 10 MATCH (b) RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT 10 UNWIND $b AS b RETURN collect(a) AS x",
    "MATCH (a) WITH a LIMIT 10 RETURN collect(a) AS x, collect(a.b) AS y",
    "RETURN " + "(" * (NESTING + 1) + "1" + ")" * (NESTING + 1) + " AS x",
    "RETURN " + "(" * 4000 + "1" + ")" * 4000 + " AS x",
    "RETURN " + "CASE WHEN " * 500 + "1" + " THEN 1 END" * 500 + " AS x",
    "RETURN 1 AS " + "x" * TEXT_LENGTH,
    # What ends the server.
    "MATCH (a) WHERE exists(($a)-[:T]->()) RETURN a",
    "MATCH (a) WHERE exists((a)-[:T]->($b)) RETURN a",
    "MATCH ($a)-[]->(b) RETURN b",
    "MATCH ($a:T) RETURN 1 AS x",
    "MATCH (a) OPTIONAL MATCH (b) UNWIND [1] AS x RETURN b",
    "MATCH (a)-[:T*2..5]->(b) UNWIND [min(b)] AS x RETURN x",
    "MATCH (a) UNWIND max(a.tags) AS x RETURN x",
    "MATCH (a) OPTIONAL MATCH (b) WHERE b.n = 1 UNWIND $a AS x RETURN b",
    "RETURN $a[(1 IS NULL)] AS x",
    "RETURN $a[$b IS NULL] AS x",
    "RETURN $a[NOT $b] AS x",
    "RETURN $a[..$b AND $c] AS x",
    "RETURN $a[$b OR $c..] AS x",
    "RETURN $a[$b IN $c] AS x",
    "RETURN $a[coalesce(1 IS NULL)] AS x",
    "RETURN $a[CASE WHEN TRUE THEN (1 IS NULL) END] AS x",
    "MATCH (a) RETURN $a[exists(a.b)] AS x",
    "RETURN $a CONTAINS (1 IS NULL) AS x",
    "RETURN $a STARTS WITH ($b AND $c) AS x",
    "RETURN $a ENDS WITH coalesce(1 IS NULL) AS x",
    "MATCH (a) RETURN $a IN exists((a)-[:T]->()) AS x",
    "RETURN $a IN (NOT $b) AS x",
    "RETURN $a IN CASE WHEN $b THEN (1 IS NULL) END AS x",
    "RETURN (1 IS NULL) CONTAINS $a AS x",
    "RETURN coalesce(1 IS NULL) CONTAINS $a AS x",
    "RETURN CASE WHEN $b THEN (1 IS NULL) END CONTAINS $a AS x",
    "MATCH (a) RETURN exists(a.b) STARTS WITH $a AS x",
    "RETURN 1 IS NULL CONTAINS $a AS x",
    "WITH (1 IS NULL) AS b RETURN $a[b] AS x",
    "WITH 1 IS NULL AS b RETURN $a IN b AS x",
    "WITH coalesce($a IN $b) AS b RETURN b CONTAINS $a AS x",
    "WITH CASE WHEN $a THEN $b IS NULL END AS b RETURN b CONTAINS $a AS x",
    "WITH CASE WHEN $a THEN 1 ELSE $b IS NULL END AS b RETURN b CONTAINS $a AS x",
    "MATCH (a) WITH exists(a.b) AS b RETURN $a[b] AS x",
    # Nothing.
    "",
]

#: Made of what is allowed, and no query for AGE either.
NO_QUERIES = [
    "LOAD CSV FROM $a AS x RETURN x",
    "RETURN 1 : : text AS x",
    "RETURN id (1) (2) AS x",
    "MATCH (a) RETURN count",
]

#: Harmless to run, or no query at all for AGE; the parser has no place for them.
REFUSED_BY_THE_PARSER = [
    " ",
    "MATCH (a)",
    "MATCH (a) RETURN",
    "MATCH (a RETURN a",
    "RETURN a RETURN b",
    "RETURN 1 AS x LIMIT 1 2",
    "RETURN 1 AS x LIMIT 1 + 1",
    "MATCH (a) RETURN a AS x, a.b AS x",
    "MATCH (a) RETURN a.b, a.b",
    "MATCH (a) WITH a.b RETURN 1 AS x",
    "MATCH (a:A:B) RETURN a",
    "MATCH (a $p) RETURN a",
    "MATCH (a)<-[]->(b) RETURN a",
    "MATCH a RETURN a",
    "RETURN 1 < 2 < 3 AS x",
    "RETURN NOT NOT TRUE AS x",
    "RETURN - - 1 AS x",
    "RETURN " + "NOT " * 2000 + "TRUE AS x",
    "RETURN " + "- " * 2000 + "1 AS x",
    "RETURN 1" + " * 1 / 1" * 1000 + " AS x",
    "RETURN 'a''b' AS x",
    "RETURN 'a\\x' AS x",
    "RETURN '\\u12' AS x",
    "RETURN '\\uD800' AS x",
    "RETURN '\\U00110000' AS x",
    "RETURN '\\u0000' AS x",
    "RETURN 'a\0' AS x",
    "RETURN 'a\\' AS x",
    "RETURN '\ud800' AS x",
    "RETURN 1 AS x\0",
    "RETURN (1).a AS x",
    "RETURN [1][0] AS x",
    "RETURN size() AS x",
    "RETURN size(1, 2) AS x",
    "RETURN size(DISTINCT 1) AS x",
    "RETURN exists(1) AS x",
    "RETURN startNode($g, $e) AS x",
    "RETURN CASE 1 END AS x",
    "RETURN {1: 2} AS x",
    "RETURN {a.b: 2} AS x",
    "MATCH (a) RETURN a.tags[] AS x",
    "MATCH (a) RETURN " + "a.b + " * 8 + "a.averyveryveryverylongname",
]


@pytest.mark.parametrize("text", [*ATTACKS, *NO_QUERIES, *REFUSED_BY_THE_PARSER], ids=ascii)
def test_the_parser_refuses(text: str) -> None:
    with pytest.raises(CypherRefused) as caught:
        parse(text)
    assert caught.value.hint
    assert caught.value.message.isascii()


@pytest.mark.parametrize("text", ATTACKS, ids=ascii)
def test_the_database_refuses(scratch: Scratch, text: str) -> None:
    assert scratch.refused(text)


@pytest.mark.postgres("wheel")
@pytest.mark.parametrize("text", NO_QUERIES)
def test_age_refuses_the_rest(scratch: Scratch, text: str) -> None:
    with pytest.raises(asyncpg.PostgresSyntaxError):
        scratch.run(text, 1, {})


def test_the_database_refuses_what_is_missing(scratch: Scratch) -> None:
    assert scratch.refused(None)
    assert scratch.refused("MATCH (a)-[:T*1..2]->(b) RETURN a", None)
    assert scratch.refused("MATCH (a)-[:T*1..2]->(b) RETURN a", 1)
    assert not scratch.refused("MATCH (a)-[:T*1..2]->(b) RETURN a", 2)


def test_no_word_of_ages_own_is_a_name(scratch: Scratch) -> None:
    for word in RESERVED:
        for spelt in (word, word.title()):
            for text in (f"MATCH ({spelt}) RETURN 1 AS x", f"MATCH (a) RETURN a.{spelt} AS x"):
                with pytest.raises(CypherRefused):
                    parse(text)
                assert scratch.refused(text)


def test_functions_are_spelt_as_age_knows_them(scratch: Scratch) -> None:
    """AGE would call it in any case, and only in one lends it the graph at hand."""
    for name in FUNCTIONS:
        for spelt in {name.lower(), name.upper(), name.title()} - {name}:
            assert scratch.refused(f"RETURN {spelt}($g, $e) AS x")
    assert parse("MATCH ()-[r]->() RETURN startnode(r)").text.endswith("startNode(r)")


@pytest.mark.postgres("wheel")
def test_the_spelling_is_all_that_keeps_another_graph_away(scratch: Scratch) -> None:
    """Should this fail, AGE has changed, and so may the rule."""
    text = "MATCH ()-[r:EXECUTED]->() RETURN startnode($g, r)"
    assert len(scratch.run(text, 1, {"g": "small_graph"})) == 1
    assert scratch.refused(text)


def test_an_error_says_what_and_where() -> None:
    with pytest.raises(CypherRefused) as caught:
        parse("MATCH (a)\nRETURN pg_sleep(10) AS x")
    error = caught.value
    assert (error.position, error.found) == (18, "pg_sleep")
    assert error.message == "The Cypher query is refused at line 2, column 8, at 'pg_sleep'."
    assert error.hint.startswith("The functions that can be called are abs, ")
    assert isinstance(error, InvalidInput)
    assert pickle.loads(pickle.dumps(error)).to_dict() == error.to_dict()  # noqa: S301


def test_a_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(CypherRefused) as caught:
        parse("RETURN $a AS a, $b AS b", parameters=["a"])
    assert caught.value.found == "$b"
