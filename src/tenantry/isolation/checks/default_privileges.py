"""A right that new objects will have by themselves."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="default-privileges",
    title="A right that new objects will have by themselves",
    severity="error",
    sql="""
SELECT format('defaults of %s%s', d.defaclrole::regrole, coalesce(' in ' || n.nspname, '')) AS object,
       format('New %s will be open to %s.', CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
              WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE 'schemas' END,
              string_agg(DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, ', ')) AS detail
FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
CROSS JOIN aclexplode(d.defaclacl) AS g
WHERE d.defaclobjtype <> 'T' AND (g.grantee = 0 OR g.grantee IN (SELECT oid FROM limited_role))
  AND NOT (d.defaclobjtype = 'f' AND g.grantee = 0 AND d.defaclnamespace <> 0)
GROUP BY d.defaclrole, n.nspname, d.defaclobjtype
UNION ALL
SELECT format('defaults of %s', facts.known ->> 'owner'), 'New functions will be open to PUBLIC.' FROM facts
WHERE facts.installed AND NOT EXISTS (
    SELECT FROM pg_default_acl AS d WHERE d.defaclrole = (facts.known ->> 'owner')::regrole
      AND d.defaclobjtype = 'f' AND d.defaclnamespace = 0
      AND NOT EXISTS (SELECT FROM aclexplode(d.defaclacl) AS g WHERE g.grantee = 0))
""",
    remediation="ALTER DEFAULT PRIVILEGES … REVOKE: grant each object its own rights, after its row security.",
)
