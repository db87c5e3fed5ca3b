"""`stats`: what a tenant, or each of them, has."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import lookup, place
from .answer import Answer, facts, table
from .command import command

if TYPE_CHECKING:
    from tenantry.models import Tenant
    from tenantry.repositories import TenantStatistics

app = typer.Typer()

_Optional = Annotated[
    str | None, typer.Argument(metavar="[TENANT]", help="Its slug or id; else every tenant.")
]


@command(app)
async def stats(
    tenant: _Optional = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="Of how many tenants, newest first.")
    ] = 20,
) -> Answer:
    """Count what a tenant has, and what it costs."""
    async with place.service(f"stats {tenant or ''}".strip()) as s:
        chosen = (
            await s.tenants.list(limit=limit)
            if tenant is None
            else [await lookup.tenant(s, tenant)]
        )
        found = [(t, await s.tenant(t.id).account.statistics()) for t in chosen]
    if tenant is not None:
        ((one, figures),) = found
        return Answer(_data(one, figures), facts(_facts(figures)))
    columns = ("Tenant", "Users", "Projects", "Tasks", "Open", "Executions", "Messages", "This month", "In all")  # fmt: skip
    view = table(columns, [_row(t, f) for t, f in found], "There are no tenants.")
    return Answer({"tenants": [_data(t, f) for t, f in found]}, view)


def _data(tenant: Tenant, figures: TenantStatistics) -> dict[str, Any]:
    return {"tenant": tenant.slug, **asdict(figures)}


def _facts(figures: TenantStatistics) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name.replace("_", " ").capitalize(): value for name, value in asdict(figures).items()
    }
    for name, value in shown.items():
        if name.startswith("Cost"):
            shown[name] = f"${value:,.2f}"
    return shown


def _row(tenant: Tenant, f: TenantStatistics) -> tuple[Any, ...]:
    return (
        tenant.slug, f.users, f.projects, f.tasks, f.tasks_open, f.executions, f.messages,
        f"${f.cost_this_month:,.2f}", f"${f.cost_total:,.2f}",
    )  # fmt: skip
