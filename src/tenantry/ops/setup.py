"""From nothing to a running, migrated database: what `up` and `init` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from tenantry.config import Settings
from tenantry.endpoints import DATABASE, servers, superuser_url, url_for
from tenantry.kernel.plain import connected
from tenantry.local import LocalServers
from tenantry.migrations.apply import bring_to_head
from tenantry.schema import roles

Progress = Callable[[str], None]


async def up(settings: Settings, progress: Progress) -> LocalServers:
    """Start the embedded servers and bring their database to head. Running it again changes nothing."""
    local = servers(settings)
    local.up(progress=progress)
    passwords = {role: local.password(role) for role in roles.LOGINS}
    if not await _is_prepared(superuser_url(local)):
        progress("Creating roles and database")
        await init(superuser_url(local), DATABASE, passwords)
    await migrate(settings, progress)
    return local


async def migrate(settings: Settings, progress: Progress) -> tuple[str, ...]:
    """Apply what is missing."""
    return await bring_to_head(
        url_for(settings, "owner"),
        models=settings.models,
        locations=(settings.migrations,) if settings.migrations else (),
        progress=progress,
    )


async def init(admin_url: str, database: str, passwords: Mapping[str, str]) -> None:
    """Make roles and database as an administrator: a superuser, or any CREATEROLE login."""
    async with connected(admin_url) as admin:
        await roles.create_roles(admin, passwords)
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f"CREATE DATABASE {roles.quote(database)} TEMPLATE template0")
    async with connected(in_database(admin_url, database)) as admin:
        await roles.prepare_database(admin, database)


def in_database(url: str, database: str) -> str:
    """The same URL for another database of its server."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database, safe="")))


def source_folder(settings: Settings) -> Path:
    """Where `generate` writes the application's own revisions."""
    return settings.migrations or Path("migrations")


async def _is_prepared(admin_url: str) -> bool:
    async with connected(admin_url) as admin:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            return False
    async with connected(in_database(admin_url, DATABASE)) as admin:
        return bool(await admin.fetchval("SELECT to_regnamespace('tenantry') IS NOT NULL"))
