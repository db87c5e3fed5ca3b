"""The whole proof: what the catalog says, what Z3 can show, and what the attacks get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
from sqlalchemy import MetaData

from tenantry.kernel.plain import connected

from .attacks import Doors, run_attacks
from .attacks.results import Result, Verdict
from .checks import CHECKS, run_checks
from .exceptions import Excepted, exceptions
from .findings import Finding
from .pooler import Look, Source, examine, look
from .prover import prove_statically, silenced, silenced_findings
from .subject import Subject, recognise

Progress = Callable[[str], None]
_NAME = "tenantry-prove"


@dataclass(frozen=True, slots=True)
class Options:
    """What is examined, where the database does not tell."""

    tenant_column: str | None = None
    roles: Sequence[str] = ()
    schemas: Sequence[str] = ()
    setting: str | None = None
    #: A pgrls.toml with exceptions of the project's own.
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What was examined, and everything that is wrong with it."""

    subject: Subject
    server: str
    database: str
    findings: tuple[Finding, ...]
    attacks: tuple[Result, ...]
    excepted: tuple[Excepted, ...]
    checks: int
    pooler: Look
    examined: datetime
    seconds: float
    #: Why no attacks were made; empty where they were.
    unattacked: str = ""

    @property
    def ok(self) -> bool:
        return not self.findings


async def prove(
    url: str,
    metadata: MetaData,
    options: Options | None = None,
    *,
    doors: Doors | None = None,
    pooler: Source | None = None,
    attacks: bool = True,
    administrator: bool = True,
    prepare: str = "",
    progress: Progress = lambda _: None,
) -> Proof:
    """Examine the database behind `url`. Nothing is changed in it.

    Attacks need an `administrator` behind it; that they were wanted and not made is a finding.
    `doors` are the ways in that the application itself uses; a pooler is looked for there, unless
    `pooler` says where it is. `prepare` is SQL to run first and undo:
    how a mutation is put before the proof.
    """
    options = options or Options()
    examined, started = datetime.now(UTC), perf_counter()
    progress("Looking for a pooler")
    seen = await look(pooler or Source(tuple(doors.urls.values()) if doors else ()))
    async with connected(url, name=_NAME) as connection, undone(connection, prepare):
        progress("Reading the catalog")
        subject = await recognise(
            connection,
            metadata,
            tenant_column=options.tenant_column,
            roles=options.roles,
            schemas=options.schemas,
            setting=options.setting,
        )
        if doors is not None and attacks and administrator:
            await doors.require_same_database(connection)
        [(server, database)] = await connection.fetch(
            "SELECT current_setting('server_version'), current_database()"
        )
        excepted = await exceptions(connection, metadata) if subject.installed else []
        progress(f"Checking {len(subject.tables)} tables")
        found = await run_checks(connection, subject)
        for facts in seen.poolers:
            found += await examine(connection, facts, subject, database)
    found += seen.findings()
    if not subject.tables:
        found.append(_NO_TABLE)
    elif not subject.roles:
        found.append(_NO_ROLE)
    progress("Proving policies")
    found += await asyncio.to_thread(
        prove_statically, url, subject, excepted, config=options.config, prepare=prepare
    )
    results: list[Result] = []
    ours = {(e.rule, e.object) for e in excepted}
    theirs = [e for e in silenced(options.config) if (e.rule, e.object) not in ours]
    found += silenced_findings(theirs)
    unattacked = _unattacked(subject, wanted=attacks, administrator=administrator)
    if not unattacked:
        results = await run_attacks(url, subject, doors, progress, prepare=prepare)
        found += attack_findings(results)
    elif attacks and not administrator:
        found.append(_NO_ADMINISTRATOR)
    return Proof(
        subject, server, database, tuple(_sorted(found)), tuple(results), (*excepted, *theirs),
        len(CHECKS), seen, examined, perf_counter() - started, unattacked,
    )  # fmt: skip


def _unattacked(subject: Subject, *, wanted: bool, administrator: bool) -> str:
    if not wanted:
        return "No attacks were asked for."
    if not administrator:
        return _NO_ADMINISTRATOR.detail
    if not (subject.tables and subject.roles):
        return "No attacks were made: there is no table, or no role, to make them with."
    return ""


@asynccontextmanager
async def undone(connection: asyncpg.Connection[Any], sql: str) -> AsyncIterator[None]:
    """A transaction that begins with this, and leaves nothing."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if sql:
            await connection.execute(sql)
        yield
    finally:
        await transaction.rollback()


def attack_findings(results: Iterable[Result]) -> list[Finding]:
    found = []
    for result in results:
        check = f"attack-{result.number:02}"
        if result.verdict is Verdict.BLIND:
            found.append(
                Finding(
                    check, "error", "the attack itself" if result.number else result.note.split(" ")[2],
                    f"{result.title}: {result.note or 'its control went unnoticed'}.",
                    "Its failing proves nothing here; mend what keeps it from seeing its own control.",
                )
            )  # fmt: skip
        elif result.verdict is Verdict.SUCCEEDED:
            by_object = {trial.object: trial for trial in result.leaks}
            found += [
                Finding(
                    check, "error", name, f"{result.title}: {trial.leak}.",
                    "See what the static findings say of it, and docs/isolation.md.",
                )
                for name, trial in by_object.items()
            ]  # fmt: skip
    return found


def _sorted(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda f: (f.severity, f.check, f.object))


# Where nothing was looked at, nothing is proved.
_NO_TABLE = Finding(
    "tables", "error", "the tenants' tables",
    "No table has the tenant's column in the schemas that were looked at, so nothing was examined.",
    "Look at --schema and --tenant-column, or leave them out.",
)  # fmt: skip
_NO_ADMINISTRATOR = Finding(
    "attacks", "warning", "the attacks",
    "No attacks were made: they need an administrator's URL.",
    "Give one in --url or TENANTRY_ADMIN_URL, or ask for --static alone.",
)  # fmt: skip
_NO_ROLE = Finding(
    "role", "error", "the application's role",
    "No role but the owner and superusers is granted a tenant's table.",
    "Name the role that the application logs in as with --role, or make one that owns nothing.",
)  # fmt: skip
