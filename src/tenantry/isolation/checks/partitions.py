"""A partition that is reached past its parent."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="partitions",
    title="A partition that is reached past its parent",
    severity="error",
    sql="""
-- The parent's policies do not hold for a statement that names the partition.
SELECT t.name AS object, format('%s is granted this partition directly.', string_agg(r.rolname, ', ')) AS detail
FROM tenant_table AS t JOIN tenant_role AS r
  ON NOT r.rolsuper AND (has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                         OR has_table_privilege(r.oid, t.oid, 'DELETE, TRUNCATE, TRIGGER'))
WHERE t.relispartition GROUP BY t.name
""",
    remediation="REVOKE ALL ON the partition: its parent's grants are enough.",
)
