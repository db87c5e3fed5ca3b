"""A function that everybody may call."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="public-functions",
    title="A function that everybody may call",
    severity="error",
    sql="""
-- Triggers' functions cannot be called. Elsewhere than in our schema, those with the caller's own rights
-- bring nothing more.
SELECT f.name AS object, CASE WHEN f.prosecdef THEN 'It runs with its owner''s rights, for PUBLIC.'
       ELSE 'PUBLIC may call it.' END AS detail
FROM function AS f CROSS JOIN facts
WHERE (f.prosecdef OR (facts.installed AND f.nspname = 'tenantry'))
  AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS g WHERE g.grantee = 0)
""",
    remediation="REVOKE ALL ON FUNCTION … FROM PUBLIC, and grant it to those it is for.",
)
