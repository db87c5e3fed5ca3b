"""A role of the application that can make temporary tables."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="temporary-tables",
    title="A role of the application that can make temporary tables",
    severity="error",
    sql="""
-- They outlive the transaction, and come before everything else on the search path.
SELECT format('database %I', current_database()) AS object, format('%s may make temporary tables.', string_agg(u.rolname, ', ')) AS detail
FROM limited_role AS u WHERE NOT u.rolsuper AND has_database_privilege(u.oid, current_database(), 'TEMPORARY') HAVING count(*) > 0
""",
    remediation="REVOKE TEMPORARY ON DATABASE … FROM PUBLIC, and from the role.",
)
