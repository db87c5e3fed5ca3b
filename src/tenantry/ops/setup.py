"""From nothing to a running, migrated database: what `up` and `init` do."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from tenantry import migrations
from tenantry.config import Settings
from tenantry.endpoints import DATABASE, servers, superuser_url, url_for
from tenantry.errors import ConfigurationError
from tenantry.kernel.translate import translate, translate_connect
from tenantry.local import LocalServers
from tenantry.models import metadata
from tenantry.schema import roles
from tenantry.schema.catalog import VERSION_TABLE

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
    """Apply what is missing; free of Alembic's start-up when nothing is."""
    if await is_at_head(url_for(settings, "owner")) and not settings.models:
        return ()
    from tenantry.migrations.runner import Migrator  # noqa: PLC0415 - Alembic takes 0.3 s

    progress("Migrating")
    locations = (settings.migrations,) if settings.migrations else ()
    load_models(settings)
    migrator = Migrator(
        url_for(settings, "owner"), metadata, locations=locations, progress=progress
    )
    return await migrator.up()


def load_models(settings: Settings) -> None:
    """Import the application's own models, so that they are part of the schema."""
    for name in settings.models:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"TENANTRY_MODELS names {name}, and there is no module {error.name}.",
                setting="models",
                hint="Run from the project's folder, or install the project.",
            ) from error


async def is_at_head(url: str) -> bool:
    async with _connected(url) as connection:
        if not await connection.fetchval("SELECT to_regclass($1)", f"tenantry.{VERSION_TABLE}"):
            return False
        rows = await connection.fetch(f"SELECT version_num FROM tenantry.{VERSION_TABLE}")
    return migrations.head() in {row[0] for row in rows}


async def init(admin_url: str, database: str, passwords: Mapping[str, str]) -> None:
    """Make roles and database as an administrator: a superuser, or any CREATEROLE login."""
    async with _connected(admin_url) as admin:
        await roles.create_roles(admin, passwords)
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f"CREATE DATABASE {roles.quote(database)} TEMPLATE template0")
    async with _connected(in_database(admin_url, database)) as admin:
        await roles.prepare_database(admin, database)


def in_database(url: str, database: str) -> str:
    """The same URL for another database of its server."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database, safe="")))


def source_folder(settings: Settings) -> Path:
    """Where `generate` writes the application's own revisions."""
    return settings.migrations or Path("migrations")


async def _is_prepared(admin_url: str) -> bool:
    async with _connected(admin_url) as admin:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            return False
    async with _connected(in_database(admin_url, DATABASE)) as admin:
        return bool(await admin.fetchval("SELECT to_regnamespace('tenantry') IS NOT NULL"))


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    try:
        connection = await asyncpg.connect(
            url, timeout=10, server_settings={"application_name": "tenantry-setup"}
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise translate_connect(error) from None
    try:
        yield connection
    except asyncpg.PostgresError as error:
        raise translate(error) from error
    finally:
        await connection.close()
