"""JSON that has one meaning: what two readers read differently can be two documents."""

from __future__ import annotations

import json
import math
from typing import Any


def read(text: str | bytes) -> Any:
    """ValueError for what JSON is not, or what readers differ in: a member twice, NaN, half a
    character, numbers and depths beyond all measure."""
    if isinstance(text, bytes):
        text = text.decode()
    try:
        content = json.loads(
            text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite
        )
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return content


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(members)
    if len(content) != len(members):
        raise ValueError("a member twice")
    return content


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond all measure")
    return number
