"""Values as Apache AGE writes them: JSON with annotations, as in `{"id": 1, …}::vertex`.

The C scanner of `json` reads whatever holds no annotation, which is nearly everything: a vertex is a
plain object with one annotation behind it. Only what surrounds annotated values is read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed lacks it
from typing import Any, Final

from tenantry.errors import AnswerUnreadable

from .values import Edge, Path, Value, Vertex

#: How deep lists and maps may lie in each other: far beyond what can be stored, and shallow enough
#: for whoever walks through a value with a function that calls itself.
DEEPEST: Final = 100

_scan: Callable[[str, int], tuple[Any, int]]
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed lacks it
_NUMBER = re.compile(r"-?(?:Infinity|\d[\d.eE+-]*)|NaN")
_ANNOTATION = re.compile(r"::([a-z]+)")


def parse(text: str) -> Value:
    """The value of one column; `AnswerUnreadable` if it is none."""
    if _deeper_than(text, DEEPEST):
        raise AnswerUnreadable(text, 0, f"it is nested more than {DEEPEST} deep")
    value: Value
    try:
        value, end = _Reader(text).read(0)
    except _Malformed as error:
        raise AnswerUnreadable(text, error.position, error.reason) from error
    if end != len(text):
        raise AnswerUnreadable(text, end, "more text than one value")
    return value


class _Malformed(ValueError):
    def __init__(self, position: int, reason: str) -> None:
        super().__init__(position, reason)
        self.position = position
        self.reason = reason


class _Reader:
    """Each method takes where a value begins and returns the value and where it ends."""

    __slots__ = ("_patience", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        # The scanner is tried on each list and map, and what it read before it met an annotation is
        # read again. That may add up to the whole text a few times, not once for each level. (Its
        # error counts the lines before it: quick, but from the beginning of the text.)
        self._patience = 4 * len(text)

    def read(self, at: int) -> tuple[Any, int]:
        value, end = self._tried(at) if self._patience > 0 else self._by_hand(at)
        if self._text.startswith("::", end):
            return self._annotated(value, at, end)
        return value, end

    def _tried(self, at: int) -> tuple[Any, int]:
        try:
            return _scan(self._text, at)
        except json.JSONDecodeError as error:
            self._patience -= error.pos - at + error.pos // 50
        except (StopIteration, ValueError):  # no value there, or more digits than an int may have
            pass
        return self._by_hand(at)

    def _by_hand(self, at: int) -> tuple[Any, int]:
        match self._text[at : at + 1]:
            case "[":
                return self._list(at)
            case "{":
                return self._map(at)
            case '"':
                return self._string(at)
        number = _NUMBER.match(self._text, at)
        if number and self._text.startswith("::numeric", number.end()):
            return None, number.end()  # _annotated takes it from the text
        try:
            return _scan(self._text, at)
        except (StopIteration, ValueError):
            raise _Malformed(at, "no value begins there") from None

    def _list(self, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        end = at + 1
        if self._text.startswith("]", end):
            return items, end + 1
        while True:
            item, end = self.read(end)
            items.append(item)
            if self._text.startswith("]", end):
                return items, end + 1
            end = self._after(", ", end)

    def _map(self, at: int) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}
        end = at + 1
        if self._text.startswith("}", end):
            return items, end + 1
        while True:
            name, end = self._string(end)
            items[name], end = self.read(self._after(": ", end))
            if self._text.startswith("}", end):
                return items, end + 1
            end = self._after(", ", end)

    def _string(self, at: int) -> tuple[str, int]:
        if not self._text.startswith('"', at):
            raise _Malformed(at, "no string begins there")
        try:
            read: tuple[str, int] = scanstring(self._text, at + 1)
        except ValueError as error:
            raise _Malformed(at, str(error)) from None
        return read

    def _after(self, mark: str, at: int) -> int:
        if not self._text.startswith(mark, at):
            raise _Malformed(at, f"{mark!r} is missing")
        return at + len(mark)

    def _annotated(self, value: Any, at: int, end: int) -> tuple[Any, int]:
        name = _ANNOTATION.match(self._text, end)
        if name is None:
            raise _Malformed(end, "an annotation without a name")
        try:
            if name[1] == "numeric":
                return Decimal(self._text[at:end]), name.end()
            return _ELEMENTS[name[1]](value), name.end()
        except (LookupError, TypeError, ArithmeticError) as error:
            raise _Malformed(end, "unknown, or does not fit the value before it") from error


def _vertex(value: dict[str, Any]) -> Vertex:
    return Vertex(value["id"], value["label"], value["properties"])


def _edge(value: dict[str, Any]) -> Edge:
    return Edge(
        value["id"], value["label"], value["start_id"], value["end_id"], value["properties"]
    )


def _path(value: list[Any]) -> Path:
    vertices, edges = tuple(value[::2]), tuple(value[1::2])
    if not all(isinstance(v, Vertex) for v in vertices):
        raise TypeError("a path begins, and goes on after each edge, with a vertex")
    if not all(isinstance(e, Edge) for e in edges):
        raise TypeError("between the vertices of a path are edges")
    return Path(vertices, edges)


_ELEMENTS: Final[dict[str, Callable[[Any], Vertex | Edge | Path]]] = {
    "vertex": _vertex,
    "edge": _edge,
    "path": _path,
}


def _deeper_than(text: str, most: int) -> bool:
    if text.count("[") + text.count("{") <= most:
        return False
    bare = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    brackets = re.sub(r"[^][{}]+", "", bare)
    for _ in range(most):
        # Takes off the innermost level, wherever there is one.
        brackets = brackets.replace("[]", "").replace("{}", "")
        if not brackets:
            return False
    return True
