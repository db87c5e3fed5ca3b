"""Waiting for an answer that matters, also while being cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Settled(Generic[T]):
    """`await Settled(call, ...)` drives a call of the driver to its end.

    A cancellation of the task meanwhile does not reach the driver, which would cancel the statement
    and throw its answer away. It is held back as `cancelled`, for the caller to raise once it knows
    the outcome. From then on the wait is bounded: after `grace` seconds `give_up` is called, which
    must make the call fail.

    This is what `asyncio.shield` around a task does, without the task and its four turns of the
    event loop: those took a fifth of the time of a whole transaction.
    """

    # It shows itself to the task as the future to wait for: one that cannot be cancelled, so that
    # the task is told when it wakes up.
    __slots__ = (
        "_asyncio_future_blocking",
        "_call",
        "_give_up",
        "_grace",
        "_timer",
        "add_done_callback",
        "cancelled",
        "get_loop",
    )

    def __init__(
        self, call: Coroutine[Any, Any, T], *, grace: float, give_up: Callable[[], None]
    ) -> None:
        self._call = call
        self._grace = grace
        self._give_up = give_up
        self._timer: asyncio.TimerHandle | None = None
        self.cancelled: asyncio.CancelledError | None = None

    def __await__(self) -> Generator[Any, None, T]:
        call = self._call
        try:
            while True:
                try:
                    future = call.send(None)
                except StopIteration as stop:
                    answer: T = stop.value
                    return answer
                try:
                    if future is None:
                        yield
                        continue
                    # What a task does: the future asked to be waited for by whoever gets it.
                    future._asyncio_future_blocking = False
                    self._asyncio_future_blocking = True
                    self.add_done_callback = future.add_done_callback
                    self.get_loop = future.get_loop
                    yield self
                except asyncio.CancelledError as error:
                    self.cancelled = error
                except BaseException:  # noqa: S110 - the driver finds it in its future, and raises
                    pass
        finally:
            call.close()
            if self._timer is not None:
                self._timer.cancel()

    # ---- the part of a future that a task uses --------------------------------------------------

    def cancel(self, msg: object = None) -> bool:
        if self._timer is None:
            self._timer = self.get_loop().call_later(self._grace, self._give_up)
        return False
