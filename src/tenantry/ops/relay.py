"""The relay: carries committed events from the outbox to the streams of Redis or Valkey.

One batch is one transaction: read, send, delete, commit. Whoever dies in between has sent what the next
one sends again, and lost nothing. One relay works at a time, by a lock that ends with the batch, so
any number of them may run and a pooler may stand in between; the others stand by.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from tenantry.coordination import Keys
from tenantry.coordination.streams import ADD, words_of
from tenantry.database import Database
from tenantry.errors import CoordinationFull, CoordinationUnavailable, TenantryError
from tenantry.handles import ServiceTransaction

from .outbox import free_orphans

_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('tenantry.relay', 20261121))"
#: A batch ends with the event that passes this, and begins with so many refused ones at most.
_MOST_BYTES, _MOST_DUE = 8_000_000, 50
_COLUMNS: Final = (
    "tenant_id, id, topic, key, payload::text AS payload, position, created_at, attempts"
)
#: What is new, and whether an earlier one of its key was refused. Sizes are kept beside the payloads, so
#: that only those that are sent are read.
_FRESH: Final = f"""
    WITH fresh AS (
        SELECT tenant_id, id, topic, key, payload, position, created_at, attempts,
               sum(size) OVER (ORDER BY position) - size AS before
        FROM tenantry.outbox_events WHERE retry_at IS NULL ORDER BY position LIMIT $1)
    SELECT {_COLUMNS}, f.key IS NOT NULL AND EXISTS (
        SELECT FROM tenantry.outbox_events AS h
        WHERE h.tenant_id = f.tenant_id AND h.topic = f.topic AND h.key = f.key AND h.retry_at IS NOT NULL
    ) AS behind
    FROM fresh AS f WHERE f.before < $2 ORDER BY f.position"""  # noqa: S608 - only our own words
#: What was refused and is due.
_DUE: Final = f"""
    SELECT {_COLUMNS}, false AS behind FROM tenantry.outbox_events
    WHERE retry_at <= now() ORDER BY retry_at LIMIT $1"""  # noqa: S608
#: Whose tenants stay until the batch is over, so that nothing of one comes into a stream after its keys
#: were erased. One that is being deleted is left alone.
_STANDING: Final = (
    "SELECT id FROM tenantry.tenants WHERE id = ANY ($1::uuid[]) FOR KEY SHARE SKIP LOCKED"
)
_OF = "(tenant_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))"
_SENT: Final = f"DELETE FROM tenantry.outbox_events WHERE {_OF}"  # noqa: S608
_BEHIND: Final = f"UPDATE tenantry.outbox_events SET retry_at = 'infinity' WHERE {_OF}"  # noqa: S608
_PARK: Final = """
    UPDATE tenantry.outbox_events AS e
    SET attempts = e.attempts + 1, last_error = r.error,
        retry_at = now() + least(300, 2 ^ least(e.attempts, 9)) * interval '1 second'
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS r (tenant_id, id, error)
    WHERE e.tenant_id = r.tenant_id AND e.id = r.id"""
_RELEASE: Final = """
    UPDATE tenantry.outbox_events SET retry_at = NULL
    WHERE retry_at = 'infinity'
      AND (tenant_id, topic, key) IN (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]))"""
#: The smallest part of a batch that is tried, of one that did not go through in time.
_LEAST_PART: Final = 1 / 1024
#: While there is work, and after what failed.
_BUSY_S, _LONGEST_S = 0.01, 10.0

Begin = Callable[[], AbstractAsyncContextManager[ServiceTransaction]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one pass has done."""

    sent: int = 0
    #: Refused by their streams.
    parked: int = 0
    #: An earlier one of their key is parked.
    behind: int = 0
    #: Another relay is at work.
    standby: bool = False

    @property
    def idle(self) -> bool:
        return not (self.sent or self.parked or self.behind)


#: What a relay tells of: a pass that did something, or why one failed.
News = Batch | TenantryError


class Relay:
    """`async with Relay(db):` relays beside whatever else the program does; `await relay.run()` does
    nothing else until `relay.stop()`."""

    def __init__(
        self,
        db: Database,
        *,
        batch: int = 500,
        idle: float = 1.0,
        tell: Callable[[News], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._batch = batch
        #: How much of a batch is sent at once. A line that is slow takes a part in time, where it
        #: would never take all of it.
        self._part = 1.0
        self._idle = idle
        self._tell = tell
        self._begin: Begin | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        task, self._task = self._task, None
        if task is not None:
            await task

    def stop(self) -> None:
        """After the batch that is under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Relay until stopped. What is away, database or Redis, is waited for."""
        pause = _BUSY_S
        while not self._stopping.is_set():
            try:
                done = await self.pass_once()
            except TenantryError as error:
                self._tell(error)
                pause = min(_LONGEST_S, max(2 * pause, 0.1))
            else:
                if not done.idle:
                    self._tell(done)
                    pause = _BUSY_S
                    continue
                pause = self._idle if done.standby else min(self._idle, 2 * pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def drain(self) -> Batch:
        """Relay what is there and can be sent; all that was done."""
        sent = parked = behind = 0
        while True:
            done = await self.pass_once()
            if done.idle:
                return Batch(sent, parked, behind, done.standby)
            self._tell(done)
            sent, parked, behind = sent + done.sent, parked + done.parked, behind + done.behind

    async def pass_once(self) -> Batch:
        """One batch."""
        if self._begin is None:
            # On record once, not once a batch.
            begin = await self._db.serving("events relay")
            async with begin() as s:
                await free_orphans(s)
            self._begin = begin
        async with self._begin() as s:
            if not await s.fetch_value(_LOCK):
                return Batch(standby=True)
            most = max(int(self._batch * self._part), 1)
            rows = await s.fetch(_FRESH, most, int(_MOST_BYTES * self._part))
            rows += await s.fetch(_DUE, max(int(_MOST_DUE * self._part), 1))
            if not rows:
                return Batch()
            tenants = await s.fetch(_STANDING, list({row["tenant_id"] for row in rows}))
            standing = {row["id"] for row in tenants}
            rows = [row for row in rows if row["tenant_id"] in standing]
            behind = [row for row in rows if row["behind"]]
            ready = sorted((r for r in rows if not r["behind"]), key=lambda r: r["position"])
            try:
                sent, refused, held = await self._send(ready)
            except CoordinationUnavailable:
                self._part = max(self._part / 2, _LEAST_PART)
                raise
            self._part = min(self._part * 2, 1.0)
            await self._settle(s, sent, refused, [*behind, *held])
            return Batch(len(sent), len(refused), len(behind) + len(held))

    async def _send(
        self, rows: Sequence[Any]
    ) -> tuple[list[Any], list[tuple[Any, str]], list[Any]]:
        """Which were sent, which refused and why, and which wait for one of these."""
        streams: defaultdict[tuple[UUID, str], list[Any]] = defaultdict(list)
        for row in rows:
            streams[row["tenant_id"], row["topic"]].append(row)
        kept = self._db.settings.stream_length
        calls = []
        for (tenant_id, topic), events in streams.items():
            words = (words_of(e["id"], e["created_at"], e["key"], e["payload"]) for e in events)
            args = [kept, *(word for event in words for word in event)]
            calls.append((Keys(tenant_id).name("stream", topic), args))
        answers = await self._db.coordination.lasting.scripts(ADD, calls) if calls else []
        away = [a for a in answers if isinstance(a, (CoordinationUnavailable, CoordinationFull))]
        if away and len(away) == len(answers):
            raise away[0]
        sent: list[Any] = []
        refused: list[tuple[Any, str]] = []
        held: list[Any] = []
        for events, answer in zip(streams.values(), answers, strict=True):
            if isinstance(answer, TenantryError):
                answer = _all_refused(events, str(answer))  # noqa: PLW2901 - as the script would say
            for event, word in zip(events, answer, strict=True):
                if not word:
                    sent.append(event)
                elif word == b"behind":
                    held.append(event)
                else:
                    refused.append((event, word.decode(errors="replace")))
        return sent, refused, held

    async def _settle(
        self,
        s: ServiceTransaction,
        sent: Sequence[Any],
        refused: Sequence[tuple[Any, str]],
        behind: Sequence[Any],
    ) -> None:
        if sent:
            await s.execute(_SENT, *_ids(sent))
        if refused:
            errors = [error[:500] for _, error in refused]
            await s.execute(_PARK, *_ids([event for event, _ in refused]), errors)
        if behind:
            await s.execute(_BEHIND, *_ids(behind))
        # What waited for these goes on.
        if freed := [e for e in sent if e["attempts"] and e["key"] is not None]:
            lanes = ([e[name] for e in freed] for name in ("tenant_id", "topic", "key"))
            await s.execute(_RELEASE, *lanes)


def _all_refused(events: Sequence[Any], why: str) -> list[bytes]:
    """The first of each key, and those without."""
    answers, keys = [], set()
    for event in events:
        answers.append(b"behind" if event["key"] in keys else why.encode())
        if event["key"] is not None:
            keys.add(event["key"])
    return answers


def _ids(rows: Sequence[Any]) -> tuple[list[UUID], list[UUID]]:
    return [row["tenant_id"] for row in rows], [row["id"] for row in rows]
