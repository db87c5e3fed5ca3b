"""What a check is, and what its query can build on."""

from __future__ import annotations

from dataclasses import dataclass

from ..findings import Severity


@dataclass(frozen=True, slots=True)
class Check:
    """A query that returns `object` and `detail` of everything that is wrong, in one way."""

    name: str
    title: str
    severity: Severity
    sql: str
    remediation: str
    #: A relation without which it has nothing to say: an extension's catalog.
    needs: str = ""


#: Comes before every query.
PRELUDE = """
WITH tenant_table AS (
    -- Tables with tenants' rows, and partitions of them.
    SELECT c.oid, t.attnum, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
           format('%I.%I', n.nspname, c.relname) AS name
    FROM unnest($1::oid[], $2::int2[]) AS t (oid, attnum)
    JOIN pg_class AS c ON c.oid = t.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
), tenant_role AS (
    -- Roles that work for one tenant at a time.
    SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY ($3::text[])
), limited_role AS (
    -- Those, and roles that work across tenants, by policies.
    SELECT oid, rolname, rolsuper FROM pg_roles WHERE rolname = ANY ($3::text[] || $4::text[])
), scope AS (
    -- Schemas with tables of the application's.
    SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($5::text[])
), relation AS (
    SELECT c.oid, c.relname, c.relkind, c.relispartition, c.relrowsecurity, c.reloptions, c.relowner,
           s.nspname, format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_class AS c JOIN scope AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
), policy AS (
    -- Policies of tenants' tables, for each tenant role they bind or help.
    SELECT p.oid, t.name AS table_name, t.oid AS table_oid, t.attnum, p.polname, p.polpermissive, p.polcmd,
           p.polroles, r.rolname, pg_get_expr(p.polqual, p.polrelid) AS qual,
           pg_get_expr(p.polwithcheck, p.polrelid) AS checks
    FROM pg_policy AS p JOIN tenant_table AS t ON t.oid = p.polrelid
    JOIN tenant_role AS r ON 0 = ANY (p.polroles)
      OR EXISTS (SELECT FROM unnest(p.polroles) AS m WHERE m <> 0 AND pg_has_role(r.oid, m, 'MEMBER'))
), function AS (
    SELECT f.oid, f.proname, f.proowner, f.prosecdef, f.proconfig, f.proacl, f.prorettype, f.prolang,
           f.provolatile, f.prosqlbody,
           format('%I.%I(%s)', n.nspname, f.proname, oidvectortypes(f.proargtypes)) AS name, n.nspname
    FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND f.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = f.oid AND d.deptype = 'e')
), facts AS (
    SELECT $6::jsonb AS known, ($6::jsonb -> 'installed')::bool AS installed
)
"""
