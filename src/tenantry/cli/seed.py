"""`seed`: the demo."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.errors import InvalidInput

from . import place, screen
from .answer import Answer
from .command import command

if TYPE_CHECKING:
    from tenantry.ops.demo import Demo

app = typer.Typer()


@command(app)
async def seed(
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The day on which the demo's story ends; else today."),
    ] = None,
) -> Answer:
    """Load the demo: two companies with their people and projects. Again changes nothing."""
    day = None if as_of is None else _date(as_of)
    with screen.progress() as tell:
        tell("Loading the demo")
        demo = await load_demo(day)
    made = ", ".join(f"{count} {name}" for name, count in demo.created.items() if count)
    words = f"Created {made}." if made else "The demo is there already."
    return Answer(demo.to_dict(), f"{words} It is as of {demo.as_of}.")


async def load_demo(as_of: date | None) -> Demo:
    async with place.database() as db:
        from tenantry.ops import demo  # brings SQLAlchemy

        return await demo.seed(db, as_of=as_of)


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no date.", field="as_of", hint="Write it as 2026-01-31."
        ) from None
    if not 2000 <= day.year <= datetime.now(UTC).year + 1:
        raise InvalidInput("The demo's date must lie in this century.", field="as_of")
    return day
