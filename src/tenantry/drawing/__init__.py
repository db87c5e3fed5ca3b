"""Graphs as pictures: text for Mermaid and Graphviz, or an SVG of our own."""

from .dot import dot
from .graph import Drawing, Edge, Node
from .mermaid import mermaid
from .svg import svg

__all__ = ["Drawing", "Edge", "Node", "dot", "mermaid", "svg"]
