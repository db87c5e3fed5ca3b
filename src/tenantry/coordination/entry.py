"""What is kept under a name: the value, and what it takes for it to still hold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .values import pack, unpack

#: No value of msgpack begins with this byte, so another's bytes are not taken for ours. The second
#: is the version of what follows: a value alone, or one with conditions.
_ALONE: Final = b"\xc1\x01"
_WITH_CONDITIONS: Final = b"\xc1\x02"


@dataclass(slots=True)
class Entry:
    value: Any
    #: The tokens its tags had when it was begun: it holds while they have them.
    tags: Mapping[str, bytes] = field(default_factory=dict)
    #: The time (of the clock) until which it is fresh. 0: as long as it is there.
    fresh_until: float = 0

    @property
    def fresh(self) -> bool:
        return not self.fresh_until or time.time() < self.fresh_until


def seal(packed: bytes, tags: Mapping[str, bytes], fresh_until: float) -> bytes:
    """The bytes to keep for a packed value."""
    if not tags and not fresh_until:
        return _ALONE + packed
    return _WITH_CONDITIONS + pack([fresh_until, dict(tags), packed])


def unseal(data: bytes) -> Entry:
    """Raises some ValueError for bytes that are none of ours."""
    head, body = data[:2], memoryview(data)[2:]
    if head == _ALONE:
        return Entry(unpack(body))
    if head != _WITH_CONDITIONS:
        raise ValueError("These bytes are no entry.")
    match unpack(body):
        case [(int() | float()) as fresh_until, dict() as tags, bytes() as packed] if all(
            tag and isinstance(tag, str) and isinstance(token, bytes) for tag, token in tags.items()
        ):
            return Entry(unpack(packed), tags, fresh_until)
    raise ValueError("These bytes are no entry.")
