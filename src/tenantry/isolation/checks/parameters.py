"""A setting of the server's that a role of the application may change."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="parameters",
    title="A setting of the server's that a role of the application may change",
    severity="error",
    sql="""
-- session_replication_role switches off every trigger and reference; others load libraries or end logging.
SELECT p.parname AS object, format('%s may %s it.', string_agg(DISTINCT u.rolname, ', '),
           string_agg(DISTINCT lower(g.privilege_type), ' and ')) AS detail
FROM pg_parameter_acl AS p CROSS JOIN LATERAL aclexplode(p.paracl) AS g
JOIN limited_role AS u ON NOT u.rolsuper AND (g.grantee = 0 OR pg_has_role(u.oid, g.grantee, 'MEMBER'))
GROUP BY p.parname
""",
    remediation="REVOKE ALL ON PARAMETER … FROM the role.",
)
