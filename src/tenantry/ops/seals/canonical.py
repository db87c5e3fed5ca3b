"""One spelling of an entry, whatever the server's version, time zone or way to print JSON.

It is JSON of an object whose values are all strings, with sorted keys and no blanks (RFC 8785), so
that anybody can write it again with what their language brings. What is null is left out: a column
that is added later does not change the spelling of older entries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
#: What Python would read as a float, and round.
_FRACTION = re.compile(r"\d\.\d")
_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^\s{}\[\],:"]+')


def canonical(fields: Mapping[str, str | None]) -> bytes:
    return _encode({k: v for k, v in fields.items() if v is not None}).encode()


def canonical_json(text: str) -> str:
    """A JSON document as the server prints it, with sorted keys and no blanks; numbers keep every
    digit."""
    if _FRACTION.search(text) is None:
        try:
            return _encode(json.loads(text))
        except (ValueError, RecursionError):
            pass  # an integer of thousands of digits, or thousands of levels
    return _piece_by_piece(text)


def _piece_by_piece(text: str) -> str:
    """The same for any number and any depth."""
    open_: list[list[str]] = [[]]
    for piece in _PIECE.findall(text):
        if piece in "{[":
            open_.append([])
        elif piece in "}]":
            done = open_.pop()
            open_[-1].append(_object(done) if piece == "}" else f"[{','.join(done)}]")
        else:
            open_[-1].append(_encode(json.loads(piece)) if "\\" in piece else piece)
    return open_[0][0]


def _object(parts: list[str]) -> str:
    pairs = sorted(zip(parts[::2], parts[1::2], strict=True), key=_key)
    return "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"


def _key(pair: tuple[str, str]) -> str:
    quoted = pair[0]
    key: str = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
    return key
