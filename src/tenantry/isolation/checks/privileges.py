"""A privilege that row security does not govern."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="privileges",
    title="A privilege that row security does not govern",
    severity="error",
    sql="""
-- TRUNCATE ignores policies; REFERENCES and TRIGGER run past them.
SELECT r.name AS object, format('%s holds %s.', u.rolname, string_agg(p.privilege, ', ')) AS detail
FROM relation AS r
JOIN (SELECT privilege FROM (VALUES ('TRUNCATE'), ('REFERENCES'), ('TRIGGER'), ('MAINTAIN')) AS p (privilege)
      WHERE privilege <> 'MAINTAIN' OR current_setting('server_version_num')::int >= 170000) AS p ON true
JOIN limited_role AS u ON NOT u.rolsuper AND has_table_privilege(u.oid, r.oid, p.privilege)
WHERE r.relkind IN ('r', 'p', 'f') GROUP BY r.name, u.rolname
""",
    remediation="REVOKE it; the application needs SELECT, INSERT, UPDATE and DELETE at most.",
)
