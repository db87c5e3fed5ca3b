"""A function of a policy that is not safe to plan with."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policy-functions",
    title="A function of a policy that is not safe to plan with",
    severity="error",
    sql="""
-- IMMUTABLE is folded into cached plans and serves one tenant another's rows; VOLATILE and other
-- languages are asked for every row; a body looked up at run time means what the caller's path makes it.
SELECT f.name AS object, concat_ws(' ',
           CASE f.provolatile WHEN 'i' THEN 'It is IMMUTABLE: cached plans keep its first answer.'
                              WHEN 'v' THEN 'It is VOLATILE: it is asked for every row.' END,
           CASE WHEN f.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'sql')
                THEN 'It is not LANGUAGE sql, so it cannot be inlined.' END,
           CASE WHEN f.prosecdef THEN 'It is SECURITY DEFINER, so it cannot be inlined.' END,
           CASE WHEN f.unfixed THEN 'Its body is text, looked up by the caller''s search_path.' END) AS detail
FROM (
    SELECT f.*, f.prosqlbody IS NULL AND NOT EXISTS (
        SELECT FROM unnest(f.proconfig) AS s WHERE s LIKE 'search_path=%') AS unfixed
    FROM function AS f
) AS f
WHERE EXISTS (
    SELECT FROM pg_depend AS d JOIN pg_policy AS p ON p.oid = d.objid JOIN tenant_table AS t ON t.oid = p.polrelid
    WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid)
  AND (f.provolatile <> 's' OR f.prosecdef OR f.unfixed
       OR f.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'sql'))
""",
    remediation="Make it LANGUAGE sql STABLE PARALLEL SAFE with a RETURN body.",
)
