"""A tenant's streams: events that are kept, and read by groups of consumers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar
from uuid import UUID

from tenantry.errors import CoordinationError, CoordinationFull, CoordinationUnavailable
from tenantry.kernel.codecs import loads

from .keys import Keys
from .script import Script

if TYPE_CHECKING:
    from .store import Store

T = TypeVar("T")
ADD: Final = Script("stream_add")
_CLAIM: Final = Script("stream_claim")
_ACK: Final = Script("stream_ack")
_START: Final = {"beginning": "0", "now": "$"}


@dataclass(slots=True)
class Event:
    """One event of a stream. As a block it is acknowledged at the end, unless an error leaves it."""

    #: The same for every repeat of the event.
    id: UUID
    topic: str
    key: str | None
    payload: Any
    #: When it was published.
    at: datetime
    #: Where it stands in the stream.
    entry: str
    #: How often the group was given it, this time included.
    deliveries: int = 1
    _acknowledge: Callable[[], Awaitable[Any]] | None = field(
        default=None, repr=False, compare=False
    )

    async def ack(self) -> None:
        """It is done: the group is not given it again."""
        if self._acknowledge is not None:
            await self._acknowledge()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.ack()


def words_of(id: UUID, at: datetime, key: str | None, payload: bytes | str) -> tuple[Any, ...]:
    """An event as the arguments of `ADD`."""
    return str(id), at.isoformat(), "" if key is None else f"k{key}", payload


def read_event(topic: str, entry: bytes, fields: Any, deliveries: int = 1) -> Event:
    # A client's dict, or a script's list.
    found = (
        fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
    )
    key = found.get(b"key")
    return Event(
        UUID(found[b"id"].decode()),
        topic,
        None if key is None else key.decode(),
        loads(found[b"data"]),
        datetime.fromisoformat(found[b"at"].decode()),
        entry.decode(),
        deliveries,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """One consumer of a group, and how it reads."""

    store: Store
    keys: Keys
    topic: str
    name: str
    consumer: str
    start: Literal["beginning", "now"]
    batch: int
    #: After so long what another consumer was given and did not acknowledge comes to this one.
    idle: float
    attempts: int
    remember: float
    #: For how long the server may be away.
    patience: float

    async def events(self) -> AsyncIterator[Event]:
        await self._patiently(lambda: self._make(_START[self.start]))
        # What this consumer was given before it died comes first, and then as it comes.
        since: str | None = "-"
        while since is not None:
            events, since = await self._patiently(partial(self._claim, since, mine=True))
            for event in events:
                yield event
        looked = time.monotonic()
        while True:
            if time.monotonic() - looked >= self.idle / 2:
                looked = time.monotonic()
                events, _ = await self._patiently(self._claim)
                for event in events:
                    yield event
            for event in await self._patiently(self._new):
                yield event

    async def _make(self, start: str) -> None:
        stream = self.keys.name("stream", self.topic)
        try:
            await self.store.command("XGROUP", "CREATE", stream, self.name, start, "MKSTREAM")
        except CoordinationError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _made_again(self, error: CoordinationError) -> None:
        """Somebody erased the stream: what comes into the next one is all new."""
        # The one or the other, by the version and by whether one was waiting.
        if not any(word in str(error) for word in ("NOGROUP", "UNBLOCKED")):
            raise error
        await self._make("0")

    async def _new(self) -> list[Event]:
        # Shorter than the time in which an answer must come, so that a dead server is noticed.
        block = max(self.store.timeout / 2, 0.05)
        stream = self.keys.name("stream", self.topic)
        try:
            answer = await self.store.wait(
                *("XREADGROUP", "GROUP", self.name, self.consumer, "COUNT", self.batch),
                *("BLOCK", int(block * 1000), "STREAMS", stream, ">"),
                timeout=block + self.store.timeout,
            )
        except CoordinationError as error:
            await self._made_again(error)
            return []
        if not answer:
            return []
        (entries,) = answer.values() if isinstance(answer, dict) else (answer[0][1],)
        return await self._unseen(
            [(entry, fields, 1) for entry, fields in _flat(entries) if fields]
        )

    async def _claim(
        self, since: str = "-", *, mine: bool = False
    ) -> tuple[list[Event], str | None]:
        """Some of what was given and is not done, and from where on to ask for more."""
        keys = self.keys.name("stream", self.topic), self.keys.name("dead", self.topic)
        idle, whose = (0, self.consumer) if mine else (int(self.idle * 1000), "")
        args = (self.name, self.consumer, idle, self.attempts, self.batch, whose, since)
        try:
            last, taken = await self.store.script(_CLAIM, keys, *args)
        except CoordinationError as error:
            await self._made_again(error)
            return [], None
        return await self._unseen(taken), f"({last.decode()}" if last else None

    async def _unseen(self, entries: Sequence[Any]) -> list[Event]:
        """The entries as events, but for repeats of what the group has done already."""
        events = [read_event(self.topic, entry, fields, times) for entry, fields, times in entries]
        for event in events:
            event._acknowledge = self._acknowledging(event)
        if not events or not self.remember:
            return events
        asked = [("EXISTS", self._mark(event)) for event in events]
        seen = await self._patiently(lambda: self.store.commands(asked))
        for event, done in zip(events, seen, strict=True):
            if done:
                await event.ack()
        return [event for event, done in zip(events, seen, strict=True) if not done]

    def _acknowledging(self, event: Event) -> Callable[[], Awaitable[Any]]:
        keys = self.keys.name("stream", self.topic), self._mark(event)
        args = self.name, event.entry, int(self.remember * 1000)
        return lambda: self.store.script(_ACK, keys, *args)

    def _mark(self, event: Event) -> str:
        return self.keys.name("seen", f"{self.topic}:{self.name}:{event.id}")

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        return await patiently(work, self.patience)


def _flat(entries: Sequence[Any]) -> Sequence[Any]:
    """The client's reading of a Cluster's answer is a level deeper."""
    return entries[0] if entries and entries[0] and isinstance(entries[0][0], list) else entries


async def patiently(work: Callable[[], Awaitable[T]], patience: float) -> T:
    """`work`, again and again while the server is away or full, for so many seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return await work()
        except (CoordinationUnavailable, CoordinationFull):
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(0.2)
