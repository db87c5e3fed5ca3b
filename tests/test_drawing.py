"""Drawings: whatever the words are, they stay words; what comes first stands further left."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.drawing import Drawing, Edge, Node, dot, mermaid, svg
from tenantry.drawing.graph import STYLES, readable
from tenantry.drawing.layout import layout

_HOSTILE = (
    'a"] --> evil[("',
    "</title><script>alert(1)</script>",
    '" onload="alert(1)',
    "]]>&amp;&#60;b&quot;",
    'back\\slash\\"',
    "ends in a backslash\\",
    "`**md**` $$x$$ #quot; %%{init: {}}%%",
    "fa:fa-car and $$$x$$$",
    "two\nlines\r\n\tand a tab",
    "nul\0 bell\a escape\x1b[31m",
    "\ud800 \ufffe \u202e right to left",
    "end",
    "subgraph; click n0 href 'javascript:alert(1)'",
    "",
)
#: Any character at all, those that no format allows too.
words = st.one_of(st.sampled_from(_HOSTILE), st.text(st.characters(exclude_categories=())))


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    categories = st.sampled_from([*STYLES, "no such"])
    many = draw(st.integers(0, 8))
    nodes = [
        Node(str(n), draw(words), draw(words), draw(categories), focus=n == 0) for n in range(many)
    ]
    pairs = [(a, b) for a in range(many) for b in range(a)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return Drawing(draw(words), nodes, [Edge(str(a), str(b)) for a, b in chosen])


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - what we wrote, and small


_SVG = "{http://www.w3.org/2000/svg}"
_MERMAID = re.compile(
    r"flowchart LR|    ("
    r"n\d+\[\"(#\d+;|<br/>|[^\W_]|[ .,\-_/'?!])*\"\]"
    r"|n\d+ --> n\d+|classDef \w+ [\w:#,]+|class n\d+(,n\d+)* \w+|style n\d+ stroke-width:3px)"
)
_DOT_LABEL = r'"(?:[^"\\\n&]|\\["\\n]|&amp;)*"'
_DOT = re.compile(
    rf"digraph \{{|\}}|    (graph \[rankdir=LR, tooltip={_DOT_LABEL}, bgcolor=transparent\]"
    rf"|(node|edge) \[[\w=\",\s#-]+\]|n\d+ -> n\d+"
    rf'|n\d+ \[label={_DOT_LABEL}, fillcolor="#\w+", color="#\w+"(, penwidth=3)?\])'
)


@given(drawings())
def test_every_line_of_mermaid_is_one_of_ours(drawing: Drawing) -> None:
    lines = mermaid(drawing).rstrip("\n").split("\n")
    assert [line for line in lines if not _MERMAID.fullmatch(line)] == []
    assert sum(" --> " in line for line in lines) == len(drawing.edges)
    for place, node in enumerate(drawing.nodes):
        (line,) = (line for line in lines if line.startswith(f"    n{place}["))
        label, _, note = line.partition('["')[2].removesuffix('"]').partition("<br/>")
        decoded = [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), part) for part in (label, note)]
        assert not [part for part in decoded if "$$" in part or ":fa-" in part]
        decoded = [part.replace("\N{WORD JOINER}", "") for part in decoded]
        assert decoded == [readable(node.label), readable(node.note)]


@given(drawings())
def test_every_line_of_dot_is_one_of_ours(drawing: Drawing) -> None:
    lines = dot(drawing).rstrip("\n").split("\n")
    assert [line for line in lines if not _DOT.fullmatch(line)] == []
    assert sum(" -> " in line and "label=" not in line for line in lines) == len(drawing.edges)
    for place, node in enumerate(drawing.nodes):
        (line,) = (line for line in lines if line.startswith(f"    n{place} ["))
        label = line.partition('[label="')[2].rpartition('", fillcolor')[0]
        said = unescape(re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], label))
        note = f"\n{readable(node.note)}" if node.note else ""
        assert said == readable(node.label) + note


@given(drawings())
def test_an_svg_is_well_formed_and_holds_all_words_as_words(drawing: Drawing) -> None:
    root = parsed(svg(drawing))
    assert {e.tag.removeprefix(_SVG) for e in root.iter()} <= {
        "svg", "title", "defs", "marker", "path", "g", "rect", "text",
    }  # fmt: skip
    assert {name for e in root.iter() for name in e.attrib if name.startswith("on")} == set()
    assert (root.findtext(f"{_SVG}title") or "") == readable(drawing.title)
    boxes = [g for g in root.iter(f"{_SVG}g") if g.find(f"{_SVG}rect") is not None]
    assert len(boxes) == len(drawing.nodes)
    for node, box in zip(drawing.nodes, boxes, strict=True):
        whole = f"{readable(node.label)} ({readable(node.note)})" if node.note else node.label
        assert (box.findtext(f"{_SVG}title") or "") == readable(whole)
    arrows = [p for p in root.iter(f"{_SVG}path") if p.get("marker-end")]
    assert len(arrows) == len(drawing.edges)


@given(drawings())
def test_what_comes_first_stands_left_and_nothing_stands_on_another(drawing: Drawing) -> None:
    plan = layout(drawing)
    places = [key for column in plan.columns for key in column]
    assert len(places) == len(set(places))
    assert {node.key for node in drawing.nodes} <= set(places)
    column_of = {key: n for n, column in enumerate(plan.columns) for key in column}
    for way, edge in zip(plan.ways, drawing.edges, strict=True):
        assert (way[0], way[-1]) == edge
        assert [column_of[b] - column_of[a] for a, b in pairwise(way)] == [1] * (len(way) - 1)
    root = parsed(svg(drawing))
    boxes = [tuple(float(r.get(k, "")) for k in "xy") for r in root.iter(f"{_SVG}rect")]
    taller = [(x, y) for (x, y) in boxes if any(a == x and 0 < abs(b - y) < 44 for a, b in boxes)]
    assert taller == []
    assert len(set(boxes)) == len(boxes)


def crossings(drawing: Drawing) -> int:
    plan = layout(drawing)
    row = {key: n for column in plan.columns for n, key in enumerate(column)}
    column = {key: n for n, keys in enumerate(plan.columns) for key in keys}
    steps = [pair for way in plan.ways for pair in pairwise(way)]
    return sum(
        column[a] == column[c] and (row[a] - row[c]) * (row[b] - row[d]) < 0
        for n, (a, b) in enumerate(steps)
        for c, d in steps[:n]
    )


def test_arrows_that_need_not_cross_do_not() -> None:
    # Chains side by side whose nodes are named in no order, that meet at one end.
    chains = ["adgj", "behk", "cfil"]
    nodes = [Node(key, key) for key in "lafjbkicdhegz"]
    edges = [Edge(*pair) for chain in chains for pair in pairwise(chain + "z")]
    assert crossings(Drawing("", nodes, edges)) == 0


def test_an_arrow_over_columns_goes_round_what_stands_between() -> None:
    nodes = [Node(key, key) for key in "abc"]
    plan = layout(Drawing("", nodes, [Edge("a", "b"), Edge("b", "c"), Edge("a", "c")]))
    assert [len(column) for column in plan.columns] == [1, 2, 1]
    assert len(plan.ways[2]) == 3
    assert "b" not in plan.ways[2]


def test_a_circle_is_drawn_too() -> None:
    nodes = [Node(key, key) for key in "abc"]
    drawing = Drawing("", nodes, [Edge("a", "b"), Edge("b", "a"), Edge("b", "c")])
    assert len(parsed(svg(drawing)).findall(f".//{_SVG}rect")) == 3


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Write the report", "Write the report"),
        ("x" * 25, "x" * 25),
        ("x" * 26, "x" * 24 + "…"),
        ("報" * 20, "報" * 11 + "…"),
        ("a" + "\u0301" * 50, "a" + "\u0301" * 3),
    ],
)
def test_long_titles_are_cut_and_kept_whole_beside(label: str, shown: str) -> None:
    root = parsed(svg(Drawing("", [Node("a", label)], [])))
    assert root.findtext(f".//{_SVG}text") == shown
    assert root.findtext(f".//{_SVG}g/{_SVG}title") == label


def test_states_have_colours_of_their_own_and_the_subject_stands_out() -> None:
    nodes = [Node(name, name, category=name, focus=name == "todo") for name in (*STYLES, "other")]
    root = parsed(svg(Drawing("", nodes, [])))
    rects = list(root.iter(f"{_SVG}rect"))
    assert len({r.get("fill") for r in rects}) == len(STYLES) + 1
    assert [r.get("stroke-width") for r in rects].count("3") == 1
    text = mermaid(Drawing("", nodes, []))
    assert "class n0 todo" in text
    assert "class n6" not in text
    assert text.count("stroke-width:3px") == 1
