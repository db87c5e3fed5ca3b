"""A time limit for what is awaited within."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadline:
    """`with Deadline(seconds):` does what `asyncio.timeout` does, without its coroutines: every
    cached hit and every rate limit pays for it."""

    __slots__ = ("_asked", "_over", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit is a task's")
        self._task, self._asked = task, task.cancelling()
        self._timer = task.get_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._over = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        # A cancellation by somebody else, beside ours or alone, goes on.
        if self._over and self._task.uncancel() <= self._asked and kind is asyncio.CancelledError:
            raise TimeoutError from error
