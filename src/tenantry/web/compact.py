"""A signed token's text, taken apart: strictly, since what two readers read differently can be two
tokens."""

from __future__ import annotations

import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

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


def strict_json(text: bytes) -> Any:
    """ValueError for what JSON is not, or what readers differ in: a member twice, NaN, half a
    character, numbers and depths beyond all measure."""
    try:
        content = json.loads(
            text.decode(),
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_float=_finite,
        )
        if b"\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return content


def _object(part: str, reason: str) -> dict[str, Any]:
    try:
        content = strict_json(_bytes(part))
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
