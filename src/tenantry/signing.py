"""Keys that reports are signed with: Ed25519, each half told from the other by how it begins.

Both are 32 bytes: a public half that was taken for a private one would sign with what everybody knows.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from tenantry.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PRIVATE, _PUBLIC = "ed25519-private:", "ed25519-public:"
_BYTES = 32


class SigningKey:
    """What a report is signed with. Shows its public half alone."""

    def __init__(self, text: str) -> None:
        raw = _raw(text, _PRIVATE)
        if raw is None:
            raise InvalidInput(
                "This is no key to sign with.",
                field="report_key",
                hint="Make one with: tenantry secrets new-signing-key",
            )
        self._raw = raw

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    @property
    def public(self) -> str:
        """What others verify with."""
        return _PUBLIC + _text(self._key.public_key().public_bytes_raw())

    def sign(self, content: bytes) -> str:
        return _text(self._key.sign(content))

    @property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

        return ed25519.Ed25519PrivateKey.from_private_bytes(self._raw)


def is_signed(content: bytes, signature: str, public: str) -> bool:
    """Whether the private half of this public key made that signature of this content."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    raw, signed = _raw(public, _PUBLIC), _bytes(signature)
    if raw is None or signed is None:
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signed, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def new_signing_key() -> str:
    """A private half, as `TENANTRY_REPORT_KEY` takes it."""
    return _PRIVATE + _text(os.urandom(_BYTES))


def is_signing_key(text: str) -> bool:
    return _raw(text, _PRIVATE) is not None


def is_public_key(text: str) -> bool:
    return _raw(text, _PUBLIC) is not None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _raw(text: str, kind: str) -> bytes | None:
    if not text.startswith(kind):
        return None
    raw = _bytes(text.removeprefix(kind))
    return raw if raw is not None and len(raw) == _BYTES else None


def _bytes(text: str) -> bytes | None:
    """What this is the one spelling of: base64 has bits to spare at its end, which may say anything."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        return None
    return raw if _text(raw) == text else None
