"""A role whose SET LOCAL Citus keeps to the coordinator."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="citus-settings",
    title="A role whose SET LOCAL Citus keeps to the coordinator",
    severity="error",
    needs="pg_catalog.pg_dist_partition",
    sql="""
-- Policies then ask the nodes for a context that nobody told them.
SELECT format('role %I', r.rolname) AS object,
       format('citus.propagate_set_commands is %s for it.', quote_literal(v.value)) AS detail
FROM tenant_role AS r CROSS JOIN LATERAL (
    SELECT coalesce(
        -- What is said for fewer goes first, as the server itself does it.
        (SELECT split_part(c.setting, '=', 2) FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS c (setting)
         WHERE s.setrole IN (0, r.oid) AND c.setting LIKE 'citus.propagate\\_set\\_commands=%'
           AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
         ORDER BY (s.setrole <> 0 AND s.setdatabase <> 0) DESC, s.setrole <> 0 DESC LIMIT 1),
        -- Else the server's; what this session was given is the examiner's own.
        (SELECT CASE WHEN source IN ('default', 'configuration file', 'command line', 'environment variable')
                     THEN setting ELSE boot_val END
         FROM pg_settings WHERE name = 'citus.propagate_set_commands'),
        'none') AS value
) AS v
WHERE lower(v.value) <> 'local'
""",
    remediation="ALTER DATABASE … SET citus.propagate_set_commands = 'local'.",
)
