"""A function of the server that crosses tenants."""

from __future__ import annotations

from tenantry.schema.roles import FORBIDDEN_FUNCTIONS

from .check import Check

_NAMES = ", ".join(f"'{name}'" for name in FORBIDDEN_FUNCTIONS)

CHECK = Check(
    name="server-functions",
    title="A function of the server that crosses tenants",
    severity="warning",
    sql=f"""
-- Other sessions' queries, signals to them, and objects no policy covers. Taking them away needs a
-- superuser, so on a managed server this says what cannot be enforced there.
SELECT u.rolname AS object, format('It may call %s.', string_agg(DISTINCT f.proname, ', ' ORDER BY f.proname)) AS detail
FROM pg_proc AS f JOIN limited_role AS u ON NOT u.rolsuper AND has_function_privilege(u.oid, f.oid, 'EXECUTE')
WHERE f.proname IN ({_NAMES})
GROUP BY u.rolname
""",
    remediation="As a superuser: REVOKE EXECUTE ON FUNCTION … FROM PUBLIC (`tenantry init` does).",
)
