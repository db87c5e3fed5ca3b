"""Where findings are provoked, their advice is followed word for word, and they are gone."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import asyncpg

from tenantry.ops.doctor import LOOKING, Finding, Limits, Patient, examine
from tests.cli.helpers import Cli
from tests.fixtures.database import Place


@dataclass
class Clinic:
    place: Place
    cli: Cli
    limits: Limits = field(default_factory=Limits)
    #: What is set besides the place's URLs, and what else a patient may be given.
    settings: dict[str, Any] = field(default_factory=dict)
    patient: dict[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        connection = await self.place.connection("superuser")
        try:
            yield connection
        finally:
            await connection.close()

    async def find(self, check: str) -> list[Finding]:
        """What this check finds now; that it could look at all is asserted."""
        settings = self.place.settings(**self.settings)
        async with self.superuser() as server:
            await server.execute(LOOKING)
            report = await examine(
                Patient(settings, server, limits=self.limits, **self.patient), [check]
            )
        assert not report.unseen, report.unseen
        return list(report.findings)

    async def one(self, check: str, about: str = "") -> Finding:
        """The one finding, or the one of this object; it says what to do."""
        found = [f for f in await self.find(check) if not about or f.object == about]
        assert len(found) == 1, found
        advice = found[0].advice
        assert found[0].what and found[0].why and advice.words
        assert advice.sql or advice.shell, "its advice can be followed word for word"
        return found[0]

    async def follow(self, finding: Finding) -> None:
        """Do as the advice says, as a superuser and on the command line."""
        async with self.superuser() as server:
            for statement in finding.advice.sql:
                await self._run(server, statement)
        for line in finding.advice.shell:
            program, *words = shlex.split(line)
            assert program == "tenantry", line
            # Its thread is none that signals come to.
            with patch.object(asyncio.SelectorEventLoop, "add_signal_handler"):
                await asyncio.to_thread(self.cli, *words)

    async def _run(self, server: asyncpg.Connection[Any], statement: str) -> None:
        before = await server.fetchval("SELECT pg_conf_load_time()")
        await server.execute(statement)
        # A session that begins has the settings of the server's first process, once that has them.
        while "pg_reload_conf" in statement:
            async with self.superuser() as later:
                if await later.fetchval("SELECT pg_conf_load_time()") > before:
                    return

    async def execute(self, *statements: str) -> None:
        """As a superuser, past triggers and foreign keys; its figures are counted when it is done."""
        async with self.superuser() as server:
            await server.execute("SET session_replication_role = replica")
            for statement in statements:
                await self._run(server, statement)

    async def cured(self, check: str, about: str = "") -> None:
        """Provoked by now, the finding is gone once its advice was followed."""
        finding = await self.one(check, about)
        await self.follow(finding)
        assert finding.key not in {f.key for f in await self.find(check)}
