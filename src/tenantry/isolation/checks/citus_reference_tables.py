"""Tenants' rows copied to every node of Citus."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="citus-reference-tables",
    title="Tenants' rows copied to every node of Citus",
    severity="warning",
    needs="pg_catalog.pg_dist_partition",
    sql="""
SELECT t.name AS object, 'It is a reference table: every node holds every tenant''s rows.' AS detail
FROM tenant_table AS t JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.oid
WHERE NOT t.relispartition AND d.partmethod = 'n' AND d.repmodel = 't'
""",
    remediation="Undistribute it and distribute it by the tenant's column; reference tables are for what all may read.",
)
