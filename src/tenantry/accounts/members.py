"""Who belongs to a tenant, as what, and no longer. A tenant keeps an owner who can sign in."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from tenantry.errors import LastOwner, NotAllowed, NotFound
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor, parse_uuid
from tenantry.models import Membership
from tenantry.models.identity import MembershipRole

from .part import Part
from .signed_in import MemberOf, SignedIn

_REASON: Final = "memberships"
#: Locked in one order by whoever may be about to take one away: of two, the second sees what is left.
_OWNERS: Final = """
    SELECT m.user_id FROM tenantry.memberships AS m
    JOIN tenantry.users AS u ON u.id = m.user_id AND u.is_active
    WHERE m.tenant_id = $1 AND m.role = 'owner' ORDER BY m.id FOR NO KEY UPDATE OF m"""
_ROLE: Final = """
    SELECT m.role FROM tenantry.memberships AS m
    WHERE m.tenant_id = $1 AND m.user_id = $2 FOR NO KEY UPDATE"""
_AUTHORITY: Final = """
    SELECT m.role FROM tenantry.memberships AS m
    JOIN tenantry.users AS u ON u.id = m.user_id AND u.is_active
    WHERE m.tenant_id = $1 AND m.user_id = $2"""
_CHANGE: Final = "UPDATE tenantry.memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2"
#: First: whoever rotates a key holds it before the member whom it acts for, and with him they go.
_KEYS: Final = """
    SELECT k.id FROM tenantry.api_keys AS k
    WHERE k.tenant_id = $1 AND k.user_id = $2 ORDER BY k.id FOR UPDATE"""
#: What is being made in his name is there after this, and nothing more is made: references to him wait.
_ALONE: Final = """
    SELECT m.id FROM tenantry.memberships AS m
    WHERE m.tenant_id = $1 AND m.user_id = $2 FOR UPDATE"""
#: Or whoever is put out comes back by what he was sent, or has made for another of his addresses.
_WITHDRAW: Final = """
    UPDATE tenantry.invitations AS i SET revoked_at = now()
    WHERE i.tenant_id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND (i.invited_by = $2
        OR lower(i.email) = (SELECT lower(u.email) FROM tenantry.users AS u WHERE u.id = $2))"""
#: To the oldest of those who are left, when the one whom the tenant names as its owner is none any more.
_HAND_ON: Final = """
    UPDATE tenantry.tenants AS t SET owner_user_id = o.id, owner_email = o.email, owner_name = o.name
    FROM (SELECT u.id, u.email, u.name FROM tenantry.memberships AS m
        JOIN tenantry.users AS u ON u.id = m.user_id AND u.is_active
        WHERE m.tenant_id = $1 AND m.role = 'owner' ORDER BY m.id LIMIT 1) AS o
    WHERE t.id = $1 AND t.owner_user_id = $2"""
_REMOVE: Final = "DELETE FROM tenantry.memberships WHERE tenant_id = $1 AND user_id = $2"


class Members(Part):
    async def memberships_of(self, user_id: UUID | str) -> tuple[MemberOf, ...]:
        """A user's tenants, by slug; none that was deleted."""
        async with self._serve(_REASON) as s:
            return (await SignedIn.of(s, parse_uuid(user_id, "user_id"))).memberships

    async def change_role(
        self,
        tenant_id: UUID | str,
        user_id: UUID | str,
        role: MembershipRole,
        *,
        by: UUID | str | None = None,
        keep: str | None = None,
        actor: Actor | None = None,
    ) -> None:
        """His sessions in the tenant end, but the one of the token `keep`.

        `by` is the member who does it: an owner, or an admin where no owner is concerned, else
        `NotAllowed`. Without it, it is the platform. `LastOwner` for one who must stay.
        """
        tenant, user = parse_uuid(tenant_id, "tenant_id"), parse_uuid(user_id, "user_id")
        who = None if by is None else parse_uuid(by, "by")
        async with self._serve(_REASON, user_id=who, actor=actor) as s:
            before = await _role_to_change(s, tenant, user, role, who)
            if before != role:
                await s.execute(_CHANGE, tenant, user, role)
                if before == "owner":
                    await s.execute(_HAND_ON, tenant, user)
                await self._end_sessions(user, [tenant], keep)

    async def remove_member(
        self,
        tenant_id: UUID | str,
        user_id: UUID | str,
        *,
        by: UUID | str | None = None,
        actor: Actor | None = None,
    ) -> None:
        """As `change_role`; anyone may leave by himself. His sessions in the tenant end, the API keys that
        act for him are gone, and open invitations to his address or by him are withdrawn."""
        tenant, user = parse_uuid(tenant_id, "tenant_id"), parse_uuid(user_id, "user_id")
        who = None if by is None else parse_uuid(by, "by")
        async with self._serve(_REASON, user_id=who, actor=actor) as s:
            await s.fetch(_KEYS, tenant, user)
            before = await _role_to_change(s, tenant, user, None, who)
            await s.fetch(_ALONE, tenant, user)
            # Before the membership goes, as whoever accepts holds the invitation first.
            await s.execute(_WITHDRAW, tenant, user)
            await s.execute(_REMOVE, tenant, user)
            if before == "owner":
                await s.execute(_HAND_ON, tenant, user)
            await self._end_sessions(user, [tenant])


async def _role_to_change(
    s: ServiceTransaction, tenant: UUID, user: UUID, wanted: str | None, by: UUID | None
) -> str:
    """What he is now, if that may become what is wanted; None for no member."""
    owners = [row[0] for row in await s.fetch(_OWNERS, tenant)]
    role = await s.fetch_value(_ROLE, tenant, user)
    if role is None:
        raise NotFound(Membership.__tablename__, user)
    if by is not None and not (by == user and wanted is None):
        authority = await s.fetch_value(_AUTHORITY, tenant, by)
        if authority not in {"owner", "admin"}:
            raise NotAllowed(role="admin")
        if authority != "owner" and "owner" in {role, wanted}:
            raise NotAllowed(role="owner")
    if role == "owner" and wanted != "owner" and not any(owner != user for owner in owners):
        raise LastOwner(
            "This is the tenant's last owner.",
            hint="Make another member an owner first.",
            table=Membership.__tablename__,
            constraint="last_owner",
            column="role",
        )
    return str(role)
