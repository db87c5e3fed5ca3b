"""A role of the application that can become another."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="role-memberships",
    title="A role of the application that can become another",
    severity="error",
    sql="""
SELECT u.rolname AS object, format('It is a member of %s.', string_agg(g.rolname, ', ' ORDER BY g.rolname)) AS detail
FROM pg_auth_members AS m JOIN limited_role AS u ON u.oid = m.member JOIN pg_roles AS g ON g.oid = m.roleid
WHERE g.rolname <> ALL ($3::text[]) GROUP BY u.rolname
""",
    remediation="REVOKE the membership.",
)
