"""Plain or sealed: the two kinds of context that a database can ask for.

Under the plain one the functions that policies call are inlined; under the sealed one they ask a
verifier first, once for a statement, which is why policies then call them in a subquery. Policies
are found in the catalog, so those of the application's own tables change with ours.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from .roles import AUTH, OWNER, TENANT_ROLES, quote

_ASKED = ("tenant", "user")
_CALL = re.compile(r"(?<!SELECT )tenantry\.current_(tenant|user)_id\(\)")
# Only a scalar subquery is a value; that of IN, ANY, ALL, ARRAY or EXISTS is part of its operator.
_CALL_ONCE = re.compile(
    r"(?<!IN )(?<!ANY )(?<!ALL )(?<!ARRAY)(?<!EXISTS )"
    r"\( *SELECT tenantry\.current_(tenant|user)_id\(\)(?: AS current_\w+)?\)"
)
_POLICIES = """
    SELECT tablename, policyname, qual, with_check FROM pg_catalog.pg_policies
    WHERE schemaname = 'tenantry' AND (qual ~ 'tenantry.current_' OR with_check ~ 'tenantry.current_')
    ORDER BY 1, 2"""
#: Whether the database asks for a seal: whatever of a context is read, by itself or with the rest.
#: Every role may ask.
IS_SEALED = "SELECT " + " AND ".join(
    "coalesce(pg_catalog.pg_get_functiondef("
    f"to_regprocedure('tenantry.current_{name}_id()')) LIKE '%seal_holds%', false)"
    for name in _ASKED
)
#: What shows other sessions' statements, and with them their seals.
READS_STATEMENTS = f"""
    SELECT string_agg(DISTINCT p.oid::regprocedure::text, ', ')
    FROM pg_catalog.pg_proc AS p, unnest('{{{", ".join(TENANT_ROLES)}}}'::text[]) AS role
    WHERE p.proname IN ('pg_stat_get_activity', 'pg_stat_get_backend_activity', 'pg_stat_statements')
      AND pg_catalog.has_function_privilege(role, p.oid, 'EXECUTE')"""
#: (name, inner pad, outer pad)
Key = tuple[str, bytes, bytes]


class Connection(Protocol):
    async def execute(self, query: str, /, *args: object) -> str: ...
    async def fetch(self, query: str, /, *args: object) -> Any: ...
    async def fetchval(self, query: str, /, *args: object) -> Any: ...


def context_functions(*, sealed: bool) -> str:
    """`current_tenant_id()` and `current_user_id()`, as statements."""
    return "\n".join(_function(name, sealed=sealed) for name in _ASKED)


def _function(name: str, *, sealed: bool) -> str:
    value = f"nullif(pg_catalog.current_setting('app.{name}_id', true), '')::uuid"
    if sealed:
        value = f"CASE WHEN tenantry.seal_holds() THEN {value} END"
    # A body given as RETURN is parsed now, so no search_path can change what it means. STABLE: one
    # that is IMMUTABLE would be folded into cached plans and serve one tenant another's rows.
    return (
        f"CREATE OR REPLACE FUNCTION tenantry.current_{name}_id() RETURNS uuid"
        f" LANGUAGE sql STABLE PARALLEL SAFE\nRETURN {value};"
    )


async def set_kind(
    connection: Connection, *, sealed: bool, alter: Callable[[str], Awaitable[Any]] | None = None
) -> None:
    """Make functions and policies those of the kind: the functions at once, since they decide; then
    each policy, by `alter` where that is to wait for its table."""
    # Keys are changed while work goes on, which need not plan everything anew.
    if not sealed or not await connection.fetchval(IS_SEALED):
        await connection.execute(context_functions(sealed=sealed))
    for statement in await policy_changes(connection, sealed=sealed):
        await (alter or connection.execute)(statement)


async def policy_changes(connection: Connection, *, sealed: bool) -> list[str]:
    """What makes the policies those of the kind. Under either kind both forms are right: the one asks
    more often, the other keeps the planner from knowing the tenant."""
    before = await connection.fetchval("SELECT pg_catalog.current_setting('search_path')")
    # So that the server names every function with its schema.
    await connection.fetchval("SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)")
    policies = await connection.fetch(_POLICIES)
    await connection.fetchval("SELECT pg_catalog.set_config('search_path', $1, false)", before)
    changes = []
    for table, policy, qual, check in policies:
        clauses = [(w, text) for w, text in (("USING", qual), ("WITH CHECK", check)) if text]
        wanted = [(word, as_called(text, once=sealed)) for word, text in clauses]
        if wanted != clauses:
            parts = " ".join(f"{word} ({text})" for word, text in wanted)
            changes.append(f"ALTER POLICY {quote(policy)} ON tenantry.{quote(table)} {parts}")
    return changes


def as_called(condition: str, *, once: bool) -> str:
    """A policy's condition with each context function called once for a statement, or inlined."""
    inlined = _CALL_ONCE.sub(r"tenantry.current_\1_id()", condition)
    if not once:
        return inlined
    # As the server writes it, so that a condition that is right compares equal.
    return _CALL.sub(r"( SELECT tenantry.current_\1_id() AS current_\1_id)", inlined)


async def add_keys(connection: Connection, keys: Sequence[Key], *, only: bool = False) -> None:
    """Make these keys valid; with `only`, no others. By the owner, in a transaction."""
    await connection.execute(f"SET LOCAL ROLE {AUTH}")
    for key in keys:
        await connection.execute(
            "INSERT INTO tenantry.seal_keys (name, inner_pad, outer_pad) VALUES ($1, $2, $3)"
            " ON CONFLICT (name) DO NOTHING",
            *key,
        )
    if only:
        await connection.execute(
            "DELETE FROM tenantry.seal_keys WHERE name <> ALL ($1)", [key[0] for key in keys]
        )
    await connection.execute(f"SET LOCAL ROLE {OWNER}")


async def key_names(connection: Connection) -> list[str]:
    """Those that the database accepts. By the owner, in a transaction."""
    await connection.execute(f"SET LOCAL ROLE {AUTH}")
    rows = await connection.fetch("SELECT name FROM tenantry.seal_keys ORDER BY id")
    await connection.execute(f"SET LOCAL ROLE {OWNER}")
    return [row[0] for row in rows]
