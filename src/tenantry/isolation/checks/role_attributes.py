"""A role of the application with the power of an administrator."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="role-attributes",
    title="A role of the application with the power of an administrator",
    severity="error",
    sql="""
SELECT r.rolname AS object, 'It is ' || concat_ws(', ', CASE WHEN r.rolsuper THEN 'a superuser' END,
           CASE WHEN r.rolbypassrls THEN 'past row security (BYPASSRLS)' END,
           CASE WHEN r.rolcreaterole THEN 'able to make roles (CREATEROLE)' END,
           CASE WHEN r.rolcreatedb THEN 'able to make databases (CREATEDB)' END,
           CASE WHEN r.rolreplication THEN 'able to read the log of all changes (REPLICATION)' END) || '.' AS detail
FROM pg_roles AS r JOIN limited_role AS u ON u.oid = r.oid
WHERE r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
""",
    remediation="ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION.",
)
