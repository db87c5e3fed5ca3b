"""Who asks: a few connections that are kept, and next to no work of its own.

It shares its core with what it measures, so whatever it does itself counts for both sides. It is one
loop around `epoll`, sends bytes that were made before, and looks for the end of an answer and for the
id it asked for: some 40 µs a request, nearly all of it the system's for sending and receiving.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter, thread_time
from types import TracebackType

_FOUND, _REFUSED = b"HTTP/1.1 200 ", b"HTTP/1.1 401 "
#: Seconds in which something has to come.
_PATIENCE = 30.0


@dataclass(frozen=True)
class Asked:
    """A request as it is sent, and what stands in the answer that is right."""

    request: bytes
    expected: bytes


class Client:
    """Keeps its connections open; each has one request under way, as long as there are some."""

    def __init__(self, port: int, asked: Iterator[Asked], *, connections: int = 16) -> None:
        self._asked = asked
        self._sockets = {one.fileno(): one for one in map(_connected, [port] * connections)}
        self._poll = select.epoll()
        for number in self._sockets:
            self._poll.register(number, select.EPOLLIN)
        #: What it did itself, of all the seconds that were measured.
        self.busy = self.spent = 0.0
        self.requests = 0

    def burst(self, requests: int) -> float:
        """Microseconds a request."""
        began, busy = perf_counter(), thread_time()
        waiting = {number: self._send(one) for number, one in self._sockets.items()}
        left, heard = requests - len(waiting), dict.fromkeys(waiting, b"")
        while waiting:
            ready = self._poll.poll(_PATIENCE)
            assert ready, "nothing came"
            for number, _ in ready:
                got = heard[number] + self._sockets[number].recv(65536)
                if not got.endswith(
                    b"}"
                ):  # all answers are an object, and no header ends like that
                    assert got, "the server has hung up"
                    heard[number] = got
                    continue
                assert got.startswith(_FOUND) and waiting[number] in got, got
                heard[number] = b""
                if left > 0:
                    left -= 1
                    waiting[number] = self._send(self._sockets[number])
                else:
                    del waiting[number]
        spent = perf_counter() - began
        self.busy += thread_time() - busy
        self.spent += spent
        self.requests += requests
        return spent / requests * 1e6

    def refused(self, request: bytes) -> bool:
        """Whether this one is not let in."""
        one = next(iter(self._sockets.values()))
        one.sendall(request)
        got = b""
        while not got.endswith(b"}"):
            more = one.recv(65536)
            assert more, got
            got += more
        return got.startswith(_REFUSED)

    def _send(self, one: socket.socket) -> bytes:
        asked = next(self._asked)
        one.send(asked.request)
        return asked.expected

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._poll.close()
        for one in self._sockets.values():
            one.close()


def request(path: str, headers: Sequence[str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: platform.test", "User-Agent: bench", "Accept: */*"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def _connected(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one
