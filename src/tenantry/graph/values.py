"""What a graph query answers with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import Any, TypeAlias
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Vertex:
    """A node as it was when the query ran; changing `properties` changes nothing in the graph."""

    #: The engine's own number: it holds within one answer, and is another after a rebuild.
    graph_id: int
    label: str
    properties: dict[str, Any] = field(hash=False)

    @property
    def id(self) -> UUID | None:
        """The id of the row that the node stands for."""
        try:
            return UUID(self.properties["id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def to_dict(self) -> dict[str, Any]:
        return {
            "graph_id": str(self.graph_id),
            "label": self.label,
            "properties": to_json(self.properties),
        }

    def __str__(self) -> str:
        return f"({_drawn(self)})"


@dataclass(frozen=True, slots=True)
class Edge:
    """A relationship, from the vertex whose `graph_id` is `start_id` to that of `end_id`."""

    graph_id: int
    label: str
    start_id: int
    end_id: int
    properties: dict[str, Any] = field(hash=False)

    def to_dict(self) -> dict[str, Any]:
        return {
            "graph_id": str(self.graph_id),
            "label": self.label,
            "start_id": str(self.start_id),
            "end_id": str(self.end_id),
            "properties": to_json(self.properties),
        }

    def __str__(self) -> str:
        return f"[{_drawn(self)}]"


@dataclass(frozen=True, slots=True)
class Path:
    """Vertices in the order they were walked, and between each two the edge that was taken."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]

    def __len__(self) -> int:
        """How many edges it takes."""
        return len(self.edges)

    def __bool__(self) -> bool:
        """A path of no edges is a path too."""
        return True

    def to_dict(self) -> dict[str, Any]:
        return {
            "vertices": [vertex.to_dict() for vertex in self.vertices],
            "edges": [edge.to_dict() for edge in self.edges],
        }

    def __str__(self) -> str:
        drawn = ""
        for vertex, edge in zip_longest(self.vertices, self.edges):
            drawn += str(vertex)
            if edge is not None:
                drawn += f"-{edge}->" if edge.start_id == vertex.graph_id else f"<-{edge}-"
        return drawn


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | Decimal
    | list["Value"]
    | dict[str, "Value"]
    | Vertex
    | Edge
    | Path
    | None
)


def to_json(value: Any) -> Any:
    """The value in JSON's own types. Decimals, and floats that JSON has no word for, become text; so
    do graph ids, since they pass 2**53, where many a reader of JSON begins to round."""
    if isinstance(value, (Vertex, Edge, Path)):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, Decimal) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value


def _drawn(element: Vertex | Edge) -> str:
    properties = ", ".join(f"{name}: {value!r}" for name, value in element.properties.items())
    return f":{element.label} {{{properties}}}" if properties else f":{element.label}"
