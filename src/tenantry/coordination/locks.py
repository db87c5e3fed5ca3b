"""Locks that several processes share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from tenantry.errors import InvalidInput, LockLost, LockNotAcquired, StaleFence, TransactionError

from .advisory import DatabaseLock, held_in_database
from .fencing import Holder, record_fence
from .lock import Lock
from .losing import Losable, cancelled_when_lost
from .share import Share

#: As long as the database's unique index takes it, whatever its characters.
_LONGEST_NAME: Final = 255
_DAY_S: Final = 86_400


class Locks:
    """A tenant's locks. One is held by at most one at a time, whichever process he is in."""

    def __init__(self, share: Share) -> None:
        self._share = share

    @asynccontextmanager
    async def hold(
        self,
        name: str,
        *,
        wait: float = 0,
        timeout: float = 30,
        cancel_on_loss: bool = True,
    ) -> AsyncIterator[Lock]:
        """Hold a lock for the length of a block, waiting up to `wait` seconds for it.

        It ends `timeout` seconds after its holder died; a holder who lives has it renewed. If it is
        lost all the same, the block is cancelled (unless `cancel_on_loss` is false) and `LockLost`
        comes out of it.
        """
        lock = await self.acquire(name, wait=wait, timeout=timeout)
        async with _released_after(lock):
            if cancel_on_loss:
                async with cancelled_when_lost(lock):
                    yield lock
            else:
                yield lock

    async def acquire(self, name: str, *, wait: float = 0, timeout: float = 30) -> Lock:
        """Take a lock, to be let go of with `await lock.release()`; `LockNotAcquired` if another
        has it for the next `wait` seconds."""
        lock, wait = self._lock(name, timeout), _patience(wait)
        began = time.monotonic()
        try:
            with self._share.coordination.lock_stats.taking():
                while (held_for := await lock.take()) is not None:
                    left = wait - (time.monotonic() - began)
                    if left <= 0:
                        raise LockNotAcquired(name, time.monotonic() - began)
                    await lock.turn(left, held_for)
        except LockNotAcquired:
            raise
        except BaseException:
            await asyncio.shield(asyncio.create_task(lock.give_up()))
            raise
        lock.keep()
        return lock

    async def try_acquire(self, name: str, *, timeout: float = 30) -> Lock | None:
        """Take a lock if nobody has it."""
        try:
            return await self.acquire(name, timeout=timeout)
        except LockNotAcquired:
            return None

    def in_database(
        self, name: str, *, wait: float = 0, cancel_on_loss: bool = True
    ) -> AbstractAsyncContextManager[DatabaseLock]:
        """A lock of PostgreSQL's own, for the length of a block: nothing else is needed.

        Within a transaction it is the transaction's, and lasts until that ends. Outside of one it
        keeps a transaction open for itself, and a connection with it. It has nothing to do with a
        lock of the same name in Redis or Valkey.
        """
        return held_in_database(
            self._share, _checked(name), wait=_patience(wait), cancel_on_loss=cancel_on_loss
        )

    async def guard(self, lock: Holder) -> None:
        """Let this transaction write only if nobody who came to hold the lock later has written.

        To be called first in the transaction. Until it ends, other holders' transactions wait here.
        `StaleFence` for a late holder; whoever was here before him is none.
        """
        if self._share.transaction is None:
            raise TransactionError(
                "A lock guards what a transaction writes, and there is none.",
                hint="async with db.tenant(…) as t: await t.locks.guard(lock)",
            )
        if isinstance(lock, Losable):
            lock.check()
        try:
            await record_fence(self._share.transaction, _checked(lock.name), lock.fence)
        except StaleFence as error:
            if isinstance(lock, Lock):
                await lock.raise_fence(error.newest)
            raise

    def _lock(self, name: str, timeout: float) -> Lock:
        if not 0 < timeout <= _DAY_S:
            raise InvalidInput("A lock is taken for up to a day at a time.", field="timeout")
        share = self._share
        return Lock(share.coordination.lasting, share.keys, _checked(name), timeout)


@asynccontextmanager
async def _released_after(lock: Lock) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        # What happened inside says more than that the lock was lost.
        with suppress(LockLost):
            await lock.release()
        raise
    await lock.release()


def _patience(wait: float) -> float:
    if not wait <= _DAY_S:
        raise InvalidInput("A lock is waited for up to a day.", field="wait")
    return wait


def _checked(name: str) -> str:
    if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
        raise InvalidInput(f"A lock's name has 1 to {_LONGEST_NAME} characters.", field="name")
    return name
