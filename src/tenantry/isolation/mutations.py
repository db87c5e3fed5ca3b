"""Ways to break isolation, each of which the proof must notice.

A mutation is SQL that is run first in the transaction of a proof and undone with it: nobody else ever
sees it, and roles, which belong to the whole cluster, stay as they are. `caught` names checks, rules
and attacks that notice it: the test beside this holds them to it, and the table in
`docs/isolation.md` is written from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    name: str
    sql: str
    #: Checks and rules of pgrls, by name.
    static: tuple[str, ...] = ()
    #: Attacks, by number.
    attacks: tuple[int, ...] = ()

    @property
    def prepare(self) -> str:
        """Without the event trigger that would refuse it, as on a managed server."""
        return f"{_GUARDS_OFF}; {self.sql}"

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")


_GUARDS_OFF = (
    "DO $$ DECLARE guard name; BEGIN FOR guard IN SELECT evtname FROM pg_event_trigger LOOP"
    " EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', guard); END LOOP; END $$"
)
_T = "tenantry.projects"
_TENANT_ID = "nullif(current_setting('app.tenant_id', true), '')::uuid"


def _context_function(properties: str, body: str) -> str:
    """The policies' own function, made again with other properties."""
    return (
        f"CREATE OR REPLACE FUNCTION tenantry.current_tenant_id() RETURNS uuid {properties} {body}"
    )


#: Written in the order in which docs/isolation.md lists them.
MUTATIONS: tuple[Mutation, ...] = (
    Mutation("policy dropped", f"DROP POLICY tenant ON {_T}"),
    Mutation("policy and floor dropped, one for all put there", f"DROP POLICY tenant ON {_T}; DROP POLICY tenant_floor ON {_T}; CREATE POLICY tenant ON {_T} TO tenantry_app USING (true)"),
    Mutation("USING (true)", f"DROP POLICY tenant_floor ON {_T}; ALTER POLICY tenant ON {_T} USING (true)"),
    Mutation("WITH CHECK (true)", f"DROP POLICY tenant_floor ON {_T}; ALTER POLICY tenant ON {_T} WITH CHECK (true)"),
    Mutation("USING (true) above its floor", f"ALTER POLICY tenant ON {_T} USING (true)"),
    Mutation("a second permissive policy", f"CREATE POLICY more ON {_T} TO tenantry_app USING (name IS NOT NULL)"),
    Mutation("floor removed", f"DROP POLICY tenant_floor ON {_T}"),
    Mutation("FORCE removed", f"ALTER TABLE {_T} NO FORCE ROW LEVEL SECURITY"),
    Mutation("row security disabled", f"ALTER TABLE {_T} DISABLE ROW LEVEL SECURITY"),
    Mutation("policy for PUBLIC only", f"ALTER POLICY tenant ON {_T} TO PUBLIC"),
    Mutation("misspelt setting", f"ALTER POLICY tenant ON {_T} USING (tenant_id = nullif(current_setting('app.tennant_id', true), '')::uuid)"),
    Mutation("tenant compared as text", f"ALTER POLICY tenant ON {_T} USING (tenant_id::text = current_setting('app.tenant_id', true))"),
    Mutation("policy function IMMUTABLE", _context_function("LANGUAGE sql IMMUTABLE PARALLEL SAFE", f"RETURN {_TENANT_ID}")),
    Mutation("policy function VOLATILE", _context_function("LANGUAGE sql VOLATILE", f"RETURN {_TENANT_ID}")),
    Mutation("policy function without search_path", _context_function("LANGUAGE sql STABLE", f"AS $$ SELECT {_TENANT_ID} $$")),
    Mutation("app role owner", f"ALTER TABLE {_T} OWNER TO tenantry_app"),
    Mutation("app role superuser", "ALTER ROLE tenantry_app SUPERUSER"),
    Mutation("app role BYPASSRLS", "ALTER ROLE tenantry_app BYPASSRLS"),
    Mutation("app role member of service", "GRANT tenantry_service TO tenantry_app"),
    Mutation("app role CREATEROLE", "ALTER ROLE tenantry_app CREATEROLE"),
    Mutation("TRUNCATE granted", f"GRANT TRUNCATE ON {_T} TO tenantry_app"),
    Mutation("TRIGGER granted", f"GRANT TRIGGER ON {_T} TO tenantry_app"),
    Mutation("REFERENCES granted", f"GRANT REFERENCES ON {_T} TO tenantry_app"),
    Mutation("TEMP granted", "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO tenantry_app', current_database()); END $$"),
    Mutation("CREATE granted", "GRANT CREATE ON SCHEMA tenantry TO tenantry_app"),
    Mutation("default privileges to app", "ALTER DEFAULT PRIVILEGES FOR ROLE tenantry_owner IN SCHEMA tenantry GRANT SELECT ON TABLES TO tenantry_app"),
    Mutation("a new table granted without row security", "CREATE TABLE tenantry.notes (tenant_id uuid REFERENCES tenantry.tenants, id uuid, body text, PRIMARY KEY (tenant_id, id)); GRANT SELECT, INSERT ON tenantry.notes TO tenantry_app"),
    Mutation("a partition granted", "GRANT SELECT ON tenantry.messages_default TO tenantry_app"),
    Mutation("a partition without row security", "ALTER TABLE tenantry.messages_default DISABLE ROW LEVEL SECURITY"),
    Mutation("a partition granted without row security", "DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'tenantry.messages'::regclass LOOP EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY; GRANT SELECT ON %s TO tenantry_app', p, p); END LOOP; END $$"),
    Mutation("foreign key without the tenant", "CREATE UNIQUE INDEX ON tenantry.projects (id); ALTER TABLE tenantry.tasks ADD CONSTRAINT loose FOREIGN KEY (project_id) REFERENCES tenantry.projects (id) ON DELETE CASCADE; ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_project_id_fkey"),
    Mutation("unique without the tenant", "CREATE UNIQUE INDEX loose ON tenantry.agents (name, id) NULLS NOT DISTINCT; CREATE UNIQUE INDEX looser ON tenantry.lessons (title)"),
    Mutation("exclusion without the tenant", "ALTER TABLE tenantry.lessons ADD CONSTRAINT loose EXCLUDE (title WITH =)"),
    Mutation("view without security_invoker", "CREATE VIEW tenantry.shown AS SELECT * FROM tenantry.projects; GRANT SELECT ON tenantry.shown TO tenantry_app"),
    Mutation("materialized view granted", "GRANT SELECT ON tenantry.desk_performance TO tenantry_app"),
    Mutation("definer function without search_path", "ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) RESET search_path"),
    Mutation("definer function executable by PUBLIC", "GRANT EXECUTE ON FUNCTION tenantry.refresh_view(text) TO PUBLIC"),
    Mutation("definer function taking a tenant argument unchecked", "CREATE FUNCTION tenantry.tasks_of(tenant uuid) RETURNS TABLE (title text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT t.title FROM tenantry.tasks AS t WHERE t.tenant_id = tenant'; ALTER FUNCTION tenantry.tasks_of(uuid) OWNER TO tenantry_search; REVOKE ALL ON FUNCTION tenantry.tasks_of(uuid) FROM PUBLIC; GRANT EXECUTE ON FUNCTION tenantry.tasks_of(uuid) TO tenantry_app"),
    Mutation("foreign table granted", "CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER elsewhere FOREIGN DATA WRAPPER elsewhere; CREATE FOREIGN TABLE tenantry.remote (tenant_id uuid, id uuid) SERVER elsewhere; GRANT SELECT ON tenantry.remote TO tenantry_app"),
    Mutation("large objects granted", "GRANT EXECUTE ON FUNCTION lo_get(oid), lo_create(oid), lo_from_bytea(oid, bytea) TO PUBLIC"),
    Mutation("statistics functions granted", "GRANT EXECUTE ON FUNCTION pg_stat_get_activity(int) TO PUBLIC"),
    Mutation("pg_signal_backend granted", "GRANT pg_signal_backend TO tenantry_app; GRANT EXECUTE ON FUNCTION pg_cancel_backend(int) TO PUBLIC"),
    Mutation("tenants.plan updatable", "GRANT UPDATE (plan) ON tenantry.tenants TO tenantry_app"),
    Mutation("audit UPDATE granted", "GRANT UPDATE ON tenantry.audit_logs TO tenantry_app; DROP TRIGGER refuse_change ON tenantry.audit_logs"),
    Mutation("a secret readable", "GRANT SELECT (key_hash) ON tenantry.api_keys TO tenantry_app"),
    Mutation("ag_catalog usage granted", "CREATE SCHEMA IF NOT EXISTS ag_catalog; GRANT USAGE ON SCHEMA ag_catalog TO tenantry_app"),
    Mutation("a default tenant for the role", "ALTER ROLE tenantry_app SET app.tenant_id = '018f0000-0000-7000-8000-000000000001'"),
    Mutation("a trigger switched off", "ALTER TABLE tenantry.projects DISABLE TRIGGER audit_update"),
)  # fmt: skip

#: Not in the database: the kernel itself, setting what it should set for the transaction alone.
KERNEL = Mutation("the kernel using SET instead of SET LOCAL", "", attacks=(45, 53))


def table() -> str:
    """Which side notices each, for the documentation."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "| mutation | static | attacks |"
    yield "|---|---|---|"
    for mutation in (*MUTATIONS, KERNEL):
        static = ", ".join(f"`{name}`" for name in mutation.static) or "-"
        attacks = ", ".join(map(str, mutation.attacks)) or "-"
        yield f"| {mutation.name} | {static} | {attacks} |"
