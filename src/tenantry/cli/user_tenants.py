"""`user invite`, `add-to-tenant`, `role` and what else makes a user a member, or one no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from . import lookup, place
from .answer import Answer, row, table
from .command import command

if TYPE_CHECKING:
    from tenantry.database import Database
    from tenantry.models import Invitation, Tenant, User

app = typer.Typer()

_Role = Literal["owner", "admin", "manager", "member", "viewer"]
_Email = Annotated[str, typer.Argument(metavar="EMAIL")]


@command(app)
async def add_to_tenant(
    user: lookup.UserName,
    tenant: lookup.TenantName,
    role: Annotated[_Role, typer.Option(help="In the tenant.")] = "member",
) -> Answer:
    """Make a user a member of a tenant."""
    async with place.service(f"user add-to-tenant {user} {tenant}") as s:
        who, where = await lookup.user(s, user), await lookup.tenant(s, tenant)
        made = await s.tenant(where.id).memberships.create(user_id=who.id, role=role)
    return Answer(row(made), f"{who.email} is {made.role} of {where.slug}.")


@command(app)
async def role(
    user: lookup.UserName,
    tenant: lookup.TenantName,
    role: Annotated[_Role, typer.Argument(metavar="ROLE", help="The new one.")],
) -> Answer:
    """Change what a member is in a tenant. Their sessions there end. The last owner stays one."""
    async with place.database() as db:
        who, where = await _found(db, user, tenant, "role")
        await db.accounts.change_role(where.id, who.id, role, actor=place.actor())
    told = {"user_id": who.id, "tenant_id": where.id, "role": role}
    return Answer(told, f"{who.email} is {role} of {where.slug}.")


@command(app)
async def remove_from_tenant(user: lookup.UserName, tenant: lookup.TenantName) -> Answer:
    """Put a member out of a tenant: their sessions there and their keys end too."""
    async with place.database() as db:
        who, where = await _found(db, user, tenant, "remove-from-tenant")
        await db.accounts.remove_member(where.id, who.id, actor=place.actor())
    told = {"user_id": who.id, "tenant_id": where.id}
    return Answer(told, f"{who.email} is no member of {where.slug} any more.")


@command(app)
async def invite(
    email: _Email,
    tenant: lookup.TenantName,
    role: Annotated[_Role, typer.Option(help="In the tenant.")] = "member",
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=366, help="How long it is open.")
    ] = 7,
) -> Answer:
    """Invite an address to a tenant and print the token, this once: only a hash of it is kept. An open
    invitation it had before is withdrawn."""
    async with place.service(f"user invite {tenant}") as s:
        where = await lookup.tenant(s, tenant)
        made = await s.tenant(where.id).invitations.create(
            email, role, expires_in=timedelta(days=days)
        )
    note = f"{made.invitation.email} may join {where.slug}. Send it well: it is shown only now."
    return Answer({**row(made.invitation), "token": made.token}, made.token, note=note)


@command(app)
async def invitations(tenant: lookup.TenantName) -> Answer:
    """List a tenant's invitations, newest first."""
    async with place.service(f"user invitations {tenant}") as s:
        invited = s.tenant((await lookup.tenant(s, tenant)).id).invitations
        found = [one async for one in invited.iterate(order="newest")]
    rows = [(i.email, i.role, _state(i), i.expires_at, i.id) for i in found]
    view = table(("E-mail", "Role", "State", "Open until", "Id"), rows, "There are no invitations.")
    return Answer({"invitations": [row(i) for i in found]}, view)


@command(app)
async def uninvite(
    tenant: lookup.TenantName,
    invitation: Annotated[UUID, typer.Argument(metavar="INVITATION", help="Its id.")],
) -> Answer:
    """Withdraw an invitation. From here on it lets nobody in."""
    async with place.service(f"user uninvite {tenant}") as s:
        where = await lookup.tenant(s, tenant)
        gone = await s.tenant(where.id).invitations.revoke(invitation)
    return Answer(row(gone), f"Withdrew the invitation of {gone.email} to {where.slug}.")


async def _found(db: Database, user: str, tenant: str, doing: str) -> tuple[User, Tenant]:
    """In a transaction of its own, on record."""
    async with db.service(f"tenantry user {doing} {user} {tenant}", actor=place.actor()) as s:
        return await lookup.user(s, user), await lookup.tenant(s, tenant)


def _state(invitation: Invitation) -> str:
    if invitation.accepted_at:
        return "accepted"
    if invitation.revoked_at:
        return "withdrawn"
    return "expired" if invitation.expires_at <= datetime.now(UTC) else "open"
