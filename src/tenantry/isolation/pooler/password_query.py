"""How PgBouncer looks passwords up: whoever may ask the same reads everybody's hash."""

from __future__ import annotations

import re

from ..findings import Finding
from ..subject import Connection, Subject
from .facts import PoolerFacts

_NAME = "pooler-password-query"
#: The function that is given the user's name, as in `SELECT * FROM pooler.lookup($1)`.
_FUNCTION = re.compile(r"([\w.]+)\s*\(\s*\$1")
_REMEDIATION = (
    "Look passwords up by a SECURITY DEFINER function with a fixed search_path that auth_user alone may"
    " execute; auth_user itself needs nothing else."
)


async def password_query_findings(
    connection: Connection, pooler: PoolerFacts, subject: Subject
) -> list[Finding]:
    """What can be told of `auth_user` and the function of `auth_query`, in the database at hand."""
    user = pooler["auth_user"]
    if not user:
        return []
    found = [
        Finding(_NAME, "warning", f"role {user}", row["detail"], _REMEDIATION)
        for row in await connection.fetch(_USER, user)
    ]
    if name := _FUNCTION.search(pooler["auth_query"]):
        roles = [*subject.roles, *subject.service_roles]
        found += [
            Finding(_NAME, "error", row["object"], row["detail"], _REMEDIATION)
            for row in await connection.fetch(_LOOKUP, name[1], roles)
        ]
    return found


_USER = """
    SELECT 'PgBouncer looks passwords up as a superuser: its own login is the whole server''s.' AS detail
    FROM pg_roles WHERE rolname = $1 AND rolsuper"""

_LOOKUP = """
    SELECT f.oid::regprocedure::text AS object, w.detail
    FROM pg_proc AS f CROSS JOIN LATERAL (
        SELECT format('%s may execute it, and read every role''s password hash.', string_agg(r.rolname, ', ' ORDER BY r.rolname)) AS detail
        FROM pg_roles AS r WHERE r.rolname = ANY ($2) AND NOT r.rolsuper AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
          AND has_schema_privilege(r.oid, f.pronamespace, 'USAGE')
        HAVING count(*) > 0
        UNION ALL
        SELECT 'It runs with its owner''s rights and looks names up by its caller''s search_path.'
        WHERE f.prosecdef AND f.prosqlbody IS NULL
          AND NOT EXISTS (SELECT FROM unnest(f.proconfig) AS s WHERE s LIKE 'search_path=%')
    ) AS w WHERE f.oid = to_regproc($1)"""
