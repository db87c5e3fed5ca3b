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
from tenantry.schema import graph
from tenantry.schema.events import IS_ANNOUNCED, announce, be_silent
from tenantry.schema.roles import APP, CLOSE_SERVER_FUNCTIONS


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
    #: Run after the extension is made, and before it goes.
    after: tuple[str, ...]
    before: tuple[str, ...]
    #: Whether all of that is there.
    complete: str
    #: Counts what would be lost with it.
    in_use: str
    #: How to lose it.
    remove: str
    #: Where the extension is not among the server's.
    hint: str
    #: Whether the server has loaded what the extension needs, and how to have it do so.
    loaded: str = "SELECT true"
    to_load: str = ""
    #: Run when the extension is gone: what it leaves.
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Switch:
    """Of the schema's own: triggers or grants that are there or not."""

    description: str
    detail: str
    on: list[str]
    off: list[str]
    is_on: str


_KINDS = {
    "graph": _Kind(
        "age",
        "Cypher over each tenant's agents and tasks (Apache AGE)",
        (*graph.AFTER_EXTENSION, *graph.keep()),
        (*graph.let_go(), *graph.BEFORE_IT_GOES),
        graph.IS_KEPT,
        "SELECT count(*) FROM ag_catalog.ag_graph",
        "Run `tenantry graph drop --all`: they can be made again from the tables.",
        "The embedded PostgreSQL 18 brings it where its wheel exists (Linux, x86-64).",
        # As long as its schema is there, AGE looks for its tables in it whenever any table is dropped.
        left=("DROP SCHEMA IF EXISTS ag_catalog",),
    ),
    "vectors": _Kind(
        "vector",
        "Search by meaning over knowledge and lessons (pgvector)",
        (),
        (),
        "SELECT true",
        "SELECT count(*) FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid"
        " WHERE t.typname IN ('vector', 'halfvec', 'sparsevec') AND NOT a.attisdropped"
        " AND a.attrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'm'))",
        "Remove them first.",
        "The embedded PostgreSQL 18 brings it; on Debian, install postgresql-NN-pgvector.",
    ),
    "statements": _Kind(
        "pg_stat_statements",
        "Which statements take the server's time (pg_stat_statements): `tenantry top slow`",
        (CLOSE_SERVER_FUNCTIONS,),
        (),
        f"SELECT NOT bool_or(has_function_privilege('{APP}', oid, 'EXECUTE')) FROM pg_proc"  # noqa: S608 - a role of ours
        " WHERE proname = 'pg_stat_statements'",
        "SELECT 0",  # its counts are the server's own
        "",
        "The embedded PostgreSQL brings it; elsewhere it is one of PostgreSQL's own (contrib).",
        # Of who has not loaded it the server may know settings by name, but does not list them.
        "SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max')",
        "Put pg_stat_statements into shared_preload_libraries (`tenantry config postgres` does), and"
        " restart the server.",
    ),
}
_SWITCHES = {
    "events": _Switch(
        "Tasks and activities tell their changes as events (needs `tenantry events relay`)",
        "triggers of its own",
        announce(),
        be_silent(),
        IS_ANNOUNCED,
    ),
    "graph-questions": _Switch(
        "Tenants ask their graph in Cypher of their own: t.graph.ask (needs graph)",
        "a grant",
        graph.allow_questions(),
        graph.forbid_questions(),
        graph.IS_ASKED,
    ),
}
_IS_MADE = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = $1)"


async def list_features(settings: Settings) -> list[Feature]:
    async with connected(await asyncio.to_thread(url_for, settings, "owner")) as connection:
        kinds = [await _look(connection, name) for name in _KINDS]
        return [*kinds, *[await _look_at_switch(connection, name) for name in _SWITCHES]]


async def enable(settings: Settings, name: str, *, admin_url: str | None = None) -> Feature:
    """Make the feature's extension. Enabling it again changes nothing."""
    if name in _SWITCHES:
        return await _switch(settings, name, _SWITCHES[name].on)
    kind = _kind(name)
    async with connected(await _admin(settings, admin_url)) as connection:
        found = await _look(connection, name)
        if found.enabled:
            return found
        if not found.available:
            raise FeatureUnavailable(found.detail, feature=name, hint=kind.hint)
        if not await connection.fetchval(kind.loaded):
            raise FeatureUnavailable(
                f"The server has not loaded {kind.extension}.", feature=name, hint=kind.to_load
            )
        try:
            async with connection.transaction():
                await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {kind.extension}")
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
    if name in _SWITCHES:
        return await _switch(settings, name, _SWITCHES[name].off)
    kind = _kind(name)
    async with connected(await _admin(settings, admin_url)) as connection:
        # Not only when all of it is there: what is half there goes too.
        in_use = await connection.fetchval(_IS_MADE, kind.extension) and await connection.fetchval(
            kind.in_use
        )
        if in_use:
            raise FeatureUnavailable(
                f"{name} is in use: {in_use} of its objects would be lost.",
                feature=name,
                hint=kind.remove,
            )
        async with connection.transaction():
            for statement in kind.before:
                await connection.execute(statement)
            await connection.execute(f"DROP EXTENSION IF EXISTS {kind.extension}")
            for statement in kind.left:
                await connection.execute(statement)
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
    enabled = enabled and bool(await connection.fetchval(kind.complete))
    enabled = enabled and bool(await connection.fetchval(kind.loaded))
    detail = f"{kind.extension} {row['installed_version'] or row['default_version']}"
    return Feature(name, kind.description, enabled, True, detail)


async def _switch(settings: Settings, name: str, statements: list[str]) -> Feature:
    """Enabled again, triggers become those of this version."""
    async with connected(await asyncio.to_thread(url_for, settings, "owner")) as connection:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
        return await _look_at_switch(connection, name)


async def _look_at_switch(connection: asyncpg.Connection[Any], name: str) -> Feature:
    switch = _SWITCHES[name]
    enabled = bool(await connection.fetchval(switch.is_on))
    return Feature(name, switch.description, enabled, True, switch.detail)


def _kind(name: str) -> _Kind:
    if name not in _KINDS:
        raise FeatureUnavailable(
            f"There is no feature {name!r}.",
            feature=name,
            hint=f"Known: {', '.join((*_KINDS, *_SWITCHES))}.",
        )
    return _KINDS[name]


async def _admin(settings: Settings, admin_url: str | None) -> str:
    if admin_url is not None:
        return admin_url
    if is_embedded(settings):
        return await asyncio.to_thread(lambda: superuser_url(servers(settings), DATABASE))
    return await asyncio.to_thread(url_for, settings, "owner")
