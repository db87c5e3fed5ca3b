"""What can be lost while one works under it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tenantry.errors import LockLost


class Losable:
    """A lock of some kind: its name, the fence of this holder, and whether it was lost."""

    name: str
    #: Grows with every holder of the lock.
    fence: int

    def __init__(self, name: str) -> None:
        self.name = name
        self.fence = 0
        self._lost = False
        self._released = False
        self._told: list[Callable[[], object]] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, fence={self.fence}, lost={self.lost})"

    @property
    def lost(self) -> bool:
        return self._lost

    def check(self) -> None:
        """`LockLost` if it was: for a place between two steps where one can still turn back."""
        if self.lost:
            raise LockLost(self.name)

    def when_lost(self, tell: Callable[[], object]) -> None:
        """Have `tell` called, on the event loop, in the moment it is known to be lost."""
        self._told.append(tell)

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            # One turn later, when a task that met the loss by itself has left its block with it.
            # What a callback raises is the event loop's to report: the lock is let go of all the same.
            loop = asyncio.get_running_loop()
            for tell in self._told:
                loop.call_soon(tell)


async def happens(event: asyncio.Event, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False


@asynccontextmanager
async def cancelled_when_lost(lock: Losable) -> AsyncIterator[None]:
    """Cancels what runs inside when the lock is lost, which comes out as `LockLost`."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a block runs in a task")
    asked = task.cancelling()
    inside, cancelled = True, False

    def cancel() -> None:
        nonlocal cancelled
        # A plain thread's work, through `tenantry.sync`, has no task: this one has ended then.
        if inside and not cancelled:
            cancelled = task.cancel()

    lock.when_lost(cancel)
    try:
        yield
    except asyncio.CancelledError as error:
        # A cancellation by somebody else, beside ours or alone, goes on.
        if cancelled and task.uncancel() <= asked:
            raise LockLost(lock.name) from error
        raise
    except BaseException:
        if cancelled:
            task.uncancel()
        raise
    else:
        if cancelled:
            task.uncancel()
            raise LockLost(lock.name)
    finally:
        inside = False
