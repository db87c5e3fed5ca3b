"""`context`: whether transactions name their tenant plainly or under a seal."""

from __future__ import annotations

from typing import Annotated

import typer

from . import place
from .answer import Answer
from .command import command, group

app = group("Plain or sealed contexts, and the keys of the seal.")


@command(app)
async def status() -> Answer:
    """Show which context the database asks for, and under which keys."""
    from tenantry.migrations.sealing import sealing

    found = await sealing(place.running())
    lines = [f"The database asks for {'sealed' if found.sealed else 'plain'} contexts."]
    for key in dict.fromkeys((*found.configured, *found.accepted)):
        where = [
            *(["accepted by the database"] if key in found.accepted else []),
            *(["in the settings"] if key in found.configured else []),
            *(["seals new contexts"] if key == next(iter(found.configured), None) else []),
        ]
        lines.append(f"  key {key}: {', '.join(where)}")
    return Answer(found.to_dict(), "\n".join(lines))


@command(app)
async def seal(
    only: Annotated[
        bool, typer.Option("--only", help="Accept no other key: the last step of a rotation.")
    ] = False,
) -> Answer:
    """Have the database ask for sealed contexts, under the keys in TENANTRY_SEAL_KEYS.

    To change the key: put a new one first in the settings and run this; restart every process with
    both; then leave the old one out and run this with --only.
    """
    from tenantry.migrations import sealing

    await sealing.seal(place.running(), only=only)
    return await _told()


@command(app)
async def unseal() -> Answer:
    """Go back to plain contexts, which injected SQL can change."""
    from tenantry.migrations import sealing

    await sealing.unseal(place.running())
    return await _told()


async def _told() -> Answer:
    from tenantry.migrations.sealing import sealing

    found = await sealing(place.running())
    kind = "sealed" if found.sealed else "plain"
    return Answer(found.to_dict(), f"The database asks for {kind} contexts now.")
