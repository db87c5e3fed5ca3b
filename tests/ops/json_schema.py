"""As much of JSON Schema as the Compose Specification is written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
#: What it says besides, none of it a rule.
_REMARKS = {
    "title", "description", "default", "deprecated", "format", "definitions", "$schema", "$id",
    "examples", "$comment",
}  # fmt: skip


def faults(value: Any, schema: Schema, root: Schema, place: str = "") -> Iterator[str]:
    """Everything that is wrong with a value, and where."""
    for word, rule in schema.items():
        if word not in _REMARKS:
            yield from _RULES[word](value, rule, schema, root, place)


def _type(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    names = [rule] if isinstance(rule, str) else rule
    if not any(_TYPES[name](value) for name in names):
        yield f"{place} is no {' or '.join(names)}"


def _reference(value: Any, rule: Any, _: Schema, root: Schema, place: str) -> Iterator[str]:
    yield from faults(value, root["definitions"][rule.rpartition("/")[2]], root, place)


def _one_of(value: Any, rule: Any, _: Schema, root: Schema, place: str) -> Iterator[str]:
    if sum(not list(faults(value, choice, root)) for choice in rule) != 1:
        yield f"{place} fits none of its forms, or several"


def _properties(value: Any, rule: Any, _: Schema, root: Schema, place: str) -> Iterator[str]:
    for name in rule.keys() & value.keys() if isinstance(value, dict) else ():
        yield from faults(value[name], rule[name], root, f"{place}.{name}")


def _patterns(value: Any, rule: Any, _: Schema, root: Schema, place: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        for pattern, inner in rule.items():
            if re.search(pattern, name):
                yield from faults(value[name], inner, root, f"{place}.{name}")


def _others(value: Any, rule: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        known = name in schema.get("properties", {}) or any(
            re.search(pattern, name) for pattern in schema.get("patternProperties", {})
        )
        if not known and rule is False:
            yield f"{place}.{name} is unknown"
        elif not known and isinstance(rule, dict):
            yield from faults(value[name], rule, root, f"{place}.{name}")


def _required(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{place} lacks {name}" for name in rule if name not in value)


def _items(value: Any, rule: Any, _: Schema, root: Schema, place: str) -> Iterator[str]:
    for number, one in enumerate(value if isinstance(value, list) else ()):
        yield from faults(one, rule, root, f"{place}[{number}]")


def _unique(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    if rule and isinstance(value, list) and len({repr(one) for one in value}) < len(value):
        yield f"{place} says something twice"


def _enumerated(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    if value not in rule:
        yield f"{place} is none of {rule}"


def _pattern(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(rule, value):
        yield f"{place} does not match {rule}"


def _bound(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    if isinstance(value, (int, float)) and value < rule:
        yield f"{place} is below {rule}"


def _limit(value: Any, rule: Any, _: Schema, __: Schema, place: str) -> Iterator[str]:
    if isinstance(value, (int, float)) and value > rule:
        yield f"{place} is above {rule}"


_RULES = {
    "type": _type, "$ref": _reference, "oneOf": _one_of, "properties": _properties,
    "patternProperties": _patterns, "additionalProperties": _others, "required": _required,
    "items": _items, "uniqueItems": _unique, "enum": _enumerated, "pattern": _pattern,
    "minimum": _bound, "maximum": _limit,
}  # fmt: skip
