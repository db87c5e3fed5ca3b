"""What is given to a graph query, as the JSON text in which it travels.

The text means the same whether it is taken for agtype at once or passes through jsonb, and what the
graph gives back equals what was given. So a float is written without an exponent and with its
point, since jsonb makes of 1e22 the integer of 23 digits that agtype refuses; and -0.0 may come back as
0.0, which equals it. What the graph has no type for is written as one that it has:

* UUID, date: their text. A datetime needs a zone and becomes text in UTC with all six digits of the
  second, so that texts compare as the moments do.
* Decimal: a float, if one holds it exactly as written; else it is refused rather than rounded.
* An enum's member: its value. A tuple: a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring as quoted
from typing import Any, Final
from uuid import UUID

from tenantry.errors import InvalidInput

DEEPEST: Final = 20
MOST_BYTES: Final = 1_000_000

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_INT64: Final = range(-(2**63), 2**63)
_TAKES = (
    "It takes None, bool, int, float, str, UUID, date, datetime with a time zone, Decimal, enums, and"
    " lists and dicts of these."
)


def encode(params: Mapping[str, Any]) -> str:
    """The parameters of a query; `InvalidInput` names the one that cannot be given."""
    return _object(params, "parameter")


def encode_properties(properties: Mapping[str, Any]) -> str:
    """The properties of a node or an edge. None says that it has no such property, as in Cypher."""
    if "id" in properties:
        raise InvalidInput(
            "The property id is what the node is known by, and not among the others.",
            field="id",
            hint="Give the id by itself, or choose another name.",
        )
    return _object({k: v for k, v in properties.items() if v is not None}, "property")


def _object(values: Mapping[str, Any], what: str) -> str:
    writer = _Writer(what)
    return "{" + ",".join(writer.member(name, value) for name, value in values.items()) + "}"


class _Writer:
    """Writes values one after the other, and counts."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._name = ""
        self._room = MOST_BYTES

    def member(self, name: str, value: Any) -> str:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            # Half of a surrogate pair could not even be printed.
            shown = ascii(name[:80]) if isinstance(name, str) else f"A {type(name).__name__}"
            raise InvalidInput(
                f"{shown} is no name for a {self._what}.",
                field=shown.strip("'"),
                hint="Names are of up to 63 letters, digits and underscores, and begin with no digit.",
            )
        self._name = name
        return f"{self._counted(quoted(name))}:{self._written(value, 0)}"

    def _written(self, value: Any, depth: int) -> str:  # noqa: PLR0911 - one for each type
        match value:
            case Enum():
                return self._written(value.value, depth)
            case None:
                return self._counted("null")
            case bool():
                return self._counted("true" if value else "false")
            case str():
                return self._text(value)
            case int():
                if value not in _INT64:
                    raise self._refused("has an integer of more than 64 bits", "Give it as text.")
                return self._counted(int.__repr__(value))
            case float():
                return self._float(value)
            case Decimal():
                return self._decimal(value)
            case UUID():
                return self._text(str(value))
            case datetime():
                return self._text(self._moment(value))
            case date():
                return self._text(value.isoformat())
            case list() | tuple() | dict():
                return self._nested(value, depth + 1)
        raise self._refused(f"has a {type(value).__name__}, which a graph cannot keep", _TAKES)

    def _nested(self, value: list[Any] | tuple[Any, ...] | dict[Any, Any], depth: int) -> str:
        if depth > DEEPEST:
            raise self._refused(
                f"is nested more than {DEEPEST} deep", "Does it perhaps hold itself?"
            )
        self._counted("[]")
        if not isinstance(value, dict):
            return "[" + ",".join(self._written(item, depth) for item in value) + "]"
        return "{" + ",".join(self._pair(*pair, depth) for pair in value.items()) + "}"

    def _pair(self, key: Any, value: Any, depth: int) -> str:
        if not isinstance(key, str):
            raise self._refused(
                f"has a dict with a key that is a {type(key).__name__}", "Keys are text."
            )
        return f"{self._text(key)}:{self._written(value, depth)}"

    def _text(self, value: str) -> str:
        if "\0" in value:
            raise self._refused("has text with a NUL character", "PostgreSQL keeps none.")
        try:
            return self._counted(quoted(value))
        except UnicodeEncodeError as error:
            raise self._refused(
                "has text with half of a surrogate pair", "It is no character and has no UTF-8."
            ) from error

    def _float(self, value: float) -> str:
        if not math.isfinite(value):
            raise self._refused(
                "has a float that is no finite number", "Leave it out or give None."
            )
        text = float.__repr__(value)
        if "e" in text:
            text = format(Decimal(text), "f")
        return self._counted(text if "." in text else f"{text}.0")

    def _decimal(self, value: Decimal) -> str:
        nearest = float(value) if value.is_finite() else math.nan
        if not math.isfinite(nearest) or Decimal(repr(nearest)) != value:
            raise self._refused(
                "has a Decimal that no float holds", "Give it as text, or as the float you accept."
            )
        return self._float(nearest)

    def _moment(self, value: datetime) -> str:
        if value.utcoffset() is None:
            raise self._refused("has a datetime without a time zone", "Say datetime.now(UTC).")
        try:
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        except OverflowError as error:
            raise self._refused("has a datetime that is in no year of UTC", _TAKES) from error

    def _counted(self, text: str) -> str:
        # One more for what separates it from the next.
        self._room -= len(text) + 1 if text.isascii() else len(text.encode()) + 1
        if self._room < 0:
            raise self._refused(
                f"does not fit any more into the {MOST_BYTES:,} bytes that all may have",
                "Ask in parts.",
            )
        return text

    def _refused(self, why: str, hint: str) -> InvalidInput:
        return InvalidInput(f"The {self._what} {self._name!r} {why}.", field=self._name, hint=hint)
