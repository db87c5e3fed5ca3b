"""A function that reaches any graph."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="graph-functions",
    title="A function that reaches any graph",
    severity="error",
    sql="""
-- Those of the graphs' owners, and those that see the extension; but for the few that take the graph of
-- the context.
SELECT f.name AS object, format('%s may call it.', string_agg(u.rolname, ', ' ORDER BY u.rolname)) AS detail
FROM facts JOIN function AS f ON facts.installed AND f.nspname = 'tenantry'
JOIN tenant_role AS u ON NOT u.rolsuper AND has_function_privilege(u.oid, f.oid, 'EXECUTE')
WHERE (pg_get_userbyid(f.proowner) IN ('tenantry_graph', 'tenantry_graph_reader')
       OR array_to_string(f.proconfig, ' ') ~ 'ag_catalog')
  AND f.prorettype <> 'trigger'::regtype
  AND NOT (facts.known -> 'graph_entrances') ? f.proname
GROUP BY f.name
""",
    remediation="REVOKE EXECUTE ON the function; tenants reach their own graph by graph_run and graph_ask alone.",
)
