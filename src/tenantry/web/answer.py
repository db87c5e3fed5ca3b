"""What goes out for one request or WebSocket, and whether it may go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Final

from tenantry.errors import TenantryError

from .asgi import Header, Message, Receive, Scope, Send
from .caller import Caller
from .problems import Problem, send_problem

#: RFC 6455, and its register: what is said does not fit the rules of who listens; an error of our
#: own; later it may work.
_POLICY_VIOLATION: Final = 1008
_INTERNAL_ERROR: Final = 1011
_TRY_AGAIN_LATER: Final = 1013
#: What an answer to a caller depends on. A cache that may keep it keeps it for him alone.
_VARIES: Final = (b"vary", b"authorization, x-api-key, cookie")


class Answer:
    """It knows what has gone out, and adds what belongs to every answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._scope = scope
        self._websocket: bool = scope["type"] == "websocket"
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._checked = monotonic()
        #: Why it may not go on. It stays so: an application that overlooks it gets nothing through.
        self.refused: TenantryError | None = None
        #: An answer, or a WebSocket; that it came to its end; that its client was heard.
        self.begun = self.closed = self.heard = False
        self.headers: list[Header] = [(b"x-request-id", request_id.encode())]
        self.caller: Caller | None = None
        self.recheck = 0.0
        self.again: Callable[[], Awaitable[None]] | None = None

    async def receive(self) -> Message:
        if self.refused is not None and self._websocket:
            return await self._end()
        message = await self._receive()
        self.heard = True
        if message["type"] == "http.request":
            await self._still_allowed()
        elif message["type"] == "websocket.receive":
            try:
                await self._still_allowed()
            except TenantryError:
                return await self._end()
        elif message["type"] == "websocket.disconnect":
            self.closed = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
            if self.refused is not None:
                # An application took it for an error of its own, such as a body that cannot be read.
                raise self.refused
            self.begun = True
            # A handshake that an application denies by itself is over: nothing is left to close.
            self.closed = kind == "websocket.http.response.start"
            message = {**message, "headers": [*self._completed(message)]}
        elif kind == "websocket.close":
            if self.closed:
                return
            self.begun = self.closed = True
        elif self.begun:
            await self._still_allowed()
        await self._send(message)

    def _completed(self, message: Message) -> Iterator[Header]:
        given = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        yield from given
        yield from self.headers
        if message["type"] != "http.response.start":
            return
        names = {name.lower() for name, _ in given}
        # A cache in front would hand one tenant's answer to another, where nobody said otherwise.
        if b"cache-control" in names:
            if self.caller is not None:
                yield _VARIES
        elif self.caller is not None or b"set-cookie" in names:
            yield b"cache-control", b"no-store"

    async def _still_allowed(self) -> None:
        if self.refused is not None:
            raise self.refused
        if self.again is None or monotonic() - self._checked < self.recheck:
            return
        self._checked = monotonic()
        try:
            await self.again()
        except TenantryError as error:
            self.refused = error
            raise

    async def refuse(self, problem: Problem) -> bool:
        """Whether it could still be said."""
        if self.begun:
            if self._websocket:
                await self._close(problem.status)
            return self._websocket
        more = [(name, value) for name, value in self.headers if name != b"x-request-id"]
        problem = problem.with_headers(*more)
        if not self._websocket:
            await send_problem(self._send, problem, self._request_id)
            return True
        if not self.heard:
            await self._receive()
        if "websocket.http.response" in (self._scope.get("extensions") or {}):
            await send_problem(self._send, problem, self._request_id, to="websocket")
        else:
            await self._close(problem.status)
        return True

    async def _end(self) -> Message:
        """A WebSocket that may not go on: for the application its client is gone."""
        await self._close(403)
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}

    async def _close(self, status: int) -> None:
        if self.closed:
            return
        self.closed = True
        code = _POLICY_VIOLATION
        if status >= 500:
            code = _TRY_AGAIN_LATER if status == 503 else _INTERNAL_ERROR
        await self._send({"type": "websocket.close", "code": code})
