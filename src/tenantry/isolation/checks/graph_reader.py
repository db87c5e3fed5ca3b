"""A question that could change a graph."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="graph-reader",
    title="A question that could change a graph",
    severity="error",
    sql="""
-- Cypher is run by a role that only reads, so that whatever passes the allow-list changes nothing.
SELECT format('schema %I', n.nspname) AS object,
       format('tenantry_graph_reader may do more than read in it, as in %s.', min(c.relname)) AS detail
FROM facts JOIN pg_roles AS u ON facts.installed AND u.rolname = 'tenantry_graph_reader' AND NOT u.rolsuper
JOIN pg_class AS c ON c.relkind IN ('r', 'p')
  AND (has_any_column_privilege(u.oid, c.oid, 'INSERT, UPDATE') OR has_table_privilege(u.oid, c.oid, 'DELETE, TRUNCATE'))
JOIN pg_namespace AS n ON n.oid = c.relnamespace
GROUP BY n.nspname
UNION ALL
SELECT format('schema %I', n.nspname), 'tenantry_graph_reader may make tables in it.'
FROM facts JOIN pg_roles AS u ON facts.installed AND u.rolname = 'tenantry_graph_reader' AND NOT u.rolsuper
JOIN pg_namespace AS n ON has_schema_privilege(u.oid, n.oid, 'CREATE')
""",
    remediation="REVOKE ALL ON the tables FROM tenantry_graph_reader, and grant SELECT alone.",
)
