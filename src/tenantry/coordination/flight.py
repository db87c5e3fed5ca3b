"""One piece of work that several callers wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Flight:
    """It goes on as long as somebody waits for it, whoever began it."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self.task = asyncio.get_running_loop().create_task(work)
        self._waiting = 0

    async def join(self) -> None:
        """Until it is over. A caller who is cancelled leaves the others waiting."""
        self._waiting += 1
        try:
            await asyncio.wait([self.task])
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.done():
                self.task.cancel()
                self.task.add_done_callback(_look_away)


def _look_away(task: asyncio.Task[Any]) -> None:
    """Nobody is left who would want to know of its error."""
    if not task.cancelled():
        task.exception()
