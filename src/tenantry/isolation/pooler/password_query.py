"""How PgBouncer looks passwords up: whoever may ask the same reads everybody's hash."""

from __future__ import annotations

import re

from ..findings import Finding
from ..subject import Connection, Subject
from .facts import Entry, PoolerFacts

_NAME = "pooler-password-query"
#: The function that is given the user's name, as in `SELECT * FROM pooler.lookup($1)`.
_PART = r'(?:"[^"]+"|[^\W\d]\w*)'
_FUNCTION = re.compile(rf"(?:({_PART})\.)?({_PART})\s*\(\s*\$1")
_REMEDIATION = (
    "Look passwords up by a SECURITY DEFINER function with a fixed search_path that auth_user alone may"
    " execute; auth_user itself needs nothing else."
)


async def password_query_findings(
    connection: Connection, pooler: PoolerFacts, subject: Subject, database: str
) -> list[Finding]:
    """What can be told of `auth_user` and the function of `auth_query`, in the database at hand."""
    entries = pooler.entries_to(database) or [Entry("*")]
    users = {entry.auth_user or pooler["auth_user"] for entry in entries} - {""}
    if not users:
        return []
    queries = {entry.auth_query or pooler["auth_query"] for entry in entries}
    names = sorted({_names(name) for name in map(_FUNCTION.search, queries) if name})
    roles = [*subject.roles, *subject.service_roles]
    superusers = await connection.fetch(_USER, sorted(users))
    schemas, functions = [schema for schema, _ in names], [function for _, function in names]
    open_to = await connection.fetch(_LOOKUP, schemas, functions, roles)
    oids = [table.oid for table in subject.tables]
    powers = await connection.fetch(_POWERS, sorted(users), oids)
    return [
        *(Finding(_NAME, "warning", r["object"], r["detail"], _REMEDIATION) for r in superusers),
        *(Finding(_NAME, "error", r["object"], r["detail"], _REMEDIATION) for r in open_to),
        *(Finding(_NAME, "error", r["object"], r["detail"], _REMEDIATION) for r in powers),
    ]


def _names(found: re.Match[str]) -> tuple[str, str]:
    """Schema and function as the catalog has them; "" where the search path decides."""
    schema, function = (part or "" for part in found.groups())
    return _folded(schema), _folded(function)


def _folded(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.lower()


_USER = """
    SELECT 'role ' || rolname AS object,
           'PgBouncer looks passwords up as a superuser: its own login is the whole server''s.' AS detail
    FROM pg_roles WHERE rolname = ANY ($1) AND rolsuper"""

# A login that no policy was written for, on the machine that all clients talk to.
_POWERS = """
    SELECT 'role ' || r.rolname AS object, 'PgBouncer looks passwords up as it, and it ' || w.what || '.' AS detail
    FROM pg_roles AS r CROSS JOIN LATERAL (
        SELECT 'is past row security (BYPASSRLS)' AS what WHERE r.rolbypassrls
        UNION ALL SELECT 'may make roles (CREATEROLE)' WHERE r.rolcreaterole
        UNION ALL SELECT 'may become ' || string_agg(o.rolname, ', ' ORDER BY o.rolname)
        FROM pg_auth_members AS m JOIN pg_roles AS o ON o.oid = m.roleid WHERE m.member = r.oid HAVING count(*) > 0
        UNION ALL SELECT 'may read or write ' || string_agg(t.oid::regclass::text, ', ' ORDER BY t.oid::regclass::text)
        FROM unnest($2::oid[]) AS t (oid)
        WHERE has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(r.oid, t.oid, 'DELETE, TRUNCATE')
        HAVING count(*) > 0
    ) AS w
    WHERE r.rolname = ANY ($1) AND NOT r.rolsuper"""

# By the catalog: whoever may not use the schema, as the owner may not, could not name the function.
_LOOKUP = """
    SELECT f.oid::regprocedure::text AS object, w.detail
    FROM unnest($1::text[], $2::text[]) AS named (schema, function)
    JOIN pg_proc AS f ON f.proname = named.function JOIN pg_namespace AS n ON n.oid = f.pronamespace
      AND (n.nspname = named.schema OR (named.schema = '' AND pg_function_is_visible(f.oid)))
    CROSS JOIN LATERAL (
        SELECT format('%s may execute it, and read every role''s password hash.', string_agg(r.rolname, ', ' ORDER BY r.rolname)) AS detail
        FROM pg_roles AS r WHERE r.rolname = ANY ($3) AND NOT r.rolsuper AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
          AND has_schema_privilege(r.oid, f.pronamespace, 'USAGE')
        HAVING count(*) > 0
        UNION ALL
        SELECT 'It runs with its owner''s rights and looks names up by its caller''s search_path.'
        WHERE f.prosecdef AND f.prosqlbody IS NULL
          AND NOT EXISTS (SELECT FROM unnest(f.proconfig) AS s WHERE s LIKE 'search_path=%')
    ) AS w"""
