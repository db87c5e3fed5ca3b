"""Whose pages may use the cookie."""

from __future__ import annotations

import pytest

from tenantry.errors import InvalidInput, OriginRefused
from tenantry.web.forwarded import Proxies
from tenantry.web.origins import Origins


def _passes(host: str | None, origin: str) -> bool:
    """Where a browser says no more than its page's origin."""
    headers = [(b"origin", origin.encode())]
    if host is not None:
        headers.append((b"host", host.encode()))
    scope = {"type": "http", "method": "POST", "scheme": "http", "headers": headers}
    try:
        Origins(["https://app.example.com"]).check(scope, Proxies())
    except OriginRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("acme.test", "https://acme.test"),
        ("acme.test:8000", "http://acme.test:8000"),
        # As many proxies pass it on: `proxy_set_header Host $host:$server_port`.
        ("acme.test:443", "https://acme.test"),
        ("acme.test:80", "http://acme.test"),
        ("[::1]:443", "https://[::1]"),
        ("acme.test", "https://app.example.com"),
    ],
)
def test_ones_own_pages_and_those_that_were_named(host: str, origin: str) -> None:
    assert _passes(host, origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("acme.test", "https://evil.test"),
        ("acme.test", "https://acme.test:8443"),
        ("acme.test:8443", "https://acme.test"),
        ("acme.test:443", "http://acme.test"),
        ("acme.test", "null"),
        ("acme.test", ""),
        (None, "https://acme.test"),
        (None, "null"),
        ("acme.test", "http://app.example.com"),
    ],
)
def test_others(host: str | None, origin: str) -> None:
    assert not _passes(host, origin)


@pytest.mark.parametrize(
    "name",
    ["*", "null", "app.example.com", "https://a.test/", "https://a.test:443", "http://a.test:80"],
)
def test_what_no_browser_says_is_no_origin(name: str) -> None:
    with pytest.raises(InvalidInput):
        Origins([name])
