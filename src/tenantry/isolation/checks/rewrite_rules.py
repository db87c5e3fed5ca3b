"""A rewrite rule on a table of tenants."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="rewrite-rules",
    title="A rewrite rule on a table of tenants",
    severity="warning",
    sql="""
SELECT format('%s.%I', t.name, w.rulename) AS object, 'Statements are rewritten into others that run with its owner''s rights.' AS detail
FROM pg_rewrite AS w JOIN tenant_table AS t ON t.oid = w.ev_class WHERE w.rulename <> '_RETURN'
""",
    remediation="Replace it by a trigger.",
)
