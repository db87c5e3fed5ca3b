"""A server of the tests' own, whose settings may be ruined: embedded, with a migrated database."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from tenantry import Settings
from tenantry.endpoints import DATABASE
from tenantry.local import Account, LocalServers
from tenantry.ops.doctor import Finding
from tests.fixtures.database import Place
from tests.fixtures.servers import _FOLDER, Server, system_postgres
from tests.migrations.clusters import put_migrated

from .clinic import Clinic

_LOADED = "SELECT pg_conf_load_time()"


@dataclass(frozen=True)
class Ward(Place):
    """The embedded server's database."""

    def settings(self, **overrides: Any) -> Settings:
        home = {"home": self.server.servers.home, "pg_bin": self.pg_bin}
        return Settings(
            **{"profile": "test", "pool_min": 0, "migrate": "check", **home, **overrides}
        )

    @property
    def pg_bin(self) -> Path | None:
        return system_postgres() if self.server.kind == "system" else None

    @property
    def data(self) -> Path:
        return self.server.servers.status()[0].data_dir

    async def run(self, *statements: str) -> None:
        """As the superuser; changed settings hold when it returns."""
        admin = await self.connection("superuser")
        try:
            for statement in statements:
                before = await admin.fetchval(_LOADED)
                await admin.execute(statement)
                if "pg_reload_conf" in statement:
                    await self.loaded(before)
        finally:
            await admin.close()

    async def loaded(self, before: object) -> None:
        """A reload takes effect a moment after it was asked for."""
        for _ in range(200):
            fresh = await self.connection("superuser")
            after = await fresh.fetchval(_LOADED)
            await fresh.close()
            if after != before:
                return
        raise AssertionError("the reload had no effect")

    async def load_time(self) -> object:
        fresh = await self.connection("superuser")
        try:
            return await fresh.fetchval(_LOADED)
        finally:
            await fresh.close()

    async def set(self, **values: str) -> None:
        await self.run(
            *(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in values.items()),
            "SELECT pg_reload_conf()",
        )

    async def as_it_was(self) -> None:
        await self.run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
        admin = await self.connection("superuser")
        try:
            waits = "SELECT EXISTS (SELECT FROM pg_settings WHERE pending_restart)"
            pending = await admin.fetchval(waits)
        finally:
            await admin.close()
        if pending:
            self.restart()

    def restart(self) -> None:
        self.server.servers.down()
        self.server.servers.up(valkey=False)


class WardClinic(Clinic):
    """Advice is followed on the server's machine, which is this one."""

    async def follow(self, finding: Finding) -> None:
        ward = self.place
        assert isinstance(ward, Ward)
        await ward.run(*finding.advice.sql)
        for line in finding.advice.shell:
            await self.follow_line(line)

    async def follow_line(self, line: str) -> None:
        ward = self.place
        assert isinstance(ward, Ward)
        program, *words = shlex.split(line)
        if program == "tenantry":
            await asyncio.to_thread(self.cli, *words)
        elif program == "systemctl":
            assert words == ["restart", "postgresql"]
            await asyncio.to_thread(ward.restart)
        elif program == "pg_ctl":
            before = await ward.load_time()
            await _run(ward.server.account, str(ward.server.bin_dir / program), *words)
            await ward.loaded(before)
        else:
            await _run(Account(""), program, *words)


async def _run(account: Account, *command: str | Path) -> None:
    ran = await asyncio.to_thread(account.run, [*command])
    assert ran.returncode == 0, ran.stderr


@contextmanager
def made_ward(kind: str) -> Iterator[Ward]:
    pg_bin = system_postgres() if kind == "system" else None
    home = Path(os.environ[_FOLDER], f"ward-{uuid4().hex[:8]}")
    servers = LocalServers(home, pg_bin=pg_bin)
    put_migrated(kind, home)
    servers.up(valkey=False)
    try:
        facts = servers.status()[0]
        assert facts.port is not None
        assert facts.socket_dir is not None
        server = Server(
            kind, servers.binary("pg_controldata").parent, facts.socket_dir, facts.port,
            int(facts.version.split(".")[0]), frozenset(facts.extensions), servers,
        )  # fmt: skip
        asyncio.run(_hurried(server))
        yield Ward(server, DATABASE)
    finally:
        servers.down()


async def _hurried(server: Server) -> None:
    admin = await asyncpg.connect(server.superuser_url)
    await admin.execute("ALTER SYSTEM SET fsync = off")
    await admin.close()
