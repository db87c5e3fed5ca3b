"""seals"""

from tenantry.migrations import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = (
    r"""GRANT CREATE ON SCHEMA tenantry TO tenantry_audit""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
DECLARE
    entry uuid;
    tenant uuid := tenantry.current_tenant_id();
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'an event needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    PERFORM pg_catalog.pg_current_xact_id();
    entry := tenantry.uuidv7();
    INSERT INTO tenantry.audit_logs (
        tenant_id, id, action, resource_type, resource_id, details, actor_kind, user_id, agent_id,
        api_key_id, request_id, ip_address, user_agent, reason)
    SELECT tenant, entry, record_event.action, record_event.resource_type, record_event.resource_id,
           record_event.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) TO tenantry_app, tenantry_auth, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_platform_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
DECLARE
    entry uuid;
BEGIN
    PERFORM pg_catalog.pg_current_xact_id();
    entry := tenantry.uuidv7();
    INSERT INTO tenantry.platform_log (
        id, tenant_id, action, resource_type, resource_id, details, actor_kind, user_id, agent_id,
        api_key_id, request_id, ip_address, user_agent, reason)
    SELECT entry, tenantry.current_tenant_id(), record_platform_event.action,
           record_platform_event.resource_type, record_platform_event.resource_id,
           record_platform_event.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.sealed_below()
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
    SELECT s.to_id FROM tenantry.platform_seals AS s ORDER BY s.sequence DESC LIMIT 1
$function$""",
    r"""ALTER FUNCTION tenantry.sealed_below() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.sealed_below() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.detach_sealed(parent text, child text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
DECLARE
    bounds text[];
BEGIN
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) INTO bounds
    FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('tenantry.' || quote_ident(parent)) AND c.relname = child;
    IF bounds IS NULL OR parent NOT IN ('audit_logs', 'platform_log') THEN
        RAISE EXCEPTION '% is no partition of the record', child USING ERRCODE = '42P01';
    END IF;
    IF bounds[2]::uuid > tenantry.sealed_below() IS NOT FALSE THEN
        RETURN NULL;
    END IF;
    CREATE SCHEMA IF NOT EXISTS tenantry_archive;
    EXECUTE format('ALTER TABLE tenantry.%I DETACH PARTITION tenantry.%I', parent, child);
    EXECUTE format('ALTER TABLE tenantry.%I SET SCHEMA tenantry_archive', child);
    PERFORM tenantry.record_platform_event('detach', parent, NULL,
        jsonb_build_object('partition', child, 'from_id', bounds[1], 'to_id', bounds[2]));
    RETURN 'tenantry_archive.' || child;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.detach_sealed(text, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_seals_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, sequence bigint, from_id uuid, to_id uuid, entries integer, root bytea, previous bytea, hash bytea, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid <> $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.audit_seals.tenant_id, tenantry.audit_seals.id, tenantry.audit_seals.sequence, tenantry.audit_seals.from_id, tenantry.audit_seals.to_id, tenantry.audit_seals.entries, tenantry.audit_seals.root, tenantry.audit_seals.previous, tenantry.audit_seals.hash, tenantry.audit_seals.created_at
FROM tenantry.audit_seals
WHERE tenantry.audit_seals.tenant_id = $1::UUID AND tenantry.audit_seals.id = $2::UUID;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_seals_get(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.audit_seals_get(uuid, uuid) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_seals_newest(uuid, uuid, bigint)
 RETURNS TABLE(tenant_id uuid, id uuid, sequence bigint, from_id uuid, to_id uuid, entries integer, root bytea, previous bytea, hash bytea, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid <> $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.audit_seals.tenant_id, tenantry.audit_seals.id, tenantry.audit_seals.sequence, tenantry.audit_seals.from_id, tenantry.audit_seals.to_id, tenantry.audit_seals.entries, tenantry.audit_seals.root, tenantry.audit_seals.previous, tenantry.audit_seals.hash, tenantry.audit_seals.created_at
FROM tenantry.audit_seals
WHERE tenantry.audit_seals.tenant_id = $1::UUID AND tenantry.audit_seals.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.audit_seals.id DESC
 LIMIT $3::INTEGER;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_seals_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.audit_seals_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_chunks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'create', 'chunks', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'search'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.document_id IS DISTINCT FROM n.document_id OR o.ordinal IS DISTINCT FROM n.ordinal OR o.content IS DISTINCT FROM n.content OR o.token_count IS DISTINCT FROM n.token_count OR o.metadata IS DISTINCT FROM n.metadata) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'chunks', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'search'] || ARRAY['created_at',
                CASE WHEN o.document_id IS NOT DISTINCT FROM n.document_id THEN 'document_id' END,
                CASE WHEN o.ordinal IS NOT DISTINCT FROM n.ordinal THEN 'ordinal' END,
                CASE WHEN o.content IS NOT DISTINCT FROM n.content THEN 'content' END,
                CASE WHEN o.token_count IS NOT DISTINCT FROM n.token_count THEN 'token_count' END,
                CASE WHEN o.metadata IS NOT DISTINCT FROM n.metadata THEN 'metadata' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.document_id IS DISTINCT FROM n.document_id OR o.ordinal IS DISTINCT FROM n.ordinal OR o.content IS DISTINCT FROM n.content OR o.token_count IS DISTINCT FROM n.token_count OR o.metadata IS DISTINCT FROM n.metadata;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'chunks', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'search'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_chunks() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_chunks() FROM PUBLIC""",
    r"""CREATE TABLE tenantry.audit_seals (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    sequence bigint NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    entries integer NOT NULL,
    root bytea NOT NULL,
    leaves bytea NOT NULL,
    previous bytea,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.platform_seals (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    sequence bigint NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    entries integer NOT NULL,
    root bytea NOT NULL,
    leaves bytea NOT NULL,
    previous bytea,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_tenant_id_sequence_key UNIQUE (tenant_id, sequence)""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_sequence_key UNIQUE (sequence)""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_range_check CHECK ((from_id < to_id))""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_sequence_check CHECK ((sequence > 0))""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_entries_check CHECK ((entries > 0))""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_root_check CHECK ((length(root) = 32))""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_leaves_check CHECK ((length(leaves) = (entries * 48)))""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_previous_check CHECK (
CASE
    WHEN (sequence = 1) THEN (previous IS NULL)
    ELSE (length(previous) = 32)
END)""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_hash_check CHECK ((length(hash) = 32))""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_range_check CHECK ((from_id < to_id))""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_sequence_check CHECK ((sequence > 0))""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_entries_check CHECK ((entries > 0))""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_root_check CHECK ((length(root) = 32))""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_leaves_check CHECK ((length(leaves) = (entries * 48)))""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_previous_check CHECK (
CASE
    WHEN (sequence = 1) THEN (previous IS NULL)
    ELSE (length(previous) = 32)
END)""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_hash_check CHECK ((length(hash) = 32))""",
    r"""CREATE INDEX audit_logs_api_key_id_idx ON tenantry.audit_logs USING btree (tenant_id, api_key_id, id) WHERE (api_key_id IS NOT NULL)""",
    r"""CREATE INDEX platform_log_user_id_idx ON tenantry.platform_log USING btree (user_id, id)""",
    r"""ALTER TABLE tenantry.audit_seals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.platform_seals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""CREATE POLICY tenant ON tenantry.audit_seals AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.audit_seals AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.audit_seals AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY service ON tenantry.platform_seals AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY audit_select ON tenantry.platform_seals AS PERMISSIVE FOR SELECT TO tenantry_audit USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.platform_seals AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.platform_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.platform_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.chunks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_chunks()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.chunks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_chunks()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.chunks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_chunks()""",
    r"""GRANT SELECT ON tenantry.audit_seals TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.audit_seals TO tenantry_readonly""",
    r"""GRANT INSERT, SELECT ON tenantry.audit_seals TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.platform_seals TO tenantry_audit""",
    r"""GRANT INSERT, SELECT ON tenantry.platform_seals TO tenantry_service""",
    r"""REVOKE CREATE ON SCHEMA tenantry FROM tenantry_audit""",
)

DOWN = (
    r"""GRANT CREATE ON SCHEMA tenantry TO tenantry_audit""",
    r"""DROP TRIGGER audit_update ON tenantry.chunks""",
    r"""DROP TRIGGER audit_insert ON tenantry.chunks""",
    r"""DROP TRIGGER audit_delete ON tenantry.chunks""",
    r"""DROP POLICY owner_floor ON tenantry.platform_seals""",
    r"""DROP POLICY audit_select ON tenantry.platform_seals""",
    r"""DROP POLICY service ON tenantry.platform_seals""",
    r"""DROP POLICY service ON tenantry.audit_seals""",
    r"""DROP POLICY tenant_floor ON tenantry.audit_seals""",
    r"""DROP POLICY tenant ON tenantry.audit_seals""",
    r"""DROP INDEX tenantry.platform_log_user_id_idx""",
    r"""DROP INDEX tenantry.audit_logs_api_key_id_idx""",
    r"""DROP TABLE tenantry.platform_seals""",
    r"""DROP TABLE tenantry.audit_seals""",
    r"""DROP FUNCTION tenantry.audit_chunks()""",
    r"""DROP FUNCTION tenantry.audit_seals_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.audit_seals_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.detach_sealed(text, text)""",
    r"""DROP FUNCTION tenantry.sealed_below()""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_platform_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
DECLARE
    entry uuid := tenantry.uuidv7();
BEGIN
    INSERT INTO tenantry.platform_log (
        id, tenant_id, action, resource_type, resource_id, details, actor_kind, user_id, agent_id,
        api_key_id, request_id, ip_address, user_agent, reason)
    SELECT entry, tenantry.current_tenant_id(), record_platform_event.action,
           record_platform_event.resource_type, record_platform_event.resource_id,
           record_platform_event.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
DECLARE
    entry uuid := tenantry.uuidv7();
    tenant uuid := tenantry.current_tenant_id();
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'an event needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    INSERT INTO tenantry.audit_logs (
        tenant_id, id, action, resource_type, resource_id, details, actor_kind, user_id, agent_id,
        api_key_id, request_id, ip_address, user_agent, reason)
    SELECT tenant, entry, record_event.action, record_event.resource_type, record_event.resource_id,
           record_event.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) TO tenantry_app, tenantry_auth, tenantry_service""",
    r"""REVOKE CREATE ON SCHEMA tenantry FROM tenantry_audit""",
)


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)
