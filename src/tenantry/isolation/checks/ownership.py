"""A role of the application that owns something."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="ownership",
    title="A role of the application that owns something",
    severity="error",
    sql="""
-- An owner may switch off whatever protects what it owns.
SELECT u.rolname AS object, format('It owns %s.', string_agg(pg_describe_object(d.classid, d.objid, d.objsubid), ', ')) AS detail
FROM pg_shdepend AS d JOIN limited_role AS u ON u.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
WHERE d.deptype = 'o' AND (d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                           OR (d.dbid = 0 AND d.objid = (SELECT oid FROM pg_database WHERE datname = current_database())
                               AND d.classid = 'pg_database'::regclass))
GROUP BY u.rolname
""",
    remediation="ALTER … OWNER TO a role that the application never uses.",
)
