"""A query that was parsed and written anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenantry.schema.cypher import HOPS

from .lexer import check_bounds, lex, refuse
from .parser import Parser
from .render import Renderer
from .tree import Projection


@dataclass(frozen=True, slots=True)
class CypherQuery:
    """Text that can be run as it is."""

    #: Canonical: one line of ASCII without quotes.
    text: str
    #: What its results call each column: the alias, or the expression as it was written.
    columns: tuple[str, ...]
    #: Names of the values the caller must give.
    parameters: tuple[str, ...]
    #: The strings that stood in the text, by the parameters that stand for them now.
    literals: Mapping[str, str]


def parse(
    text: str, *, max_hops: int = HOPS, parameters: Iterable[str] | None = None
) -> CypherQuery:
    """The query of this text, which may use no parameter but these when they are given. Raises
    `CypherRefused` for anything that is not known to be safe."""
    tokens = lex(text)
    check_bounds(text, tokens)
    clauses = Parser(text, tokens, max_hops=max_hops).query()
    renderer = Renderer()
    canonical, literals = renderer.literals(renderer.query(clauses))
    # Brackets were added, so that the bounds are asked for again.
    check_bounds(canonical, lex(canonical))
    if parameters is not None:
        given = set(parameters)
        for token in tokens:
            if token.word.startswith("$") and token.word[1:] not in given:
                refuse(text, token.at, "No value was given for this parameter.", token.word)
    result = clauses[-1]
    columns = tuple(i.column for i in result.items) if isinstance(result, Projection) else ()
    return CypherQuery(canonical, columns, tuple(renderer.parameters), literals)
