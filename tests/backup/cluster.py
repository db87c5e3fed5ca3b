"""A server of a test's own that archives its WAL, since a test copies, kills and recovers it."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from tenantry import Settings
from tenantry.endpoints import DATABASE
from tenantry.local import SUPERUSER, Account, LocalServers
from tenantry.local import account as accounts
from tenantry.ops.backup import Vault, archiving, private
from tenantry.ops.setup import init
from tenantry.schema.roles import LOGINS
from tests.local.helpers import import_path, python_for
from tests.migrations.clusters import put_migrated

_FAST = {"fsync": "off", "shared_buffers": "16MB", "max_wal_size": "64MB"}


@dataclass(frozen=True)
class Cluster:
    local: LocalServers
    settings: Settings

    @property
    def url(self) -> str:
        return self.local.postgres_url(SUPERUSER, DATABASE)

    async def ask(self, sql: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()

    async def mark(self, number: int) -> int:
        """A row, and the number of its transaction."""
        sql = "INSERT INTO public.marks VALUES ($1) RETURNING pg_current_xact_id()::text::bigint"
        return int(await self.ask(sql, number))

    async def marks(self) -> list[int]:
        return await _marks(self.url)

    async def archived(self) -> None:
        """Everything that was written is in the archive."""
        last = await self.ask("SELECT pg_walfile_name(pg_switch_wal())")
        for _ in range(600):
            if (await self.ask("SELECT last_archived_wal FROM pg_stat_archiver") or "") >= last:
                return
            await asyncio.sleep(0.1)
        failed = await self.ask("SELECT last_failed_wal FROM pg_stat_archiver")
        raise TimeoutError(f"{last} is not archived; {failed} failed: {self.local.logs()}")


@asynccontextmanager
async def cluster(
    folder: Path,
    pg_bin: Path | None,
    vault: Vault,
    *,
    keys: Sequence[str] = (),
    migrated: bool = False,
    archives: bool = True,
) -> AsyncIterator[Cluster]:
    """Running, with the archive that `backup configure` sets up; or not `archives`, but ready for it."""
    # Without any URL: it is the embedded one of its home.
    plain = Settings(
        home=folder / "home", pg_bin=pg_bin, backup_store=str(vault.store), profile="test",
        backup_keys=tuple(map(SecretStr, keys)),
    )  # fmt: skip
    account = accounts.choose(plain.home / "postgres")
    store = folder / "store"
    store.mkdir()
    account.own(store)  # root's servers run as another account, and archive into it
    keys_file = folder / "keys"
    keys_file.write_text(",".join(keys))
    account.own(keys_file)
    archive = archiving.settings_for(
        plain,
        15 if pg_bin else 18,
        program=program_for(account),
        keys_file=keys_file if keys else None,
    )
    local = LocalServers(
        plain.home, pg_bin=pg_bin, settings={**_FAST, **(archive if archives else {})}
    )
    try:
        if migrated:
            await asyncio.to_thread(put_migrated, "system" if pg_bin else "wheel", plain.home)
        await asyncio.to_thread(local.up, valkey=False)
        if not migrated:
            passwords = {role: local.password(role) for role in LOGINS}
            await init(local.postgres_url(SUPERUSER, "postgres"), DATABASE, passwords)
        made = Cluster(local, plain)
        await made.ask("CREATE TABLE public.marks (n int PRIMARY KEY)")
        yield made
    finally:
        await asyncio.to_thread(local.down)


def program_for(account: Account) -> str:
    """How a server's account runs tenantry, with what this process knows of S3."""
    known = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    said = " ".join(
        f"{n}={shlex.quote(v)}" for n, v in {**known, "PYTHONPATH": import_path()}.items()
    )
    return f"{said} {shlex.quote(python_for(account))} -m tenantry"


async def marks_in(local: LocalServers, data: Path) -> list[int]:
    """What a recovered folder holds."""
    async with private.running(local, data, accounts.choose(data)) as server:
        return await _marks(server.url(DATABASE))


async def _marks(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch("SELECT n FROM public.marks ORDER BY n")]
    finally:
        await connection.close()
