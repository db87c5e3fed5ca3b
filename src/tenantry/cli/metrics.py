"""`metrics`: figures of the servers, for Prometheus."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from tenantry.errors import InvalidInput

from . import exits, place, screen
from .answer import Answer
from .command import command

app = typer.Typer()


@command(app)
async def metrics(
    *,
    serve: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Serve /metrics there until SIGTERM."),
    ] = None,
    keep: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long figures are good for.")
    ] = 5.0,
) -> Answer:
    """Print what PostgreSQL, Redis or Valkey, backups and the record are like, as Prometheus reads it.

    Nothing of it names a tenant or shows what one stores. What cannot be seen is left out, and its
    `tenantry_figures_up` is 0. Exit code 1: nothing could be seen.
    """
    settings = place.running() if serve is None else place.load()
    # First of all: it says what is missing where prometheus-client is not installed.
    from tenantry.config.hosts import bracketed
    from tenantry.ops.figures import watching
    from tenantry.ops.metrics.scrape import ROWS, exposition, look
    from tenantry.ops.metrics.serving import serving

    async with watching(settings, rows=ROWS, name="tenantry-metrics") as source:
        if serve is None:
            found = await look(source)
            up = any(one.metric == "tenantry_figures_up" and one.value for one in found)
            data = [
                {"metric": one.metric, "labels": one.labels, "value": one.value} for one in found
            ]
            return Answer(
                data, exposition(found).rstrip("\n"), code=exits.OK if up else exits.FAILED
            )
        host, port = _address(serve)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with serving(source, host, port, keep=keep) as there:
            at = f"http://{bracketed(host)}:{there}/metrics"
            screen.line({"event": "serving", "url": at}, f"Serving {at}")
            await stop.wait()
    return Answer(None, "")


def _address(text: str) -> tuple[str, int]:
    from tenantry.config.hosts import split_port

    try:
        host, port = split_port(text)
        number = int(port)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no address with a port.",
            field="serve",
            hint="As in: --serve 127.0.0.1:9187",
        ) from None
    return host, number
