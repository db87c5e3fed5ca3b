"""What is asked of servers that are not ours: over TLS, in bounded time and size, and without going
where they point."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import httpx

from tenantry.errors import ConfigurationError

TIME_LIMIT_S: Final = 5.0
#: The largest providers' answers have a few KiB.
LARGEST: Final = 256 * 1024
#: A few KiB may unpack to any size, so nothing is unpacked.
PLAIN: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Unusable(Exception):
    """The server answered, and not with what it was asked for."""


def is_safe(url: object) -> bool:
    """Whether what goes there is read by nobody on the way. Loopback needs no TLS."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or " " in url or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def safe(url: str, setting: str) -> str:
    if not is_safe(url):
        raise ConfigurationError(
            f"{setting} is no https URL.",
            setting=setting,
            hint="http is for this machine alone; a name, password or fragment is not for it.",
        )
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def fetch(url: str) -> httpx.Response:
    async with (
        asyncio.timeout(TIME_LIMIT_S),
        httpx.AsyncClient(verify=await tls(), headers=PLAIN, timeout=TIME_LIMIT_S) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise Unusable(f"answered {answer.status_code}")
        return httpx.Response(200, headers=answer.headers, content=await body(answer))


async def body(answer: httpx.Response) -> bytes:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unusable("answered with something packed")
    content = bytearray()
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > LARGEST:
            raise Unusable(f"answered with more than {LARGEST} bytes")
    return bytes(content)


async def tls() -> ssl.SSLContext:
    """Made once, in a thread: it reads the machine's certificates, which takes a while."""
    return await asyncio.to_thread(_tls)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
