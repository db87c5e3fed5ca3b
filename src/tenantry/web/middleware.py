"""The door: no request gets to the application without its tenant, or with another's.

app.add_middleware(TenantryMiddleware, public=["/docs", "POST /sign-in"])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import tenantry
from tenantry.coordination import Verdict
from tenantry.database import Database
from tenantry.errors import NotAuthenticated, OriginRefused, TenantryError

from .answer import Answer
from .asgi import App, Receive, Scope, Send
from .cookie import SessionCookie
from .credentials import Credential, Session, read
from .forwarded import Proxies
from .opening import Connect, Opened
from .origins import Origins
from .paths import Paths
from .permissions import Roles
from .probes import Probes
from .problems import INTERNAL, answer_to, log
from .ratelimits import RateLimits, refusal
from .resolving import Resolver
from .tokens import Issuers, Tokens
from .visit import BOUND, KEY, Visit

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

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
        self._db = Opened(db)
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
        scope["headers"] = [(name.lower(), value) for name, value in scope["headers"]]
        request_id = self._proxies.request_id(scope)
        answer = Answer(scope, receive, send, request_id)
        visit: Visit | None = None
        try:
            visit = await self._let_in(scope, request_id, answer)
            bound = BOUND.set(visit)
            try:
                # In this scope, not in a copy: what routes note in it is for those in front as well.
                scope[KEY] = visit
                await self._app(scope, answer.receive, answer.send)
            finally:
                BOUND.reset(bound)
        except Exception as raised:
            error = _told_of(raised, answer.refused)
            if error is None:
                # The server is told as well, and logs it. Frameworks' own last word knows no request's
                # id; where an application shows its faults, it does so itself.
                if not getattr(scope.get("app"), "debug", False):
                    await answer.refuse(INTERNAL)
                raise
            problem = answer_to(error)
            log(problem, error, request_id)
            # What has begun cannot become another answer: the server then cuts the connection.
            if not await answer.refuse(problem):
                raise
        finally:
            if visit is not None:
                visit.end()

    async def _let_in(self, scope: Scope, request_id: str, answer: Answer) -> Visit:
        database = await self._db.get()
        ip = self._proxies.client(scope)
        visit = Visit(database, self._cookie, request_id, ip, _user_agent(scope))
        if self._public.match(scope):
            visit.token = self._brought(scope)
            visit.from_elsewhere = self._from_elsewhere(scope)
            if self._limits is not None:
                _hold(await self._limits.asked(database.limits, visit.ip))
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
        if self._limits is not None:
            _hold(await self._limits.failed(visit.database.limits, visit.ip))

    async def _admit(self, visit: Visit, answer: Answer) -> None:
        if self._limits is None:
            return
        caller = visit.caller
        limits = visit.database.tenant(caller.tenant_id).limits
        verdict = await self._limits.admit(limits, caller)
        answer.headers += self._limits.headers(caller, verdict)
        _hold(verdict)

    async def _again(self, visit: Visit, shown: Credential) -> None:
        """Whether what let a stream in would do so now. Raises what it would be refused with; while a
        server is away nothing is known, and nothing can be read either."""
        try:
            visit.known = await self._resolver.caller(visit, shown)
        except TenantryError as error:
            if not error.retryable:
                raise


def _told_of(raised: Exception, refused: TenantryError | None) -> TenantryError | None:
    """What is answered to. Of several that were raised at once it is the gravest, and nothing where
    one of them is not ours."""
    if isinstance(raised, TenantryError):
        return raised
    if isinstance(raised, ExceptionGroup):
        told = [_told_of(part, refused) for part in raised.exceptions]
        ours = [error for error in told if error is not None]
        gravest = max(ours, key=lambda error: answer_to(error).status, default=None)
        return gravest if len(ours) == len(told) else None
    # What `receive` and `send` raise, frameworks wrap into an error of their own.
    cause: BaseException | None = raised
    while cause is not None and cause is not refused:
        cause = cause.__cause__
    return None if cause is None else refused


def _hold(verdict: Verdict | None) -> None:
    if verdict is not None and not verdict:
        raise refusal(verdict)


def _issuers(tokens: Tokens | Issuers | Iterable[Tokens]) -> Issuers:
    if isinstance(tokens, Issuers):
        return tokens
    return Issuers(*([tokens] if isinstance(tokens, Tokens) else tokens))


def _user_agent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return str(value[:_LONGEST_AGENT].decode("latin-1"))
    return None
