"""A SECURITY DEFINER function whose names its caller can bend."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="definer-search-path",
    title="A SECURITY DEFINER function whose names its caller can bend",
    severity="error",
    sql=r"""
SELECT f.name AS object, CASE WHEN p.path IS NULL THEN 'It has no search_path of its own.'
       ELSE format('Its search_path %s does not put pg_temp last.', p.path) END AS detail
FROM function AS f
LEFT JOIN LATERAL (SELECT substr(s, 13) AS path FROM unnest(f.proconfig) AS s WHERE s LIKE 'search_path=%') AS p ON true
WHERE f.prosecdef AND (p.path IS NULL OR p.path !~ '(^|,\s*)"?pg_temp"?$')
""",
    remediation="ALTER FUNCTION … SET search_path = pg_catalog, pg_temp, and qualify every name in it.",
)
