"""Places in the write-ahead log: how far a server is, and on which timeline, as numbers and as text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..errors import InvalidInput

_TEXT: Final = re.compile(
    r"([0-9A-F]{1,8})-([0-9A-F]{1,8})/([0-9A-F]{1,8})", re.IGNORECASE | re.ASCII
)

#: A position before any other.
BEGINNING: Final = 0


class Place(NamedTuple):
    """After a failover the same position may have other content: the timeline tells which."""

    timeline: int
    position: int


#: What everybody has come to.
NOWHERE: Final = Place(0, BEGINNING)


def parse_place(text: object) -> Place:
    """A place that `format_place` wrote, here or in another process."""
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InvalidInput(
            "This is no position of a database.",
            field="after",
            hint="Give what `await db.position()` returned.",
        )
    return Place(int(found[1], 16), int(found[2], 16) << 32 | int(found[3], 16))


def format_place(place: Place) -> str:
    high, low = divmod(place.position, 1 << 32)
    return f"{place.timeline:X}-{high:X}/{low:X}"
