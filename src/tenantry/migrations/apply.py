"""Bringing a database to head, without Alembic's start-up where nothing is missing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from tenantry.config import Settings
from tenantry.endpoints import url_for
from tenantry.errors import ConfigurationError
from tenantry.kernel.plain import connected
from tenantry.models import metadata
from tenantry.schema.catalog import VERSION_TABLE

from . import head
from .sealing import seal, sealing


async def bring_to_head(
    settings: Settings, progress: Callable[[str], None] = lambda _: None
) -> tuple[str, ...]:
    """Apply what is missing, of Tenantry's revisions and of the application's own."""
    done = await _migrate(settings, progress)
    # Only what is not sealed yet: a key that was taken away must not return with an old setting.
    if settings.context == "sealed" and not (await sealing(settings)).sealed:
        await seal(settings, only=False)
    return done


async def _migrate(settings: Settings, progress: Callable[[str], None]) -> tuple[str, ...]:
    owner_url = url_for(settings, "owner")
    locations = (settings.migrations,) if settings.migrations else ()
    if not locations and head() in await applied(owner_url):
        return ()
    from .runner import Migrator  # noqa: PLC0415 - Alembic takes 0.3 s

    progress("Migrating")
    load_models(settings.models)
    return await Migrator(owner_url, metadata, locations=locations, progress=progress).up()


async def applied(url: str) -> set[str]:
    """The newest applied revision of each branch; none before the first migration."""
    async with connected(url) as connection:
        if not await connection.fetchval("SELECT to_regclass($1)", f"tenantry.{VERSION_TABLE}"):
            return set()
        rows = await connection.fetch(f"SELECT version_num FROM tenantry.{VERSION_TABLE}")
    return {row[0] for row in rows}


def load_models(modules: Sequence[str]) -> None:
    """Import the application's own models, so that they are part of the schema."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"TENANTRY_MODELS names {name}, and there is no module {error.name}.",
                setting="models",
                hint="Run from the project's folder, or install the project.",
            ) from error
