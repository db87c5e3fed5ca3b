"""Ports for servers that choose their own."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

# Below the range that systems hand out for outgoing connections, so nothing takes them in passing.
_FIRST, _COUNT = 15_000, 15_000
_TRIES = 200


def candidates(server: str, home: Path, *, last: int | None) -> Iterator[int]:
    """Free ports, best first: the one used before, then from where this home's name points.

    So the port stays the same over restarts, and two checkouts seldom want the same one.
    """
    if last is not None and is_free(last):
        yield last
    digest = hashlib.sha256(os.fsencode(home) + server.encode()).digest()
    start = int.from_bytes(digest[:4], "big")
    for step in range(_TRIES):
        port = _FIRST + (start + step) % _COUNT
        if port != last and is_free(port):
            yield port


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: a port is free although its old connections are still fading.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            # Another server may have bound without listening yet; listening settles it.
            probe.listen(1)
        except OSError:
            return False
    return True
