"""A policy that reads a setting nobody sets."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="settings",
    title="A policy that reads a setting nobody sets",
    severity="error",
    sql=r"""
SELECT DISTINCT s.object, format('It reads %s; the context is in %s.', quote_literal(s.setting),
       (SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(facts.known -> 'settings') AS name)) AS detail
FROM (
    SELECT t.name || '.' || quote_ident(p.polname) AS object,
           (regexp_matches(concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)),
                           'current_setting\(''([^'']+)''', 'g'))[1] AS setting
    FROM pg_policy AS p JOIN tenant_table AS t ON t.oid = p.polrelid
    UNION ALL
    SELECT f.name, (regexp_matches(pg_get_functiondef(f.oid), 'current_setting\(''([^'']+)''', 'g'))[1]
    FROM function AS f WHERE EXISTS (
        SELECT FROM pg_depend AS d JOIN pg_policy AS p ON p.oid = d.objid JOIN tenant_table AS t ON t.oid = p.polrelid
        WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid)
) AS s, facts
WHERE NOT (facts.known -> 'settings') ? s.setting AND jsonb_array_length(facts.known -> 'settings') > 0
""",
    remediation="Read the setting that the context is kept in.",
)
