"""A foreign key between tenants' tables without the tenant."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="foreign-keys",
    title="A foreign key between tenants' tables without the tenant",
    severity="error",
    sql="""
-- Foreign-key checks and cascades ignore row security: a row could point into another tenant, and a
-- cascade could remove another tenant's row.
SELECT format('%s.%I', child.name, k.conname) AS object,
       format('%s refers to %s without the tenant.', child.name, parent.name) AS detail
FROM pg_constraint AS k
JOIN tenant_table AS child ON child.oid = k.conrelid JOIN tenant_table AS parent ON parent.oid = k.confrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT EXISTS (
    SELECT FROM unnest(k.conkey, k.confkey) AS pair (child_column, parent_column)
    WHERE pair.child_column = child.attnum AND pair.parent_column = parent.attnum)
""",
    remediation="Reference (tenant, id) with a composite key: FOREIGN KEY (tenant_id, x_id) REFERENCES x (tenant_id, id).",
)
