"""A signed token's text, taken apart: strictly, since what two readers read differently can be two
tokens."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from tenantry import strict_json
from tenantry.errors import NotAuthenticated

#: What web servers take as one header.
LARGEST: Final = 8192
_FORM: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
#: What changes how a token is to be read, and is not for us: parts that must be understood, other
#: encodings, encryption.
_CHANGING: Final = frozenset({"crit", "b64", "zip", "enc"})


@dataclass(frozen=True, slots=True)
class Compact:
    """Nothing of it is proven, but that it has one meaning."""

    header: dict[str, Any]
    signed: bytes
    signature: bytes
    _payload: str

    def claims(self) -> dict[str, Any]:
        return _object(self._payload, "claims")


def read_compact(text: object) -> Compact:
    if not isinstance(text, str) or len(text) > LARGEST:
        raise NotAuthenticated("size")
    found = _FORM.fullmatch(text)
    if found is None:
        raise NotAuthenticated("form")
    header = _object(found[1], "header")
    if not _CHANGING.isdisjoint(header) or _names_a_token(header.get("cty", "")):
        raise NotAuthenticated("header")
    signed, _, _ = text.rpartition(".")
    return Compact(header, signed.encode(), _bytes(found[3]), found[2])


def _object(part: str, reason: str) -> dict[str, Any]:
    try:
        content = strict_json.read(_bytes(part))
    except ValueError:
        raise NotAuthenticated(reason) from None
    if not isinstance(content, dict):
        raise NotAuthenticated(reason)
    return content


def _bytes(part: str) -> bytes:
    """What this is the one spelling of: the last character has bits to spare, which may say anything."""
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise NotAuthenticated("form") from None
    if urlsafe_b64encode(raw).decode().rstrip("=") != part:
        raise NotAuthenticated("form")
    return raw


def _names_a_token(content_type: object) -> bool:
    if not isinstance(content_type, str):
        return True
    return content_type.lower().removeprefix("application/") == "jwt"
