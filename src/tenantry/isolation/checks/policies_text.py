"""A tenant compared as text."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policies-text",
    title="A tenant compared as text",
    severity="warning",
    sql=r"""
-- It keeps the key's index from being used, and lets two spellings of one tenant differ.
SELECT DISTINCT p.table_name || '.' || quote_ident(p.polname) AS object, 'The tenant''s column is cast to text.' AS detail
FROM policy AS p JOIN pg_attribute AS a ON a.attrelid = p.table_oid AND a.attnum = p.attnum
WHERE a.atttypid <> 'text'::regtype
  AND concat_ws(' ', p.qual, p.checks) ~ format('\m%s\)::(text|character varying)', quote_ident(a.attname))
""",
    remediation="Cast the setting to the column's type instead.",
)
