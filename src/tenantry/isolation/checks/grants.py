"""A privilege beyond what the model says."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="grants",
    title="A privilege beyond what the model says",
    severity="error",
    sql=r"""
-- So that nobody raises their own plan, quota or role, moves a row, or reads a secret.
SELECT format('%s.%I', r.name, a.attname) AS object,
       format('%s may %s it, which the model does not say.', string_agg(u.rolname, ' and ' ORDER BY u.rolname), p.privilege) AS detail
FROM facts JOIN relation AS r ON r.nspname = 'tenantry' AND facts.known -> 'privileges' ? r.relname::text
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) AS p (privilege)
JOIN limited_role AS u ON NOT u.rolsuper AND has_column_privilege(u.oid, r.oid, a.attnum, p.privilege)
WHERE NOT coalesce(facts.known #> ARRAY['privileges', r.relname, p.privilege, CASE
                       WHEN u.rolname = ANY ($4) OR u.rolname LIKE 'tenantry\_%' THEN u.rolname ELSE 'tenantry_app' END]
                   ? a.attname::text, false)
GROUP BY r.name, a.attname, p.privilege
UNION ALL
SELECT r.name, format('%s may DELETE from it, which the model does not say.', string_agg(u.rolname, ' and '))
FROM facts JOIN relation AS r ON r.nspname = 'tenantry' AND facts.known -> 'privileges' ? r.relname::text
JOIN limited_role AS u ON NOT u.rolsuper AND has_table_privilege(u.oid, r.oid, 'DELETE')
WHERE coalesce(jsonb_array_length(facts.known #> ARRAY['privileges', r.relname, 'DELETE', CASE
                   WHEN u.rolname = ANY ($4) OR u.rolname LIKE 'tenantry\_%' THEN u.rolname ELSE 'tenantry_app' END]), 0) = 0
GROUP BY r.name
""",
    remediation="REVOKE it, or say it in the model's __access__ and migrate.",
)
