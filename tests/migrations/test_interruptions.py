"""Migrations that meet each other, a lock, or their end half-way."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from tenantry.errors import LockTimeout, TenantryError
from tenantry.migrations import revisions
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tests.fixtures.database import Place

from .dump import dump_schema

_UP = """
import asyncio, os
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
print(*asyncio.run(Migrator(os.environ["OWNER_URL"], metadata).up()))
"""


async def _start(place: Place) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _UP,
        env={**os.environ, "OWNER_URL": place.url("owner")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


class Gate:
    """Holds migrations up in the middle of a revision, at its first trigger."""

    def __init__(self, admin: asyncpg.Connection[Any]) -> None:
        self._admin = admin

    async def close(self) -> None:
        await self._admin.execute(
            """
            CREATE FUNCTION public.stop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
                AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); END';
            CREATE EVENT TRIGGER stop ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER')
                EXECUTE FUNCTION public.stop();
            SELECT pg_advisory_lock(4711)
            """
        )

    async def reached(self) -> int:
        """The backend of the migration that waits."""
        waiting = (
            "SELECT a.pid FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid)"
            " WHERE a.application_name = 'tenantry-migrate' AND NOT l.granted AND l.objid = 4711"
            " AND a.datname = current_database()"
        )
        return int(await self._until(waiting, lambda pid: pid is not None))

    async def open(self) -> None:
        """Returns when no migration is under way any more."""
        await self._admin.execute("SELECT pg_advisory_unlock(4711)")
        left = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'tenantry-migrate'"
        )
        await self._until(left, lambda count: not count)
        await self._admin.execute("DROP EVENT TRIGGER stop; DROP FUNCTION public.stop")

    async def _until(self, sql: str, reached: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(60):
            while not reached(value := await self._admin.fetchval(sql)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return value

    async def terminate(self, pid: int) -> None:
        await self._admin.execute("SELECT pg_terminate_backend($1)", pid)


@pytest.fixture
async def gate(empty_place: Place) -> AsyncIterator[Gate]:
    admin = await empty_place.connection("superuser")
    yield Gate(admin)
    await admin.close()


async def test_processes_that_migrate_at_once_all_succeed(
    empty_place: Place, empty_migrator: Migrator
) -> None:
    processes = [await _start(empty_place) for _ in range(3)]
    outcomes = [await process.communicate() for process in processes]
    assert [p.returncode for p in processes] == [0, 0, 0], outcomes
    # One of them did it, and the others found it done.
    said = sorted(output.decode().split() for output, _ in outcomes)
    assert said == [[], [], [*revisions()]]
    assert await empty_migrator.changes() == []


async def test_a_migration_that_is_killed_cut_off_or_cancelled_leaves_nothing_half_done(
    empty_place: Place, empty_migrator: Migrator, gate: Gate
) -> None:
    before = await _tables(empty_place)

    async def nothing_is_left() -> None:
        await gate.open()
        assert await empty_migrator.current() == ()
        assert await _tables(empty_place) - before == {"schema_version"}

    await gate.close()
    process = await _start(empty_place)
    await gate.reached()
    process.kill()
    await process.communicate()
    await nothing_is_left()

    await gate.close()
    migration = asyncio.create_task(empty_migrator.up())
    await gate.terminate(await gate.reached())
    with pytest.raises(TenantryError):
        await migration
    await nothing_is_left()

    await gate.close()
    migration = asyncio.create_task(empty_migrator.up())
    await gate.reached()
    migration.cancel()
    with pytest.raises(asyncio.CancelledError):
        await migration
    await nothing_is_left()

    assert await empty_migrator.up() == revisions()
    assert await empty_migrator.changes() == []


async def test_a_table_in_use_stops_a_migration_and_does_not_hang_it(place: Place) -> None:
    migrator = Migrator(place.url("owner"), metadata, lock_timeout=0.2)
    before = await dump_schema(place)
    reader = await place.connection("superuser")
    try:
        async with reader.transaction():
            await reader.execute("LOCK TABLE tenantry.projects IN ACCESS SHARE MODE")
            with pytest.raises(LockTimeout):
                await migrator.down("base")
            assert await dump_schema(place) == before
        assert await migrator.down("base") == revisions()[::-1]
    finally:
        await reader.close()


async def test_a_migration_waits_for_another_only_so_long(
    empty_place: Place, empty_migrator: Migrator, gate: Gate
) -> None:
    said: list[str] = []
    await gate.close()
    first = asyncio.create_task(empty_migrator.up())
    await gate.reached()
    second = Migrator(empty_place.url("owner"), metadata, wait=0.3, progress=said.append)
    with pytest.raises(LockTimeout):
        await second.up()
    assert said == ["waiting for another migration to finish"]
    await gate.open()
    assert await first == revisions()
    assert await second.up() == ()


async def _tables(place: Place) -> set[str]:
    connection = await place.connection("superuser")
    try:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'tenantry'::regnamespace"
            " AND relkind IN ('r', 'p')"
        )
        return {row["relname"] for row in rows}
    finally:
        await connection.close()


async def test_writers_go_on_while_a_migration_waits_to_make_partitions(place: Place) -> None:
    admin, holder, writer = [await place.connection("superuser") for _ in range(3)]
    write = "UPDATE tenantry.agents SET description = '' WHERE false"
    await writer.execute("SET lock_timeout = '5s'")
    hurried = Migrator(place.url("owner"), metadata, partitions_ahead=5, wait=0.0)
    migrator = Migrator(place.url("owner"), metadata, partitions_ahead=5, lock_timeout=60.0)
    async with holder.transaction():
        await holder.execute(write)
        with pytest.raises(LockTimeout):
            await hurried.up()
        migration = asyncio.create_task(migrator.up())
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'tenantry.agents'::regclass"
        while not await admin.fetchval(waiting):
            assert not migration.done()
            await asyncio.sleep(0.01)
        # It steps back before anybody would give up.
        await writer.execute(write)
        assert not migration.done()
    assert await migration == ()
    made = (
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'tenantry.agent_executions'::regclass"
    )
    assert await admin.fetchval(made) == 1 + 1 + 5
    for connection in (admin, holder, writer):
        await connection.close()
