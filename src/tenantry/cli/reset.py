"""`reset`: an empty development database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from . import ask, place, screen
from .answer import Answer
from .command import command

if TYPE_CHECKING:
    from tenantry.config import Settings

app = typer.Typer()


@command(app)
def reset(
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Load no demo data.")] = False,
    yes: ask.Yes = False,
) -> Answer:
    """Empty a development database, and migrate it anew. Servers stay; never in production."""
    settings = place.running()
    from tenantry.ops.reset import refuse_unless_for_development

    refuse_unless_for_development(settings)
    ask.confirm("This removes every tenant and all they have. Go on?", yes=yes)
    return asyncio.run(_reset(settings, seed=not no_seed))


async def _reset(settings: Settings, *, seed: bool) -> Answer:
    from tenantry.ops.reset import reset as empty

    with screen.progress() as tell:
        applied = await empty(settings, tell)
        seeded = None
        if seed and settings.profile == "development":
            tell("Loading the demo")
            from .seed import load_demo

            seeded = (await load_demo(None)).to_dict()
    words = "The database is empty" + (", but for the demo." if seeded else ".")
    return Answer({"applied": applied, "seeded": seeded}, words)
