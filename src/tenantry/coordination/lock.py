"""A lock that is held in Redis or Valkey, and how it is kept."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from typing import TYPE_CHECKING, Final

from tenantry.errors import CoordinationError, CoordinationUnavailable, LockLost

from .keys import Keys
from .losing import Losable, happens
from .script import Script

if TYPE_CHECKING:
    from .store import Store

ACQUIRE: Final = Script("lock_acquire")
_EXTEND: Final = Script("lock_extend")
_RELEASE: Final = Script("lock_release")
_RAISE: Final = Script("lock_raise")
_FAILED: Final = (CoordinationUnavailable, CoordinationError)
#: Those who wait for one who died shall not all come back in the same moment.
_SPREAD_S: Final = 0.05


class Lock(Losable):
    """Held until `release()`, and renewed in the background so long as this program lives.

    `fence` is greater than that of everybody who held the lock before: show it to what is written
    under the lock (`t.locks.guard(lock)`), which can then refuse whoever comes late.
    """

    def __init__(self, store: Store, keys: Keys, name: str, timeout: float) -> None:
        super().__init__(name)
        self.timeout = timeout
        self._store = store
        self._lock = keys.name("lock", name)
        self._fences = keys.name("fence", name)
        self._turn = keys.name("turn", name)
        # Whoever asks twice for the same holder is the same holder.
        self._holder = secrets.token_hex(16)
        self._sure_until = 0.0
        self._renewal: asyncio.Task[None] | None = None

    @property
    def lost(self) -> bool:
        """Whether another may hold it by now. What was asked of the server long ago tells nothing,
        so a program that was stopped for a while knows at once when it goes on."""
        return super().lost or (not self._released and time.monotonic() >= self._sure_until)

    async def extend(self) -> None:
        """Hold it for its whole timeout from now on, before work that leaves no time for renewing."""
        if self._released or super().lost:
            raise LockLost(self.name)
        if not await self._extend():
            self._lose()
            raise LockLost(self.name)

    async def release(self) -> None:
        """Let go of it. `LockLost` if another may have held it meanwhile; once is enough."""
        if self._released:
            return
        self._released = True
        # A caller who is cancelled goes; the lock is let go of all the same.
        self._ending = asyncio.create_task(self._release())
        await asyncio.shield(self._ending)

    async def _release(self) -> None:
        if self._renewal is not None:
            # Not in the middle of a command, which the server might see after the release.
            self._stop.set()
            await self._renewal
        keys = self._lock, self._fences, self._turn
        try:
            alone = await self._store.script(_RELEASE, keys, self._holder, self.fence)
        except _FAILED:
            # It ends by itself. Whether it was held to this moment is what the clock can tell.
            alone = time.monotonic() < self._sure_until
        if super().lost or not alone:
            self._lose()
            raise LockLost(self.name)

    # ---- taking it and keeping it -------------------------------------------------------------

    async def take(self) -> float | None:
        """None once it is held; else for how many seconds another has it yet."""
        asked = time.monotonic()
        keys = self._lock, self._fences
        taken, answer = await self._store.script(
            ACQUIRE, keys, self._holder, _milliseconds(self.timeout)
        )
        if not taken:
            return float(max(int(answer), 0)) / 1000
        self.fence = int(answer)
        self._sure_until = asked + self.timeout
        return None

    async def turn(self, left: float, held_for: float) -> None:
        """Wait until it is let go of, for at most `left` seconds. The server wakes one of those who
        wait: the one who has waited longest."""
        # A holder who died wakes nobody. And a connection must hear something now and then, or it
        # is taken for dead.
        longest = random.uniform(0.25, 0.5) * self._store.timeout  # noqa: S311 - no secret
        after_holder = held_for + random.uniform(0.001, _SPREAD_S)  # noqa: S311 - no secret
        seconds = max(min(left, after_holder, longest), 0.001)
        words = "BLPOP", self._turn, f"{seconds:.3f}"
        await self._store.wait(*words, timeout=seconds + self._store.timeout)

    async def give_up(self) -> None:
        """Whoever was interrupted while asking may hold it without knowing."""
        self._released = True
        keys = self._lock, self._fences, self._turn
        try:
            await self._store.script(_RELEASE, keys, self._holder, 0)
        except _FAILED:
            return  # it ends by itself

    def keep(self) -> None:
        """Renew it from now on."""
        self._stop = asyncio.Event()
        self._renewal = asyncio.create_task(self._keep(), name=f"tenantry lock {self.name}")

    async def raise_fence(self, newest: int) -> None:
        """The database has seen a greater fence than this lock's, though nobody else holds it: the
        server has forgotten it. Whoever takes the lock next goes on above it."""
        try:
            await self._store.script(_RAISE, (self._fences,), newest)
        except _FAILED:
            return  # whoever is refused next will try again

    async def _keep(self) -> None:
        pause = self.timeout / 3
        while not await happens(self._stop, within=pause):
            try:
                held = await self._extend()
            except _FAILED:
                held = time.monotonic() < self._sure_until
                # Away, not lost: there is time yet to come back.
                pause = min(self.timeout / 10, max(self._sure_until - time.monotonic(), 0))
            else:
                pause = self.timeout / 3
            if not held:
                self._lose()
                return

    async def _extend(self) -> bool:
        asked = time.monotonic()
        held = await self._store.script(
            _EXTEND, (self._lock,), self._holder, _milliseconds(self.timeout)
        )
        if held:
            self._sure_until = asked + self.timeout
        return bool(held)


def _milliseconds(seconds: float) -> int:
    return max(int(seconds * 1000), 1)
