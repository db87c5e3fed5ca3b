"""`top`: what a running system does, now and again."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.errors import InvalidInput

from . import exits, place, screen
from .answer import Answer
from .command import command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tenantry.ops.figures import Source

    from .top_sections import Look

app = typer.Typer()

#: Of each list, if nobody says how many: of one section, and where there are several.
_ROWS, _FEW = 20, 5
_EVERY = "2s"


@command(app)
async def top(
    section: Annotated[
        str | None,
        typer.Argument(
            metavar="SECTION",
            help="One kind of figures: traffic, connections, ages, sessions, locks, slow, tenants, tables,"
            " indexes, bloat, sizes, replication, partitions, disk or valkey.",
        ),
    ] = None,
    *,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"Look again so often; {_EVERY} unless given."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, as without a terminal.")] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1000, help="Rows of each list at most.")
    ] = None,
) -> Answer:
    """Show what the servers do: statements, sessions, locks, sizes, lags, disk, Valkey, tenants. Values
    that tenants store are never shown. `q` or Ctrl-C ends it. With --json and --every each line is a
    document. Exit code 1: something could not be seen."""
    from tenantry.ops.figures import named, watching

    seconds = _seconds(every or _EVERY)
    names = [named(section).name] if section else []
    rows = limit or (_ROWS if section else _FEW)
    settings = place.running()
    async with watching(settings, rows=max(rows, _ROWS)) as source:
        if not once and screen.as_json.get() and every is not None:
            return await _lines(source, names, seconds)
        if not once and _at_a_terminal():
            return await _live(source, names, seconds, rows)
        with screen.progress() as tell:
            tell("Looking at the servers")
            look = await _look(source, names, None)
    return Answer(_data(look), lambda: _shown(look, names, rows), code=_code(look))


async def _look(source: Source, names: Sequence[str], before: Look | None) -> Look:
    from dataclasses import replace

    from tenantry.ops.figures import gather_all

    from .top_sections import Look

    gathered = await gather_all(source, names)
    # One look back is enough; a chain of them would be kept for ever.
    return Look(gathered, time.monotonic(), before and replace(before, before=None))


def _shown(look: Look, names: Sequence[str], rows: int) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from .top_sections import grids
    from .top_summary import Summary

    if not names:
        return Summary(look, rows)
    parts: list[RenderableType] = []
    for grid in (grid for name in names for grid in grids(look, name, rows)):
        parts += [*([Text("")] if parts else []), grid]
    return Group(*parts)


def _data(look: Look) -> dict[str, Any]:
    """What each section has, and why another has nothing; `rates` between two looks."""
    seen = {name: found.figures for name, found in look.gathered.items()}
    unseen = [
        {"section": name, "why": found.why, "hint": found.hint}
        for name, found in look.gathered.items()
        if found.figures is None
    ]
    traffic, earlier = look.of("traffic"), look.earlier("traffic")
    rates = traffic.rates(earlier) if traffic and earlier else None
    return {"at": datetime.now(UTC), "ok": not unseen, **seen, "rates": rates, "unseen": unseen}


def _code(look: Look) -> int:
    return exits.OK if all(f.figures is not None for f in look.gathered.values()) else exits.FAILED


# ---- again and again --------------------------------------------------------------------------


async def _lines(source: Source, names: Sequence[str], seconds: float) -> Answer:
    """A document a line, for programs, until SIGTERM or Ctrl-C."""
    stop, look = _stopping(), None
    while not stop.is_set():
        look = await _look(source, names, look)
        screen.line(_data(look), "")
        await _pause(stop, seconds)
    return Answer(None, "")


async def _live(source: Source, names: Sequence[str], seconds: float, rows: int) -> Answer:
    """On a screen of its own, which ends with what was there before it."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    stop = _stopping()
    console = Console(highlight=False, emoji=False)
    with (
        _Keys(stop),
        Live(
            Text("Looking at the servers"), console=console, screen=True, auto_refresh=False
        ) as live,
    ):
        live.refresh()
        look: Look | None = None
        while not stop.is_set():
            looking = asyncio.ensure_future(_look(source, names, look))
            ending = asyncio.ensure_future(stop.wait())
            await asyncio.wait({looking, ending}, return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            if not looking.done():
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
                break
            look = looking.result()
            live.update(_framed(_shown(look, names, rows), seconds), refresh=True)
            await _pause(stop, seconds)
    return Answer(None, "")


def _framed(shown: RenderableType, seconds: float) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    title = f"tenantry top  {datetime.now().astimezone():%H:%M:%S}  every {seconds:g} s, q ends it"
    return Group(Text(title, style="reverse"), shown)


class _Keys:
    """Sets `stop` at a `q`, while the terminal gives every key at once and shows none."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._kept: list[Any] | None = None

    def __enter__(self) -> None:
        if not sys.stdin.isatty():
            return
        import termios
        import tty

        self._kept = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        asyncio.get_running_loop().add_reader(sys.stdin, self._key)

    def __exit__(self, *_: object) -> None:
        if self._kept is None:
            return
        import termios

        asyncio.get_running_loop().remove_reader(sys.stdin)
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._kept)

    def _key(self) -> None:
        import os

        pressed = os.read(sys.stdin.fileno(), 64)
        if not pressed or {*b"qQ"} & {*pressed}:  # nothing: the terminal is gone
            self._stop.set()


def _at_a_terminal() -> bool:
    return sys.stdout.isatty() and not screen.as_json.get()


def _stopping() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _seconds(text: str) -> float:
    from tenantry.config.durations import seconds

    try:
        found = seconds(text)
    except ValueError as error:
        raise InvalidInput(f"{text} {error}.", field="every") from None
    if not 0.2 <= found <= 3600:
        raise InvalidInput("From 0.2 s to an hour.", field="every")
    return found
