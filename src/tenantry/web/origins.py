"""Requests that another site has a signed-in user's browser make (cross-site request forgery).

Browsers say where a request comes from. One that changes something, or opens a WebSocket, on the
strength of a cookie must come from this site's own pages, or from origins that were named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tenantry.errors import InvalidInput, OriginRefused

from .forwarded import Proxies

_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
#: Ports that browsers leave out.
_USUAL: Final = {"https": ":443", "http": ":80"}
#: As browsers write it: in lower case.
_ORIGIN: Final = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", re.ASCII)


class Origins:
    """`https://app.example.com` and the like: other origins whose pages may use the cookie."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._trusted = frozenset([trusted] if isinstance(trusted, str) else trusted)
        for name in self._trusted:
            # One with its usual port is never said, so nothing would be trusted by it.
            if not _ORIGIN.fullmatch(name) or name.endswith(_USUAL[name.partition("://")[0]]):
                raise InvalidInput(
                    f"{name!r} is no origin.",
                    field="origins",
                    hint="As in: https://app.example.com",
                )

    def check(self, scope: Mapping[str, Any], proxies: Proxies) -> None:
        """Raises `OriginRefused`. What says nothing of where it comes from is no browser of today."""
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return
        site, origin = _said(scope, b"sec-fetch-site"), _said(scope, b"origin")
        if origin in self._trusted or site in ("same-origin", "none"):
            return
        if site is not None:
            raise OriginRefused
        if origin is None:
            return
        # The scheme is not compared: of what stands in front and ends TLS nothing may be known here.
        # What browsers leave out, proxies may write.
        scheme, _, here = origin.partition("://")
        host = proxies.host(scope)
        if host is None or here != host.removesuffix(_USUAL.get(scheme, "")):
            raise OriginRefused


def _said(scope: Mapping[str, Any], header: bytes) -> str | None:
    found = [value for name, value in scope["headers"] if name == header]
    if len(found) > 1:
        raise OriginRefused
    return found[0].decode("latin-1") if found else None
