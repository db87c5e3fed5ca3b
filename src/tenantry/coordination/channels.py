"""Channels: what is said now, to whoever listens now."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from redis.exceptions import RedisError

from tenantry.errors import CoordinationUnavailable, TenantryError
from tenantry.kernel.codecs import loads

from .events import Gap, Message
from .keys import Keys

if TYPE_CHECKING:
    from .store import Store

#: A connection that says nothing is asked whether it lives.
_QUIET_S: Final = 5.0


class Listener:
    """`async for message in listener`. A task of its own reads, so that one who is slow loses the
    oldest of what waits, and not the connection."""

    def __init__(
        self, store: Store, keys: Keys, channels: Sequence[str], buffer: int, patience: float
    ) -> None:
        self._store = store
        self._names = {keys.name("channel", c).encode(): c for c in channels}
        self._waiting: deque[Message | Gap] = deque()
        self._buffer = buffer
        self._missed = 0
        self._patience = patience
        self._news = asyncio.Event()
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: TenantryError | None = None

    async def __aenter__(self) -> Self:
        """From here on nothing is missed."""
        if self._task is None:
            self._task = asyncio.create_task(self._read())
        await self._listening.wait()
        if self._failure is not None:
            raise self._failure
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message | Gap:
        if self._task is None:
            await self.__aenter__()
        while True:
            if self._missed:
                missed, self._missed = self._missed, 0
                return Gap(missed)
            if self._waiting:
                return self._waiting.popleft()
            if self._failure is not None:
                raise self._failure
            if self._task is None or self._task.done():
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()

    async def aclose(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._news.set()

    async def _read(self) -> None:
        """Listens, anew after each loss of the connection, until the server is away for too long."""
        away_since: float | None = None
        while True:
            pubsub = self._store.client.pubsub(ignore_subscribe_messages=False)
            try:
                async with asyncio.timeout(self._store.timeout):
                    await pubsub.subscribe(*self._names)
                    for _ in self._names:
                        await pubsub.get_message(timeout=self._store.timeout)
                if self._listening.is_set():
                    self._add(Gap(None))
                self._listening.set()
                away_since = None
                await self._receive(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since >= self._patience:
                    self._fail(error)
                    return
                await asyncio.sleep(0.2)
            finally:
                await _closed(pubsub)

    async def _receive(self, pubsub: Any) -> None:
        asked = False
        while True:
            found = await pubsub.get_message(timeout=self._store.timeout if asked else _QUIET_S)
            if found is None:
                if asked:
                    raise TimeoutError("no answer")
                await pubsub.ping()
                asked = True
                continue
            asked = False
            if found["type"] == "message":
                self._add(Message(self._names[found["channel"]], loads(found["data"])))
            elif found["type"] == "subscribe":
                # The client has connected anew by itself.
                self._add(Gap(None))

    def _add(self, item: Message | Gap) -> None:
        if isinstance(item, Gap) and self._waiting and self._waiting[-1] == item:
            return
        if len(self._waiting) >= self._buffer:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(item)
        self._news.set()

    def _fail(self, error: Exception) -> None:
        failure = CoordinationUnavailable(
            f"{self._store!r} has been away for {self._patience:g} s.",
            hint="Listen again: what was said meanwhile is lost.",
            store=self._store.name,
        )
        failure.__cause__ = error
        self._failure = failure
        self._listening.set()
        self._news.set()


async def _closed(pubsub: Any) -> None:
    with suppress(RedisError, OSError):  # it is gone already
        await pubsub.aclose()
