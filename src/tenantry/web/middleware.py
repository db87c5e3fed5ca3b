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
from tenantry.errors import NotAuthenticated, OriginRefused, TenantryError

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
from .tokens import Issuers, Tokens
from .visit import _VISIT, KEY, Visit

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
#: Each framework has types of its own for what it is called with.
App = Callable[..., Awaitable[None]]
Connect = Callable[[], Awaitable[Database] | Database]

_LOG: Final = logging.getLogger("tenantry.web")
#: RFC 6455, and its register: what is said does not fit the rules of who listens; an error of our
#: own; later it may work.
_POLICY_VIOLATION: Final = 1008
_INTERNAL_ERROR: Final = 1011
_TRY_AGAIN_LATER: Final = 1013
#: What an answer to a caller depends on. A cache that may keep it keeps it for him alone.
_VARIES: Final = (b"vary", b"authorization, x-api-key, cookie")
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
        tokens: Tokens | Issuers | Iterable[Tokens] = (),
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
        self._resolver = Resolver(roles or Roles(), _issuers(tokens))
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
        # Any iterable may stand there, and names as they came: whoever reads second finds the same.
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        scope = {**scope, "headers": headers}
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
        except (TenantryError, ExceptionGroup) as raised:
            error = _told_of(raised)
            if error is None:
                raise
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
            visit.from_elsewhere = self._from_elsewhere(scope)
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

    def _from_elsewhere(self, scope: Scope) -> bool:
        """Whether another site's page makes this request. Most that is public may be asked for from
        anywhere, but nobody is signed in from there, into an account that is not his."""
        try:
            self._origins.check(scope, self._proxies)
        except OriginRefused:
            return True
        return False

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
        self._websocket: bool = scope["type"] == "websocket"
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._checked = monotonic()
        #: Why it may not go on. It stays so: an application that overlooks it gets nothing through.
        self._refused: TenantryError | None = None
        #: An answer, or a WebSocket; that it came to its end; that its client was heard.
        self.begun = self.closed = self.heard = False
        self.headers: list[tuple[bytes, bytes]] = [(b"x-request-id", request_id.encode())]
        self.caller: Caller | None = None
        self.recheck = 0.0
        self.again: Callable[[], Awaitable[None]] | None = None

    async def receive(self) -> Message:
        if self._refused is not None and self._websocket:
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
            self.begun = True
            message = {**message, "headers": [*self._completed(message)]}
        elif kind == "websocket.close":
            if self.closed:
                return
            self.begun = self.closed = True
        elif self.begun:
            await self._still_allowed()
        await self._send(message)

    def _completed(self, message: Message) -> Iterable[tuple[bytes, bytes]]:
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
        if self._refused is not None:
            raise self._refused
        if self.again is None or monotonic() - self._checked < self.recheck:
            return
        self._checked = monotonic()
        try:
            await self.again()
        except TenantryError as error:
            self._refused = error
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


class _Opened:
    """The database of an application: given, or opened with it."""

    def __init__(self, db: Database | Connect) -> None:
        self._connect = None if isinstance(db, Database) else db
        self._database = db if isinstance(db, Database) else None
        self._opening: asyncio.Task[Database] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> Database | None:
        """If it is open."""
        return self._database

    async def get(self) -> Database:
        """Where a server tells of no lifespan, the first request opens it."""
        if self._database is not None and (self._loop is None or not self._loop.is_closed()):
            return self._database
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._opened)
        # All that wait fare alike, and none that goes away takes it from the others.
        return await asyncio.shield(self._opening)

    async def _open(self) -> Database:
        assert self._connect is not None  # noqa: S101 - there is the one or the other
        opened = self._connect()
        self._database = await opened if inspect.isawaitable(opened) else opened
        # Test clients have a loop for each request, where nobody tells them of a lifespan.
        self._loop = asyncio.get_running_loop()
        return self._database

    def _opened(self, task: asyncio.Task[Database]) -> None:
        self._opening = None
        if not task.cancelled():
            task.exception()

    async def live(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        began = await receive()
        try:
            await self.get()
        except Exception as error:
            # Whatever it is: servers take one that is raised here for an application without a
            # lifespan, and go on.
            said = str(error) if isinstance(error, TenantryError) else type(error).__name__
            _LOG.exception("The database cannot be opened: %s", said)
            await send({"type": "lifespan.startup.failed", "message": said})
            return
        told = [began]

        async def hear() -> Message:
            return told.pop() if told else await receive()

        async def tell(message: Message) -> None:
            # A server that was told of the end waits for nothing that comes after.
            if message["type"] != "lifespan.startup.complete":
                await self._close()
            await send(message)

        try:
            await app(scope, hear, tell)
        finally:
            await self._close()

    async def _close(self) -> None:
        if self._connect is not None and self._database is not None:
            database, self._database = self._database, None
            await database.close()


def _told_of(raised: TenantryError | ExceptionGroup[Exception]) -> TenantryError | None:
    """What is answered to. Of several that were raised at once it is the gravest, and nothing where
    one of them is not ours."""
    if isinstance(raised, TenantryError):
        return raised
    leaves = [
        _told_of(part) if isinstance(part, (TenantryError, ExceptionGroup)) else None
        for part in raised.exceptions
    ]
    ours = [leaf for leaf in leaves if leaf is not None]
    if len(ours) < len(leaves):
        return None
    return max(ours, key=lambda error: answer_to(error).status)


def _issuers(tokens: Tokens | Issuers | Iterable[Tokens]) -> Issuers:
    if isinstance(tokens, Issuers):
        return tokens
    return Issuers(*([tokens] if isinstance(tokens, Tokens) else tokens))


def _user_agent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return str(value[:_LONGEST_AGENT].decode("latin-1"))
    return None


def _log(problem: Problem, error: TenantryError, request_id: str) -> None:
    """What the caller is not told. Never what he showed."""
    if isinstance(error, NotAuthenticated):
        _LOG.info("request %s: not authenticated (%s)", request_id, error.reason)
    elif problem.status == 503:
        # One for each request, while a server is away: no news after the first.
        _LOG.warning("request %s: %s", request_id, error)
    elif problem.status >= 500:
        _LOG.error("request %s: %s", request_id, error, exc_info=problem.status == 500)
