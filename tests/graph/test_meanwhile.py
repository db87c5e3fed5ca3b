"""Graphs that are made, dropped and made anew while others write and ask."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias, TypeVar

import asyncpg
import pytest

from tenantry import Database
from tests.fixtures.database import make_tenant

from .following import assert_follows, has_graph

pytestmark = pytest.mark.postgres("wheel")
T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[Any]"


async def waiting(root: Connection, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Work that has begun, and waits for a lock."""
    before = await _waiters(root)
    task = asyncio.create_task(work)
    while await _waiters(root) <= before:
        assert not task.done(), f"it did not wait: {task}"
        await asyncio.sleep(0.005)
    return task


async def _waiters(root: Connection) -> int:
    count: int = await root.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    return count


async def test_a_writer_that_waited_for_the_making_finds_the_graph(
    gdb: Database, root: Connection
) -> None:
    """Also when its session has remembered that there is none."""
    acme = await make_tenant(gdb, "acme")
    t = gdb.tenant(acme.id)
    async with t as writer:
        # It looks for the graph, and lets go of it again: what it remembers is old from here.
        with pytest.raises(ZeroDivisionError):
            async with writer.savepoint():
                await writer.tasks.create(title="before")
                raise ZeroDivisionError
        async with gdb.tenant(acme.id) as maker:
            await maker.fetch("SELECT tenantry.open_graph()")
            making = await waiting(root, writer.tasks.create(title="meanwhile"))
        await making
    assert await has_graph(root, acme.id)
    await assert_follows(root, acme.id)
