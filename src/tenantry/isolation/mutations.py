"""Ways to break isolation, each of which the proof must notice.

A mutation is SQL that is run first in the transaction of a proof and undone with it: nobody else ever
sees it, and roles, which belong to the whole cluster, stay as they are. `caught` names checks, rules
and attacks that notice it: the test beside this holds them to it, and the table in
`docs/isolation.md` is written from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tenantry.schema.graph import AFTER_EXTENSION, keep


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
_AGE = (
    "DO $$ BEGIN IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'age')"
    " THEN CREATE EXTENSION IF NOT EXISTS age; ELSE CREATE SCHEMA IF NOT EXISTS ag_catalog; END IF; END $$"
)
#: As `tenantry feature enable graph` does it; and a tenant's graph.
_GRAPH = (
    "CREATE EXTENSION IF NOT EXISTS age; "
    + "; ".join((*AFTER_EXTENSION, *keep()))
    + "; INSERT INTO tenantry.tenants (id, name, slug, status)"
    " VALUES ('018f0000-0000-7000-8000-00000000009a', 'Graph', 'graph-of-a-mutation', 'active')"
    "; SELECT tenantry.graph_ready('018f0000-0000-7000-8000-00000000009a')"
)
_A_GRAPH = "tg_018f000000007000800000000000009a"
_T = "tenantry.projects"
_TENANT_ID = "nullif(current_setting('app.tenant_id', true), '')::uuid"


def _context_function(properties: str, body: str) -> str:
    """The policies' own function, made again with other properties."""
    return (
        f"CREATE OR REPLACE FUNCTION tenantry.current_tenant_id() RETURNS uuid {properties} {body}"
    )


#: Written in the order in which docs/isolation.md lists them.
MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "policy dropped",
        f"DROP POLICY tenant ON {_T}",
        static=("policies-missing",), attacks=(2,),
    ),
    Mutation(
        "policy and floor dropped, one for all put there",
        f"DROP POLICY tenant ON {_T}; DROP POLICY tenant_floor ON {_T}; CREATE POLICY tenant ON {_T} TO tenantry_app USING (true)",
        static=("policies-everything", "policies-floor", "policies-missing", "proof-anon", "proof-cross-tenant"), attacks=(1, 2, 14, 25, 35),
    ),
    Mutation(
        "USING (true)",
        f"DROP POLICY tenant_floor ON {_T}; ALTER POLICY tenant ON {_T} USING (true)",
        static=("policies-everything", "policies-floor", "proof-anon", "proof-cross-tenant", "proof-write"), attacks=(1, 2, 14, 35),
    ),
    Mutation(
        "WITH CHECK (true)",
        f"DROP POLICY tenant_floor ON {_T}; ALTER POLICY tenant ON {_T} WITH CHECK (true)",
        static=("policies-everything", "policies-floor", "proof-write", "pgrls-SEC020"), attacks=(25,),
    ),
    Mutation(
        "USING (true) above its floor",
        f"ALTER POLICY tenant ON {_T} USING (true)",
        static=("policies-everything", "proof-cross-tenant", "pgrls-SEC008", "pgrls-SEC038"),
    ),
    Mutation(
        "a second permissive policy",
        f"CREATE POLICY more ON {_T} TO tenantry_app USING (name IS NOT NULL)",
        static=("policies-permissive", "proof-cross-tenant", "proof-write"),
    ),
    Mutation(
        "floor removed",
        f"DROP POLICY tenant_floor ON {_T}",
        static=("policies-floor",),
    ),
    Mutation(
        "FORCE removed",
        f"ALTER TABLE {_T} NO FORCE ROW LEVEL SECURITY",
        static=("row-security", "pgrls-SEC002"),
    ),
    Mutation(
        "row security disabled",
        f"ALTER TABLE {_T} DISABLE ROW LEVEL SECURITY",
        static=("row-security", "pgrls-SEC032"), attacks=(1, 2, 14, 25, 35),
    ),
    Mutation(
        "policy for PUBLIC only",
        f"ALTER POLICY tenant ON {_T} TO PUBLIC",
        static=("policies-everyone", "pgrls-SEC003"),
    ),
    Mutation(
        "misspelt setting",
        f"ALTER POLICY tenant ON {_T} USING (tenant_id = nullif(current_setting('app.tennant_id', true), '')::uuid)",
        static=("settings", "proof-anon", "proof-cross-tenant", "proof-write", "pgrls-SEC040"), attacks=(2,),
    ),
    Mutation(
        "tenant compared as text",
        f"ALTER POLICY tenant ON {_T} USING (tenant_id::text = current_setting('app.tenant_id', true))",
        static=("policies-text", "proof-cross-tenant", "proof-write", "pgrls-SEC040"),
    ),
    Mutation(
        "policy function IMMUTABLE",
        _context_function("LANGUAGE sql IMMUTABLE PARALLEL SAFE", f"RETURN {_TENANT_ID}"),
        static=("policy-functions", "pgrls-SEC046"), attacks=(14,),
    ),
    Mutation(
        "policy function VOLATILE",
        _context_function("LANGUAGE sql VOLATILE", f"RETURN {_TENANT_ID}"),
        static=("policy-functions",),
    ),
    Mutation(
        "policy function without search_path",
        _context_function("LANGUAGE sql STABLE", f"AS $$ SELECT {_TENANT_ID} $$"),
        static=("policy-functions",),
    ),
    Mutation(
        "app role owner",
        f"ALTER TABLE {_T} OWNER TO tenantry_app",
        static=("grants", "ownership", "privileges"), attacks=(32, 34),
    ),
    Mutation(
        "app role superuser",
        "ALTER ROLE tenantry_app SUPERUSER",
        static=("policies-everything", "policies-permissive", "role-attributes", "proof-anon"), attacks=(1, 2, 5, 7, 14),
    ),
    Mutation(
        "app role BYPASSRLS",
        "ALTER ROLE tenantry_app BYPASSRLS",
        static=("role-attributes", "proof-anon", "pgrls-SEC016", "pgrls-SEC023"), attacks=(1, 2, 14, 25, 35),
    ),
    Mutation(
        "app role member of service",
        "GRANT tenantry_service TO tenantry_app",
        static=("grants", "policies-everything", "policies-floor", "policies-permissive", "role-memberships"), attacks=(1, 2, 14, 27, 30),
    ),
    Mutation(
        "app role CREATEROLE",
        "ALTER ROLE tenantry_app CREATEROLE",
        static=("role-attributes",),
    ),
    Mutation(
        "TRUNCATE granted",
        f"GRANT TRUNCATE ON {_T} TO tenantry_app",
        static=("privileges",), attacks=(32,),
    ),
    Mutation(
        "TRIGGER granted",
        f"GRANT TRIGGER ON {_T} TO tenantry_app",
        static=("privileges",), attacks=(34,),
    ),
    Mutation(
        "REFERENCES granted",
        f"GRANT REFERENCES ON {_T} TO tenantry_app",
        static=("privileges",),
    ),
    Mutation(
        "TEMP granted",
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO tenantry_app', current_database()); END $$",
        static=("temporary-tables",), attacks=(21, 35),
    ),
    Mutation(
        "CREATE granted",
        "GRANT CREATE ON SCHEMA tenantry TO tenantry_app",
        static=("creation",), attacks=(35,),
    ),
    Mutation(
        "default privileges to app",
        "ALTER DEFAULT PRIVILEGES FOR ROLE tenantry_owner IN SCHEMA tenantry GRANT SELECT ON TABLES TO tenantry_app",
        static=("default-privileges",),
    ),
    Mutation(
        "a new table granted without row security",
        "CREATE TABLE tenantry.notes (tenant_id uuid REFERENCES tenantry.tenants, id uuid, body text, PRIMARY KEY (tenant_id, id)); GRANT SELECT, INSERT ON tenantry.notes TO tenantry_app",
        static=("row-security", "pgrls-SEC001"), attacks=(1, 2, 14, 25, 35),
    ),
    Mutation(
        "a partition granted",
        "GRANT SELECT ON tenantry.messages_default TO tenantry_app",
        static=("partitions",),
    ),
    Mutation(
        "a partition without row security",
        "ALTER TABLE tenantry.messages_default DISABLE ROW LEVEL SECURITY",
        static=("row-security",),
    ),
    Mutation(
        "a partition granted without row security",
        "DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'tenantry.messages'::regclass LOOP EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY; GRANT SELECT ON %s TO tenantry_app', p, p); END LOOP; END $$",
        static=("partitions", "row-security", "pgrls-SEC041"), attacks=(5,),
    ),
    Mutation(
        "foreign key without the tenant",
        "CREATE UNIQUE INDEX ON tenantry.projects (id); ALTER TABLE tenantry.tasks ADD CONSTRAINT loose FOREIGN KEY (project_id) REFERENCES tenantry.projects (id) ON DELETE CASCADE; ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_project_id_fkey",
        static=("foreign-keys", "unique-rules"), attacks=(27, 30),
    ),
    Mutation(
        "unique without the tenant",
        "CREATE UNIQUE INDEX loose ON tenantry.agents (name, id) NULLS NOT DISTINCT; CREATE UNIQUE INDEX looser ON tenantry.lessons (title)",
        static=("unique-rules",), attacks=(30,),
    ),
    Mutation(
        "exclusion without the tenant",
        "ALTER TABLE tenantry.lessons ADD CONSTRAINT loose EXCLUDE (title WITH =)",
        static=("unique-rules",), attacks=(30,),
    ),
    Mutation(
        "view without security_invoker",
        "CREATE VIEW tenantry.shown AS SELECT * FROM tenantry.projects; GRANT SELECT ON tenantry.shown TO tenantry_app",
        static=("views", "pgrls-VIEW001", "pgrls-VIEW002"), attacks=(6,),
    ),
    Mutation(
        "materialized view granted",
        "GRANT SELECT ON tenantry.desk_performance TO tenantry_app",
        static=("materialized-views",), attacks=(7,),
    ),
    Mutation(
        "definer function without search_path",
        "ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) RESET search_path",
        static=("definer-search-path", "pgrls-SEC015"),
    ),
    Mutation(
        "definer function executable by PUBLIC",
        "GRANT EXECUTE ON FUNCTION tenantry.refresh_view(text) TO PUBLIC",
        static=("public-functions",),
    ),
    Mutation(
        "definer function taking a tenant argument unchecked",
        "CREATE FUNCTION tenantry.tasks_of(tenant uuid) RETURNS TABLE (title text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT t.title FROM tenantry.tasks AS t WHERE t.tenant_id = tenant'; ALTER FUNCTION tenantry.tasks_of(uuid) OWNER TO tenantry_search; REVOKE ALL ON FUNCTION tenantry.tasks_of(uuid) FROM PUBLIC; GRANT EXECUTE ON FUNCTION tenantry.tasks_of(uuid) TO tenantry_app",
        static=("pgrls-SEC014",), attacks=(6, 49),
    ),
    Mutation(
        "outside accounts of every tenant",
        "CREATE OR REPLACE FUNCTION tenantry.identity_member(provider text, subject text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT i.user_id FROM tenantry.user_identities AS i WHERE i.provider = identity_member.provider AND i.subject = identity_member.subject'",
        attacks=(6, 49),
    ),
    Mutation(
        "roles in invitations changed",
        "GRANT UPDATE (role) ON tenantry.invitations TO tenantry_app",
        static=("grants",), attacks=(37,),
    ),
    Mutation(
        "foreign table granted",
        "CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER elsewhere FOREIGN DATA WRAPPER elsewhere; CREATE FOREIGN TABLE tenantry.remote (tenant_id uuid, id uuid) SERVER elsewhere; GRANT SELECT ON tenantry.remote TO tenantry_app",
        static=("foreign-tables",),
    ),
    Mutation(
        "large objects granted",
        "GRANT EXECUTE ON FUNCTION lo_get(oid), lo_create(oid), lo_from_bytea(oid, bytea) TO PUBLIC",
        static=("server-functions",), attacks=(20,),
    ),
    Mutation(
        "statistics functions granted",
        "GRANT EXECUTE ON FUNCTION pg_stat_get_activity(int) TO PUBLIC",
        static=("server-functions",), attacks=(18,),
    ),
    Mutation(
        "pg_signal_backend granted",
        "GRANT pg_signal_backend TO tenantry_app; GRANT EXECUTE ON FUNCTION pg_cancel_backend(int) TO PUBLIC",
        static=("role-memberships", "server-functions"), attacks=(46,),
    ),
    Mutation(
        "tenants.plan updatable",
        "GRANT UPDATE (plan) ON tenantry.tenants TO tenantry_app",
        static=("grants",), attacks=(37,),
    ),
    Mutation(
        "audit UPDATE granted",
        "GRANT UPDATE ON tenantry.audit_logs TO tenantry_app; DROP TRIGGER refuse_change ON tenantry.audit_logs",
        static=("grants", "record"), attacks=(38,),
    ),
    Mutation(
        "a secret readable",
        "GRANT SELECT (key_hash) ON tenantry.api_keys TO tenantry_app",
        static=("grants",),
    ),
    Mutation(
        "seal key readable",
        "GRANT SELECT (inner_pad, outer_pad) ON tenantry.seal_keys TO tenantry_app;"
        " CREATE POLICY peek ON tenantry.seal_keys FOR SELECT TO tenantry_app USING (true)",
        static=("grants",),
    ),
    Mutation(
        "ag_catalog usage granted",
        f"{_AGE}; GRANT USAGE ON SCHEMA ag_catalog TO tenantry_app",
        static=("age",),
    ),
    Mutation(
        "a graph's schema granted",
        f"{_GRAPH}; GRANT USAGE ON SCHEMA {_A_GRAPH} TO tenantry_app; GRANT SELECT ON {_A_GRAPH}._ag_label_vertex TO tenantry_app",
        static=("age",),
    ),
    Mutation(
        "every graph's tables granted",
        f"{_GRAPH}; ALTER DEFAULT PRIVILEGES FOR ROLE tenantry_graph GRANT USAGE ON SCHEMAS TO tenantry_app;"
        " ALTER DEFAULT PRIVILEGES FOR ROLE tenantry_graph GRANT SELECT ON TABLES TO tenantry_app",
        static=("default-privileges",), attacks=(56,),
    ),
    Mutation(
        "graph_ready granted",
        f"{_GRAPH}; GRANT EXECUTE ON FUNCTION tenantry.graph_ready(uuid) TO tenantry_app",
        static=("graph-functions",), attacks=(57,),
    ),
    Mutation(
        "cypher_rows executable by PUBLIC",
        f"{_GRAPH}; GRANT EXECUTE ON FUNCTION tenantry.cypher_rows(text, text, integer, jsonb, integer) TO PUBLIC",
        static=("graph-functions", "public-functions"), attacks=(57,),
    ),
    Mutation(
        "any Cypher allowed",
        f"{_GRAPH}; CREATE OR REPLACE FUNCTION tenantry.check_cypher(query text, hops integer DEFAULT 5) RETURNS void"
        " LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'BEGIN END'",
        attacks=(58,),
    ),
    Mutation(
        "the graph of a setting instead of the context",
        f"{_GRAPH}; CREATE OR REPLACE FUNCTION tenantry.graph_name(tenant uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE"
        " RETURN 'tg_of_everybody'",
        attacks=(59,),
    ),
    Mutation(
        "graphs' reader may write",
        f"{_GRAPH}; GRANT INSERT ON {_A_GRAPH}._ag_label_vertex TO tenantry_graph_reader",
        static=("graph-reader",),
    ),
    Mutation(
        "graph_run without search_path",
        f"{_GRAPH}; ALTER FUNCTION tenantry.graph_run(text, jsonb, integer) RESET search_path",
        static=("definer-search-path", "pgrls-SEC015"),
    ),
    Mutation(
        "triggers the application may switch off",
        "GRANT SET ON PARAMETER session_replication_role TO tenantry_app",
        static=("parameters",),
    ),
    Mutation(
        "rows without triggers for the application",
        "GRANT EXECUTE ON FUNCTION tenantry.load_rows(uuid, text, text[], text) TO tenantry_app;"
        " GRANT EXECUTE ON FUNCTION tenantry.unload_rows(uuid, text, text[], text) TO tenantry_app",
        static=("transfer-functions",),
    ),
    Mutation(
        "triggers switched off by a definer function",
        "ALTER FUNCTION tenantry.without_triggers() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;"
        " GRANT EXECUTE ON FUNCTION tenantry.without_triggers() TO tenantry_service",
        static=("transfer-functions",),
    ),
    Mutation(
        "somebody may act as the one who removes tenants",
        "GRANT tenantry_transfer TO tenantry_service",
        static=("definer-roles", "role-memberships"),
    ),
    Mutation(
        "the one who removes tenants logs in",
        "ALTER ROLE tenantry_transfer LOGIN",
        static=("definer-roles",),
    ),
    Mutation(
        "a default tenant for the role",
        "ALTER ROLE tenantry_app SET app.tenant_id = '018f0000-0000-7000-8000-000000000001'",
        static=("role-settings",),
    ),
    Mutation(
        "a trigger switched off",
        "ALTER TABLE tenantry.projects DISABLE TRIGGER audit_update",
        static=("triggers",),
    ),
)  # fmt: skip

#: Not in the database: the kernel itself, setting what it should set for the transaction alone.
KERNEL = Mutation("the kernel using SET instead of SET LOCAL", "", attacks=(45,))


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
