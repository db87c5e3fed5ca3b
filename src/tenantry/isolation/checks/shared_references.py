"""A reference to hidden rows that tenants may write."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="shared-references",
    title="A reference to hidden rows that tenants may write",
    severity="warning",
    sql="""
-- Whether it is accepted tells whether a row exists that the tenant does not see.
SELECT format('%s.%I', child.name, k.conname) AS object,
       format('%s may write a reference to %s, which hides rows from it.', string_agg(DISTINCT r.rolname, ', '), parent.name) AS detail
FROM pg_constraint AS k JOIN tenant_table AS child ON child.oid = k.conrelid
JOIN relation AS parent ON parent.oid = k.confrelid AND parent.relrowsecurity AND parent.oid <> ALL ($1::oid[])
CROSS JOIN unnest(k.conkey) AS c (attnum)
JOIN tenant_role AS r ON NOT r.rolsuper AND (has_column_privilege(r.oid, k.conrelid, c.attnum, 'INSERT')
                                             OR has_column_privilege(r.oid, k.conrelid, c.attnum, 'UPDATE'))
WHERE k.contype = 'f' AND k.conparentid = 0 AND c.attnum <> child.attnum
GROUP BY child.name, k.conname, parent.name
""",
    remediation="Refer to a table of the tenant's own that stands between, as memberships do for users.",
)
