"""Asking PgBouncer: its console speaks the simple query protocol alone, so libpq does it, not asyncpg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenantry.config.urls import DatabaseUrl

from ..prover import libpq, libpq_driver
from .facts import Entry, PoolerFacts, Unseen

if TYPE_CHECKING:
    import psycopg

_DATABASE = "pgbouncer"
_SECONDS = "10"
_UNTOLD = ("connect_query and auth_user of its databases, which its console does not tell",)


def read_console(url: str) -> PoolerFacts:
    """What the PgBouncer behind this URL says, to a login of its admin_users or stats_users."""
    driver = libpq_driver()
    place = DatabaseUrl.parse(url)
    console = replace(place, database=_DATABASE).with_params(connect_timeout=_SECONDS)
    try:
        with driver.connect(
            libpq(str(console)), autocommit=True, cursor_factory=driver.ClientCursor
        ) as connection:
            version = next(iter(_rows(connection, "SHOW VERSION")[0].values()))
            config = {row["key"]: row["value"] or "" for row in _rows(connection, "SHOW CONFIG")}
            databases = _rows(connection, "SHOW DATABASES")
            users = _rows(connection, "SHOW USERS")
    except (driver.Error, LookupError) as error:
        # What libpq says may name anything of the URL; its kind is enough.
        raise Unseen(_why(error)) from None
    if not version.startswith("PgBouncer"):
        raise Unseen("its console is not PgBouncer's")
    return PoolerFacts(
        where(place),
        version.removeprefix("PgBouncer").strip(),
        config,
        tuple(_entry(row) for row in databases if row["name"] != _DATABASE),
        {row["name"]: row["pool_mode"] for row in users if row.get("pool_mode")},
        _UNTOLD,
    )


def where(place: DatabaseUrl) -> str:
    """Host and port, without a login."""
    hosts = ", ".join(place.hosts) or "this machine"
    return f"{hosts}:{place.port}" if place.port else hosts


def _rows(connection: psycopg.Connection[Any], command: str) -> list[dict[str, Any]]:
    cursor = connection.execute(command.encode())
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["name"],
        row.get("host") or "",
        row.get("database") or "",
        row.get("force_user") or "",
        row.get("pool_mode") or "",
    )


def _why(error: Exception) -> str:
    said = str(error)
    if "not allowed" in said:
        return "this login is neither of its admin_users nor of its stats_users"
    if "authentication" in said or "password" in said:
        return "its console refuses this login"
    if "does not exist" in said or "no such database" in said:
        return "it has no console of PgBouncer's: it may be another pooler, or a managed one"
    return "its console could not be read"
