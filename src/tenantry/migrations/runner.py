"""Bringing a database to a revision: one at a time, safely interrupted, with locks kept short."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tenantry.errors import DangerousMigration, LockTimeout, MigrationError
from tenantry.kernel.patience import SHORT_WAITS, patiently
from tenantry.kernel.plain import connected, open_plain
from tenantry.kernel.translate import translate
from tenantry.schema.catalog import VERSION_TABLE
from tenantry.schema.partitions import AHEAD, partitioned, upcoming
from tenantry.schema.roles import APP, OWNER, READONLY, SERVICE
from tenantry.schema.sealing import IS_SEALED, set_kind

from .compare import Change, essential, find_changes
from .planning import BIG, Big, Plan, plan_of
from .planning.rehearsal import Script
from .planning.sizes import sizes

#: Any number will do as long as it stays the same: one migration at a time in a database.
_LOCK = 0x7E4A_4772
_NAME = "tenantry-migrate"
_INSTALLED = f"SELECT to_regclass('tenantry.{VERSION_TABLE}') IS NOT NULL"
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
    #: Everything that differs, also what comes and goes with its table.
    differences: tuple[Change, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs, as somebody wants to read it."""
        return tuple(essential(self.differences))

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
        partitions_ahead: int = AHEAD,
        big: Big = BIG,
        progress: _Progress = lambda _: None,
    ) -> None:
        self.url = owner_url
        self._metadata = metadata
        self._locations = locations
        self._wait = wait
        self._ahead = partitions_ahead
        self._big = big
        self._progress = progress
        #: What each of its connections begins with.
        self.setup = (
            f"SET lock_timeout = '{int(lock_timeout * 1000)}ms'; SET statement_timeout = 0;"
            " SET idle_in_transaction_session_timeout = 0; SET check_function_bodies = off;"
            # An administrator that is a member of the owner makes things as the owner.
            f" SET ROLE {OWNER}"
        )

    async def up(
        self, revision: str = "heads", *, allow_dangerous: bool = False
    ) -> tuple[str, ...]:
        """Apply revisions up to `revision`, ours before the application's; what this run applied.

        `DangerousMigration` where it would hold up those who use a big table, unless that is allowed."""
        async with self._alone():
            if not allow_dangerous:
                await self._refuse_dangers(revision)
            before = await self._applied()
            for target in self.heads() if revision == "heads" else (revision,):
                await self._alembic(partial(command.upgrade, revision=target))
            await self._keep_kind()
            await self._make_partitions()
            return tuple(r for r in await self._applied() if r not in before)

    async def down(self, revision: str) -> tuple[str, ...]:
        """Undo revisions, the application's before ours: the last N (`"1"`), those after one, or
        all (`"base"`)."""
        async with self._alone():
            before = await self._applied()
            for target in self._ways_down(revision, before):
                await self._alembic(partial(command.downgrade, revision=target))
            after = await self._applied()
        return tuple(r for r in reversed(before) if r not in after)

    def _ways_down(self, revision: str, applied: list[str]) -> list[str]:
        if revision == "base":
            count = len(applied)
        elif revision.isdigit() and len(revision) < 4:
            count = int(revision)
        else:
            return [revision]
        scripts = self.scripts
        # Below a branch's first revision is the base of that branch, not of all.
        return [
            str(scripts.get_revision(r).down_revision or f"{r}@base") for r in applied[::-1][:count]
        ]

    async def current(self) -> tuple[str, ...]:
        async with self._connection() as connection:
            if not await connection.fetchval(_INSTALLED):
                return ()
            rows = await connection.fetch(
                f"SELECT version_num FROM tenantry.{VERSION_TABLE} ORDER BY 1"
            )
        return tuple(row[0] for row in rows)

    def heads(self) -> tuple[str, ...]:
        """The newest revision of each branch, ours (a number) first: the application's stand on it."""
        return tuple(sorted(self.scripts.get_heads()))

    async def history(self) -> list[Revision]:
        """Every known revision, oldest first; the application's after ours."""
        scripts = self.scripts
        known = {
            s.revision: s
            for head in self.heads()
            for s in reversed(list(scripts.iterate_revisions(head, "base")))
        }
        applied: set[str] = set()
        for current in await self.current():
            if current in known:
                applied |= {s.revision for s in scripts.iterate_revisions(current, "base")}
        return [Revision(s.revision, s.doc, s.revision in applied) for s in known.values()]

    async def plan(self, what: str = "heads") -> Plan:
        """What pending revisions up to `what`, or a revision's file, will do to this database."""
        return await plan_of(self, what, big=self._big, tell=self._progress)

    async def pending(self, revision: str = "heads") -> list[Script]:
        """Revisions that are not applied, up to `revision`, in the order in which they will be."""
        scripts, applied = self.scripts, await self._applied()
        targets = self.heads() if revision == "heads" else (revision,)
        try:
            wanted = dict.fromkeys(
                s.revision
                for target in targets
                for s in reversed(list(scripts.iterate_revisions(target, "base")))
            )
        except CommandError as error:
            raise _refused(error) from error
        return [
            Script(name, found.module.upgrade)
            for name in wanted
            if name not in applied and (found := scripts.get_revision(name))
        ]

    @property
    def columns(self) -> dict[str, frozenset[str]]:
        """The tables of the models, and their columns."""
        return {
            table.name: frozenset(column.name for column in table.columns)
            for table in self._metadata.tables.values()
        }

    async def _refuse_dangers(self, revision: str) -> None:
        async with self._connection() as connection:
            if not any(map(self._big.is_passed_by, (await sizes(connection)).values())):
                return  # nothing takes long where all is small
        found = await plan_of(self, revision, big=self._big, tell=self._progress)
        if found.ok:
            return
        raise DangerousMigration(
            "This would hold up those who use the database: "
            + " ".join(str(danger) for danger in found.dangers[:3]),
            hint="`tenantry migrate plan` tells of each statement; `migrate up --allow-dangerous` does"
            " it all the same.",
            dangers=[f"{d.kind}: {d.table}" for d in found.dangers],
        )

    async def _applied(self) -> list[str]:
        return [r.id for r in await self.history() if r.applied]

    async def check(self) -> Report:
        """Compare the database with the models; nothing is changed."""
        async with self._connection() as connection:
            exists = await connection.fetchval("SELECT to_regnamespace('tenantry') IS NOT NULL")
            changes = await find_changes(connection, self._metadata) if exists else []
        return Report(await self.current(), self.heads(), tuple(changes))

    def sql(self, revisions: str = "heads") -> str:
        """The statements of a range of revisions (`"base:0002"`), for running by hand."""
        ours, *others = self.heads()
        ranges = [ours, *(f"{ours}:{head}" for head in others)]
        scripts = map(self._sql, ranges if revisions == "heads" else [revisions])
        return "".join([f"{self.setup};\n\n", *scripts])

    def _sql(self, revisions: str) -> str:
        config = self._config()
        config.output_buffer = buffer = io.StringIO()
        try:
            command.upgrade(config, revisions, sql=True)
        except CommandError as error:
            raise _refused(error) from error
        return buffer.getvalue()

    @property
    def scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(self._config())

    async def changes(self) -> list[Change]:
        return list((await self.check()).changes)

    def scripts_with(self, folder: Path) -> ScriptDirectory:
        """Those and the ones in this folder, which may have just got its first."""
        config = self._config()
        known = str(config.get_main_option("version_locations"))
        if folder.is_dir() and str(folder) not in known.split(os.pathsep):
            config.set_main_option("version_locations", os.pathsep.join([known, str(folder)]))
        return ScriptDirectory.from_config(config)

    def _config(self, connection: Connection | None = None) -> Config:
        config = Config()
        ours = files("tenantry.migrations")
        config.set_main_option("script_location", str(ours))
        config.set_main_option("path_separator", "os")
        folders = [str(ours.joinpath("versions")), *(str(p) for p in self._locations)]
        config.set_main_option("version_locations", os.pathsep.join(folders))
        config.attributes["connection"] = connection
        config.attributes["tell"] = self._progress
        return config

    def _connection(self) -> AbstractAsyncContextManager[asyncpg.Connection[Any]]:
        return connected(self.url, self.setup, name=_NAME)

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
            if not await guard.fetchval(_INSTALLED):
                await guard.execute(
                    f"CREATE TABLE tenantry.{VERSION_TABLE}"
                    f" (version_num varchar(64) CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY);"
                    f" GRANT SELECT ON tenantry.{VERSION_TABLE} TO {APP}, {SERVICE}, {READONLY}"
                )
            yield

    async def _alembic(self, work: Callable[[Config], None]) -> None:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: open_plain(self.url, self.setup, name=_NAME),
            poolclass=NullPool,
        )
        try:
            async with engine.connect() as connection:
                await connection.run_sync(lambda sync: work(self._config(sync)))
        except CommandError as error:
            raise _refused(error) from error
        except (DBAPIError, PendingRollbackError) as error:
            # What ended a step outside of the revision's transaction stands behind that one's end.
            told = error.__context__ if isinstance(error, PendingRollbackError) else error
            origin = getattr(getattr(told, "orig", None), "__cause__", None)
            raise translate(origin or error) from error
        finally:
            await engine.dispose()

    async def _keep_kind(self) -> None:
        """Where contexts are sealed, new policies ask for the seal once for a statement."""
        async with connected(self.url, self.setup, SHORT_WAITS, name=_NAME) as connection:
            if await connection.fetchval(IS_SEALED):
                await set_kind(
                    connection,
                    sealed=True,
                    alter=lambda statement: patiently(connection, self._wait, statement),
                )

    async def _make_partitions(self) -> None:
        """Partitions for now and the periods ahead, of the tables that are there by now."""
        now = datetime.now(UTC)
        async with connected(self.url, self.setup, SHORT_WAITS, name=_NAME) as connection:
            for table, period in partitioned(self._metadata).items():
                if await connection.fetchval("SELECT to_regclass($1)", f"tenantry.{table}"):
                    for moment in upcoming(period, self._ahead, now):
                        call = "SELECT tenantry.add_partition($1, $2, $3)"
                        await patiently(connection, self._wait, call, table, period, moment)


def _refused(error: CommandError) -> MigrationError:
    return MigrationError(
        f"{error}.".replace("..", "."), hint="`tenantry migrate history` lists revisions."
    )
