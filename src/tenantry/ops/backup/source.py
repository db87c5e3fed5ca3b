"""What is backed up: the database, by a login that sees all of it, and the programs that read it."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg

from tenantry.config import DatabaseUrl, Settings
from tenantry.endpoints import DATABASE, is_embedded, servers, superuser_url
from tenantry.errors import BackupProgramFailed, ConfigurationError, PermissionDenied
from tenantry.kernel.plain import connected
from tenantry.local import LocalServers
from tenantry.schema.catalog import VERSION_TABLE

_BYPASS = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
#: Whoever owns something in this database, is named by its rights, or is a policy's subject.
_ROLES = """
SELECT DISTINCT r.rolname FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname !~ '^pg_'
  AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""
#: What belongs to the database itself, and is in no dump of what is in it.
_RIGHTS = """
SELECT r.rolname, a.privilege_type FROM pg_database AS d CROSS JOIN aclexplode(d.datacl) AS a
JOIN pg_roles AS r ON r.oid = a.grantee
WHERE d.datname = current_database() AND a.grantee <> d.datdba ORDER BY 1, 2
"""
SET_IN_DATABASE = """
SELECT coalesce(r.rolname, ''), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS c LEFT JOIN pg_roles AS r ON r.oid = s.setrole
WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A database, and where the programs for it are."""

    url: str = field(repr=False)
    local: LocalServers = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Source:
        """The settings' database by `backup_url`, or the embedded one by its superuser."""
        local = servers(settings)
        if settings.backup_url is not None:
            return cls(settings.backup_url.get_secret_value(), local)
        if is_embedded(settings):
            return cls(superuser_url(local, DATABASE), local)
        raise ConfigurationError(
            "TENANTRY_BACKUP_URL is not set, and row security hides rows from every other role.",
            setting="backup_url",
            hint="Set it to the URL of a superuser, or of a role with BYPASSRLS and pg_read_all_data"
            " (and REPLICATION for physical backups).",
        )

    @property
    def login(self) -> Login:
        return Login.of(self.url)


@dataclass(frozen=True, slots=True)
class Login:
    """A URL as a program of PostgreSQL's takes it: the password never on the command line."""

    url: str
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, url: str) -> Login:
        address = DatabaseUrl.parse(url)
        if any(name == "sslpassword" for name, _ in address.params):
            raise ConfigurationError(
                "The pass phrase of a key (sslpassword) would stand on a command line.",
                setting="backup_url",
                hint="Use a key without one, in a file that only this account reads.",
            )
        secret = {"PGPASSWORD": address.password} if address.password else {}
        return cls(str(replace(address, password=None)), secret)


@dataclass(frozen=True, slots=True)
class Facts:
    database: str
    server_version: str
    major: int
    system_id: str
    revision: str | None
    roles: tuple[str, ...]
    #: (role, right) of the database itself, and (role or "", setting, value) in it.
    rights: tuple[tuple[str, ...], ...]
    settings: tuple[tuple[str, ...], ...]
    segment_bytes: int
    tablespaces: int


async def facts(connection: asyncpg.Connection[Any]) -> Facts:
    """What the manifest says of the database. Refuses a login that policies hold."""
    if not await connection.fetchval(_BYPASS):
        who = await connection.fetchval("SELECT current_user")
        raise PermissionDenied(
            f"Row security holds for {who}: what it would back up is not everything.",
            hint="TENANTRY_BACKUP_URL must log in as a superuser, or as a role with BYPASSRLS.",
        )
    [(database, version, number, segment, tablespaces)] = await connection.fetch(
        "SELECT current_database(), current_setting('server_version'),"
        " current_setting('server_version_num')::int,"
        " (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),"
        " (SELECT count(*) - 2 FROM pg_tablespace)"
    )
    revision = None
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"tenantry.{VERSION_TABLE}"):
        revision = await connection.fetchval(
            f"SELECT max(version_num) FROM tenantry.{VERSION_TABLE} WHERE version_num ~ '^[0-9]+$'"  # noqa: S608
        )
    rights = tuple(tuple(row) for row in await connection.fetch(_RIGHTS))
    values = tuple(tuple(row) for row in await connection.fetch(SET_IN_DATABASE))
    named = {row[0] for row in (*await connection.fetch(_ROLES), *rights, *values)}
    return Facts(
        database=database,
        server_version=version,
        major=number // 10_000,
        system_id=await _system_id(connection),
        revision=revision,
        roles=tuple(sorted(named - {""})),
        rights=rights,
        settings=values,
        segment_bytes=segment,
        tablespaces=tablespaces,
    )


async def _system_id(connection: asyncpg.Connection[Any]) -> str:
    """Which cluster it is; a managed server may keep that to itself."""
    try:
        async with connection.transaction():
            return str(
                await connection.fetchval("SELECT system_identifier FROM pg_control_system()")
            )
    except asyncpg.InsufficientPrivilegeError:
        return ""


async def system_id(source: Source) -> str:
    async with connected(source.url, name="tenantry-backup") as connection:
        return await _system_id(connection)


async def run(
    command: Sequence[str | Path],
    login: Login | None = None,
    *,
    folder: Path | None = None,
    stdin: Path | None = None,
) -> str:
    """Run a client program to its end; it ends with us. What it said on stdout."""
    program = Path(command[0]).name
    environment = {
        # Nothing of the caller's PG* variables: they might lead elsewhere.
        **{k: v for k, v in os.environ.items() if not k.startswith("PG")},
        "LC_ALL": "C",
        **(login.environment if login else {}),
    }
    with tempfile.TemporaryFile() as said, (stdin or Path(os.devnull)).open("rb") as given:
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdin=given, stdout=asyncio.subprocess.PIPE, stderr=said,
            cwd=folder or "/", env=environment, umask=0o077,
        )  # fmt: skip
        try:
            out, _ = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    if process.returncode:
        raise program_failed(program, lines)
    return out.decode(errors="replace")


def program_failed(program: str, lines: Sequence[str]) -> BackupProgramFailed:
    reason = next((line for line in lines if re.search("error|FATAL|fatal", line)), "")
    reason = reason or next(iter(lines), "it left no message")
    return BackupProgramFailed(
        f"{program} failed: {reason.removeprefix(f'{program}: ')}",
        program=program,
        output=list(lines[-20:]),
    )
