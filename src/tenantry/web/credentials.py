"""What a request shows to be let in: an API key, a token, or a session's cookie.

Exactly one place counts, and what can be read in two ways is refused: whoever stands in front of
this program may have read it in the other. Nothing is mended, unquoted or decoded. `http.cookies`
is of no use for that: it believes quotes that browsers do not write, decodes `\\054`, and drops all
that stands behind a cookie it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tenantry.errors import NotAuthenticated
from tenantry.repositories import is_key

#: Of one header; of all Cookie headers together.
LONGEST: Final = 8192

_UNPRINTABLE: Final = re.compile(rb"[^\x20-\x7e]")
#: Text of other programs may stand in other cookies, but nothing that ends a line or a string.
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
#: RFC 6265's cookie-octet.
_COOKIE_VALUE: Final = re.compile(rb"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
_SCHEME: Final = re.compile(r"bearer +([^ ]+)", re.ASCII | re.IGNORECASE)
#: Three parts, none of them empty: a token without a signature is none.
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key of a tenant."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """The token of somebody who is signed in."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A JWT; nothing of it is verified yet."""

    token: str = field(repr=False)


Credential = Key | Session | Bearer


def read(scope_headers: Iterable[tuple[bytes, bytes]], *, cookie: str | None) -> Credential | None:
    """What the headers of an ASGI scope show, and None if that is nothing. Raises `NotAuthenticated`
    for what is malformed or ambiguous. A header comes before the cookie named `cookie`, which then is
    not looked at: scripts that show a key mean it, whatever a browser adds."""
    shown: list[tuple[bytes, bytes]] = []
    cookies: list[bytes] = []
    for raw, value in scope_headers:
        # Servers give names in lower case. One that does not shall not hide a second header.
        name = raw.lower()
        if name in (b"authorization", b"x-api-key"):
            shown.append((name, value))
        elif name == b"cookie":
            cookies.append(value)
    if len(shown) > 1:
        raise NotAuthenticated("several")
    if shown:
        return _from_header(*shown[0])
    return _from_cookies(cookies, cookie.encode()) if cookies and cookie else None


def _from_header(name: bytes, value: bytes) -> Credential:
    if len(value) > LONGEST:
        raise NotAuthenticated("too_long")
    if _UNPRINTABLE.search(value):
        raise NotAuthenticated("characters")
    text = value.decode("ascii")
    if name == b"authorization":
        found = _SCHEME.fullmatch(text)
        if found is None:
            raise NotAuthenticated("scheme")
        text = found[1]
        if _JWT.fullmatch(text):
            return Bearer(text)
    if is_key(text):
        return Key(text)
    raise NotAuthenticated("form")


def _from_cookies(headers: list[bytes], wanted: bytes) -> Session | None:
    if sum(map(len, headers)) > LONGEST:
        raise NotAuthenticated("too_long")
    found: set[bytes] = set()
    for header in headers:
        if _CONTROL.search(header):
            raise NotAuthenticated("characters")
        for pair in header.split(b";"):
            # Spaces only: with all that Python takes for white space, a cookie that a neighbouring
            # site sets as "\x85__Host-…" would pass for the name behind it.
            name, _, value = pair.strip(b" ").partition(b"=")
            if name == wanted:
                found.add(value)
    if len(found) > 1:
        raise NotAuthenticated("several")
    # An empty one is what some browsers keep of a cookie that was taken back.
    if not found or not (value := found.pop()):
        return None
    if not _COOKIE_VALUE.fullmatch(value):
        raise NotAuthenticated("form")
    return Session(value.decode("ascii"))
