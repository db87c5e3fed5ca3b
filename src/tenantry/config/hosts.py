"""Hosts of URLs: their syntax, and whether one is this machine."""

from __future__ import annotations

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<name>[\w.-]+))(?::(?P<port>\d*))?")


def split_port(host: str) -> tuple[str, str]:
    """The name (or address) and the port, "" where there is none."""
    match = _HOST.fullmatch(host)
    if match is None:
        raise ValueError("has a malformed host or port: percent-encode '@', ':' and '/' before it")
    port = match["port"] or ""
    check_port(port)
    return match["v6"] or match["name"], port


def check_port(port: str) -> None:
    """Refuse what is neither empty nor a port number."""
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("has a port outside 1 to 65535")


def bracketed(host: str) -> str:
    """The host as a URL writes it: an IPv6 address in brackets."""
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def is_here(host: str) -> bool:
    """Whether the host is a unix socket or the loopback: nothing that others can listen to."""
    if host.startswith("/"):
        return True
    name = split_port(bracketed(host))[0]
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
