"""Where the nodes of a drawing stand: in columns by how far each is from the end, and within a
column near those it is linked to, so that few arrows cross (after Sugiyama, much simplified)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from .graph import Drawing, Edge

#: Columns are sorted by their neighbours to the one side, then to the other, so many times.
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns from the left, each from the top: keys of nodes, and of the places at which an arrow
    passes through a column on its way."""

    columns: Sequence[Sequence[str]]
    #: For each arrow the keys it passes, its ends with them.
    ways: Sequence[tuple[str, ...]]


@dataclass(slots=True)
class _Links:
    before: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    after: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, start: str, end: str) -> None:
        self.before[end].append(start)
        self.after[start].append(end)


def layout(drawing: Drawing) -> Layout:
    columns = _columns(drawing)
    column_of = {key: place for place, column in enumerate(columns) for key in column}
    ways = [_way(edge, place, column_of, columns) for place, edge in enumerate(drawing.edges)]
    links = _Links()
    for way in ways:
        for start, end in pairwise(way):
            links.add(start, end)
    for sweep in range(_SWEEPS):
        # To the right each column follows the one on its left, and back the other way.
        steps = range(1, len(columns)) if sweep % 2 else range(len(columns) - 2, -1, -1)
        for step in steps:
            beside = columns[step - 1 if sweep % 2 else step + 1]
            near = links.before if sweep % 2 else links.after
            columns[step] = _sorted(columns[step], beside, near)
    return Layout(columns, ways)


def _columns(drawing: Drawing) -> list[list[str]]:
    """By the longest way to an end, which stands at the right. What goes in a circle, as it should
    not, stands at the left."""
    links = _Links()
    for edge in drawing.edges:
        links.add(edge.start, edge.end)
    left = {node.key: len(links.after[node.key]) for node in drawing.nodes}
    columns, column = [], [key for key, many in left.items() if not many]
    placed: set[str] = set()
    while column:
        columns.append(column)
        placed.update(column)
        freed = []
        for key in column:
            for one in links.before[key]:
                left[one] -= 1
                if not left[one]:
                    freed.append(one)
        column = freed
    if circular := [key for key in left if key not in placed]:
        columns.append(circular)
    return columns[::-1]


def _way(
    edge: Edge, place: int, column_of: dict[str, int], columns: list[list[str]]
) -> tuple[str, ...]:
    """Through each column between its ends, where it gets a place of its own."""
    passed = []
    for step in range(column_of[edge.start] + 1, column_of[edge.end]):
        # No node's key: those have no line breaks in front.
        passed.append(f"\n{place}:{step}")
        columns[step].append(passed[-1])
    return edge.start, *passed, edge.end


def _sorted(
    column: Sequence[str], beside: Sequence[str], near: defaultdict[str, list[str]]
) -> list[str]:
    """By the middle of its neighbours; one that has none there keeps about where it is."""
    place = {key: at / max(len(beside) - 1, 1) for at, key in enumerate(beside)}
    own = {key: at / max(len(column) - 1, 1) for at, key in enumerate(column)}

    def middle(key: str) -> float:
        return fmean([place[one] for one in near[key] if one in place] or [own[key]])

    return sorted(column, key=middle)
