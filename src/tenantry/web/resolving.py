"""From what a request shows to the caller: one round trip for a key or a token, two for a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenantry.accounts.standing import Standing
from tenantry.database import Database
from tenantry.errors import ConfigurationError, NotAuthenticated, TenantSuspended

from .caller import Caller
from .credentials import Credential, Key, Session
from .permissions import Roles
from .tokens import Issuers
from .visit import Visit


@dataclass(frozen=True, slots=True)
class Resolver:
    """Nothing is remembered from one request to the next: who was put out is out at once."""

    roles: Roles
    issuers: Issuers

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
        try:
            session = await database.user_session(shown.token)
        except ConfigurationError:
            # A platform without Redis has no sessions, whatever anybody's cookie says.
            session = None
        if session is None:
            raise NotAuthenticated("session")
        standing = await database.standing(session.tenant_id, session.user_id)
        if standing is None:
            raise NotAuthenticated("member")
        # A session may whatever its user may.
        found = {**_of(standing), "by": "session", "scopes": ("*",), "session": session}
        return standing.tenant_status, found

    async def _by_token(self, database: Database, text: str) -> tuple[str, dict[str, Any]]:
        claims = await self.issuers.verify(text)
        tenant_id, provider, subject = claims.tenant_id, claims.provider, claims.subject
        if provider is None:
            standing = await database.standing(tenant_id, claims.user_id)
        else:
            # Whoever is unknown there is nobody, and not a token without a user.
            standing = await database.standing_of_identity(tenant_id, provider, subject or "")
        if standing is None:
            raise NotAuthenticated("member")
        return standing.tenant_status, {**_of(standing), "by": "token", "scopes": claims.scopes}


def _of(standing: Standing) -> dict[str, Any]:
    return {
        "tenant_id": standing.tenant_id,
        "user_id": standing.user_id,
        "role": standing.role,
        "plan": standing.plan,
    }
