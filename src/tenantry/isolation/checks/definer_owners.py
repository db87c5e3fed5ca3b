"""A SECURITY DEFINER function that runs with too much."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="definer-owners",
    title="A SECURITY DEFINER function that runs with too much",
    severity="error",
    sql="""
SELECT f.name AS object, format('%s may call it, and it runs as %s, whom no policy binds.', string_agg(u.rolname, ', '), o.rolname) AS detail
FROM function AS f JOIN pg_roles AS o ON o.oid = f.proowner AND (o.rolsuper OR o.rolbypassrls)
JOIN tenant_role AS u ON NOT u.rolsuper AND has_function_privilege(u.oid, f.oid, 'EXECUTE')
WHERE f.prosecdef AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
GROUP BY f.name, o.rolname
""",
    remediation="ALTER FUNCTION … OWNER TO a role with the least it needs.",
)
