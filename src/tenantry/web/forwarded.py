"""Where a request comes from, when proxies stand in between.

Each proxy writes the address of whom it talked to behind what was there already. So the list is
read from its right end, and only as far as it was written by proxies that are trusted: what stands
further left may be anybody's. Tell the server to leave this alone (`uvicorn --no-proxy-headers`):
what it has changed already cannot be judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final, Literal

from tenantry.errors import InvalidInput
from tenantry.ids import uuid7

Scope = Mapping[str, Any]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: A peer without an address, behind a socket of this machine.
UNIX: Final = "unix"
_ANYWHERE: Final = 'Behind one proxy of any address: Proxies(["0.0.0.0/0", "::/0"], hops=1).'
#: Entries are looked at, where nothing else is said.
HOPS: Final = 16
#: The longest address has 45 characters; port, brackets and a zone come on top.
_LONGEST: Final = 128
_LONGEST_ELEMENT: Final = 1024

_ZONE: Final = r"(?:%[\w.~-]{1,32})?"
_PORT: Final = r"(?::[0-9]{1,5})?"
_ENTRY: Final = re.compile(
    rf"\[([0-9a-f:.]+){_ZONE}\]{_PORT}|([0-9.]+){_PORT}|([0-9a-f:.]+){_ZONE}",
    re.ASCII | re.IGNORECASE,
)
#: One of an element of Forwarded. Addresses are let in without the quotes that they should have.
_PAIR: Final = re.compile(
    r"([\w!#$%&'*+.^`|~-]+)=(?:\"([^\"\\]*)\"|([\w!#$%&'*+.^`|~:\[\]-]+))", re.ASCII
)
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_HOST: Final = re.compile(r"(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_SCHEMES: Final = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


class Proxies:
    """The proxies in front, by their addresses and networks, and `"unix"` for one that comes through
    a socket of this machine. With none, nothing but the connection counts.

    `header` is the one that they write; the other is not looked at. `hops` is how many proxies there
    are at most, where their number is known better than their addresses: with one hop, the last entry
    is the client whatever it says. Who they are has to be said all the same: `["0.0.0.0/0", "::/0"]` for
    whoever comes, and then `hops` too, or whoever asks would choose his address. Nothing here raises but
    the constructor.
    """

    def __init__(
        self,
        trusted: Iterable[str] = (),
        *,
        header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for",
        hops: int | None = None,
    ) -> None:
        if header not in ("x-forwarded-for", "forwarded"):
            raise InvalidInput("The header is x-forwarded-for or forwarded.", field="header")
        wanted = HOPS if hops is None else hops
        if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= 64:
            raise InvalidInput("hops is a number from 1 to 64.", field="hops")
        names = [trusted] if isinstance(trusted, str) else list(trusted)
        self._unix = UNIX in names
        self._networks = tuple(_network(name) for name in names if name != UNIX)
        if hops is not None and not names:
            raise InvalidInput(
                "hops counts proxies that are trusted, and none is named.",
                field="trusted",
                hint=_ANYWHERE,
            )
        if hops is None and any(network.prefixlen == 0 for network in self._networks):
            raise InvalidInput(
                "Where everybody is trusted, whoever asks chooses his address.",
                field="hops",
                hint=_ANYWHERE,
            )
        self._forwarded = header == "forwarded"
        self._hops = wanted

    def client(self, scope: Scope) -> str | None:
        """The client's address; None if there is none, as behind a socket of this machine."""
        address, _ = self._walk(scope)
        return None if address is None else str(address)

    def scheme(self, scope: Scope) -> str:
        """`https` or `http`: what the client spoke, as far as that can be believed."""
        own = _SCHEMES.get(str(scope.get("scheme")), "http")
        return _SCHEMES.get(self._said(scope, "proto", b"x-forwarded-proto").lower(), own)

    def host(self, scope: Scope) -> str | None:
        """The host that was asked for, in lower case and with its port. Whoever asks may write what
        he likes there: compare it with the names that you serve."""
        said = self._said(scope, "host", b"x-forwarded-host") or _only(_lines(scope, b"host"))
        said = said.lower()
        return said if _HOST.fullmatch(said) else None

    def request_id(self, scope: Scope) -> str:
        """What a trusted proxy calls this request, if that can stand in a log; else a new id."""
        if self._trusts(_peer(scope)):
            lines = _lines(scope, b"x-request-id")
            if len(lines) == 1 and _REQUEST_ID.fullmatch(lines[0]):
                return lines[0].decode("ascii")
        return uuid7().hex

    def _walk(self, scope: Scope) -> tuple[Address | None, dict[str, str]]:
        """The client, and what the proxy that saw it says of the request."""
        peer = _peer(scope)
        said: dict[str, str] = {}
        if not self._trusts(peer):
            return (None if peer == UNIX else peer), said
        address = None if peer == UNIX else peer
        joined = b",".join(_lines(scope, b"forwarded" if self._forwarded else b"x-forwarded-for"))
        # Cut at every comma, also inside quotes: no address holds one, and a quote that somebody
        # opened further left must not swallow what a proxy wrote.
        for entry in reversed(joined.rsplit(b",", self._hops)[-self._hops :]):
            facts = _element(entry) if self._forwarded else {"for": _text(entry, _LONGEST)}
            found = _address(facts.get("for", ""))
            if found is None:
                break
            address, said = found, facts
            if not self._trusts(found):
                break
        return address, said

    def _said(self, scope: Scope, name: str, header: bytes) -> str:
        if self._forwarded:
            return self._walk(scope)[1].get(name, "")
        return _only(_lines(scope, header)) if self._trusts(_peer(scope)) else ""

    def _trusts(self, peer: Address | Literal["unix"] | None) -> bool:
        if peer is None:
            return False
        if peer == UNIX:
            return self._unix
        return any(peer in network for network in self._networks)


def _network(text: object) -> Network:
    try:
        network = ip_network(str(text))
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no address or network of a proxy.",
            field="trusted",
            hint="Write 10.0.0.0/8, 2001:db8::/32, an address, or unix.",
        ) from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _peer(scope: Scope) -> Address | Literal["unix"] | None:
    """None for a name that is no address, as test clients have."""
    client = scope.get("client")
    if not client or not client[0]:
        return UNIX
    return _address(str(client[0]))


def _lines(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope.get("headers", ()) if name.lower() == wanted]


def _only(lines: list[bytes]) -> str:
    """What all the entries say alike; nothing, if they differ."""
    if not lines or sum(map(len, lines)) > _LONGEST_ELEMENT:
        return ""
    entries = {_text(entry, _LONGEST_ELEMENT) for line in lines for entry in line.split(b",")}
    return entries.pop() if len(entries) == 1 else ""


def _text(entry: bytes, longest: int) -> str:
    entry = entry.strip(b" \t")
    return entry.decode("ascii") if len(entry) <= longest and entry.isascii() else ""


def _element(entry: bytes) -> dict[str, str]:
    """An element of Forwarded; nothing, if any of it is malformed."""
    facts: dict[str, str] = {}
    for part in _text(entry, _LONGEST_ELEMENT).split(";"):
        pair = _PAIR.fullmatch(part.strip(" \t"))
        if pair is None or pair[1].lower() in facts:
            return {}
        facts[pair[1].lower()] = pair[2] if pair[2] is not None else pair[3]
    return facts


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    """Without port, brackets and zone; IPv4 is IPv4 also where it comes dressed as IPv6."""
    found = _ENTRY.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    try:
        address = ip_address(found[1] or found[2] or found[3])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
