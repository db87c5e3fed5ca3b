"""The seal of a context: what the database can check, and injected SQL cannot make.

A plain context is a setting, and whoever can run SQL can change a setting. Under a sealed one the
setting carries an expiry and an HMAC-SHA256 over everything it says, under a key that only the
kernel holds and one function of the database may read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from time import time

#: A transaction that began in time goes on; this bounds the clocks' difference more than a thief,
#: who would have to see another tenant's seal first.
LIFETIME = 300
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key as the database keeps it: the two padded blocks that HMAC hashes first."""

    name: str
    inner: bytes
    outer: bytes

    def __repr__(self) -> str:
        return f"Verifier({self.name!r})"


class Sealer:
    """Seals under the first of its keys; the others are for contexts that processes still seal."""

    __slots__ = ("_key", "_name")

    def __init__(self, keys: Sequence[str]) -> None:
        self._key = base64.urlsafe_b64decode(keys[0])
        self._name = _name(self._key)

    def __repr__(self) -> str:
        return f"Sealer({self._name!r})"

    def seal(self, tenant: str, user: str, actor: str, *, lifetime: int = LIFETIME) -> str:
        """`key.expiry.mac`: characters that need no quoting."""
        expiry = int(time()) + lifetime
        message = f"{expiry}|{tenant}|{user}|{actor}".encode()
        return f"{self._name}.{expiry}.{hmac.digest(self._key, message, 'sha256').hex()}"


def verifiers(keys: Sequence[str]) -> list[Verifier]:
    return [_verifier(base64.urlsafe_b64decode(key)) for key in keys]


def _verifier(key: bytes) -> Verifier:
    block = key.ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return Verifier(_name(key), inner, outer)


def _name(key: bytes) -> str:
    return hashlib.sha256(b"tenantry seal key " + key).hexdigest()[:12]
