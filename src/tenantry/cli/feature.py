"""`feature`: what not every server has, or not every platform wants."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from . import place, screen
from .answer import Answer, table
from .command import command, group

app = group("List, enable and disable optional features.")

_Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="graph, vectors, statements, events or graph-questions"),
]


@command(app, "list")
async def list_() -> Answer:
    """List the features, and how they stand here."""
    from tenantry.ops import features

    found = await features.list_features(place.running())
    rows = [
        (f.name, "enabled" if f.enabled else "available" if f.available else "not here", f.detail,
         f.description)
        for f in found
    ]  # fmt: skip
    return Answer({"features": found}, table(("Feature", "State", "By", "For"), rows))


@command(app)
async def enable(name: _Name) -> Answer:
    """Make a feature's extension, or its triggers. On a server of your own, TENANTRY_ADMIN_URL says
    who can make an extension."""
    from tenantry.ops import features

    with screen.progress() as tell:
        tell(f"Enabling {name}")
        found = await features.enable(place.running(), name, admin_url=_admin_url())
    return Answer(found, f"{found.name} is enabled ({found.detail}).")


@command(app)
async def disable(name: _Name) -> Answer:
    """Remove a feature's extension, refused while anything is kept in it; or its triggers."""
    from tenantry.ops import features

    found = await features.disable(place.running(), name, admin_url=_admin_url())
    return Answer(found, f"{found.name} is disabled.")


def _admin_url() -> str | None:
    return os.environ.get("TENANTRY_ADMIN_URL") or None
