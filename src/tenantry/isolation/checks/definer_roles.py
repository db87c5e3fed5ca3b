"""A role that owns functions, and is somebody's to use."""

from __future__ import annotations

from tenantry.schema.roles import DEFINERS, OWNER

from .check import Check

_NAMES = ", ".join(f"'{name}'" for name in DEFINERS)

CHECK = Check(
    name="definer-roles",
    title="A role that owns functions, and is somebody's to use",
    severity="error",
    sql=f"""
-- They see every tenant, since what they do is written in their functions alone.
SELECT d.rolname AS object, 'It is ' || concat_ws(', ', CASE WHEN d.rolcanlogin THEN 'able to log in' END,
           CASE WHEN d.rolsuper THEN 'a superuser' END,
           CASE WHEN d.rolbypassrls THEN 'past row security (BYPASSRLS)' END,
           CASE WHEN d.rolcreaterole THEN 'able to make roles (CREATEROLE)' END) || '.' AS detail
FROM facts JOIN pg_roles AS d ON facts.installed AND d.rolname IN ({_NAMES})
WHERE d.rolcanlogin OR d.rolsuper OR d.rolbypassrls OR d.rolcreaterole
UNION ALL
-- The owner hands functions over to them; whoever made the roles may grant them.
SELECT d.rolname, format('%s may act as it.', string_agg(u.rolname, ', ' ORDER BY u.rolname))
FROM facts JOIN pg_roles AS d ON facts.installed AND d.rolname IN ({_NAMES})
JOIN pg_auth_members AS m ON m.roleid = d.oid
JOIN pg_roles AS u ON u.oid = m.member AND NOT u.rolsuper AND NOT u.rolcreaterole AND u.rolname NOT IN ('{OWNER}', {_NAMES})
GROUP BY d.rolname
""",
    remediation="ALTER ROLE … NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE, and REVOKE it from whoever is no owner.",
)
