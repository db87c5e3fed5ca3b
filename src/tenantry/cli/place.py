"""What a command works on: the settings, and the database they lead to."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from getpass import getuser
from typing import TYPE_CHECKING

from tenantry.errors import LocalServerError

from . import screen

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.database import Database
    from tenantry.handles import ServiceTransaction
    from tenantry.kernel.context import Actor


def load() -> Settings:
    """The settings of this folder and environment; what means nothing in them is said."""
    from tenantry.config import UnknownSetting, load_settings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnknownSetting)
        settings = load_settings()
    for warning in caught:
        screen.warn(str(warning.message))
    if settings.models:
        _make_importable()
    return settings


def running(settings: Settings | None = None) -> Settings:
    """The settings, where what they mean is not an embedded server that stands still."""
    settings = settings or load()
    from tenantry.endpoints import is_embedded, servers

    if is_embedded(settings) and not servers(settings).status()[0].running:
        raise LocalServerError(
            "The embedded PostgreSQL is not running.", server="postgres", hint="Run: tenantry up"
        )
    return settings


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """A connection pool of one command. A database that lags behind is refused, not migrated."""
    settings = running()
    from tenantry.database import connect  # brings SQLAlchemy

    frugal = settings.model_copy(update={"migrate": "check", "pool_min": 0})
    async with await connect(settings=frugal) as db:
        yield db


async def cluster(db: Database, doing: str) -> tuple[str, str]:
    """The database's name and its cluster's number, which a managed server may keep to itself."""
    async with db.service(f"tenantry {doing}", actor=actor()) as s:
        name: str = await s.fetch_value("SELECT current_database()")
        if not await s.fetch_value(
            "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
        ):
            return name, ""
        number: str = await s.fetch_value("SELECT system_identifier::text FROM pg_control_system()")
        return name, number


@asynccontextmanager
async def service(doing: str) -> AsyncIterator[ServiceTransaction]:
    """A transaction of the service role; the record says that it was this command's."""
    async with database() as db, db.service(f"tenantry {doing}", actor=actor()) as s:
        yield s


def actor() -> Actor:
    """Who runs the command, as the record says it."""
    from tenantry.kernel.context import Actor

    return Actor(kind="service", user_agent=f"tenantry ({_whoever()}@{platform.node()})")


def _make_importable() -> None:
    """Modules of the project, which an installed command would not find by itself."""
    from tenantry.config.project import project_folder

    root = project_folder()
    for folder in (root / "src", root):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def _whoever() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # an account without a name, as containers have
        return str(os.getuid())
