"""From what a request shows to the caller: one round trip for a key or a token, two for a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.accounts.standing import Standing
from tenantry.database import Database
from tenantry.errors import NotAuthenticated, TenantSuspended

from .caller import Caller
from .compact import read_compact
from .credentials import Credential, Key, Session
from .permissions import Roles
from .visit import Visit

if TYPE_CHECKING:
    from .tokens import Claims, Tokens


@dataclass(frozen=True, slots=True)
class Resolver:
    """Nothing is remembered from one request to the next: who was put out is out at once."""

    roles: Roles
    tokens: Sequence[Tokens] = ()

    async def caller(self, visit: Visit, shown: Credential) -> Caller:
        """Raises `NotAuthenticated`, the same for whatever was wrong, and `TenantSuspended`."""
        database = visit.database
        if isinstance(shown, Key):
            status, found = await self._by_key(database, shown)
        elif isinstance(shown, Session):
            status, found = await self._by_session(database, shown)
        else:
            status, found = await self._by_token(database, shown.token)
        if status == "suspended":
            raise TenantSuspended
        return Caller(
            **found,
            roles=self.roles,
            request_id=visit.request_id,
            ip=visit.ip,
            user_agent=visit.user_agent,
        )

    async def _by_key(self, database: Database, shown: Key) -> tuple[str, dict[str, Any]]:
        holder = await database.authenticate_key(shown.secret)
        if holder is None:
            raise NotAuthenticated("key")
        return holder.tenant_status, {
            "by": "key",
            "tenant_id": holder.tenant_id,
            "user_id": holder.user_id,
            "role": holder.role,
            "scopes": holder.scopes,
            "plan": holder.plan,
            "api_key_id": holder.api_key_id,
        }

    async def _by_session(self, database: Database, shown: Session) -> tuple[str, dict[str, Any]]:
        session = await database.user_session(shown.token)
        if session is None:
            raise NotAuthenticated("session")
        standing = await database.standing(session.tenant_id, session.user_id)
        if standing is None:
            raise NotAuthenticated("member")
        # A session may whatever its user may.
        found = {**_of(standing), "by": "session", "scopes": ("*",), "session": session}
        return standing.tenant_status, found

    async def _by_token(self, database: Database, text: str) -> tuple[str, dict[str, Any]]:
        claims = await self._verified(text)
        if claims.provider is not None and claims.subject is not None:
            standing = await database.standing_of_identity(
                claims.tenant_id, claims.provider, claims.subject
            )
        else:
            standing = await database.standing(claims.tenant_id, claims.user_id)
        if standing is None:
            raise NotAuthenticated("member")
        return standing.tenant_status, {**_of(standing), "by": "token", "scopes": claims.scopes}

    async def _verified(self, text: str) -> Claims:
        """By the rules of the issuer that it names. The others are not asked for their keys: while one of
        them is away, its own tokens alone wait for it."""
        refused = NotAuthenticated("issuer")
        said = read_compact(text).claims().get("iss")
        for rules in self.tokens:
            if rules.issuer != said:
                continue
            try:
                return await rules.verify(text)
            except NotAuthenticated as error:
                refused = error
        raise refused


def _of(standing: Standing) -> dict[str, Any]:
    return {
        "tenant_id": standing.tenant_id,
        "user_id": standing.user_id,
        "role": standing.role,
        "plan": standing.plan,
    }
