"""kernel"""

from tenantry.migrations import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = (
    r"""GRANT CREATE ON SCHEMA tenantry TO tenantry_audit, tenantry_auth, tenantry_keeper""",
    r"""-- On 18 the server's own; before that a function of the same layout: 48 bits of milliseconds, the
-- fraction of the millisecond in the next 12, so that ids of one session never run backwards.
DO $do$
BEGIN
    IF to_regprocedure('pg_catalog.uuidv7()') IS NOT NULL THEN
        EXECUTE 'CREATE OR REPLACE FUNCTION tenantry.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
                 RETURN pg_catalog.uuidv7()';
    ELSE
        EXECUTE $fallback$
        CREATE OR REPLACE FUNCTION tenantry.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
        RETURN (
            SELECT encode(
                substring(int8send(m.us / 1000) FROM 3)
                || int2send((28672 + (m.us % 1000) * 4096 / 1000)::int2)
                || set_byte(r.bits, 0, (get_byte(r.bits, 0) & 63) | 128),
                'hex')::uuid
            FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS us) AS m,
                 (SELECT substring(uuid_send(gen_random_uuid()) FROM 9) AS bits) AS r
        )
        $fallback$;
    END IF;
END
$do$
""",
    r"""REVOKE ALL ON FUNCTION tenantry.uuidv7() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.uuidv7() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.current_tenant_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.current_tenant_id() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.current_tenant_id() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.current_user_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.current_user_id() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.current_user_id() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.set_tenant_context(tenant_id uuid, user_id uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_catalog.set_config('app.tenant_id', coalesce(tenant_id::text, ''), true),
            pg_catalog.set_config('app.user_id', coalesce(user_id::text, ''), true),
            pg_catalog.set_config('app.actor', '', true);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.set_tenant_context(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.set_tenant_context(uuid, uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.same_context(tenant_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF tenant_id IS DISTINCT FROM tenantry.current_tenant_id() THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', tenant_id
            USING ERRCODE = 'TN002';
    END IF;
    RETURN tenant_id;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.same_context(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.same_context(uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.acting(OUT kind text, OUT user_id uuid, OUT agent_id uuid, OUT api_key_id uuid, OUT request_id text, OUT ip_address inet, OUT user_agent text, OUT reason text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    sent text := pg_catalog.current_setting('app.actor', true);
    actor jsonb;
BEGIN
    user_id := tenantry.current_user_id();
    IF sent <> '' THEN
        actor := convert_from(decode(translate(sent, '-_', '+/'), 'base64'), 'UTF8')::jsonb;
        kind := actor ->> 'kind';
        agent_id := actor ->> 'agent_id';
        api_key_id := actor ->> 'api_key_id';
        request_id := actor ->> 'request_id';
        ip_address := actor ->> 'ip';
        user_agent := actor ->> 'user_agent';
        reason := actor ->> 'reason';
    END IF;
    kind := coalesce(kind, CASE
        WHEN session_user = 'tenantry_service' THEN 'service'
        WHEN user_id IS NOT NULL THEN 'user'
        ELSE 'system'
    END);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.acting() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.acting() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.uuid_at(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((lpad(to_hex(((EXTRACT(epoch FROM moment) * (1000)::numeric))::bigint), 12, '0'::text) || repeat('0'::text, 20)))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.uuid_at(timestamp with time zone) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.uuid_at(timestamp with time zone) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.time_of(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN to_timestamp((((((('x'::text || lpad("left"(replace((id)::text, '-'::text, ''::text), 12), 16, '0'::text)))::bit(64))::bigint)::numeric / 1000.0))::double precision)""",
    r"""REVOKE ALL ON FUNCTION tenantry.time_of(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.time_of(uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_keeper, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.add_partition(parent text, period text, moment timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    start timestamptz := date_trunc(period, moment);
    stop timestamptz := date_trunc(period, moment) + ('1 ' || period)::interval;
    child text := parent || to_char(start, CASE period WHEN 'week' THEN '_iyyy"w"iw' ELSE '_yyyy_mm' END);
BEGIN
    IF to_regclass('tenantry.' || quote_ident(child)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE tenantry.%I (LIKE tenantry.%I INCLUDING ALL)', child, parent);
    PERFORM tenantry.secure_partition(child, parent);
    EXECUTE format('ALTER TABLE tenantry.%I ATTACH PARTITION tenantry.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, child, tenantry.uuid_at(start), tenantry.uuid_at(stop));
    RETURN child;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.add_partition(text, text, timestamp with time zone) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.secure_partition(child text, parent text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    guard record;
BEGIN
    EXECUTE format('ALTER TABLE tenantry.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', child);
    FOR guard IN
        SELECT t.tgname, f.proname, t.tgtype
        FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
        WHERE t.tgrelid = to_regclass('tenantry.' || quote_ident(parent)) AND NOT t.tgisinternal
          AND f.proname = 'refuse_change'
    LOOP
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE %s ON tenantry.%I FOR EACH STATEMENT EXECUTE FUNCTION tenantry.%I()',
            guard.tgname,
            CASE WHEN guard.tgtype & 32 <> 0 THEN 'TRUNCATE' ELSE 'UPDATE OR DELETE' END,
            child, guard.proname);
    END LOOP;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.secure_partition(text, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.touch_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.touch_updated_at() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_unwritable()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid := tenantry.current_tenant_id();
    state text;
BEGIN
    IF tenant IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT t.status INTO state FROM tenantry.tenants AS t WHERE t.id = tenant;
    IF state IN ('active', 'pending') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'tenant % is %', tenant, coalesce(state, 'unknown')
        USING ERRCODE = 'TN001', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
              DETAIL = jsonb_build_object('tenant_id', tenant, 'status', coalesce(state, 'unknown'));
END
$function$""",
    r"""ALTER FUNCTION tenantry.refuse_unwritable() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_unwritable() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'TN007', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_change() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.open_tenant()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO tenantry.tenant_quotas (tenant_id) VALUES (NEW.id);
    INSERT INTO tenantry.tenant_usage (tenant_id) VALUES (NEW.id);
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.open_tenant() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.open_tenant() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.date_tenant_status()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.suspended_at := CASE WHEN NEW.status = 'suspended' THEN coalesce(OLD.suspended_at, now()) END;
    NEW.deleted_at := CASE WHEN NEW.status = 'deleted' THEN coalesce(OLD.deleted_at, now()) END;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.date_tenant_status() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
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
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_platform_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
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
    r"""CREATE OR REPLACE FUNCTION tenantry.authenticate_key(hash bytea, OUT api_key_id uuid, OUT tenant_id uuid, OUT user_id uuid, OUT scopes jsonb, OUT tenant_status text, OUT expires_at timestamp with time zone)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT k.id, k.tenant_id, k.user_id, k.scopes, t.status, k.expires_at
    FROM tenantry.api_keys AS k
    JOIN tenantry.tenants AS t ON t.id = k.tenant_id
    LEFT JOIN tenantry.users AS u ON u.id = k.user_id
    WHERE k.key_hash = authenticate_key.hash
      AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
      AND t.status <> 'deleted'
      AND coalesce(u.is_active, k.user_id IS NULL)
$function$""",
    r"""ALTER FUNCTION tenantry.authenticate_key(bytea) OWNER TO tenantry_auth""",
    r"""REVOKE ALL ON FUNCTION tenantry.authenticate_key(bytea) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.authenticate_key(bytea) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.my_identities()
 RETURNS TABLE(id uuid, provider text, username text, email text, created_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT i.id, i.provider, i.username, i.email, i.created_at
    FROM tenantry.user_identities AS i
    WHERE i.user_id = tenantry.current_user_id()
$function$""",
    r"""ALTER FUNCTION tenantry.my_identities() OWNER TO tenantry_auth""",
    r"""REVOKE ALL ON FUNCTION tenantry.my_identities() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.my_identities() TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_logs_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, action text, resource_type text, resource_id uuid, old_values jsonb, new_values jsonb, details jsonb, actor_kind text, user_id uuid, agent_id uuid, api_key_id uuid, request_id text, ip_address inet, user_agent text, reason text, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before <> '' AND before::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    during := pg_catalog.set_config('app.tenant_id', $1::text, true);
    RETURN QUERY
    SELECT tenantry.audit_logs.tenant_id, tenantry.audit_logs.id, tenantry.audit_logs.action, tenantry.audit_logs.resource_type, tenantry.audit_logs.resource_id, tenantry.audit_logs.old_values, tenantry.audit_logs.new_values, tenantry.audit_logs.details, tenantry.audit_logs.actor_kind, tenantry.audit_logs.user_id, tenantry.audit_logs.agent_id, tenantry.audit_logs.api_key_id, tenantry.audit_logs.request_id, tenantry.audit_logs.ip_address, tenantry.audit_logs.user_agent, tenantry.audit_logs.reason, tenantry.audit_logs.created_at
FROM tenantry.audit_logs
WHERE tenantry.audit_logs.tenant_id = $1::UUID AND tenantry.audit_logs.id = $2::UUID;
    during := pg_catalog.set_config('app.tenant_id', before, true);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_logs_get(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.audit_logs_get(uuid, uuid) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint)
 RETURNS TABLE(tenant_id uuid, id uuid, action text, resource_type text, resource_id uuid, old_values jsonb, new_values jsonb, details jsonb, actor_kind text, user_id uuid, agent_id uuid, api_key_id uuid, request_id text, ip_address inet, user_agent text, reason text, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before <> '' AND before::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    during := pg_catalog.set_config('app.tenant_id', $1::text, true);
    RETURN QUERY
    SELECT tenantry.audit_logs.tenant_id, tenantry.audit_logs.id, tenantry.audit_logs.action, tenantry.audit_logs.resource_type, tenantry.audit_logs.resource_id, tenantry.audit_logs.old_values, tenantry.audit_logs.new_values, tenantry.audit_logs.details, tenantry.audit_logs.actor_kind, tenantry.audit_logs.user_id, tenantry.audit_logs.agent_id, tenantry.audit_logs.api_key_id, tenantry.audit_logs.request_id, tenantry.audit_logs.ip_address, tenantry.audit_logs.user_agent, tenantry.audit_logs.reason, tenantry.audit_logs.created_at
FROM tenantry.audit_logs
WHERE tenantry.audit_logs.tenant_id = $1::UUID AND tenantry.audit_logs.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.audit_logs.id DESC
 LIMIT $3::INTEGER;
    during := pg_catalog.set_config('app.tenant_id', before, true);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_users()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'create', 'users', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'id', 'password_hash', 'last_login_at'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'update', 'users', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, CASE WHEN o.password_hash IS DISTINCT FROM n.password_hash THEN jsonb_build_object('secrets_changed', to_jsonb(array_remove(ARRAY[CASE WHEN o.password_hash IS DISTINCT FROM n.password_hash THEN 'password_hash' END], NULL))) END,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'id', 'password_hash', 'last_login_at'] || ARRAY['created_at',
                CASE WHEN o.email IS NOT DISTINCT FROM n.email THEN 'email' END,
                CASE WHEN o.username IS NOT DISTINCT FROM n.username THEN 'username' END,
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.kind IS NOT DISTINCT FROM n.kind THEN 'kind' END,
                CASE WHEN o.role IS NOT DISTINCT FROM n.role THEN 'role' END,
                CASE WHEN o.is_active IS NOT DISTINCT FROM n.is_active THEN 'is_active' END,
                CASE WHEN o.metadata IS NOT DISTINCT FROM n.metadata THEN 'metadata' END,
                CASE WHEN o.preferences IS NOT DISTINCT FROM n.preferences THEN 'preferences' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.email IS DISTINCT FROM n.email OR o.username IS DISTINCT FROM n.username OR o.name IS DISTINCT FROM n.name OR o.kind IS DISTINCT FROM n.kind OR o.role IS DISTINCT FROM n.role OR o.is_active IS DISTINCT FROM n.is_active OR o.metadata IS DISTINCT FROM n.metadata OR o.preferences IS DISTINCT FROM n.preferences OR o.password_hash IS DISTINCT FROM n.password_hash;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'delete', 'users', o.id, to_jsonb(o) - ARRAY['updated_at', 'id', 'password_hash', 'last_login_at'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_users() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_users() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_tenants()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.id, 'create', 'tenants', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.id, 'update', 'tenants', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'id'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.slug IS NOT DISTINCT FROM n.slug THEN 'slug' END,
                CASE WHEN o.plan IS NOT DISTINCT FROM n.plan THEN 'plan' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.owner_user_id IS NOT DISTINCT FROM n.owner_user_id THEN 'owner_user_id' END,
                CASE WHEN o.owner_email IS NOT DISTINCT FROM n.owner_email THEN 'owner_email' END,
                CASE WHEN o.owner_name IS NOT DISTINCT FROM n.owner_name THEN 'owner_name' END,
                CASE WHEN o.settings IS NOT DISTINCT FROM n.settings THEN 'settings' END,
                CASE WHEN o.stripe_customer_id IS NOT DISTINCT FROM n.stripe_customer_id THEN 'stripe_customer_id' END,
                CASE WHEN o.subscription_id IS NOT DISTINCT FROM n.subscription_id THEN 'subscription_id' END,
                CASE WHEN o.suspended_at IS NOT DISTINCT FROM n.suspended_at THEN 'suspended_at' END,
                CASE WHEN o.deleted_at IS NOT DISTINCT FROM n.deleted_at THEN 'deleted_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.slug IS DISTINCT FROM n.slug OR o.plan IS DISTINCT FROM n.plan OR o.status IS DISTINCT FROM n.status OR o.owner_user_id IS DISTINCT FROM n.owner_user_id OR o.owner_email IS DISTINCT FROM n.owner_email OR o.owner_name IS DISTINCT FROM n.owner_name OR o.settings IS DISTINCT FROM n.settings OR o.stripe_customer_id IS DISTINCT FROM n.stripe_customer_id OR o.subscription_id IS DISTINCT FROM n.subscription_id OR o.suspended_at IS DISTINCT FROM n.suspended_at OR o.deleted_at IS DISTINCT FROM n.deleted_at;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.id, 'delete', 'tenants', o.id, to_jsonb(o) - ARRAY['updated_at', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_tenants() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_tenants() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.count_memberships()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    change record;
    used bigint;
    allowed bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR change IN SELECT r.tenant_id, count(*) AS n FROM old_rows AS r GROUP BY 1 ORDER BY 1 LOOP
            UPDATE tenantry.tenant_usage AS u SET current_users = u.current_users - change.n
            WHERE u.tenant_id = change.tenant_id;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR change IN SELECT r.tenant_id, count(*) AS n FROM new_rows AS r GROUP BY 1 ORDER BY 1 LOOP
        UPDATE tenantry.tenant_usage AS u SET current_users = u.current_users + change.n
        FROM tenantry.tenant_quotas AS q
        WHERE u.tenant_id = change.tenant_id AND q.tenant_id = u.tenant_id
        RETURNING u.current_users, q.max_users INTO used, allowed;
        IF used > allowed THEN
            RAISE EXCEPTION 'quota max_users of tenant % exceeded', change.tenant_id
                USING ERRCODE = 'TN003', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                      DETAIL = jsonb_build_object('quota', 'max_users', 'limit', allowed,
                                                  'used', used - change.n, 'tenant_id', change.tenant_id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.count_memberships() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.count_memberships() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_memberships()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'create', 'memberships', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'memberships', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.user_id IS NOT DISTINCT FROM n.user_id THEN 'user_id' END,
                CASE WHEN o.role IS NOT DISTINCT FROM n.role THEN 'role' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.user_id IS DISTINCT FROM n.user_id OR o.role IS DISTINCT FROM n.role;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'memberships', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_memberships() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_memberships() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_tenant_quotas()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'create', 'tenant_quotas', n.tenant_id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'tenant_quotas', n.tenant_id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id'] || ARRAY['created_at',
                CASE WHEN o.max_users IS NOT DISTINCT FROM n.max_users THEN 'max_users' END,
                CASE WHEN o.max_projects IS NOT DISTINCT FROM n.max_projects THEN 'max_projects' END,
                CASE WHEN o.max_desks IS NOT DISTINCT FROM n.max_desks THEN 'max_desks' END,
                CASE WHEN o.max_tasks IS NOT DISTINCT FROM n.max_tasks THEN 'max_tasks' END,
                CASE WHEN o.max_concurrent_agents IS NOT DISTINCT FROM n.max_concurrent_agents THEN 'max_concurrent_agents' END,
                CASE WHEN o.max_tokens_per_month IS NOT DISTINCT FROM n.max_tokens_per_month THEN 'max_tokens_per_month' END,
                CASE WHEN o.max_storage_bytes IS NOT DISTINCT FROM n.max_storage_bytes THEN 'max_storage_bytes' END,
                CASE WHEN o.max_cost_per_month IS NOT DISTINCT FROM n.max_cost_per_month THEN 'max_cost_per_month' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.max_users IS DISTINCT FROM n.max_users OR o.max_projects IS DISTINCT FROM n.max_projects OR o.max_desks IS DISTINCT FROM n.max_desks OR o.max_tasks IS DISTINCT FROM n.max_tasks OR o.max_concurrent_agents IS DISTINCT FROM n.max_concurrent_agents OR o.max_tokens_per_month IS DISTINCT FROM n.max_tokens_per_month OR o.max_storage_bytes IS DISTINCT FROM n.max_storage_bytes OR o.max_cost_per_month IS DISTINCT FROM n.max_cost_per_month;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'tenant_quotas', o.tenant_id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_tenant_quotas() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_tenant_quotas() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_api_keys()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'create', 'api_keys', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'key_hash', 'last_used_at', 'use_count'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'api_keys', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, CASE WHEN o.key_hash IS DISTINCT FROM n.key_hash THEN jsonb_build_object('secrets_changed', to_jsonb(array_remove(ARRAY[CASE WHEN o.key_hash IS DISTINCT FROM n.key_hash THEN 'key_hash' END], NULL))) END,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'key_hash', 'last_used_at', 'use_count'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.prefix IS NOT DISTINCT FROM n.prefix THEN 'prefix' END,
                CASE WHEN o.scopes IS NOT DISTINCT FROM n.scopes THEN 'scopes' END,
                CASE WHEN o.user_id IS NOT DISTINCT FROM n.user_id THEN 'user_id' END,
                CASE WHEN o.expires_at IS NOT DISTINCT FROM n.expires_at THEN 'expires_at' END,
                CASE WHEN o.revoked_at IS NOT DISTINCT FROM n.revoked_at THEN 'revoked_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.prefix IS DISTINCT FROM n.prefix OR o.scopes IS DISTINCT FROM n.scopes OR o.user_id IS DISTINCT FROM n.user_id OR o.expires_at IS DISTINCT FROM n.expires_at OR o.revoked_at IS DISTINCT FROM n.revoked_at OR o.key_hash IS DISTINCT FROM n.key_hash;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'api_keys', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'key_hash', 'last_used_at', 'use_count'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_api_keys() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_api_keys() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.count_projects()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    change record;
    used bigint;
    allowed bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR change IN SELECT r.tenant_id, count(*) AS n FROM old_rows AS r GROUP BY 1 ORDER BY 1 LOOP
            UPDATE tenantry.tenant_usage AS u SET current_projects = u.current_projects - change.n
            WHERE u.tenant_id = change.tenant_id;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR change IN SELECT r.tenant_id, count(*) AS n FROM new_rows AS r GROUP BY 1 ORDER BY 1 LOOP
        UPDATE tenantry.tenant_usage AS u SET current_projects = u.current_projects + change.n
        FROM tenantry.tenant_quotas AS q
        WHERE u.tenant_id = change.tenant_id AND q.tenant_id = u.tenant_id
        RETURNING u.current_projects, q.max_projects INTO used, allowed;
        IF used > allowed THEN
            RAISE EXCEPTION 'quota max_projects of tenant % exceeded', change.tenant_id
                USING ERRCODE = 'TN003', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                      DETAIL = jsonb_build_object('quota', 'max_projects', 'limit', allowed,
                                                  'used', used - change.n, 'tenant_id', change.tenant_id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.count_projects() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.count_projects() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_projects()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'create', 'projects', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'projects', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.slug IS NOT DISTINCT FROM n.slug THEN 'slug' END,
                CASE WHEN o.description IS NOT DISTINCT FROM n.description THEN 'description' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.owner_id IS NOT DISTINCT FROM n.owner_id THEN 'owner_id' END,
                CASE WHEN o.repository_url IS NOT DISTINCT FROM n.repository_url THEN 'repository_url' END,
                CASE WHEN o.default_branch IS NOT DISTINCT FROM n.default_branch THEN 'default_branch' END,
                CASE WHEN o.path IS NOT DISTINCT FROM n.path THEN 'path' END,
                CASE WHEN o.tech_stack IS NOT DISTINCT FROM n.tech_stack THEN 'tech_stack' END,
                CASE WHEN o.config IS NOT DISTINCT FROM n.config THEN 'config' END,
                CASE WHEN o.pr_merge_rate IS NOT DISTINCT FROM n.pr_merge_rate THEN 'pr_merge_rate' END,
                CASE WHEN o.test_coverage_percent IS NOT DISTINCT FROM n.test_coverage_percent THEN 'test_coverage_percent' END,
                CASE WHEN o.archived_at IS NOT DISTINCT FROM n.archived_at THEN 'archived_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.slug IS DISTINCT FROM n.slug OR o.description IS DISTINCT FROM n.description OR o.status IS DISTINCT FROM n.status OR o.owner_id IS DISTINCT FROM n.owner_id OR o.repository_url IS DISTINCT FROM n.repository_url OR o.default_branch IS DISTINCT FROM n.default_branch OR o.path IS DISTINCT FROM n.path OR o.tech_stack IS DISTINCT FROM n.tech_stack OR o.config IS DISTINCT FROM n.config OR o.pr_merge_rate IS DISTINCT FROM n.pr_merge_rate OR o.test_coverage_percent IS DISTINCT FROM n.test_coverage_percent OR o.archived_at IS DISTINCT FROM n.archived_at;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'projects', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_projects() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_projects() FROM PUBLIC""",
    r"""CREATE TABLE tenantry.audit_logs (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid,
    old_values jsonb,
    new_values jsonb,
    details jsonb,
    actor_kind text DEFAULT 'system'::text NOT NULL,
    user_id uuid,
    agent_id uuid,
    api_key_id uuid,
    request_id text,
    ip_address inet,
    user_agent text,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
) PARTITION BY RANGE (id)""",
    r"""CREATE TABLE tenantry.platform_log (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    tenant_id uuid,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid,
    old_values jsonb,
    new_values jsonb,
    details jsonb,
    actor_kind text DEFAULT 'system'::text NOT NULL,
    user_id uuid,
    agent_id uuid,
    api_key_id uuid,
    request_id text,
    ip_address inet,
    user_agent text,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
) PARTITION BY RANGE (id)""",
    r"""CREATE TABLE tenantry.users (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    email text NOT NULL,
    username text,
    name text,
    password_hash text,
    kind text DEFAULT 'human'::text NOT NULL,
    role text DEFAULT 'user'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    last_login_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.tenants (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    plan text DEFAULT 'free'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    owner_user_id uuid,
    owner_email text,
    owner_name text,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    stripe_customer_id text,
    subscription_id text,
    suspended_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.user_identities (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    subject text NOT NULL,
    username text,
    email text,
    profile jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.memberships (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.tenant_quotas (
    tenant_id uuid NOT NULL,
    max_users integer,
    max_projects integer,
    max_desks integer,
    max_tasks integer,
    max_concurrent_agents integer,
    max_tokens_per_month bigint,
    max_storage_bytes bigint,
    max_cost_per_month numeric(14,6),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.tenant_usage (
    tenant_id uuid NOT NULL,
    current_users integer DEFAULT 0 NOT NULL,
    current_projects integer DEFAULT 0 NOT NULL,
    current_desks integer DEFAULT 0 NOT NULL,
    current_tasks integer DEFAULT 0 NOT NULL,
    storage_used_bytes bigint DEFAULT 0 NOT NULL,
    usage_month date DEFAULT date_trunc('month'::text, now()) NOT NULL,
    tokens_this_month bigint DEFAULT 0 NOT NULL,
    cost_this_month numeric(14,6) DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.api_keys (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL,
    scopes jsonb DEFAULT '[]'::jsonb NOT NULL,
    user_id uuid,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    use_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.projects (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    slug text,
    description text,
    status text DEFAULT 'active'::text NOT NULL,
    owner_id uuid,
    repository_url text,
    default_branch text DEFAULT 'main'::text NOT NULL,
    path text,
    tech_stack jsonb DEFAULT '[]'::jsonb NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    pr_merge_rate double precision,
    test_coverage_percent double precision,
    archived_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""ALTER TABLE tenantry.audit_logs ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.platform_log ADD CONSTRAINT platform_log_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_slug_key UNIQUE (slug)""",
    r"""ALTER TABLE tenantry.user_identities ADD CONSTRAINT user_identities_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.user_identities ADD CONSTRAINT user_identities_provider_subject_key UNIQUE (provider, subject)""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_tenant_id_user_id_key UNIQUE (tenant_id, user_id)""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_pkey PRIMARY KEY (tenant_id)""",
    r"""ALTER TABLE tenantry.tenant_usage ADD CONSTRAINT tenant_usage_pkey PRIMARY KEY (tenant_id)""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_tenant_id_key_hash_key UNIQUE (tenant_id, key_hash)""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_tenant_id_slug_key UNIQUE (tenant_id, slug)""",
    r"""ALTER TABLE tenantry.audit_logs ADD CONSTRAINT audit_logs_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'agent'::text, 'api_key'::text, 'service'::text, 'system'::text])))""",
    r"""ALTER TABLE tenantry.platform_log ADD CONSTRAINT platform_log_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'agent'::text, 'api_key'::text, 'service'::text, 'system'::text])))""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_email_check CHECK (((email ~ '^[^@\s]+@[^@\s]+$'::text) AND (length(email) <= 255)))""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_kind_check CHECK ((kind = ANY (ARRAY['human'::text, 'service'::text])))""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'user'::text, 'service'::text])))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_slug_check CHECK (((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(slug) <= 100)))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_plan_check CHECK ((plan = ANY (ARRAY['free'::text, 'starter'::text, 'professional'::text, 'enterprise'::text])))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'deleted'::text])))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_settings_check CHECK ((((settings ->> 'data_residency'::text) = ANY (ARRAY['us'::text, 'eu'::text, 'ap'::text])) OR (NOT (settings ? 'data_residency'::text))))""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'manager'::text, 'member'::text, 'viewer'::text])))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_users_check CHECK ((max_users >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_projects_check CHECK ((max_projects >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_desks_check CHECK ((max_desks >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_tasks_check CHECK ((max_tasks >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_concurrent_agents_check CHECK ((max_concurrent_agents >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_tokens_per_month_check CHECK ((max_tokens_per_month >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_storage_bytes_check CHECK ((max_storage_bytes >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_cost_per_month_check CHECK ((max_cost_per_month >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_slug_check CHECK ((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_status_check CHECK ((status = ANY (ARRAY['active'::text, 'archived'::text, 'deleted'::text])))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_pr_merge_rate_check CHECK (((pr_merge_rate >= (0)::double precision) AND (pr_merge_rate <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_test_coverage_percent_check CHECK (((test_coverage_percent >= (0)::double precision) AND (test_coverage_percent <= (100)::double precision)))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES tenantry.users(id) ON DELETE SET NULL""",
    r"""ALTER TABLE tenantry.user_identities ADD CONSTRAINT user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES tenantry.users(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES tenantry.users(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tenant_usage ADD CONSTRAINT tenant_usage_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (owner_id)""",
    r"""CREATE INDEX audit_logs_action_idx ON tenantry.audit_logs USING btree (tenant_id, action, id)""",
    r"""CREATE INDEX audit_logs_resource_idx ON tenantry.audit_logs USING btree (tenant_id, resource_type, resource_id, id)""",
    r"""CREATE INDEX audit_logs_user_id_idx ON tenantry.audit_logs USING btree (tenant_id, user_id, id)""",
    r"""CREATE INDEX platform_log_action_idx ON tenantry.platform_log USING btree (action, id)""",
    r"""CREATE INDEX platform_log_resource_idx ON tenantry.platform_log USING btree (resource_type, resource_id, id)""",
    r"""CREATE INDEX platform_log_tenant_id_idx ON tenantry.platform_log USING btree (tenant_id, id)""",
    r"""CREATE INDEX users_created_at_idx ON tenantry.users USING btree (created_at)""",
    r"""CREATE UNIQUE INDEX users_email_key ON tenantry.users USING btree (lower(email))""",
    r"""CREATE INDEX users_is_active_idx ON tenantry.users USING btree (is_active)""",
    r"""CREATE UNIQUE INDEX users_username_key ON tenantry.users USING btree (lower(username))""",
    r"""CREATE INDEX tenants_owner_user_id_idx ON tenantry.tenants USING btree (owner_user_id)""",
    r"""CREATE INDEX tenants_status_idx ON tenantry.tenants USING btree (status)""",
    r"""CREATE INDEX user_identities_user_id_idx ON tenantry.user_identities USING btree (user_id)""",
    r"""CREATE INDEX user_identities_username_idx ON tenantry.user_identities USING btree (provider, username)""",
    r"""CREATE INDEX memberships_user_id_idx ON tenantry.memberships USING btree (user_id)""",
    r"""CREATE INDEX api_keys_key_hash_idx ON tenantry.api_keys USING btree (key_hash)""",
    r"""CREATE INDEX api_keys_user_id_idx ON tenantry.api_keys USING btree (tenant_id, user_id)""",
    r"""CREATE INDEX projects_owner_id_idx ON tenantry.projects USING btree (tenant_id, owner_id)""",
    r"""CREATE INDEX projects_repository_url_idx ON tenantry.projects USING btree (tenant_id, repository_url)""",
    r"""CREATE INDEX projects_status_idx ON tenantry.projects USING btree (tenant_id, status)""",
    r"""ALTER TABLE tenantry.audit_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.platform_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.user_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenant_quotas ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenant_usage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.projects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""CREATE POLICY tenant ON tenantry.audit_logs AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.audit_logs AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.audit_logs AS PERMISSIVE FOR SELECT TO tenantry_service USING (true)""",
    r"""CREATE POLICY audit_insert ON tenantry.audit_logs AS PERMISSIVE FOR INSERT TO tenantry_audit WITH CHECK ((CURRENT_USER = 'tenantry_audit'::name))""",
    r"""CREATE POLICY service ON tenantry.platform_log AS PERMISSIVE FOR SELECT TO tenantry_service USING (true)""",
    r"""CREATE POLICY audit_insert ON tenantry.platform_log AS PERMISSIVE FOR INSERT TO tenantry_audit WITH CHECK ((CURRENT_USER = 'tenantry_audit'::name))""",
    r"""CREATE POLICY tenant ON tenantry.users AS PERMISSIVE FOR SELECT TO tenantry_app, tenantry_readonly USING ((id = ANY (ARRAY( SELECT m.user_id
   FROM tenantry.memberships m
  WHERE (m.tenant_id = tenantry.current_tenant_id())))))""",
    r"""CREATE POLICY tenant_write ON tenantry.users AS PERMISSIVE FOR UPDATE TO tenantry_app, tenantry_readonly USING ((id = tenantry.current_user_id())) WITH CHECK ((id = tenantry.current_user_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.users AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((id = ANY (ARRAY( SELECT m.user_id
   FROM tenantry.memberships m
  WHERE (m.tenant_id = tenantry.current_tenant_id()))))) WITH CHECK ((id = ANY (ARRAY( SELECT m.user_id
   FROM tenantry.memberships m
  WHERE (m.tenant_id = tenantry.current_tenant_id())))))""",
    r"""CREATE POLICY service ON tenantry.users AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.users AS PERMISSIVE FOR SELECT TO tenantry_auth USING ((CURRENT_USER = 'tenantry_auth'::name))""",
    r"""CREATE POLICY tenant ON tenantry.tenants AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((id = tenantry.current_tenant_id())) WITH CHECK ((id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tenants AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((id = tenantry.current_tenant_id())) WITH CHECK ((id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tenants AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tenants AS PERMISSIVE FOR SELECT TO tenantry_keeper USING ((CURRENT_USER = 'tenantry_keeper'::name))""",
    r"""CREATE POLICY auth_select ON tenantry.tenants AS PERMISSIVE FOR SELECT TO tenantry_auth USING ((CURRENT_USER = 'tenantry_auth'::name))""",
    r"""CREATE POLICY service ON tenantry.user_identities AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.user_identities AS PERMISSIVE FOR SELECT TO tenantry_auth USING ((CURRENT_USER = 'tenantry_auth'::name))""",
    r"""CREATE POLICY tenant ON tenantry.memberships AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.memberships AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.memberships AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY tenant ON tenantry.tenant_quotas AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tenant_quotas AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tenant_quotas AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tenant_quotas AS PERMISSIVE FOR SELECT TO tenantry_keeper USING ((CURRENT_USER = 'tenantry_keeper'::name))""",
    r"""CREATE POLICY keeper_insert ON tenantry.tenant_quotas AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK ((CURRENT_USER = 'tenantry_keeper'::name))""",
    r"""CREATE POLICY tenant ON tenantry.tenant_usage AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tenant_usage AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tenant_usage AS PERMISSIVE FOR SELECT TO tenantry_service USING (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tenant_usage AS PERMISSIVE FOR SELECT TO tenantry_keeper USING ((CURRENT_USER = 'tenantry_keeper'::name))""",
    r"""CREATE POLICY keeper_insert ON tenantry.tenant_usage AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK ((CURRENT_USER = 'tenantry_keeper'::name))""",
    r"""CREATE POLICY keeper_update ON tenantry.tenant_usage AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING ((CURRENT_USER = 'tenantry_keeper'::name))""",
    r"""CREATE POLICY tenant ON tenantry.api_keys AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.api_keys AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.api_keys AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.api_keys AS PERMISSIVE FOR SELECT TO tenantry_auth USING ((CURRENT_USER = 'tenantry_auth'::name))""",
    r"""CREATE POLICY tenant ON tenantry.projects AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.projects AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.projects AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.platform_log FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.platform_log FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_users()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_users()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_users()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.users FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.users FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.tenants REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenants()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.tenants REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenants()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.tenants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenants()""",
    r"""CREATE TRIGGER date_tenant_status BEFORE INSERT OR UPDATE ON tenantry.tenants FOR EACH ROW EXECUTE FUNCTION tenantry.date_tenant_status()""",
    r"""CREATE TRIGGER open_tenant AFTER INSERT ON tenantry.tenants FOR EACH ROW EXECUTE FUNCTION tenantry.open_tenant()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.tenants FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tenants FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.user_identities FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.memberships REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_memberships()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.memberships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_memberships()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.memberships REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_memberships()""",
    r"""CREATE TRIGGER count_delete AFTER DELETE ON tenantry.memberships REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_memberships()""",
    r"""CREATE TRIGGER count_insert AFTER INSERT ON tenantry.memberships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_memberships()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.memberships FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.tenant_quotas REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_quotas()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.tenant_quotas REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_quotas()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.tenant_quotas REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_quotas()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tenant_quotas FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tenant_usage FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_api_keys()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_api_keys()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.api_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_api_keys()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.api_keys FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.api_keys FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.projects REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_projects()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.projects REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_projects()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.projects REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_projects()""",
    r"""CREATE TRIGGER count_delete AFTER DELETE ON tenantry.projects REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_projects()""",
    r"""CREATE TRIGGER count_insert AFTER INSERT ON tenantry.projects REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_projects()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.projects FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.projects FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""GRANT DELETE, INSERT, SELECT (created_at, expires_at, id, last_used_at, name, prefix, revoked_at, scopes, tenant_id, updated_at, use_count, user_id), UPDATE (expires_at, key_hash, last_used_at, name, prefix, revoked_at, scopes, use_count, user_id) ON tenantry.api_keys TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.api_keys TO tenantry_auth""",
    r"""GRANT SELECT (created_at, expires_at, id, last_used_at, name, prefix, revoked_at, scopes, tenant_id, updated_at, use_count, user_id) ON tenantry.api_keys TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.api_keys TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.audit_logs TO tenantry_app""",
    r"""GRANT INSERT ON tenantry.audit_logs TO tenantry_audit""",
    r"""GRANT SELECT ON tenantry.audit_logs TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.audit_logs TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.memberships TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.memberships TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.memberships TO tenantry_service""",
    r"""GRANT INSERT ON tenantry.platform_log TO tenantry_audit""",
    r"""GRANT SELECT ON tenantry.platform_log TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE (archived_at, config, default_branch, description, name, owner_id, path, pr_merge_rate, repository_url, slug, status, tech_stack, test_coverage_percent) ON tenantry.projects TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.projects TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.projects TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.tenant_quotas TO tenantry_app""",
    r"""GRANT INSERT, SELECT ON tenantry.tenant_quotas TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tenant_quotas TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tenant_quotas TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.tenant_usage TO tenantry_app""",
    r"""GRANT INSERT, SELECT, UPDATE ON tenantry.tenant_usage TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tenant_usage TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.tenant_usage TO tenantry_service""",
    r"""GRANT SELECT, UPDATE (name, settings) ON tenantry.tenants TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_auth""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tenants TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.user_identities TO tenantry_auth""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.user_identities TO tenantry_service""",
    r"""GRANT SELECT (created_at, email, id, is_active, kind, last_login_at, metadata, name, preferences, role, updated_at, username), UPDATE (name, preferences, username) ON tenantry.users TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.users TO tenantry_auth""",
    r"""GRANT SELECT (created_at, email, id, is_active, kind, last_login_at, metadata, name, preferences, role, updated_at, username) ON tenantry.users TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.users TO tenantry_service""",
    r"""CREATE TABLE tenantry.audit_logs_default PARTITION OF tenantry.audit_logs DEFAULT""",
    r"""SELECT tenantry.secure_partition('audit_logs_default', 'audit_logs')""",
    r"""CREATE TABLE tenantry.platform_log_default PARTITION OF tenantry.platform_log DEFAULT""",
    r"""SELECT tenantry.secure_partition('platform_log_default', 'platform_log')""",
    r"""REVOKE CREATE ON SCHEMA tenantry FROM tenantry_audit, tenantry_auth, tenantry_keeper""",
)

DOWN = (
    r"""DROP POLICY service ON tenantry.projects""",
    r"""DROP POLICY tenant_floor ON tenantry.projects""",
    r"""DROP POLICY tenant ON tenantry.projects""",
    r"""DROP POLICY auth_select ON tenantry.api_keys""",
    r"""DROP POLICY service ON tenantry.api_keys""",
    r"""DROP POLICY tenant_floor ON tenantry.api_keys""",
    r"""DROP POLICY tenant ON tenantry.api_keys""",
    r"""DROP POLICY keeper_update ON tenantry.tenant_usage""",
    r"""DROP POLICY keeper_insert ON tenantry.tenant_usage""",
    r"""DROP POLICY keeper_select ON tenantry.tenant_usage""",
    r"""DROP POLICY service ON tenantry.tenant_usage""",
    r"""DROP POLICY tenant_floor ON tenantry.tenant_usage""",
    r"""DROP POLICY tenant ON tenantry.tenant_usage""",
    r"""DROP POLICY keeper_insert ON tenantry.tenant_quotas""",
    r"""DROP POLICY keeper_select ON tenantry.tenant_quotas""",
    r"""DROP POLICY service ON tenantry.tenant_quotas""",
    r"""DROP POLICY tenant_floor ON tenantry.tenant_quotas""",
    r"""DROP POLICY tenant ON tenantry.tenant_quotas""",
    r"""DROP POLICY service ON tenantry.memberships""",
    r"""DROP POLICY tenant_floor ON tenantry.memberships""",
    r"""DROP POLICY tenant ON tenantry.memberships""",
    r"""DROP POLICY auth_select ON tenantry.user_identities""",
    r"""DROP POLICY service ON tenantry.user_identities""",
    r"""DROP POLICY auth_select ON tenantry.tenants""",
    r"""DROP POLICY keeper_select ON tenantry.tenants""",
    r"""DROP POLICY service ON tenantry.tenants""",
    r"""DROP POLICY tenant_floor ON tenantry.tenants""",
    r"""DROP POLICY tenant ON tenantry.tenants""",
    r"""DROP POLICY auth_select ON tenantry.users""",
    r"""DROP POLICY service ON tenantry.users""",
    r"""DROP POLICY tenant_floor ON tenantry.users""",
    r"""DROP POLICY tenant_write ON tenantry.users""",
    r"""DROP POLICY tenant ON tenantry.users""",
    r"""DROP POLICY audit_insert ON tenantry.platform_log""",
    r"""DROP POLICY service ON tenantry.platform_log""",
    r"""DROP POLICY audit_insert ON tenantry.audit_logs""",
    r"""DROP POLICY service ON tenantry.audit_logs""",
    r"""DROP POLICY tenant_floor ON tenantry.audit_logs""",
    r"""DROP POLICY tenant ON tenantry.audit_logs""",
    r"""ALTER TABLE tenantry.projects DROP CONSTRAINT projects_owner_id_fkey""",
    r"""ALTER TABLE tenantry.projects DROP CONSTRAINT projects_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.api_keys DROP CONSTRAINT api_keys_user_id_fkey""",
    r"""ALTER TABLE tenantry.api_keys DROP CONSTRAINT api_keys_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.tenant_usage DROP CONSTRAINT tenant_usage_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.tenant_quotas DROP CONSTRAINT tenant_quotas_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.memberships DROP CONSTRAINT memberships_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.memberships DROP CONSTRAINT memberships_user_id_fkey""",
    r"""ALTER TABLE tenantry.user_identities DROP CONSTRAINT user_identities_user_id_fkey""",
    r"""ALTER TABLE tenantry.tenants DROP CONSTRAINT tenants_owner_user_id_fkey""",
    r"""DROP TABLE tenantry.projects""",
    r"""DROP TABLE tenantry.api_keys""",
    r"""DROP TABLE tenantry.tenant_usage""",
    r"""DROP TABLE tenantry.tenant_quotas""",
    r"""DROP TABLE tenantry.memberships""",
    r"""DROP TABLE tenantry.user_identities""",
    r"""DROP TABLE tenantry.tenants""",
    r"""DROP TABLE tenantry.users""",
    r"""DROP TABLE tenantry.platform_log""",
    r"""DROP TABLE tenantry.audit_logs""",
    r"""DROP FUNCTION tenantry.audit_projects()""",
    r"""DROP FUNCTION tenantry.count_projects()""",
    r"""DROP FUNCTION tenantry.audit_api_keys()""",
    r"""DROP FUNCTION tenantry.audit_tenant_quotas()""",
    r"""DROP FUNCTION tenantry.audit_memberships()""",
    r"""DROP FUNCTION tenantry.count_memberships()""",
    r"""DROP FUNCTION tenantry.audit_tenants()""",
    r"""DROP FUNCTION tenantry.audit_users()""",
    r"""DROP FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.audit_logs_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.my_identities()""",
    r"""DROP FUNCTION tenantry.authenticate_key(bytea)""",
    r"""DROP FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.record_event(text, text, uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.date_tenant_status()""",
    r"""DROP FUNCTION tenantry.open_tenant()""",
    r"""DROP FUNCTION tenantry.refuse_change()""",
    r"""DROP FUNCTION tenantry.refuse_unwritable()""",
    r"""DROP FUNCTION tenantry.touch_updated_at()""",
    r"""DROP FUNCTION tenantry.secure_partition(text, text)""",
    r"""DROP FUNCTION tenantry.add_partition(text, text, timestamp with time zone)""",
    r"""DROP FUNCTION tenantry.time_of(uuid)""",
    r"""DROP FUNCTION tenantry.uuid_at(timestamp with time zone)""",
    r"""DROP FUNCTION tenantry.acting()""",
    r"""DROP FUNCTION tenantry.same_context(uuid)""",
    r"""DROP FUNCTION tenantry.set_tenant_context(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.current_user_id()""",
    r"""DROP FUNCTION tenantry.current_tenant_id()""",
    r"""DROP FUNCTION tenantry.uuidv7()""",
)


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)
