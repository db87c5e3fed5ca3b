"""An SVG that stands alone: no scripts, no fonts or files of others, on a light page or a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from unicodedata import combining, east_asian_width

from .graph import ARROW, TEXT, Drawing, Node, readable, style
from .layout import Layout, layout

_WIDTH, _HEIGHT = 200, 44
_GAP_X, _GAP_Y, _MARGIN = 56, 16, 12
#: The height of the place at which an arrow passes a column.
_PASSAGE = 10
#: How many letters fit into a node: of its label, and of the smaller line.
_LABEL, _NOTE = 25, 32

Point = tuple[float, float]


def svg(drawing: Drawing) -> str:
    plan = layout(drawing)
    nodes = {node.key: node for node in drawing.nodes}
    places, height = _places(plan, nodes)
    width = max(len(plan.columns) * (_WIDTH + _GAP_X) - _GAP_X, 0) + 2 * _MARGIN
    title = _words(drawing.title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img" aria-label="{title}"'
        ' font-family="system-ui, sans-serif">',
        f"<title>{title}</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
        f' markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{ARROW}"/></marker></defs>',
        f'<g fill="none" stroke="{ARROW}" stroke-width="1.5">',
        *(_arrow([places[key] for key in way], nodes, way) for way in plan.ways),
        "</g>",
        *(_box(node, places[node.key]) for node in drawing.nodes),
        "</svg>",
    ]
    return "\n".join([*parts, ""])


def _places(plan: Layout, nodes: dict[str, Node]) -> tuple[dict[str, Point], float]:
    """The left end of everything, at half its height; and how high it all is."""

    def tall(key: str) -> int:
        return _HEIGHT if key in nodes else _PASSAGE

    heights = [sum(map(tall, c)) + _GAP_Y * (len(c) - 1) for c in plan.columns]
    whole = max(heights, default=0)
    places: dict[str, Point] = {}
    for number, (column, own) in enumerate(zip(plan.columns, heights, strict=True)):
        x, y = _MARGIN + number * (_WIDTH + _GAP_X), _MARGIN + (whole - own) / 2
        for key in column:
            places[key] = (x, y + tall(key) / 2)
            y += tall(key) + _GAP_Y
    return places, whole + 2 * _MARGIN


def _arrow(points: Sequence[Point], nodes: dict[str, Node], way: Sequence[str]) -> str:
    """From column to column in a curve, straight through each that it passes."""
    (x, y) = points[0]
    path = [f"M{x + _WIDTH:g} {y:g}"]
    for (from_x, from_y), (to_x, to_y) in pairwise(points):
        half = (from_x + _WIDTH + to_x) / 2
        path.append(f"C{half:g} {from_y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}")
        path.append(f"H{to_x + _WIDTH:g}")
    ends = f"{readable(nodes[way[0]].label)} → {readable(nodes[way[-1]].label)}"
    drawn = "".join(path[:-1])  # the last runs into its node
    return f'<path d="{drawn}" marker-end="url(#end)"><title>{escape(ends)}</title></path>'


def _box(node: Node, place: Point) -> str:
    x, y = place
    look = style(node)
    whole = f"{readable(node.label)} ({readable(node.note)})" if node.note else node.label
    middle = f'x="{x + _WIDTH / 2:g}" text-anchor="middle" fill="{TEXT}"'
    label_y, note_y = (y - 2, y + 14) if node.note else (y + 5, y)
    lines = [f'<text {middle} y="{label_y:g}" font-size="13">{_words(node.label, _LABEL)}</text>']
    if node.note:
        note = _words(node.note, _NOTE)
        lines.append(f'<text {middle} y="{note_y:g}" font-size="10.5">{note}</text>')
    return (
        f'<g><title>{_words(whole)}</title><rect x="{x:g}" y="{y - _HEIGHT / 2:g}" width="{_WIDTH}"'
        f' height="{_HEIGHT}" rx="6" fill="{look.fill}" stroke="{look.line}"'
        f' stroke-width="{3 if node.focus else 1.5}"/>{"".join(lines)}</g>'
    )


def _words(text: str, room: int | None = None) -> str:
    line = readable(text)
    return escape(line if room is None else _cut(line, room))


def _cut(text: str, room: int) -> str:
    """As many letters as fit, those of twice the width counted twice; the last is an ellipsis where
    there are more. Marks that are put onto a letter take no room, but three of them are enough."""
    kept: list[str] = []
    taken = marks = 0
    for c in text:
        marks = marks + 1 if combining(c) else 0
        taken += 0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1
        if taken > room:
            return "".join(kept[:-1]).rstrip() + "…"
        if marks <= 3:
            kept.append(c)
    return "".join(kept)
