"""`graph list`, `rebuild`, `verify` and `drop`: the graphs of all tenants, kept as their tables are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from tenantry.errors import InvalidInput

from . import ask, exits, lookup, place, screen
from .answer import Answer, View, plain, table
from .command import Waiting, command

if TYPE_CHECKING:
    from tenantry.ops.graphs import Begin, Comparison, Standing

app = typer.Typer()

_Tenant = Annotated[
    str | None, typer.Option("--tenant", metavar="TENANT", help="Its slug or id: only this one.")
]
_All = Annotated[bool, typer.Option("--all", help="Of every tenant that has a graph.")]


@command(app, "list")
async def list_() -> Answer:
    """List the tenants that have a graph, and what it takes on disk. One is made when it is first
    asked, or by `graph rebuild`."""
    from tenantry.ops import graphs

    async with _serving("list") as begin:
        found = await graphs.standing(begin)
    return Answer({"graphs": found}, _table(found, "No tenant has a graph yet."))


@command(app)
async def rebuild(
    tenant: _Tenant = None,
    all_: _All = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Make it for every tenant that has none.")
    ] = False,
) -> Answer:
    """Make graphs anew from their tables: after a restore, since dumps leave graphs out. A transaction
    for each tenant, whose writers wait meanwhile."""
    _one_of(tenant, all=all_, missing=missing)
    from tenantry.ops import graphs

    async with _serving("rebuild") as begin:
        chosen = await graphs.lacking(begin) if missing else await _chosen(begin, tenant)
        with screen.progress() as tell:
            for number, (tenant_id, slug) in enumerate(chosen, 1):
                tell(f"Making the graph of {slug} ({number} of {len(chosen)})")
                await graphs.rebuild(begin, tenant_id)
        ids = {tenant_id for tenant_id, _ in chosen}
        found = [x for x in await graphs.standing(begin) if x.tenant_id in ids]
    nothing = "Every tenant has a graph." if missing else "No tenant has a graph yet."
    note = f"Made {len(found)}." if found else ""
    return Answer({"rebuilt": found}, _table(found, nothing), note=note)


@command(app)
async def verify(
    tenant: _Tenant = None,
    all_: _All = False,
    mend: Annotated[
        bool, typer.Option("--mend", help="Make those that differ anew, and compare again.")
    ] = False,
) -> Answer:
    """Hold graphs against their tables. Exit code 1: one differs and was not mended, or what
    keeps them is not all there."""
    _one_of(tenant, all=all_)
    from tenantry.ops import graphs

    found: list[tuple[UUID, str, Comparison]] = []
    async with _serving("verify") as begin:
        chosen = await _chosen(begin, tenant)
        there = {x.tenant_id for x in await graphs.standing(begin)}
        kept = await graphs.kept(begin)
        with screen.progress() as tell:
            for number, (tenant_id, slug) in enumerate(chosen, 1):
                tell(f"Comparing the graph of {slug} ({number} of {len(chosen)})")
                if tenant_id in there:
                    found.append(
                        (tenant_id, slug, await graphs.compare(begin, tenant_id, mend=mend))
                    )
    ok = kept and all(x.ok for _, _, x in found)
    rows = [
        (slug, d.label, d.missing, d.surplus, x.mended)
        for _, slug, x in found
        for d in x.differences
    ]
    view = table(
        ("Tenant", "Label", "Missing", "Surplus", "Mended"), rows,
        f"{len(found)} compared: all as their tables." if found else "There is none yet.",
    )  # fmt: skip
    data = {"ok": ok, "kept": kept, "graphs": [_compared(*x) for x in found]}
    return Answer(data, view, note=_advice(ok, kept, mend), code=exits.OK if ok else exits.FAILED)


@command(app)
def drop(tenant: _Tenant = None, all_: _All = False, yes: ask.Yes = False) -> Waiting:
    """Drop graphs: what is in them stays in the tables, and they are made again when they are asked."""
    _one_of(tenant, all=all_)
    whose = f"the graph of tenant {tenant}" if tenant else "the graph of every tenant"
    ask.confirm(f"Drop {whose}? It can be made again from the tables.", yes=yes)
    return _drop(tenant)


async def _drop(tenant: str | None) -> Answer:
    from tenantry.ops import graphs

    dropped = []
    async with _serving("drop") as begin:
        chosen = await _chosen(begin, tenant)
        with screen.progress() as tell:
            for number, (tenant_id, slug) in enumerate(chosen, 1):
                tell(f"Dropping the graph of {slug} ({number} of {len(chosen)})")
                if await graphs.drop(begin, tenant_id):
                    dropped.append({"tenant_id": tenant_id, "tenant": slug})
    words = f"Dropped {len(dropped)}." if dropped else "There was none."
    return Answer({"dropped": dropped}, words)


@asynccontextmanager
async def _serving(doing: str) -> AsyncIterator[Begin]:
    """One entry in the record, however many tenants."""
    async with place.database() as db:
        yield await db.serving(f"tenantry graph {doing}")


async def _chosen(begin: Begin, tenant: str | None) -> list[tuple[UUID, str]]:
    """The tenant of this name, or all that have a graph; refused where there are no graphs at all."""
    from tenantry.ops import graphs

    found = await graphs.standing(begin)
    if tenant is None:
        return [(x.tenant_id, x.tenant) for x in found]
    async with begin() as s:
        one = await lookup.tenant(s, tenant)
    return [(one.id, one.slug)]


def _one_of(tenant: str | None, **chosen: bool) -> None:
    if (tenant is not None) + sum(chosen.values()) != 1:
        options = ["--tenant", *(f"--{name}" for name in chosen)]
        raise InvalidInput(
            f"Say whose graph: one of {', '.join(options)}.",
            field="tenant",
        )


def _compared(tenant_id: UUID, slug: str, found: Comparison) -> dict[str, Any]:
    return {"tenant_id": str(tenant_id), "tenant": slug, "ok": found.ok, **plain(found)}


def _advice(ok: bool, kept: bool, mend: bool) -> str:
    if not kept:
        return "Not all that keeps the graphs is there: `tenantry feature enable graph`."
    return "" if ok or mend else "`--mend` makes these anew from the tables."


def _table(found: list[Standing], empty: str) -> View:
    rows = [(x.tenant, x.labels, f"{x.bytes / 2**20:,.1f} MB") for x in found]
    return table(("Tenant", "Labels", "On disk"), rows, empty)
