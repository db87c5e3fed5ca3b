"""What is drawn, and how it looks in every format.

Words in a drawing were written by anybody. Each format has its own way of keeping them words; none
of them takes an id or anything else of its syntax from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Node:
    key: str
    label: str
    #: A second, smaller line.
    note: str = ""
    #: Of `STYLES`; anything else is drawn plainly.
    category: str = ""
    #: What the drawing is about.
    focus: bool = False


class Edge(NamedTuple):
    """An arrow between the nodes of these keys."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Read from left to right: arrows lead from what comes first to what follows."""

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]

    def names(self) -> dict[str, str]:
        """What a node is called in the text of a drawing: its place, never a word of its own."""
        return {node.key: f"n{place}" for place, node in enumerate(self.nodes)}


class Style(NamedTuple):
    fill: str
    line: str


#: Dark text reads well on each of them, and each stands out from a light page and from a dark one.
STYLES = {
    "todo": Style("#e8eaed", "#80868b"),
    "active": Style("#d2e3fc", "#1a73e8"),
    "waiting": Style("#feefc3", "#e37400"),
    "review": Style("#e9d2fd", "#8430ce"),
    "done": Style("#ceead6", "#188038"),
    "failed": Style("#fad2cf", "#c5221f"),
}
PLAIN = Style("#f1f3f4", "#80868b")
TEXT = "#202124"
#: Of arrows, which lie on the page itself, whatever its colour.
ARROW = "#80868b"


def style(node: Node) -> Style:
    return STYLES.get(node.category, PLAIN)


def readable(text: str) -> str:
    """One line, in which what cannot be seen is seen to be there."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
