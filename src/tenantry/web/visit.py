"""One request or WebSocket while it is served: who calls, and the tenant's handle for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from tenantry.coordination.user_sessions import IDLE_S, LIFETIME_S
from tenantry.database import Database
from tenantry.errors import NotAllowed, NotAuthenticated, OriginRefused, VisitOver
from tenantry.handles import Tenant
from tenantry.kernel.context import Actor
from tenantry.models import User

from .caller import Caller
from .cookie import SessionCookie

#: Where the visit stands in an ASGI scope.
KEY: Final = "tenantry.visit"
#: And for code that is given no scope.
BOUND: ContextVar[Visit] = ContextVar("tenantry.visit")


@dataclass(slots=True, eq=False)
class Visit:
    """It ends with the request. What was begun in it and goes on longer keeps the handles that it
    took, and gets no new ones: its work is nobody's request any more."""

    database: Database
    cookie: SessionCookie
    request_id: str
    ip: str | None
    user_agent: str | None
    #: None on a public path.
    known: Caller | None = None
    #: The session's token that the request brought, also on a public path.
    token: str | None = field(default=None, repr=False)
    #: Another site's page makes it.
    from_elsewhere: bool = False
    _over: bool = False

    @property
    def db(self) -> Database:
        if self._over:
            raise VisitOver
        return self.database

    @property
    def caller(self) -> Caller:
        if self._over:
            raise VisitOver
        if self.known is None:
            raise NotAuthenticated("public_path")
        return self.known

    def tenant(self, *, readonly: bool = False) -> Tenant:
        """The caller's tenant, by the caller and on his account."""
        caller = self.caller
        return self.database.tenant(
            caller.tenant_id, user_id=caller.user_id, actor=caller.actor, readonly=readonly
        )

    async def user(self) -> User:
        """Who calls. `NotAllowed` for a key that acts for nobody."""
        user_id = self.caller.user_id
        if user_id is None:
            raise NotAllowed
        return await self.tenant().users.get(user_id)

    def actor(self) -> Actor:
        """For the record of what is done before anybody is known: `db.accounts.signing_in(…, actor=)`."""
        if self.known is not None:
            return self.known.actor
        return Actor(
            kind="system", request_id=self.request_id, ip=self.ip, user_agent=self.user_agent
        )

    async def sign_in(
        self,
        tenant_id: UUID,
        user_id: UUID,
        data: Mapping[str, Any] | None = None,
        *,
        idle: float = IDLE_S,
        lifetime: float = LIFETIME_S,
        max_sessions: int | None = None,
    ) -> str:
        """Begin a session, for a user whose identity was just proven; the value of a `Set-Cookie`.

        Its token is new, and one that the browser came with is dead from here on: nobody can have put
        it there beforehand to share what begins now. `OriginRefused` where another site's page asks
        for it.
        """
        await self._end_session()
        made = await self.db.tenant(tenant_id).user_sessions.create(
            user_id,
            data,
            ip=self.ip,
            user_agent=self.user_agent,
            idle=idle,
            lifetime=lifetime,
            max_sessions=max_sessions,
        )
        return self.cookie.set(made.token, lifetime)

    async def sign_out(self) -> str:
        """End the session that the request came with; the value of a `Set-Cookie`."""
        await self._end_session()
        return self.cookie.clear()

    async def _end_session(self) -> None:
        if self.from_elsewhere:
            raise OriginRefused
        if self.token is None:
            return
        session = await self.db.user_session(self.token)
        if session is not None:
            await self.db.tenant(session.tenant_id).user_sessions.delete(self.token)

    def end(self) -> None:
        self._over = True


def visit_of(scope: Mapping[str, Any]) -> Visit:
    """Of an ASGI scope, as `request.scope` is one."""
    found = scope.get(KEY)
    if not isinstance(found, Visit):
        raise VisitOver
    return found


def current_visit() -> Visit:
    """Of the request that runs this code. Raises `VisitOver` outside of one."""
    found = BOUND.get(None)
    if found is None:
        raise VisitOver
    return found


def current_caller() -> Caller:
    return current_visit().caller


def current_tenant(*, readonly: bool = False) -> Tenant:
    return current_visit().tenant(readonly=readonly)
