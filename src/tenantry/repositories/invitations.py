"""Invitations to a tenant: made and withdrawn by it, accepted through `db.accounts`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from tenantry.errors import AlreadyDecided, InvalidInput
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Invitation
from tenantry.models.identity import MembershipRole

from .api_keys import hash_key
from .base import Page, Repository

_DAYS: Final = 7
_LONGEST: Final = timedelta(days=366)
#: One at a time for each address, so that no two are open.
_ALONE: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended($1::text || '/' || lower($2), 20261122))"
)
#: After the new one is there: its foreign key takes the lock of who invites, and whoever is removed has
#: that one before those of invitations.
_WITHDRAW: Final = (
    "UPDATE tenantry.invitations SET revoked_at = now()"
    " WHERE tenant_id = $1 AND lower(email) = lower($2) AND id <> $3"
    " AND accepted_at IS NULL AND revoked_at IS NULL"
)

_REVOKE: Final = (
    "UPDATE tenantry.invitations SET revoked_at = now()"
    " WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL"
)

CONSTRAINT_MESSAGES.update(
    {
        "invitations_email_check": "This is no e-mail address.",
        "invitations_role_check": "There is no such role.",
        "invitations_invited_by_fkey": "Who invites is no member of this tenant.",
    }
)


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation just made. `token` is what lets in: it is shown here and never again."""

    invitation: Invitation
    token: str = field(repr=False)


class Invitations(Repository[Invitation]):
    model = Invitation

    async def create(
        self,
        email: str,
        role: MembershipRole = "member",
        *,
        expires_in: timedelta = timedelta(days=_DAYS),
        invited_by: UUID | None = None,
    ) -> NewInvitation:
        """Invite an address. An open invitation it had before is withdrawn."""
        if not timedelta(0) < expires_in <= _LONGEST:
            raise InvalidInput(
                f"An invitation is open for {_LONGEST.days} days at most.", field="expires_in"
            )
        address, token = email.strip(), secrets.token_urlsafe(32)
        async with self._scope.transaction() as scope:
            await scope.fetch(_ALONE, str(scope.tenant_id), address)
            made = await Invitations(scope)._create(
                email=address,
                role=role,
                token_hash=hash_key(token),
                invited_by=invited_by,
                expires_at=datetime.now(UTC) + expires_in,
            )
            await scope.execute(_WITHDRAW, scope.tenant_id, address, made.id)
        return NewInvitation(made, token)

    async def open(self, *, limit: int = 50, after: UUID | None = None) -> Page[Invitation]:
        """Those that can still be accepted, newest first."""
        now = datetime.now(UTC)
        return await self.list(
            Invitation.expires_at > now, accepted_at=None, revoked_at=None, limit=limit, after=after
        )

    async def revoke(self, id: UUID) -> Invitation:
        """From here on it lets nobody in. `AlreadyDecided` if it was accepted before."""
        await self._scope.execute(_REVOKE, self._scope.tenant_id, id)
        found = await self.get(id)
        if found.accepted_at is None:
            return found
        raise AlreadyDecided(
            "It is accepted already.",
            hint="Who accepted it is a member: remove him.",
            table=Invitation.__tablename__,
            constraint="decided_once",
            column="accepted_at",
            decision="accepted",
        )
