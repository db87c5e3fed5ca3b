"""The door: no request gets to the application without its tenant, or with another's.

app.add_middleware(TenantryMiddleware, public=["/docs", "POST /sign-in"])
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import tenantry
from tenantry.database import Database
from tenantry.errors import NotAuthenticated, TenantryError

from .caller import Caller
from .cookie import SessionCookie
from .credentials import Credential, Session, read
from .forwarded import Proxies
from .origins import Origins
from .paths import Paths
from .permissions import Roles
from .probes import Probes
from .problems import Problem, answer_to, send_problem
from .ratelimits import RateLimits, refusal
from .resolving import Resolver
from .visit import _VISIT, KEY, Visit

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from .tokens import Tokens

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Connect = Callable[[], Awaitable[Database] | Database]

_LOG: Final = logging.getLogger("tenantry.web")
#: RFC 6455: what is said does not fit the rules of who listens.
_POLICY_VIOLATION: Final = 1008
_LONGEST_AGENT: Final = 1024


class TenantryMiddleware:
    """Resolves each request and WebSocket to a caller, and binds its tenant for that alone.

    `db` is an open `Database`, or what opens one (`tenantry.connect` unless said otherwise), which is
    then opened with the application and closed with it. All paths need credentials but those of
    `public`, and `/health/live` and `/health/ready`, which are answered here (`probes`), as is `/metrics`
    if it is asked for. See docs/web.md for the rest.
    """

    def __init__(
        self,
        app: App,
        db: Database | Connect = tenantry.connect,
        *,
        public: Iterable[str] = (),
        cookie: SessionCookie | None = None,
        tokens: Iterable[Tokens] = (),
        roles: Roles | None = None,
        limits: RateLimits | None = None,
        proxies: Proxies | Iterable[str] = (),
        origins: Iterable[str] = (),
        recheck: float = 60.0,
        probes: bool = True,
        metrics: CollectorRegistry | bool = False,
    ) -> None:
        self._app = app
        self._db = _Opened(db)
        self._public = Paths(public)
        self._cookie = cookie or SessionCookie()
        self._resolver = Resolver(roles or Roles(), tuple(tokens))
        self._limits = limits
        self._proxies = proxies if isinstance(proxies, Proxies) else Proxies(proxies)
        self._origins = Origins(origins)
        #: Seconds after which a WebSocket or a stream has to show that it may go on.
        self._recheck = recheck
        #: Before the door, since whoever asks for these has no credentials.
        self._probes = Probes(self._db.now, metrics=metrics) if probes else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._probes is not None and self._probes.handles(scope):
            await self._probes(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._db.live(self._app, scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            await self._serve(scope, receive, send)
        else:
            raise RuntimeError(f"an ASGI scope {scope['type']!r} is not known here")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._proxies.request_id(scope)
        answer = _Answer(scope, receive, send, request_id)
        visit: Visit | None = None
        try:
            visit = await self._let_in(scope, request_id, answer)
            bound = _VISIT.set(visit)
            try:
                await self._app({**scope, KEY: visit}, answer.receive, answer.send)
            finally:
                _VISIT.reset(bound)
        except TenantryError as error:
            problem = answer_to(error)
            _log(problem, error, request_id)
            # What has begun cannot become another answer: the server then cuts the connection.
            if not await answer.refuse(problem):
                raise
        finally:
            if visit is not None:
                visit.end()

    async def _let_in(self, scope: Scope, request_id: str, answer: _Answer) -> Visit:
        database = await self._db.get()
        ip = self._proxies.client(scope)
        visit = Visit(database, self._cookie, request_id, ip, _user_agent(scope))
        if self._public.match(scope):
            visit.token = self._brought(scope)
            return visit
        try:
            shown = read(scope["headers"], cookie=self._cookie.name)
            if shown is None:
                raise NotAuthenticated("nothing")
            if isinstance(shown, Session):
                self._origins.check(scope, self._proxies)
                visit.token = shown.token
            visit.known = await self._resolver.caller(visit, shown)
        except NotAuthenticated:
            await self._count_failure(visit)
            raise
        await self._admit(visit, answer)
        answer.caller, answer.recheck = visit.known, self._recheck
        answer.again = lambda: self._again(visit, shown)
        return visit

    def _brought(self, scope: Scope) -> str | None:
        """The session that a browser came with to where none is needed: signing in ends it."""
        try:
            shown = read(scope["headers"], cookie=self._cookie.name)
        except NotAuthenticated:
            return None
        return shown.token if isinstance(shown, Session) else None

    async def _count_failure(self, visit: Visit) -> None:
        if self._limits is None:
            return
        verdict = await self._limits.failed(visit.database.limits, visit.ip)
        if verdict is not None and not verdict:
            raise refusal(verdict)

    async def _admit(self, visit: Visit, answer: _Answer) -> None:
        if self._limits is None:
            return
        caller = visit.caller
        limits = visit.database.tenant(caller.tenant_id).limits
        verdict = await self._limits.admit(limits, caller)
        answer.headers += self._limits.headers(caller, verdict)
        if verdict is not None and not verdict:
            raise refusal(verdict)

    async def _again(self, visit: Visit, shown: Credential) -> None:
        """Whether what let a stream in would do so now. Raises what it would be refused with; while a
        server is away nothing is known, and nothing can be read either."""
        try:
            visit.known = await self._resolver.caller(visit, shown)
        except TenantryError as error:
            if not error.retryable:
                raise


class _Answer:
    """What goes out for one request. It knows whether something has, and adds what belongs to all."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._checked = monotonic()
        #: An answer, or a WebSocket; that it came to its end; that its client was heard.
        self.begun = self.closed = self.heard = False
        self.headers: list[tuple[bytes, bytes]] = [(b"x-request-id", request_id.encode())]
        self.caller: Caller | None = None
        self.recheck = 0.0
        self.again: Callable[[], Awaitable[None]] | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        self.heard = True
        if message["type"] == "websocket.receive":
            try:
                await self._still_allowed()
            except TenantryError:
                await self._close()
                return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
        elif message["type"] == "websocket.disconnect":
            self.closed = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
            self.begun = True
            message = {**message, "headers": [*self._completed(message)]}
        elif kind == "websocket.close":
            self.begun = self.closed = True
        elif self.begun:
            await self._still_allowed()
        await self._send(message)

    def _completed(self, message: Message) -> Iterable[tuple[bytes, bytes]]:
        given = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        yield from given
        yield from self.headers
        # A cache in front would hand one tenant's answer to another, where nobody said otherwise.
        private = self.caller is not None and message["type"] == "http.response.start"
        if private and all(name.lower() != b"cache-control" for name, _ in given):
            yield b"cache-control", b"no-store"

    async def _still_allowed(self) -> None:
        if self.again is None or monotonic() - self._checked < self.recheck:
            return
        self._checked = monotonic()
        await self.again()

    async def refuse(self, problem: Problem) -> bool:
        """Whether it could still be said."""
        websocket: bool = self._scope["type"] == "websocket"
        if self.begun:
            if websocket and not self.closed:
                await self._close()
            return websocket
        more = [(name, value) for name, value in self.headers if name != b"x-request-id"]
        problem = problem.with_headers(*more)
        if not websocket:
            await send_problem(self._send, problem, self._request_id)
            return True
        if not self.heard:
            await self._receive()
        if "websocket.http.response" in (self._scope.get("extensions") or {}):
            await send_problem(self._send, problem, self._request_id, to="websocket")
        else:
            await self._close()
        return True

    async def _close(self) -> None:
        self.closed = True
        await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})


class _Opened:
    """The database of an application: given, or opened with it."""

    def __init__(self, db: Database | Connect) -> None:
        self._connect = None if isinstance(db, Database) else db
        self._database = db if isinstance(db, Database) else None
        self._opening: asyncio.Lock | None = None

    def now(self) -> Database | None:
        """If it is open."""
        return self._database

    async def get(self) -> Database:
        """Where a server tells of no lifespan, the first request opens it."""
        if self._database is not None:
            return self._database
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._database is None:
                assert self._connect is not None  # noqa: S101 - there is the one or the other
                opened = self._connect()
                self._database = await opened if inspect.isawaitable(opened) else opened
            return self._database

    async def live(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        began = await receive()
        try:
            await self.get()
        except TenantryError as error:
            _LOG.error("The database cannot be opened: %s", error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        told = [began]

        async def hear() -> Message:
            return told.pop() if told else await receive()

        try:
            await app(scope, hear, send)
        finally:
            if self._connect is not None and self._database is not None:
                database, self._database = self._database, None
                await database.close()


def _user_agent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return str(value[:_LONGEST_AGENT].decode("latin-1"))
    return None


def _log(problem: Problem, error: TenantryError, request_id: str) -> None:
    """What the caller is not told. Never what he showed."""
    if isinstance(error, NotAuthenticated):
        _LOG.info("request %s: not authenticated (%s)", request_id, error.reason)
    elif problem.status >= 500:
        _LOG.error("request %s: %s", request_id, error, exc_info=problem.status == 500)
