"""Optional features: what needs an extension that not every server has, or a program that not every
platform runs.

Migrations reach head without them. Enabling one makes its extension, which takes a superuser: the
embedded server's own, or the URL in TENANTRY_ADMIN_URL. `events` needs none, but a running relay.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg

from tenantry.config import Settings
from tenantry.endpoints import DATABASE, is_embedded, servers, superuser_url, url_for
from tenantry.errors import FeatureUnavailable
from tenantry.kernel.plain import connected
from tenantry.schema.events import IS_ANNOUNCED, announce, be_silent


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, and how it stands in a database."""

    name: str
    description: str
    enabled: bool
    available: bool
    detail: str


@dataclass(frozen=True, slots=True)
class _Kind:
    extension: str
    description: str
    #: Run after the extension is made.
    after: tuple[str, ...]
    #: Counts what would be lost with it.
    in_use: str


_KINDS = {
    "graph": _Kind(
        "age",
        "Cypher over each tenant's agents and tasks (Apache AGE)",
        graph.AFTER_EXTENSION,
        "SELECT count(*) FROM ag_catalog.ag_graph",
    ),
    "vectors": _Kind(
        "vector",
        "Search by meaning over knowledge and lessons (pgvector)",
        (),
        "SELECT count(*) FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid"
        " WHERE t.typname IN ('vector', 'halfvec', 'sparsevec') AND NOT a.attisdropped"
        " AND a.attrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'm'))",
    ),
}


#: Triggers of the schema's own.
_EVENTS = "events"


async def list_features(settings: Settings) -> list[Feature]:
    async with connected(await asyncio.to_thread(url_for, settings, "owner")) as connection:
        kinds = [await _look(connection, name) for name in _KINDS]
        return [*kinds, await _look_at_events(connection)]


async def enable(settings: Settings, name: str, *, admin_url: str | None = None) -> Feature:
    """Make the feature's extension. Enabling it again changes nothing."""
    if name == _EVENTS:
        return await _switch_events(settings, announce())
    kind = _kind(name)
    async with connected(await _admin(settings, admin_url)) as connection:
        found = await _look(connection, name)
        if found.enabled:
            return found
        if not found.available:
            raise FeatureUnavailable(found.detail, feature=name, hint=_hint(kind))
        try:
            async with connection.transaction():
                await connection.execute(f"CREATE EXTENSION {kind.extension}")
                for statement in kind.after:
                    await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError as error:
            raise FeatureUnavailable(
                f"Only a superuser can make the extension {kind.extension}.",
                feature=name,
                hint=f"Set TENANTRY_ADMIN_URL, or run CREATE EXTENSION {kind.extension} as one.",
            ) from error
        return await _look(connection, name)


async def disable(settings: Settings, name: str, *, admin_url: str | None = None) -> Feature:
    """Remove the extension; refused while anything is kept in it."""
    if name == _EVENTS:
        return await _switch_events(settings, be_silent())
    kind = _kind(name)
    async with connected(await _admin(settings, admin_url)) as connection:
        if (await _look(connection, name)).enabled:
            if in_use := await connection.fetchval(kind.in_use):
                raise FeatureUnavailable(
                    f"{name} is in use: {in_use} of its objects would be lost.",
                    feature=name,
                    hint="Remove them first.",
                )
            await connection.execute(f"DROP EXTENSION {kind.extension}")
        return await _look(connection, name)


async def _look(connection: asyncpg.Connection[Any], name: str) -> Feature:
    kind = _kind(name)
    row = await connection.fetchrow(
        "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = $1",
        kind.extension,
    )
    if row is None:
        detail = f"This server has no extension {kind.extension}."
        return Feature(name, kind.description, False, False, detail)
    enabled = row["installed_version"] is not None
    detail = f"{kind.extension} {row['installed_version'] or row['default_version']}"
    return Feature(name, kind.description, enabled, True, detail)


async def _switch_events(settings: Settings, statements: list[str]) -> Feature:
    """Enabled again, the triggers become those of this version."""
    async with connected(await asyncio.to_thread(url_for, settings, "owner")) as connection:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
        return await _look_at_events(connection)


async def _look_at_events(connection: asyncpg.Connection[Any]) -> Feature:
    enabled = bool(await connection.fetchval(IS_ANNOUNCED))
    description = (
        "Tasks and activities tell their changes as events (needs `tenantry events relay`)"
    )
    return Feature(_EVENTS, description, enabled, True, "triggers of its own")


def _kind(name: str) -> _Kind:
    if name not in _KINDS:
        raise FeatureUnavailable(
            f"There is no feature {name!r}.",
            feature=name,
            hint=f"Known: {', '.join((*_KINDS, _EVENTS))}.",
        )
    return _KINDS[name]


def _hint(kind: _Kind) -> str:
    if kind.extension == "age":
        return "The embedded PostgreSQL 18 brings it where its wheel exists (Linux, x86-64)."
    return "The embedded PostgreSQL 18 brings it; on Debian, install postgresql-NN-pgvector."


async def _admin(settings: Settings, admin_url: str | None) -> str:
    if admin_url is not None:
        return admin_url
    if is_embedded(settings):
        return await asyncio.to_thread(lambda: superuser_url(servers(settings), DATABASE))
    return await asyncio.to_thread(url_for, settings, "owner")
