"""Looking at what a storm leaves: in the pools, on the server, in the tables."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from tenantry import Database
from tenantry.kernel import Pool
from tests.fixtures.database import Place

from .books import Book

STATE = """
    SELECT coalesce(current_setting('app.tenant_id', true), '') AS tenant,
           coalesce(current_setting('app.user_id', true), '') AS "user",
           coalesce(current_setting('app.actor', true), '') AS actor,
           nullif(current_user, session_user) AS role,
           pg_current_xact_id_if_assigned() AS transaction,
           (SELECT string_agg(c, ',') FROM pg_listening_channels() AS c) AS listening,
           (SELECT string_agg(name, ',') FROM pg_cursors WHERE is_holdable) AS cursors,
           (SELECT string_agg(name, ',') FROM pg_prepared_statements WHERE from_sql) AS prepared,
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks
"""
_BUSY = """
    SELECT usename || ': ' || query FROM pg_stat_activity
    WHERE datname = $1 AND usename LIKE 'tenantry%' AND xact_start IS NOT NULL
"""


async def leftovers(db: Database, place: Place) -> list[str]:
    """What is wrong with the pools once nobody works any more."""
    found = []
    for role, pool in db._pools.items():
        found += [f"{role}: {what}" for what in await _in_pool(pool)]
    admin = await asyncpg.connect(place.url("superuser"))
    try:
        # A backend whose client has gone away takes a moment to find out.
        for _ in range(200):
            busy = await admin.fetch(_BUSY, place.name)
            if not busy:
                break
            await asyncio.sleep(0.05)
        found += [f"still in a transaction at the server: {row[0]}" for row in busy]
    finally:
        await admin.close()
    return found


async def _in_pool(pool: Pool) -> list[str]:
    for _ in range(200):  # cancelled work is cleaned up in the background
        if pool.stats.in_use == 0 and pool.stats.opening == 0:
            break
        await asyncio.sleep(0.05)
    stats, found = pool.stats, []
    if stats.in_use or stats.waiting or stats.size > stats.max_size:
        found.append(f"connections are lost: {stats}")
    for connection in list(pool._idle):
        if connection.raw.is_in_transaction():
            found.append("an idle connection is in a transaction")
        state = dict(await connection.raw.fetchrow(STATE) or {})
        found += [f"a connection carries {k} = {v}" for k, v in state.items() if v]
    return found


async def recount(place: Place, books: list[Book]) -> list[str]:
    """What a superuser finds in the tables, against what every tenant wrote."""
    admin = await asyncpg.connect(place.url("superuser"))
    try:
        return [fault for check in _RECOUNTS for fault in await check(admin, books)]
    finally:
        await admin.close()


async def _projects(admin: asyncpg.Connection[Any], books: list[Book]) -> list[str]:
    rows = await admin.fetch("SELECT tenant_id, name, description FROM tenantry.projects")
    found: dict[Any, dict[str, str]] = {book.id: {} for book in books}
    for row in rows:
        found[row["tenant_id"]][row["name"]] = row["description"]
    return [
        f"{book.tag} has {found[book.id]}, not {book.rows}"
        for book in books
        if found[book.id] != book.rows
    ]


async def _record(admin: asyncpg.Connection[Any], books: list[Book]) -> list[str]:
    """Every text in a line of the record begins with the tag of the line's tenant."""
    rows = await admin.fetch(
        """
        SELECT t.slug, said.value
        FROM tenantry.audit_logs AS a JOIN tenantry.tenants AS t ON t.id = a.tenant_id,
            LATERAL (SELECT a.old_values UNION ALL SELECT a.new_values UNION ALL SELECT a.details) AS v (facts),
            LATERAL jsonb_each_text(v.facts) AS said
        WHERE a.resource_type = 'projects' AND said.key IN ('name', 'description', 'by')
          AND split_part(said.value, ':', 1) <> t.slug
        """
    )
    return [f"the record of {row['slug']} says {row['value']}" for row in rows]


async def _usage(admin: asyncpg.Connection[Any], books: list[Book]) -> list[str]:
    rows = await admin.fetch("SELECT tenant_id, current_projects FROM tenantry.tenant_usage")
    used = dict(rows)
    return [
        f"{book.tag} is said to use {used[book.id]} projects, and has {len(book.rows)}"
        for book in books
        if used[book.id] != len(book.rows)
    ]


_RECOUNTS = (_projects, _record, _usage)
