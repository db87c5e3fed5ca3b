"""From nothing to a running, migrated database: what `up` and `init` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from tenantry import migrations
from tenantry.config import Settings
from tenantry.endpoints import DATABASE, superuser_url
from tenantry.errors import AuthenticationFailed, ConfigurationError
from tenantry.kernel.plain import connected
from tenantry.local import LocalServers
from tenantry.schema import roles
from tenantry.schema.catalog import VERSION_TABLE

Progress = Callable[[str], None]

#: Any number will do as long as it stays the same: one preparation at a time in a cluster.
_LOCK = 0x7E4A_4773


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database holds, at a glance."""

    server_version: str
    prepared: bool
    revisions: tuple[str, ...]
    tenants: int

    @property
    def revision(self) -> str | None:
        """The newest of Tenantry's own."""
        return max((r for r in self.revisions if r.isdigit()), default=None)

    @property
    def at_head(self) -> bool:
        return self.revision == migrations.head()


async def standing(service_url: str) -> Standing:
    """Read it as the service role, which sees the tenants."""
    # In a transaction, so that a pooler keeps to one server.
    async with connected(service_url) as connection, connection.transaction(readonly=True):
        [(version, prepared, versioned, has_tenants)] = await connection.fetch(
            "SELECT current_setting('server_version'), to_regnamespace('tenantry') IS NOT NULL,"
            f" to_regclass('tenantry.{VERSION_TABLE}') IS NOT NULL,"
            " to_regclass('tenantry.tenants') IS NOT NULL"
        )
        revisions, tenants = [], 0
        if versioned:
            revisions = await connection.fetch(f"SELECT version_num FROM tenantry.{VERSION_TABLE}")  # noqa: S608
        if has_tenants:
            tenants = await connection.fetchval("SELECT count(*) FROM tenantry.tenants")
    return Standing(version, prepared, tuple(sorted(r[0] for r in revisions)), tenants)


async def prepare(local: LocalServers, progress: Progress) -> None:
    """Make the embedded server's roles and database, where they are missing."""
    if await _is_prepared(local):
        return
    progress("Creating roles and database")
    await init(
        superuser_url(local), DATABASE, {role: local.password(role) for role in roles.LOGINS}
    )


async def migrate(settings: Settings, progress: Progress) -> tuple[str, ...]:
    """Apply what is missing."""
    from tenantry.migrations.apply import bring_to_head  # noqa: PLC0415 - brings SQLAlchemy

    return await bring_to_head(settings, progress)


async def init(admin_url: str, database: str, passwords: Mapping[str, str]) -> None:
    """Make roles and database as an administrator: a superuser, or any CREATEROLE login."""
    async with connected(admin_url) as admin:
        # Until the connection closes: of two at the same moment, the second finds everything made.
        await admin.execute(f"SELECT pg_advisory_lock({_LOCK})")
        await roles.create_roles(admin, passwords)
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f"CREATE DATABASE {roles.quote(database)} TEMPLATE template0")
        async with connected(in_database(admin_url, database)) as inside, inside.transaction():
            # All or nothing, so that the schema's being there means that all of it is.
            await roles.prepare_database(inside, database)


async def existing_logins(admin_url: str) -> set[str]:
    """The login roles that the cluster has already, perhaps with passwords in use."""
    async with connected(admin_url) as admin:
        rows = await admin.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)", list(roles.LOGINS)
        )
    return {row[0] for row in rows}


def in_database(url: str, database: str) -> str:
    """The same URL for another database of its server."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database, safe="")))


def source_folder(settings: Settings) -> Path:
    """Where `generate` writes the application's own revisions."""
    if settings.migrations is None:
        raise ConfigurationError(
            "There is no folder for your own revisions.",
            setting="migrations",
            hint='Say where they go in tenantry.toml: migrations = "migrations".',
        )
    return settings.migrations


async def _is_prepared(local: LocalServers) -> bool:
    async with connected(superuser_url(local)) as admin:
        if not await admin.fetchval(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
            " AND (SELECT count(*) FROM pg_roles WHERE rolname = ANY ($2)) = $3",
            DATABASE, list(roles.LOGINS), len(roles.LOGINS),
        ):  # fmt: skip
            return False
    try:
        return (await standing(local.postgres_url(roles.SERVICE, DATABASE))).prepared
    except AuthenticationFailed:
        return False  # The role has another password than the one we know: it is set anew.
