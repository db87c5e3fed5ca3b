"""Of any query, and of any text made from one."""

from __future__ import annotations

import re

import asyncpg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenantry.errors import CypherRefused
from tenantry.graph.cypher import CypherQuery, parse
from tenantry.schema.cypher import FUNCTIONS, TOKEN
from tests.coordination import soak

from .conftest import GRAPH, Scratch
from .queries import ODD_TOKENS, mutations, queries
from .test_accepted import QUERIES

_CALM = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
_CANONICAL = re.compile(r"[A-Za-z0-9_$ ()\[\]{},.:*=<>+/%^-]+")


def _holds(query: CypherQuery) -> None:
    """What is true of all that the parser lets through."""
    assert _CANONICAL.fullmatch(query.text)
    assert not re.search(r"--|//|/\*|::|\$\$|\$\w*\$", query.text)
    assert parse(query.text).text == query.text
    assert not set(query.literals) & set(query.parameters)
    assert len(set(query.columns)) == len(query.columns)


def _parsed(text: str) -> CypherQuery:
    """A query of the grammar, unless it has too much of something."""
    try:
        return parse(text)
    except CypherRefused as error:
        assume("at most" not in error.hint)
        raise


@given(queries())
@settings(max_examples=soak(30, 60), deadline=None, suppress_health_check=_CALM)
def test_what_the_grammar_has_is_accepted(scratch: Scratch, text: str) -> None:
    query = _parsed(text)
    _holds(query)
    scratch.check(query.text)


@pytest.mark.postgres("wheel")
@given(queries())
@settings(max_examples=soak(30, 60), deadline=None, suppress_health_check=_CALM)
def test_age_accepts_it_with_the_same_columns(scratch: Scratch, text: str) -> None:
    query = _parsed(text)
    try:
        rows = scratch.ask(query, p=1)
    except (asyncpg.DataError, asyncpg.FeatureNotSupportedError):
        return  # of the values; the query was understood
    assert all(len(row) == len(query.columns) for row in rows)


@given(mutations())
@settings(max_examples=soak(30, 60), deadline=None, suppress_health_check=_CALM)
def test_what_is_near_a_query_is_refused_or_safe(scratch: Scratch, text: str) -> None:
    try:
        query = parse(text)
    except CypherRefused as error:
        assert error.hint
        assert 1 <= error.position <= len(text) + 1
        return
    _holds(query)
    scratch.check(query.text)


#: AGE's own, of no other name than these, and PostgreSQL's count.
_REACHED = re.compile(
    rf"count|_?agtype_\w+|_ag_enforce_\w+|_label_name|(?:ag_catalog\.)?age_vle|{GRAPH}\..*"
    r"|age_(?:match_vle|materialize_vle|unnest)\w*|"
    + "|".join(f"age_{name.lower()}" for name in FUNCTIONS)
)


@pytest.mark.postgres("wheel")
@given(
    st.sampled_from([re.findall(TOKEN, canonical) for _, canonical, _ in QUERIES]),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(ODD_TOKENS), st.booleans()), max_size=3),
)
@settings(max_examples=soak(80, 200), deadline=None, suppress_health_check=_CALM)
def test_what_the_database_lets_through_reaches_nothing_else(
    scratch: Scratch, tokens: list[str], odd: list[tuple[int, str, bool]]
) -> None:
    """As somebody would try who need not pass the parser."""
    tokens = list(tokens)
    for place, token, instead in odd:
        tokens[place : place + instead] = [token]
    text = " ".join(tokens)
    if scratch.refused(text):
        return
    for columns in (1, 2, 3, 4):
        try:
            reached = scratch.reached(text, columns)
        except asyncpg.PostgresError:
            continue
        assert not {name for name in reached if not _REACHED.fullmatch(name)}


@pytest.mark.postgres("wheel")
def test_a_plan_shows_what_is_reached(scratch: Scratch) -> None:
    reached = scratch.reached("MATCH (a:Task) RETURN vertex_stats(a)", 1)
    assert {"age_vertex_stats", f'{GRAPH}."Task"'} <= reached
    assert not _REACHED.fullmatch("age_vertex_stats")


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_at_all_is_refused_or_safe(text: str) -> None:
    for query in (text, f"RETURN {text}", f"MATCH (a {text}) RETURN a", f"RETURN '{text}' AS a"):
        try:
            _holds(parse(query))
        except CypherRefused as error:
            assert error.message.isascii()
