"""A way past triggers, for who should have none."""

from __future__ import annotations

from tenantry.schema.install import FOR_TRANSFER

from .check import Check

_PARTS = ", ".join(f"to_regprocedure('tenantry.{name}')" for name in FOR_TRANSFER)

CHECK = Check(
    name="transfer-functions",
    title="A way past triggers, for who should have none",
    severity="error",
    sql=f"""
-- Whole tenants are the service role's to move, by functions whose parts are nobody's.
SELECT f.name AS object, format('%s may call it.', string_agg(u.rolname, ', ' ORDER BY u.rolname)) AS detail
FROM facts JOIN function AS f ON facts.installed AND f.nspname = 'tenantry'
JOIN limited_role AS u ON NOT u.rolsuper AND has_function_privilege(u.oid, f.oid, 'EXECUTE')
WHERE (pg_get_userbyid(f.proowner) = 'tenantry_transfer' AND u.oid IN (SELECT t.oid FROM tenant_role AS t)
       AND f.prosecdef)
   OR f.oid IN ({_PARTS})
GROUP BY f.name
UNION ALL
SELECT f.name, 'It switches triggers off for whoever calls it.'
FROM facts JOIN function AS f ON facts.installed AND f.prosecdef
WHERE f.oid IN (to_regprocedure('tenantry.without_triggers()'), to_regprocedure('tenantry.triggers_again()'))
   OR EXISTS (SELECT FROM unnest(f.proconfig) AS s WHERE s ILIKE 'session_replication_role=%')
""",
    remediation="REVOKE EXECUTE ON the function; `migrate check` tells what it should be.",
)
