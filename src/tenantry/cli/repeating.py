"""Commands that do their work again and again, until they are stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from tenantry.errors import InvalidInput


def seconds(text: str, field: str) -> float:
    from tenantry.config.durations import seconds as of_text

    try:
        found = of_text(text)
    except ValueError as error:
        raise InvalidInput(f"{text} {error}.", field=field) from None
    if found <= 0:
        raise InvalidInput("A time is more than nothing.", field=field)
    return found


def stopping() -> asyncio.Event:
    """Set by SIGTERM and Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def every(period: float, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Work now, and again each period from the last beginning on; what is under way when it is stopped is
    interrupted."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            again = loop.time() + period
            working = asyncio.ensure_future(work())
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
                return
            await working
            await asyncio.wait({stopped}, timeout=max(0, again - loop.time()))
    finally:
        stopped.cancel()
