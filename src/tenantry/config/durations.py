"""Durations: numbers of seconds, or text such as "30s", "500 ms" and "1h 30min"."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {
    "ms": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")

# PostgreSQL keeps its timeouts as whole milliseconds in 32 bits.
LONGEST = 2_147_483


def seconds(value: object) -> float:
    """The number of seconds that `value` means."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    text = value.strip().lower() if isinstance(value, str) else ""
    if _NUMBER.fullmatch(text):
        return float(text)
    total, end = 0.0, 0
    while part := _PART.match(text, end):
        unit = part[2] if part[2] in _UNITS else part[2].removesuffix("s")
        if unit not in _UNITS:
            break
        total, end = total + float(part[1]) * _UNITS[unit], part.end()
    if not text or end != len(text):
        raise ValueError('must be a number of seconds or a duration such as "30s" or "5 min"')
    return total


# Below a millisecond PostgreSQL would round to 0, which it reads as "no limit".
Seconds = Annotated[
    float, BeforeValidator(seconds), Field(ge=0.001, le=LONGEST, allow_inf_nan=False)
]
