"""What happened, for whoever wants to know.

Three ways, from fleeting to certain: `shout` reaches who listens just now, `append` adds to a stream
that is kept, and `publish` is part of a transaction: the event is sent if that commits, and only then.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from tenantry import ids
from tenantry.errors import CoordinationError, InvalidInput
from tenantry.kernel.codecs import Whole, dumps

from . import streams
from .share import Share
from .streams import Event, Group

if TYPE_CHECKING:
    from .channels import Listener

_PUBLISH: Final = "SELECT tenantry.publish_event($1, $2, $3)"
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Message:
    """What was said in a channel."""

    channel: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages may be missing here. `missed` is how many, where that is known: the listener was
    slower than its channels. None: the connection was lost meanwhile."""

    missed: int | None


class Events:
    """A tenant's events."""

    def __init__(self, share: Share) -> None:
        self._share = share

    # ---- in a transaction -------------------------------------------------------------------

    async def publish(self, topic: str, payload: Any, *, key: str | None = None) -> UUID:
        """An event of this transaction, or of one of its own outside any; its id.

        It is sent to the stream `topic` at least once if the transaction commits, and never if not.
        Events of one key are sent in the order of commits; whoever publishes one waits for other
        open transactions with that key. Needs a running relay (`tenantry events relay`).
        """
        transaction, begin = self._share.transaction, self._share.begin
        payload = Whole(payload)  # None is a value too
        if transaction is not None:
            published: UUID = await transaction.fetch_value(_PUBLISH, topic, payload, key)
            return published
        if begin is None:
            raise InvalidInput("Only a tenant publishes: use its handle.", field="tenant_id")
        async with begin() as own:
            published = await own.fetch_value(_PUBLISH, topic, payload, key)
        return published

    # ---- streams ----------------------------------------------------------------------------

    async def append(self, topic: str, payload: Any, *, key: str | None = None) -> UUID:
        """An event straight into the stream, whatever becomes of any transaction; its id."""
        event, kept = ids.uuid7(), self._share.coordination.settings.stream_length
        words = streams.words_of(event, datetime.now(UTC), key, dumps(payload))
        (answer,) = await self._store.script(streams.ADD, [self._stream(topic)], kept, *words)
        if answer:
            raise CoordinationError(
                f"The stream refused the event: {answer.decode()}", store=self._store.name
            )
        return event

    def consume(
        self,
        topic: str,
        *,
        group: str,
        consumer: str | None = None,
        start: Literal["beginning", "now"] = "beginning",
        batch: int = 16,
        idle: float = 60.0,
        attempts: int = 5,
        remember: float = _DAY,
        patience: float = 30.0,
    ) -> AsyncIterator[Event]:
        """Events as they come, each to one consumer of the group: `async with event:` or
        `await event.ack()` says that it is done.

        What is not done in `idle` seconds goes to another consumer, and after so many `attempts` to
        the dead letters. Repeats of what was done in the last `remember` seconds are left out.
        `start` says from where a group reads that is new. While the server is away it waits, for
        `patience` seconds at a time; then `CoordinationUnavailable`.
        """
        for name, value in (("batch", batch), ("attempts", attempts), ("idle", idle)):
            if value <= 0:
                raise InvalidInput(f"{name} is more than nothing.", field=name)
        who = consumer or f"{socket.gethostname()}-{os.getpid()}"
        for name, text in (("group", group), ("consumer", who)):
            if not text or len(text) > 200:
                raise InvalidInput(f"A {name} has 1 to 200 characters.", field=name)
        return Group(
            self._store, self._share.keys, topic, group, who, start,
            batch, idle, attempts, remember, patience,
        ).events()  # fmt: skip

    async def read(
        self, topic: str, *, after: str | None = None, limit: int = 100, dead: bool = False
    ) -> list[Event]:
        """A page of what the stream keeps, oldest first; the next one is `after` the last's `entry`.
        With `dead`, of what its consumers were given up on."""
        first = "-" if after is None else f"({after}"
        words = "XRANGE", self._stream(topic, dead=dead), first, "+", "COUNT", limit
        found = await self._store.command(*words)
        return [streams.read_event(topic, entry, fields) for entry, fields in found or ()]

    async def count(self, topic: str, *, dead: bool = False) -> int:
        """How many events the stream keeps, or how many dead letters there are."""
        return int(await self._store.command("XLEN", self._stream(topic, dead=dead)))

    async def trim(
        self,
        topic: str,
        *,
        keep: int | None = None,
        before: datetime | None = None,
        dead: bool = False,
    ) -> int:
        """Let go of the oldest: of all but about `keep` (none for 0), or of those that were sent
        `before`. With `dead`, of the dead letters, which nothing else lets go of."""
        if (keep is None) == (before is None):
            raise InvalidInput("Say how many to keep, or before when.", field="keep")
        how: tuple[Any, ...] = ("MAXLEN", "~", keep) if keep else ("MAXLEN", 0)
        if before is not None:
            how = ("MINID", "~", int(before.timestamp() * 1000))
        return int(await self._store.command("XTRIM", self._stream(topic, dead=dead), *how))

    # ---- channels ---------------------------------------------------------------------------

    async def shout(self, channel: str, payload: Any) -> int:
        """Tell whoever listens just now; how many that were (of one node, in a Cluster)."""
        name = self._share.keys.name("channel", channel)
        return int(await self._store.command("PUBLISH", name, dumps(payload)))

    def listen(self, *channels: str, buffer: int = 1000, patience: float = 30.0) -> Listener:
        """`async for message in t.events.listen("board"):` what is said from now on, and a `Gap`
        where something may be missing: after a lost connection, or when more than `buffer` waited.
        `async with t.events.listen("board") as heard:` listens before the block begins."""
        from .channels import Listener  # noqa: PLC0415 - brings redis-py

        if not channels:
            raise InvalidInput("Listen to at least one channel.", field="channels")
        return Listener(self._store, self._share.keys, channels, buffer, patience)

    @property
    def _store(self) -> Any:
        return self._share.coordination.lasting

    def _stream(self, topic: str, *, dead: bool = False) -> str:
        return self._share.keys.name("dead" if dead else "stream", topic)
