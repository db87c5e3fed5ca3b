"""A record that somebody could rewrite."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="record",
    title="A record that somebody could rewrite",
    severity="error",
    sql="""
SELECT t.name AS object, concat_ws(' ', format('%s holds %s.', u.grantee, string_agg(DISTINCT u.privilege_type, ', '))) AS detail
FROM (
    SELECT r.oid, r.name, r.relname, c.relacl, c.relowner FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
    CROSS JOIN facts WHERE r.nspname = 'tenantry' AND (
        facts.known -> 'append_only' ? r.relname::text OR EXISTS (
            SELECT FROM pg_inherits AS i JOIN pg_class AS parent ON parent.oid = i.inhparent
            WHERE i.inhrelid = r.oid AND facts.known -> 'append_only' ? parent.relname::text))
) AS t
CROSS JOIN LATERAL (
    SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END AS grantee, g.privilege_type
    FROM aclexplode(t.relacl) AS g
    WHERE g.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE') AND g.grantee <> t.relowner
      -- A tenant that is purged takes its record along, by the function of a role that nobody logs in as.
      AND NOT (g.privilege_type = 'DELETE' AND g.grantee = coalesce(to_regrole('tenantry_transfer')::oid, 0)
               AND g.grantee <> 0 AND t.relname IN ('audit_logs', 'audit_seals'))
    UNION ALL
    SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, g.privilege_type
    FROM pg_attribute AS a, aclexplode(a.attacl) AS g WHERE a.attrelid = t.oid AND g.privilege_type = 'UPDATE'
) AS u
GROUP BY t.name, u.grantee
UNION ALL
SELECT r.name, 'The trigger that refuses changes is missing or disabled.'
FROM facts JOIN relation AS r ON r.nspname = 'tenantry' AND facts.known -> 'append_only' ? r.relname::text
WHERE (SELECT count(*) FROM pg_trigger AS g JOIN pg_proc AS f ON f.oid = g.tgfoid
       WHERE g.tgrelid = r.oid AND f.proname = 'refuse_change' AND g.tgenabled IN ('O', 'A')) < 2
""",
    remediation="REVOKE UPDATE, DELETE, TRUNCATE, and restore the trigger refuse_change.",
)
