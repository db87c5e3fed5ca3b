"""What a graph holds and may be asked, for docs/graph.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenantry.schema.cypher import BOUNDS, FUNCTIONS, HOPS, KEYWORDS, NESTING, TEMPLATE_HOPS
from tenantry.schema.graph import EDGES, VERTICES

from .builtin import BUILTIN
from .cypher import parse


def elements() -> str:
    """Every vertex and every edge."""
    vertices = [(f"`{v.label}`", f"`{v.table}`", _names(("id", *v.properties))) for v in VERTICES]
    edges = [
        (
            f"`{e.label}`",
            f"{e.start[0]} → {' or '.join(label for label, _ in e.ends)}",
            f"`{e.table}`",
            _names(("id", *e.properties)),
        )
        for e in EDGES
    ]
    return "\n".join(
        (
            *_table(("vertex", "of each row of", "properties"), vertices),
            "",
            *_table(("edge", "from and to", "of", "properties"), edges),
        )
    )


def builtin() -> str:
    """The questions that are built in."""
    rows = [
        (f"`{q.name}`", _names(parse(q.text, max_hops=TEMPLATE_HOPS).parameters), q.description)
        for q in BUILTIN
    ]
    return "\n".join(_table(("name", "takes", "answers"), rows))


def grammar() -> str:
    """All that a text may hold."""
    bounds = ", ".join(f"{what} {most}" for what, most in BOUNDS.items())
    return "\n".join(
        (
            f"* Words: {', '.join(f'`{word}`' for word in sorted(KEYWORDS))}.",
            f"* Functions: {', '.join(f'`{name}`' for name in FUNCTIONS)}.",
            f"* How often at most: {bounds} (entries are those of lists and maps). Brackets stand up to"
            f" {NESTING} deep in one another.",
            f"* Hops with an upper bound and a type, `[:DEPENDS_ON*1..{HOPS}]`: of {HOPS} at most,"
            f" in a named question of {TEMPLATE_HOPS}.",
        )
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield f"| {' | '.join(row)} |"
