"""A role of the application that can make things."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="creation",
    title="A role of the application that can make things",
    severity="error",
    sql="""
-- What it makes may shadow what others call.
SELECT format('schema %I', n.nspname) AS object, format('%s may CREATE in it.', string_agg(u.rolname, ', ')) AS detail
FROM pg_namespace AS n JOIN limited_role AS u ON NOT u.rolsuper AND has_schema_privilege(u.oid, n.oid, 'CREATE')
WHERE n.nspname !~ '^pg_(toast_)?temp_' GROUP BY n.nspname
UNION ALL
SELECT format('database %I', current_database()), format('%s may make schemas in it.', string_agg(u.rolname, ', '))
FROM limited_role AS u WHERE NOT u.rolsuper AND has_database_privilege(u.oid, current_database(), 'CREATE') HAVING count(*) > 0
""",
    remediation="REVOKE CREATE ON the schema or database, FROM PUBLIC as well.",
)
