"""New ids for a tenant's rows, the same wherever one is named: in keys and references, in the paths of
desks, in JSON and in text.

A new id keeps the time of the old one, so that rows stay in their order and their partitions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

#: With hyphens, or without as in a path; not within a longer number, unless what stands before is the
#: end of an escape (`\\b`, `\\u001f`).
_ID: Final = re.compile(
    r"(?:(?<![0-9A-Fa-f])|(?<=\\[bf])|(?<=\\u[0-9A-Fa-f]{4}))"
    r"([0-9A-Fa-f]{8})(-?)([0-9A-Fa-f]{4})\2([0-9A-Fa-f]{4})\2([0-9A-Fa-f]{4})\2([0-9A-Fa-f]{12})"
    r"(?![0-9A-Fa-f])"
)
#: The random bits of a UUIDv7 after its time.
_RANDOM: Final = (1 << 62) - 1


class Numbering:
    """`known` gives some ids their new ones; every one of `ids` gets one made from its own."""

    def __init__(self, known: Mapping[UUID, UUID], ids: set[bytes], seed: UUID) -> None:
        self._known = {old.bytes: new for old, new in known.items()}
        self._ids = ids
        self._mask = int.from_bytes(sha256(seed.bytes).digest()[:8], "big") & _RANDOM or 1

    def __bool__(self) -> bool:
        return bool(self._known or self._ids)

    def id(self, old: UUID) -> UUID:
        known = self._known.get(old.bytes)
        if known is not None:
            return known
        return UUID(int=old.int ^ self._mask) if old.bytes in self._ids else old

    def text(self, text: str) -> str:
        return _ID.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        found = match[0]
        old = UUID(found)
        new = self.id(old)
        if new == old:
            return found
        spelt = str(new) if match[2] else new.hex
        return spelt.upper() if found != found.lower() else spelt
