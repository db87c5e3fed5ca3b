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

#: What is worth a word; the rest is a number.
_NAMED = ("users", "tenants", "projects", "desks", "tasks", "messages")


@command(app)
async def seed(
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The day on which the demo's story ends; else today."),
    ] = None,
) -> Answer:
    """Load the demo: two companies, and three months of their work. Again changes nothing."""
    day = None if as_of is None else _date(as_of)
    with screen.progress() as tell:
        tell("Loading the demo")
        demo = await load_demo(day)
    rows = sum(demo.created.values())
    named = {name: count for name in _NAMED if (count := demo.created.get(name))}
    made = [f"{count:,} {name}" for name, count in named.items()]
    if more := rows - sum(named.values()):
        made.append(f"{more:,} rows {'about them' if named else 'that were missing'}")
    words = f"Created {', '.join(made)}." if rows else "The demo is there already."
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
