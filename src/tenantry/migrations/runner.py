"""Bringing a database to a revision: one at a time, safely interrupted, with locks kept short."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tenantry.errors import LockTimeout, MigrationError
from tenantry.kernel.plain import connected, open_plain
from tenantry.kernel.translate import translate
from tenantry.models.base import Partitioned, model_of
from tenantry.schema.catalog import VERSION_TABLE
from tenantry.schema.roles import APP, OWNER, READONLY, SERVICE

from .compare import Change, find_changes

#: Any number will do as long as it stays the same: one migration at a time in a database.
_LOCK = 0x7E4A_4772
_NAME = "tenantry-migrate"
_Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Revision:
    id: str
    message: str
    applied: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Where a database stands."""

    current: tuple[str, ...]
    heads: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def at_head(self) -> bool:
        return set(self.current) >= set(self.heads)


class Migrator:
    """The migrations of one database. `locations` are folders of the application's own revisions."""

    def __init__(
        self,
        owner_url: str,
        metadata: MetaData,
        *,
        locations: tuple[Path, ...] = (),
        lock_timeout: float = 5.0,
        wait: float = 300.0,
        partitions_ahead: int = 3,
        progress: _Progress = lambda _: None,
    ) -> None:
        self._url = owner_url
        self._metadata = metadata
        self._locations = locations
        self._wait = wait
        self._ahead = partitions_ahead
        self._progress = progress
        self._setup = (
            f"SET lock_timeout = '{int(lock_timeout * 1000)}ms'; SET statement_timeout = 0;"
            " SET idle_in_transaction_session_timeout = 0; SET check_function_bodies = off;"
            # An administrator that is a member of the owner makes things as the owner.
            f" SET ROLE {OWNER}"
        )

    async def up(self, revision: str = "heads") -> tuple[str, ...]:
        """Apply revisions up to `revision`; what this run applied."""
        before = {r.id for r in await self.history() if r.applied}
        async with self._alone():
            await self._alembic(lambda config: command.upgrade(config, revision))
            await self._make_partitions()
        return tuple(r.id for r in await self.history() if r.applied and r.id not in before)

    async def down(self, revision: str) -> tuple[str, ...]:
        """Undo revisions: the last N (`"1"`), down to one, or all (`"base"`)."""
        target = f"-{revision}" if revision.isdigit() and len(revision) < 4 else revision
        before = {r.id for r in await self.history() if r.applied}
        async with self._alone():
            await self._alembic(lambda config: command.downgrade(config, target))
        return tuple(sorted(before - {r.id for r in await self.history() if r.applied}))

    async def current(self) -> tuple[str, ...]:
        async with self._connection() as connection:
            if not await connection.fetchval("SELECT to_regclass($1)", f"tenantry.{VERSION_TABLE}"):
                return ()
            rows = await connection.fetch(
                f"SELECT version_num FROM tenantry.{VERSION_TABLE} ORDER BY 1"
            )
        return tuple(row[0] for row in rows)

    def heads(self) -> tuple[str, ...]:
        return tuple(sorted(self.scripts.get_heads()))

    async def history(self) -> list[Revision]:
        """Every known revision, oldest first."""
        applied = set()
        for current in await self.current():
            if current in {s.revision for s in self.scripts.walk_revisions()}:
                applied |= {
                    s.revision for s in self.scripts.iterate_revisions(current, "base") if s
                }
        ordered = reversed(list(self.scripts.walk_revisions("base", "heads")))
        return [Revision(s.revision, s.doc, s.revision in applied) for s in ordered]

    async def check(self) -> Report:
        """Compare the database with the models; nothing is changed."""
        async with self._connection() as connection:
            exists = await connection.fetchval("SELECT to_regnamespace('tenantry') IS NOT NULL")
            changes = await find_changes(connection, self._metadata) if exists else []
        return Report(await self.current(), self.heads(), tuple(changes))

    def sql(self, revisions: str = "heads") -> str:
        """The statements of a range of revisions (`"base:head"`), for running by hand."""
        config = self._config()
        config.output_buffer = buffer = io.StringIO()
        command.upgrade(config, revisions, sql=True)
        return buffer.getvalue()

    @property
    def scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(self._config())

    async def changes(self) -> list[Change]:
        return list((await self.check()).changes)

    def _config(self, connection: Connection | None = None) -> Config:
        config = Config()
        ours = files("tenantry.migrations")
        config.set_main_option("script_location", str(ours))
        config.set_main_option("path_separator", "os")
        folders = [str(ours.joinpath("versions")), *(str(p) for p in self._locations)]
        config.set_main_option("version_locations", os.pathsep.join(folders))
        config.attributes["connection"] = connection
        return config

    def _connection(self) -> AbstractAsyncContextManager[asyncpg.Connection[Any]]:
        return connected(self._url, self._setup, name=_NAME)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold the lock that makes this the only migration under way."""
        async with self._connection() as guard:
            waited = 0.0
            while not await guard.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                if waited == 0:
                    self._progress("waiting for another migration to finish")
                if waited >= self._wait:
                    raise LockTimeout(
                        f"Another migration has been running for {waited:.0f} s.",
                        hint="Wait for it, or see `tenantry status` for the session that holds it.",
                    )
                await asyncio.sleep(0.1)
                waited += 0.1
            await guard.execute(
                f"CREATE TABLE IF NOT EXISTS tenantry.{VERSION_TABLE}"
                f" (version_num varchar(64) CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY);"
                f" GRANT SELECT ON tenantry.{VERSION_TABLE} TO {APP}, {SERVICE}, {READONLY}"
            )
            yield

    async def _alembic(self, work: Callable[[Config], None]) -> None:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: open_plain(self._url, self._setup, name=_NAME),
            poolclass=NullPool,
        )
        try:
            async with engine.connect() as connection:
                await connection.run_sync(lambda sync: work(self._config(sync)))
        except CommandError as error:
            raise MigrationError(
                f"{error}.".replace("..", "."), hint="`tenantry migrate history` lists revisions."
            ) from error
        except DBAPIError as error:
            raise translate(getattr(error.orig, "__cause__", None) or error) from error
        finally:
            await engine.dispose()

    async def _make_partitions(self) -> None:
        """Partitions for now and the periods ahead."""
        async with self._connection() as connection:
            for table in self._metadata.sorted_tables:
                model = model_of(table)
                if not issubclass(model, Partitioned):
                    continue
                if not await connection.fetchval(
                    "SELECT to_regclass($1)", f"tenantry.{table.name}"
                ):
                    continue
                step = timedelta(days=7 if model.__period__ == "week" else 31)
                for ahead in range(self._ahead + 1):
                    moment = datetime.now(UTC) + ahead * step
                    await connection.fetchval(
                        "SELECT tenantry.add_partition($1, $2, $3)",
                        table.name, model.__period__, moment,
                    )  # fmt: skip
