"""Who calls, for which tenant, and what he may do there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from tenantry.coordination import UserSession
from tenantry.errors import NotAllowed
from tenantry.kernel import Actor
from tenantry.rights import checked_scope

from .permissions import BY_DEFAULT, Roles, grants


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever a request speaks for. He may do what both his scopes and his role allow; a key or a
    token that acts for no member, what its scopes do."""

    tenant_id: UUID
    #: Of the key or token; a session has `("*",)`.
    scopes: tuple[str, ...]
    by: Literal["key", "session", "token"]
    user_id: UUID | None = None
    #: In this tenant; None for who is no member of it.
    role: str | None = None
    api_key_id: UUID | None = None
    session: UserSession | None = None
    request_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    #: The tenant's.
    plan: str | None = None
    roles: Roles = field(default=BY_DEFAULT, repr=False, compare=False)

    @property
    def actor(self) -> Actor:
        """For the audit trail."""
        spoken: Literal["user", "service"] = "service" if self.user_id is None else "user"
        return Actor(
            kind="api_key" if self.by == "key" else spoken,
            api_key_id=self.api_key_id,
            request_id=self.request_id,
            ip=self.ip,
            user_agent=self.user_agent,
        )

    def can(self, scope: str) -> bool:
        if not grants(self.scopes, scope):
            return False
        # Who was a member and is none any more has no role, but is still somebody.
        nobody = self.user_id is None and self.role is None and self.by != "session"
        return nobody or self.roles.allows(self.role, scope)

    def is_at_least(self, role: str) -> bool:
        return self.roles.is_at_least(self.role, role)

    def require(self, scope: str) -> None:
        if not self.can(scope):
            raise NotAllowed(scope=checked_scope(scope))

    def require_role(self, role: str) -> None:
        if not self.is_at_least(role):
            raise NotAllowed(role=role)
