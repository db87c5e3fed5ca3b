"""Positions in the write-ahead log: how far a server is, as one number and as text."""

from __future__ import annotations

import re
from typing import Final

from ..errors import InvalidInput

_TEXT: Final = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})", re.IGNORECASE | re.ASCII)

#: Before any other.
BEGINNING: Final = 0


def parse_position(text: object) -> int:
    """A position that `format_position` wrote, here or in another process."""
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InvalidInput(
            "This is no position of a database.",
            field="after",
            hint="Give what `await db.position()` returned.",
        )
    return int(found[1], 16) << 32 | int(found[2], 16)


def format_position(position: int) -> str:
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
