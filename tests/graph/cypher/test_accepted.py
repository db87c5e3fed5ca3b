"""What may be asked, and what is made of it."""

from __future__ import annotations

import asyncpg
import pytest

from tenantry.graph.cypher import parse
from tenantry.schema.cypher import FUNCTIONS, RESERVED, TEMPLATE_HOPS

from .conftest import Scratch

#: As it was asked, as it is run, the strings that were lifted out.
QUERIES = [
    ("match (n) return n", "MATCH (n) RETURN n", []),
    (
        "MATCH (t:Task {id: 'a'})-[:DEPENDS_ON*..3]->(d) RETURN d.id",
        "MATCH (t:Task {id: $lit_1})-[:DEPENDS_ON*1..3]->(d) RETURN d.id",
        ["a"],
    ),
    ("MATCH (a)-->(b)<--(c)--(d) RETURN a", "MATCH (a)-[]->(b)<-[]-(c)-[]-(d) RETURN a", []),
    (
        "MATCH p = (a:Task)<-[r:DEPENDS_ON*2 {w: $w}]-() RETURN p, r",
        "MATCH p = (a:Task)<-[r:DEPENDS_ON*2..2 {w: $w}]-() RETURN p, r",
        [],
    ),
    (
        "MATCH (a) WHERE a.n=1 OR a.n>2 AND NOT a.done OR a.n<>$k RETURN a",
        "MATCH (a) WHERE (a.n = 1) OR ((a.n > 2) AND (NOT a.done)) OR (a.n <> $k) RETURN a",
        [],
    ),
    ("RETURN 1+2*3-4^5 AS n", "RETURN (1 + (2 * 3)) - (4 ^ 5) AS n", []),
    ("RETURN -1 AS a, 2--1 AS b", "RETURN -1 AS a, 2 - (-1) AS b", []),
    ("RETURN 2-[1] AS a", "RETURN 2 - ([1]) AS a", []),
    (
        "MATCH (a) WHERE a.name STARTS WITH 'x' AND a.s IS NOT NULL AND a.id in [ 'x' , \"it's\" ]"
        " RETURN a",
        "MATCH (a) WHERE (a.name STARTS WITH $lit_1) AND (a.s IS NOT NULL)"
        " AND (a.id IN [$lit_1, $lit_2]) RETURN a",
        ["x", "it's"],
    ),
    ("MATCH (a) RETURN 'x' AS x, $lit_1", "MATCH (a) RETURN $lit_2 AS x, $lit_1", ["x"]),
    (
        "MATCH (a) WITH a LIMIT 1000"
        " WITH DISTINCT a.n AS n, COLLECT(a) AS s ORDER BY n ASC SKIP 1 LIMIT $m"
        " WHERE n>1 UNWIND s AS x RETURN x ORDER BY x.id DESC, x.n LIMIT 5",
        "MATCH (a) WITH a LIMIT 1000"
        " WITH DISTINCT a.n AS n, collect(a) AS s ORDER BY n SKIP 1 LIMIT $m"
        " WHERE n > 1 UNWIND s AS x RETURN x ORDER BY x.id DESC, x.n LIMIT 5",
        [],
    ),
    (
        "OPTIONAL MATCH (a), (b:Task) RETURN count(*), count(DISTINCT a), TOLOWER(a.name), a[$k]",
        "OPTIONAL MATCH (a), (b:Task) RETURN count(*), count(DISTINCT a), toLower(a.name), a[$k]",
        [],
    ),
    (
        "MATCH (a) WHERE exists((a)-[:DEPENDS_ON]->(:Task)) AND exists(a.name) RETURN"
        " a.tags[0], a.tags[1..], a.tags[..-1], startnode(a).tags[0].x AS s",
        "MATCH (a) WHERE exists((a)-[:DEPENDS_ON]->(:Task)) AND exists(a.name) RETURN"
        " a.tags[0], a.tags[1..], a.tags[..(-1)], startNode(a).tags[0].x AS s",
        [],
    ),
    (
        "MATCH (a) RETURN CASE a.n WHEN 1 THEN 'one' ELSE {x: [1.5, TRUE, null]} END AS c",
        "MATCH (a) RETURN CASE a.n WHEN 1 THEN $lit_1 ELSE {x: [1.5, TRUE, NULL]} END AS c",
        ["one"],
    ),
    (
        r"""RETURN 'a\'b\\\u0041\n\uD83D\uDE00' AS a, "$$ ' ; -- /* ` \"" AS b, 'ünï' AS c""",
        "RETURN $lit_1 AS a, $lit_2 AS b, $lit_3 AS c",
        ["a'b\\A\n\U0001f600", "$$ ' ; -- /* ` \"", "ünï"],
    ),
    (
        "MATCH (a) WHERE a.name ENDS WITH 'x' AND a.id IN ['y'] WITH a.tags[0] AS x RETURN [x]",
        "MATCH (a) WHERE (a.name ENDS WITH $lit_1) AND (a.id IN [$lit_2])"
        " WITH a.tags[0] AS x RETURN [x]",
        ["x", "y"],
    ),
    ("\r\n\tRETURN\n1e3 AS a", "RETURN 1e3 AS a", []),
]


@pytest.mark.parametrize(("text", "canonical", "literals"), QUERIES)
def test_a_query_is_written_anew(text: str, canonical: str, literals: list[str]) -> None:
    query = parse(text)
    assert query.text == canonical
    assert list(query.literals.values()) == literals
    assert parse(canonical).text == canonical


def test_the_database_agrees(scratch: Scratch) -> None:
    for _, canonical, _ in QUERIES:
        scratch.check(canonical)


@pytest.mark.postgres("wheel")
def test_age_answers(scratch: Scratch) -> None:
    query = parse(
        "MATCH p = (t:Task {id: 'a'})-[:DEPENDS_ON*1..3]->(d:Task) WHERE d.n - 1 > $k"
        " RETURN d.id, length(p) AS far, t.name + '!', t.tags[1], d.id IN ['c', \"it's\"]"
    )
    assert query.columns == ("d.id", "far", "t.name + '!'", "t.tags[1]", "d.id IN ['c', \"it's\"]")
    assert query.parameters == ("k",)
    assert scratch.ask(query, k=1) == [['"c"', "2", '"one!"', '"y"', "true"]]


@pytest.mark.postgres("wheel")
def test_every_function_is_one_of_ages_own(scratch: Scratch) -> None:
    """Another would be looked for on the search path, where anybody's may stand."""
    known = set(
        scratch.values(
            "SELECT proname::text FROM pg_proc WHERE pronamespace = 'ag_catalog'::regnamespace"
        )
    )
    # These are of AGE's grammar; count is PostgreSQL's.
    ours = {f"age_{name.lower()}" for name in FUNCTIONS} - {"age_count", "age_coalesce"}
    assert ours <= known


@pytest.mark.postgres("wheel")
def test_every_word_of_ages_own_is_known(scratch: Scratch) -> None:
    """A word AGE reserves cannot be a variable; one that we reserve beyond them is of a later AGE."""
    refused = set()
    for word in RESERVED:
        try:
            scratch.run(f"WITH 1 AS x RETURN x AS {word}", 1, {})
        except asyncpg.PostgresSyntaxError:
            refused.add(word)
    assert refused >= RESERVED - {"any", "none", "on", "reduce", "single"}


def test_what_a_query_needs_is_known() -> None:
    query = parse("MATCH (a {id: $a}) WHERE a.n IN $b OR a.n = $a RETURN a", parameters=("a", "b"))
    assert query.parameters == ("a", "b")


def test_a_template_may_reach_farther(scratch: Scratch) -> None:
    text = "MATCH (a)-[:DEPENDS_ON*1..15]->(b) RETURN b"
    query = parse(text, max_hops=TEMPLATE_HOPS)
    scratch.check(query.text, TEMPLATE_HOPS)
    assert scratch.refused(query.text)
