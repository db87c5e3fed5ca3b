"""A tenant's agents, tasks and who did what, as a graph to ask in Cypher."""

from .graph import Graph
from .questions import Questions
from .result import GraphResult, GraphRow
from .values import Edge, Path, Value, Vertex

__all__ = ["Edge", "Graph", "GraphResult", "GraphRow", "Path", "Questions", "Value", "Vertex"]
