"""`tenant`: customers, and whether they may write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from . import ask, lookup, place, tenant_restore, tenant_whole
from .answer import Answer, facts, row, table
from .command import Waiting, command, group

if TYPE_CHECKING:
    from tenantry.models import Tenant

app = group("Create, list, suspend and delete tenants; export, import and purge them.")

_Plan = Literal["free", "starter", "professional", "enterprise"]
_Status = Literal["pending", "active", "suspended", "deleted"]


@command(app)
async def create(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Its short name, as in URLs.")],
    *,
    name: Annotated[str | None, typer.Option(help="Its name; else made from the slug.")] = None,
    plan: Annotated[_Plan, typer.Option()] = "free",
    status: Annotated[Literal["pending", "active"], typer.Option()] = "active",
    owner_email: Annotated[str | None, typer.Option()] = None,
    owner_name: Annotated[str | None, typer.Option()] = None,
) -> Answer:
    """Create a tenant."""
    async with place.service(f"tenant create {slug}") as s:
        made = await s.tenants.create(
            slug=slug,
            name=name or slug.replace("-", " ").title(),
            plan=plan,
            status=status,
            owner_email=owner_email,
            owner_name=owner_name,
        )
    return Answer(row(made), f"Created tenant {made.slug} ({made.id}).")


@command(app, "list")
async def list_(
    status: Annotated[_Status | None, typer.Option(help="Only these.")] = None,
    plan: Annotated[_Plan | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=10_000)] = 100,
    after: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Continue after this id.")
    ] = None,
) -> Answer:
    """List tenants, newest first."""
    given = {"status": status, "plan": plan}
    filters: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    async with place.service("tenant list") as s:
        page = await s.tenants.list(limit=limit, after=after, **filters)
    rows = [(t.slug, t.name, t.plan, t.status, t.id, t.created_at) for t in page]
    view = table(("Slug", "Name", "Plan", "Status", "Id", "Created"), rows, "There are no tenants.")
    note = f"More: --after {page.next}" if page.next else ""
    return Answer({"tenants": [row(t) for t in page], "next": page.next}, view, note=note)


@command(app)
async def show(tenant: lookup.TenantName) -> Answer:
    """Show a tenant, its quotas and what it uses."""
    async with place.service(f"tenant show {tenant}") as s:
        found = await lookup.tenant(s, tenant)
        quotas, usage = row(await s.tenants.quotas(found.id)), row(await s.tenants.usage(found.id))
    data = {**row(found), "quotas": quotas, "usage": usage}
    shown = {
        "Slug": found.slug, "Name": found.name, "Id": found.id, "Plan": found.plan,
        "Status": found.status, "Owner": found.owner_email, "Settings": found.settings,
        "Created": found.created_at, "Suspended": found.suspended_at, "Deleted": found.deleted_at,
        "Users": _used(usage["current_users"], quotas["max_users"]),
        "Projects": _used(usage["current_projects"], quotas["max_projects"]),
    }  # fmt: skip
    return Answer(data, facts(shown))


@command(app)
async def suspend(tenant: lookup.TenantName) -> Answer:
    """Refuse a tenant's writes. It can still read."""
    async with place.service(f"tenant suspend {tenant}") as s:
        found = await s.tenants.suspend((await lookup.tenant(s, tenant)).id)
    return _changed(found)


@command(app)
async def resume(tenant: lookup.TenantName) -> Answer:
    """Let a suspended or deleted tenant work again."""
    async with place.service(f"tenant resume {tenant}") as s:
        found = await s.tenants.resume((await lookup.tenant(s, tenant)).id)
    return _changed(found)


@command(app)
def delete(tenant: lookup.TenantName, yes: ask.Yes = False) -> Waiting:
    """Mark a tenant deleted: no writes, no key works. Its rows stay until they are purged."""
    ask.confirm(f"Delete tenant {tenant}? `tenantry tenant resume` brings it back.", yes=yes)
    return _delete(tenant)


async def _delete(tenant: str) -> Answer:
    async with place.service(f"tenant delete {tenant}") as s:
        found = await s.tenants.soft_delete((await lookup.tenant(s, tenant)).id)
    return _changed(found)


def _changed(tenant: Tenant) -> Answer:
    return Answer(row(tenant), f"Tenant {tenant.slug} is {tenant.status}.")


def _used(current: int, limit: int | None) -> str:
    return f"{current} of {limit}" if limit is not None else str(current)


tenant_whole.add_to(app)
tenant_restore.add_to(app)
