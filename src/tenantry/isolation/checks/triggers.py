"""A trigger that is switched off on a table of tenants."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="triggers",
    title="A trigger that is switched off on a table of tenants",
    severity="error",
    sql="""
SELECT format('%s.%I', t.name, g.tgname) AS object, 'What it keeps is not kept.' AS detail
FROM pg_trigger AS g JOIN tenant_table AS t ON t.oid = g.tgrelid WHERE g.tgenabled IN ('D', 'R')
""",
    remediation="ALTER TABLE … ENABLE TRIGGER.",
)
