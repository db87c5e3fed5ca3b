"""From an invitation's token to a membership, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tenantry.errors import InvalidInput, InvitationClosed, NotFound
from tenantry.handles import ServiceTransaction
from tenantry.ids import uuid7
from tenantry.kernel.context import Actor, parse_uuid
from tenantry.models import Invitation, User
from tenantry.models.identity import MembershipRole
from tenantry.repositories import hash_key

from .identities import OutsideAccount, link_account
from .part import Part
from .signed_in import SignedIn

_REASON: Final = "invitations"
_OFFERED: Final = """
    SELECT i.tenant_id, i.id, t.name AS tenant_name, t.slug, i.email, i.role, i.expires_at, u.name AS invited_by,
           CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'withdrawn'
                WHEN i.expires_at <= now() THEN 'expired'
                WHEN t.status NOT IN ('active', 'pending') THEN 'tenant' END AS closed
    FROM tenantry.invitations AS i
    JOIN tenantry.tenants AS t ON t.id = i.tenant_id
    LEFT JOIN tenantry.users AS u ON u.id = i.invited_by
    WHERE i.token_hash = $1"""
#: Held until the end, so that of several who accept at once the others find it accepted.
_HOLD: Final = """
    SELECT i.id FROM tenantry.invitations AS i WHERE i.tenant_id = $1 AND i.id = $2 FOR NO KEY UPDATE"""
_ACCEPT: Final = """
    UPDATE tenantry.invitations SET accepted_at = now(), accepted_by = $3 WHERE tenant_id = $1 AND id = $2"""
_SAYS: Final = {
    "unknown": "There is no such invitation.",
    "expired": "The invitation has expired.",
    "withdrawn": "The invitation was withdrawn.",
    "accepted": "The invitation was accepted before.",
    "tenant": "The tenant takes no members now.",
    "address": "The invitation is for another address than this user's.",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What an open invitation offers, for a page that asks whether to accept it."""

    tenant_id: UUID
    invitation_id: UUID
    tenant_name: str
    slug: str
    email: str
    role: MembershipRole
    expires_at: datetime
    #: The name of who invited, if it was a member and still is.
    invited_by: str | None


class Invited(Part):
    async def invitation(self, token: str) -> Offer | None:
        """What the token offers; None for one that is over or unknown."""
        async with self._serve(_REASON) as s:
            offer, closed = await _offer(s, token)
        return None if closed else offer

    async def accept(
        self,
        token: str,
        user_id: UUID | str | None = None,
        *,
        password: str | None = None,
        account: OutsideAccount | None = None,
        name: str | None = None,
        any_address: bool = False,
        actor: Actor | None = None,
    ) -> SignedIn:
        """Make the user a member; or, with a password or an account at an outside provider, a new user
        of the invited address.

        `InvitationClosed` says why it cannot be, `AlreadyExists` that he is a member already or, for a
        new user, that the address has one: who then signs in and accepts as that. The user's address
        must be the invited one, unless `any_address`: then whoever has the link may join.
        """
        is_new = user_id is None
        if is_new == (password is None and account is None):
            raise InvalidInput(
                "Give the user who accepts; or for a new one a password, or an account outside.",
                field="user_id",
            )
        kept = None
        if password is not None:
            # Whoever has no token makes nobody work.
            async with self._serve(_REASON) as s:
                offer = _open(*await _offer(s, token))
            kept = await self._hash(password, offer.email)
        user = uuid7() if user_id is None else parse_uuid(user_id, "user_id")
        async with self._serve(_REASON, user_id=user, actor=actor) as s:
            offer = _open(*await _held_offer(s, token))
            if is_new:
                await s.users.create(id=user, email=offer.email, name=name, password_hash=kept)
                if account is not None:
                    await link_account(s, user, account)
            elif not any_address and (await _email(s, user)).lower() != offer.email.lower():
                raise _closed("address")
            await s.tenant(offer.tenant_id).memberships.create(user_id=user, role=offer.role)
            await s.execute(_ACCEPT, offer.tenant_id, offer.invitation_id, user)
            return await SignedIn.of(s, user)


async def _held_offer(s: ServiceTransaction, token: str) -> tuple[Offer | None, str | None]:
    offer, closed = await _offer(s, token)
    if offer is None:
        return offer, closed
    await s.fetch(_HOLD, offer.tenant_id, offer.invitation_id)
    return await _offer(s, token)


async def _offer(s: ServiceTransaction, token: str) -> tuple[Offer | None, str | None]:
    """What the token is for, and why not."""
    row = await s.fetch_one(_OFFERED, hash_key(token)) if token.isascii() else None
    if row is None:
        return None, "unknown"
    *told, closed = row
    return Offer(*told), closed


def _open(offer: Offer | None, closed: str | None) -> Offer:
    if offer is None or closed:
        raise _closed(closed or "unknown")
    return offer


def _closed(reason: str) -> InvitationClosed:
    return InvitationClosed(
        _SAYS[reason],
        hint="Ask the tenant for a new one." if reason != "tenant" else "",
        table=Invitation.__tablename__,
        constraint="invitation_closed",
        column="",
        reason=reason,
    )


async def _email(s: ServiceTransaction, user: UUID) -> str:
    found = await s.users.find(user)
    if found is None or not found.is_active:
        raise NotFound(User.__tablename__, user)
    return found.email
