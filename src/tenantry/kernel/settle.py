"""Waiting for something whose outcome matters, also while being cancelled."""

from __future__ import annotations

import asyncio
from typing import Any


async def see_through(task: asyncio.Task[Any], grace: float) -> asyncio.CancelledError | None:
    """Wait for `task`, which nothing here cancels.

    A cancellation of the caller is held back and returned, so that the caller can raise it once it
    knows the outcome. From then on the wait is bounded by `grace`, and `task` may not be done.
    """
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError as cancelled:
        held = cancelled
    except Exception:  # the task's own error, for the caller to read from it
        return None
    else:
        return None
    loop = asyncio.get_running_loop()
    end = loop.time() + grace
    while not task.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait({task}, timeout=left)
        except asyncio.CancelledError as again:
            held = again
    return held


def error_of(task: asyncio.Task[Any]) -> BaseException | None:
    """How `task` failed; a TimeoutError if it is still running."""
    if not task.done():
        return TimeoutError()
    return asyncio.CancelledError() if task.cancelled() else task.exception()
