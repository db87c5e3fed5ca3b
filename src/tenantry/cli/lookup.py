"""From what a person types to the row it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from tenantry.errors import NotFound

from . import place

if TYPE_CHECKING:
    from tenantry.database import Database
    from tenantry.handles import ServiceTransaction
    from tenantry.models import Tenant, User

TenantName = Annotated[str, typer.Argument(metavar="TENANT", help="Its slug or id.")]
UserName = Annotated[str, typer.Argument(metavar="USER", help="Their e-mail address or id.")]
TaskId = Annotated[UUID, typer.Argument(metavar="TASK", help="Its id.")]


class Unknown(NotFound):
    """Nothing goes by the name that was typed."""

    def __init__(self, resource: str, name: str, listing: str) -> None:
        super().__init__(resource, name)
        self.message = f"There is no {resource} {name}."
        self.hint = f"`tenantry {listing}` shows those there are."


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def tenant(s: ServiceTransaction, name: str) -> Tenant:
    tenant_id = as_uuid(name)
    found = await (s.tenants.by_slug(name) if tenant_id is None else s.tenants.find(tenant_id))
    if found is None:
        raise Unknown("tenant", name, "tenant list")
    return found


async def tenant_id(db: Database, name: str, doing: str) -> UUID:
    """In a transaction of its own, on record."""
    async with db.service(f"tenantry tenant {doing} {name}", actor=place.actor()) as s:
        return (await tenant(s, name)).id


async def user(s: ServiceTransaction, name: str) -> User:
    user_id = as_uuid(name)
    found = await (s.users.by_email(name) if user_id is None else s.users.find(user_id))
    if found is None:
        raise Unknown("user", name, "user list")
    return found
