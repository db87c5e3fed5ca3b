"""A tenant's agents, tasks and who did what, as a graph to ask in Cypher."""

from .result import GraphResult, GraphRow
from .values import Edge, Path, Value, Vertex

__all__ = ["Edge", "GraphResult", "GraphRow", "Path", "Value", "Vertex"]
