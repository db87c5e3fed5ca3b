"""Values of a graph: any of them, and how Apache AGE spells each."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tenantry.graph import Edge, Path, Vertex

GRAPH_IDS = st.integers(0, 2**63 - 1)
LABELS = st.from_regex(r"[A-Z][a-z_]{0,8}", fullmatch=True)
#: What PostgreSQL can keep, with what a reader of annotations might stumble over.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
) | st.sampled_from(
    [
        "::vertex",
        "}::vertex",
        ']::path"',
        "\\",
        '\\"',
        "1.5::numeric",
        "[{",
        "\x01\x1f\x7f\u2028",
        "é😀",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
DECIMALS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**25), 10**25),
    st.integers(-30, 30),
)


def _elements(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(TEXTS, values, max_size=3)
    vertices = st.builds(Vertex, GRAPH_IDS, LABELS, properties)
    edges = st.builds(Edge, GRAPH_IDS, LABELS, GRAPH_IDS, GRAPH_IDS, properties)
    paths = st.integers(1, 2).flatmap(
        lambda n: st.builds(
            Path,
            st.lists(vertices, min_size=n + 1, max_size=n + 1).map(tuple),
            st.lists(edges, min_size=n, max_size=n).map(tuple),
        )
    )
    return vertices | edges | paths


VALUES = st.recursive(
    SCALARS | DECIMALS | st.sampled_from([float("inf"), float("-inf")]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3), _elements(inner)
    ),
    max_leaves=10,
)


def spelt(value: Any) -> str:  # noqa: PLR0911 - one for each type
    """As AGE prints it: `, ` and `: ` between, annotations behind."""
    match value:
        case Vertex(number, label, properties):
            return spelt({"id": number, "label": label, "properties": properties}) + "::vertex"
        case Edge(number, label, start, end, properties):
            ends = {"id": number, "label": label, "end_id": end, "start_id": start}
            return spelt({**ends, "properties": properties}) + "::edge"
        case Path(vertices, edges):
            walked: list[Vertex | Edge] = [vertices[0]]
            for edge, vertex in zip(edges, vertices[1:], strict=True):
                walked += [edge, vertex]
            return spelt(walked) + "::path"
        case Decimal():
            return f"{value:f}::numeric"
        case list():
            return "[" + ", ".join(map(spelt, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{spelt(k)}: {spelt(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def kinds(value: Any) -> Any:
    """The types of it all: 1, True and 1.0 are equal, and not the same."""
    if isinstance(value, dict):
        return sorted((key, repr(kinds(item))) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [kinds(item) for item in value]
    return type(value).__name__
