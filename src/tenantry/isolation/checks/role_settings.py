"""A tenant that is set for a role or a database."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="role-settings",
    title="A tenant that is set for a role or a database",
    severity="error",
    sql="""
SELECT coalesce(r.rolname, 'every role') || ' in ' || coalesce(d.datname, 'every database') AS object,
       format('%s is set there, for sessions that never said their tenant.', split_part(c.setting, '=', 1)) AS detail
FROM pg_db_role_setting AS s LEFT JOIN pg_roles AS r ON r.oid = s.setrole LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN unnest(s.setconfig) AS c (setting) CROSS JOIN facts
WHERE (d.datname IS NULL OR d.datname = current_database())
  AND (facts.known -> 'settings' ? split_part(c.setting, '=', 1)
       OR lower(c.setting) IN ('session_replication_role=replica', 'row_security=off'))
""",
    remediation="ALTER ROLE … RESET the setting: the context is said for each transaction.",
)
