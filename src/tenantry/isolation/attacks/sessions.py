"""Attacks on what a connection keeps: made through the application's own doors, one visitor after
another. A context that is no tenant's serves: what counts is whether it is still there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from secrets import randbits
from typing import Any
from uuid import uuid4

from .arena import Arena
from .doors import FAILURES, Door, Visit
from .registry import NotApplicable, Tries, Unseeing, attack
from .results import Trial

_CONTEXT = "SELECT coalesce(current_setting('app.tenant_id', true), '') AS tenant"
Deed = Callable[[Visit, Door], Awaitable[object]]


async def _doors(arena: Arena, *, size: int = 1) -> AsyncIterator[tuple[Door, ...]]:
    if arena.doors is None or not arena.doors.urls:
        raise NotApplicable("the application's own way in is not known here")
    for role in arena.doors.urls:
        async with arena.doors.of(role, size=size) as doors:
            yield doors


async def _after(arena: Arena, deed: Deed, look: str = _CONTEXT, *, leak: str = "") -> Tries:
    """Somebody's visit, and what the next one finds who has no tenant."""
    async for pair in _doors(arena):
        for door in pair:
            with suppress(*FAILURES, asyncio.CancelledError):
                await door.visit(str(uuid4()), partial(_at, deed, door))
            yield await _found(door, look, leak or "the context of the one before")


async def _at(deed: Deed, door: Door, visit: Visit) -> object:
    return await deed(visit, door)


async def _found(door: Door, look: str, leak: str) -> Trial:
    async def inspect(visit: Visit) -> list[Any]:
        return await visit.fetch(look)

    rows: list[Any] = []
    for glance in (partial(door.glance, look), partial(door.visit, None, inspect)):
        try:
            rows += await glance()
        except FAILURES as error:
            if not door.control:  # a control that saw nothing is told anyway
                raise Unseeing(
                    f"nobody gets in by the {door.name}'s way to look: {error}"
                ) from None
    found = any(str(value or "") not in ("", "0") for row in rows for value in row.values())
    return Trial(f"connections of {door.name}", leak if found else "", door.control)


@attack(
    22,
    "LISTEN",
    note="what is sent by NOTIFY is heard by whoever knows its channel: send no content",
)
async def listening(arena: Arena) -> Tries:
    async def deed(visit: Visit, door: Door) -> object:
        return await visit.fetch("LISTEN left_behind")

    look = "SELECT pg_listening_channels() AS channel"
    async for trial in _after(arena, deed, look, leak="messages for the one before"):
        yield trial


@attack(
    23,
    "A collision of advisory locks",
    note="a lock tells that its number is held, by nobody knows whom",
)
async def locking(arena: Arena) -> Tries:
    kind = randbits(31)

    async def deed(visit: Visit, door: Door) -> object:
        # Another number for each: behind a pooler the careless one's outlives its connection.
        return await visit.fetch(f"SELECT pg_advisory_lock({kind}, {randbits(31)})")

    look = (
        "SELECT count(*) AS held FROM pg_locks"
        f" WHERE locktype = 'advisory' AND classid = {kind} AND pid = pg_backend_pid()"
    )
    async for trial in _after(arena, deed, look, leak="a lock of the one before"):
        yield trial


@attack(45, "A session-level SET before the connection is used again")
async def session_level(arena: Arena) -> Tries:
    for sql in (
        "SELECT 1",
        "SET app.tenant_id = '{}'",
        "SELECT set_config('app.tenant_id', '{}', false)",
        "DO $$ BEGIN PERFORM set_config('app.' || 'tenant_id', '{}', false); END $$",
    ):

        async def deed(visit: Visit, door: Door, sql: str = sql) -> object:
            return await visit.fetch(sql.format(uuid4()))

        async for trial in _after(arena, deed):
            yield trial

    async def hold(visit: Visit, door: Door) -> object:
        return await visit.fetch("DECLARE left_open CURSOR WITH HOLD FOR SELECT 'secret' AS text")

    look = "SELECT count(*) AS open FROM pg_cursors WHERE name = 'left_open'"
    async for trial in _after(arena, hold, look, leak="a cursor of the one before"):
        yield trial


@attack(51, "Nested handles")
async def nested(arena: Arena) -> Tries:
    """A visit within another's: each keeps its own tenant."""
    async for pair in _doors(arena, size=2):
        for door in pair:
            outer, inner = str(uuid4()), str(uuid4())

            async def within(
                visit: Visit, door: Door = door, inner: str = inner
            ) -> tuple[str, str]:
                there = await door.visit(inner, _tenant)
                return await _tenant(visit), there

            found = await door.visit(outer, within)
            leak = "" if found == (outer, inner) else "the context of another handle"
            yield Trial(f"connections of {door.name}", leak, door.control)


async def _tenant(visit: Visit) -> str:
    return str((await visit.fetch(_CONTEXT))[0]["tenant"])


@attack(52, "Use after a cancellation")
async def cancelled(arena: Arena) -> Tries:
    async def deed(visit: Visit, door: Door) -> object:
        task = asyncio.create_task(visit.fetch("SELECT pg_sleep(5)"))
        await asyncio.sleep(0.02)
        task.cancel()
        return await task

    async for trial in _after(arena, deed):
        yield trial


@attack(53, "Use after an error")
async def failed(arena: Arena) -> Tries:
    async def deed(visit: Visit, door: Door) -> object:
        return await visit.fetch("SELECT 1 / 0")

    async def swallowed(visit: Visit, door: Door) -> object:
        with suppress(*FAILURES):
            await visit.fetch("SELECT nothing FROM nowhere")
        return None

    for made in (deed, swallowed):
        async for trial in _after(arena, made):
            yield trial


@attack(54, "Use after a time limit")
async def timed_out(arena: Arena) -> Tries:
    async def deed(visit: Visit, door: Door) -> object:
        return await visit.fetch("SELECT pg_sleep(5)", timeout=0.02)

    async for trial in _after(arena, deed):
        yield trial


@attack(55, "All of these through PgBouncer")
async def pooled(arena: Arena) -> Tries:
    """Attacks 22, 23, 45 and 51 to 54 went through whatever the URL leads to."""
    async for pair in _doors(arena):
        if not pair[0].pooled:
            raise NotApplicable("no pooler stands between the application and the server")

        async def deed(visit: Visit, door: Door) -> object:
            return await visit.fetch(_CONTEXT)

        async for trial in _after(arena, deed):
            yield trial
        return
