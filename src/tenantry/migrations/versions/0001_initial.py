"""initial"""

from tenantry.migrations import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = (
    r"""GRANT CREATE ON SCHEMA tenantry TO tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_search, tenantry_transfer, tenantry_views""",
    r"""CREATE SEQUENCE tenantry.outbox_position""",
    r"""GRANT USAGE ON SEQUENCE tenantry.outbox_position TO tenantry_keeper""",
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
    r"""GRANT EXECUTE ON FUNCTION tenantry.uuidv7() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.current_tenant_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.current_tenant_id() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.current_tenant_id() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.current_user_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.current_user_id() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.current_user_id() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
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
    r"""GRANT EXECUTE ON FUNCTION tenantry.set_tenant_context(uuid, uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
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
    r"""GRANT EXECUTE ON FUNCTION tenantry.same_context(uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.is_service()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (pg_has_role(SESSION_USER, 'tenantry_service'::name, 'MEMBER'::text) AND (NOT pg_has_role(SESSION_USER, 'tenantry_app'::name, 'MEMBER'::text)) AND (NOT pg_has_role(SESSION_USER, 'tenantry_readonly'::name, 'MEMBER'::text)))""",
    r"""REVOKE ALL ON FUNCTION tenantry.is_service() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.is_service() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
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
    -- The application writes for somebody; a statement that emptied its context midway would not say
    -- for whom.
    IF user_id IS NULL AND coalesce(sent, '') = '' AND tenantry.current_tenant_id() IS NULL
       AND pg_catalog.pg_has_role(session_user, 'tenantry_app', 'MEMBER')
       AND NOT pg_catalog.pg_has_role(session_user, 'tenantry_service', 'MEMBER') THEN
        RAISE EXCEPTION 'a change needs a context' USING ERRCODE = 'TN008';
    END IF;
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
        WHEN tenantry.is_service() THEN 'service'
        WHEN user_id IS NOT NULL THEN 'user'
        ELSE 'system'
    END);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.acting() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.acting() TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.uuid_at(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((lpad(to_hex(((EXTRACT(epoch FROM moment) * (1000)::numeric))::bigint), 12, '0'::text) || repeat('0'::text, 20)))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.uuid_at(timestamp with time zone) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.uuid_at(timestamp with time zone) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.time_of(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN to_timestamp((((((('x'::text || lpad("left"(replace((id)::text, '-'::text, ''::text), 12), 16, '0'::text)))::bit(64))::bigint)::numeric / 1000.0))::double precision)""",
    r"""REVOKE ALL ON FUNCTION tenantry.time_of(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.time_of(uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.milliseconds_of(id uuid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((('x'::text || "left"(replace((id)::text, '-'::text, ''::text), 12)))::bit(48))::bigint""",
    r"""REVOKE ALL ON FUNCTION tenantry.milliseconds_of(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.milliseconds_of(uuid) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.uuid_of(milliseconds bigint)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((lpad(to_hex(GREATEST(milliseconds, (0)::bigint)), 12, '0'::text) || repeat('0'::text, 20)))::uuid""",
    r"""REVOKE ALL ON FUNCTION tenantry.uuid_of(bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.uuid_of(bigint) TO tenantry_app, tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.add_partition(parent text, period text, moment timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    start timestamptz := date_trunc(period, moment);
    lower uuid := tenantry.uuid_at(start);
    upper uuid := tenantry.uuid_at(start + ('1 ' || period)::interval);
    child text := parent || to_char(start, CASE period WHEN 'week' THEN '_iyyy"w"iw' ELSE '_yyyy_mm' END);
    referenced text;
BEGIN
    IF to_regclass('tenantry.' || quote_ident(child)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- What attaching locks, in the order in which writers come to it.
    FOR referenced IN
        SELECT DISTINCT c.confrelid::regclass::text FROM pg_catalog.pg_constraint AS c
        WHERE c.contype = 'f' AND c.conrelid = to_regclass('tenantry.' || quote_ident(parent)) ORDER BY 1
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', referenced);
    END LOOP;
    EXECUTE format('LOCK TABLE ONLY tenantry.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
    EXECUTE format('CREATE TABLE tenantry.%I (LIKE tenantry.%I INCLUDING ALL)', child, parent);
    PERFORM tenantry.move_from_default(parent, child, lower, upper);
    PERFORM tenantry.secure_partition(child, parent);
    EXECUTE format('ALTER TABLE tenantry.%I ATTACH PARTITION tenantry.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, child, lower, upper);
    RETURN child;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.add_partition(text, text, timestamp with time zone) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.move_from_default(parent text, child text, lower uuid, upper uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    rest text := quote_ident(parent || '_default');
    columns text;
    moved bigint;
BEGIN
    IF to_regclass('tenantry.' || rest) IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = to_regclass('tenantry.' || rest) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
    EXECUTE format('ALTER TABLE tenantry.%s NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER', rest);
    EXECUTE format(
        'WITH moved AS (DELETE FROM tenantry.%1$s WHERE id >= %2$L AND id < %3$L RETURNING %4$s)'
        ' INSERT INTO tenantry.%5$I (%4$s) SELECT %4$s FROM moved', rest, lower, upper, columns, child);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE tenantry.%s FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER', rest);
    IF moved > 0 THEN
        PERFORM tenantry.record_platform_event('move', parent, NULL, jsonb_build_object('partition', child, 'rows', moved));
    END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.move_from_default(text, text, uuid, uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.drain_default(parent text, period text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    rest text := quote_ident(parent || '_default');
    oldest uuid;
    made text;
BEGIN
    EXECUTE format('ALTER TABLE tenantry.%s NO FORCE ROW LEVEL SECURITY', rest);
    EXECUTE format('SELECT id FROM tenantry.%s WHERE id >= %L AND id < %L ORDER BY id LIMIT 1', rest,
                   tenantry.uuid_at('2000-01-01T00:00Z'), tenantry.uuid_at(now() + interval '2 years')) INTO oldest;
    EXECUTE format('ALTER TABLE tenantry.%s FORCE ROW LEVEL SECURITY', rest);
    IF oldest IS NULL THEN
        RETURN NULL;
    END IF;
    made := tenantry.add_partition(parent, period, tenantry.time_of(oldest));
    IF made IS NULL THEN
        RAISE EXCEPTION 'the partition of % for % is there and not attached', parent, tenantry.time_of(oldest)
            USING ERRCODE = '42P07';
    END IF;
    RETURN made;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.drain_default(text, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.partition_gaps(parent text)
 RETURNS TABLE(lower uuid, upper uuid)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH bounds AS (
        SELECT parts[1]::uuid AS starts, parts[2]::uuid AS stops
        FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid,
             regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) AS parts
        WHERE i.inhparent = to_regclass('tenantry.' || quote_ident(parent)) AND parts IS NOT NULL
    )
    SELECT lag(b.stops) OVER (ORDER BY b.starts), b.starts FROM bounds AS b
    UNION ALL
    SELECT max(b.stops::text)::uuid, NULL FROM bounds AS b
    ORDER BY 1 NULLS FIRST
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.partition_gaps(text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.partition_gaps(text) TO tenantry_service""",
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
    r"""CREATE OR REPLACE FUNCTION tenantry.move_to_archive(parent text, child text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    kept text := child;
    time integer := 1;
    index record;
BEGIN
    CREATE SCHEMA IF NOT EXISTS tenantry_archive;
    EXECUTE format('ALTER TABLE tenantry.%I DETACH PARTITION tenantry.%I', parent, child);
    -- Rows of a time that was taken out before have come since: they are a table beside that one.
    WHILE to_regclass(format('tenantry_archive.%I', kept)) IS NOT NULL LOOP
        time := time + 1;
        kept := child || '_' || time;
    END LOOP;
    IF kept <> child THEN
        EXECUTE format('ALTER TABLE tenantry.%I RENAME TO %I', child, kept);
        FOR index IN
            SELECT c.oid, c.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = to_regclass(format('tenantry.%I', kept))
        LOOP
            EXECUTE format('ALTER INDEX tenantry.%I RENAME TO %I', index.relname, left(index.relname, 50) || '_' || index.oid);
        END LOOP;
    END IF;
    EXECUTE format('ALTER TABLE tenantry.%I SET SCHEMA tenantry_archive', kept);
    EXECUTE format('CREATE POLICY owner ON tenantry_archive.%I FOR SELECT TO tenantry_owner USING (true)', kept);
    -- A tenant that is purged is purged from there too; the platform's log is not the tenant's.
    IF parent <> 'platform_log' THEN
        GRANT USAGE ON SCHEMA tenantry_archive TO tenantry_transfer;
        EXECUTE format('CREATE POLICY transfer ON tenantry_archive.%I TO tenantry_transfer USING (true)', kept);
        EXECUTE format('GRANT SELECT, DELETE ON tenantry_archive.%I TO tenantry_transfer', kept);
    END IF;
    RETURN kept;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.move_to_archive(text, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.detach_period(parent text, child text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    bounds text[];
    kept text;
BEGIN
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) INTO bounds
    FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('tenantry.' || quote_ident(parent)) AND c.relname = child;
    IF bounds IS NULL OR parent IN ('audit_logs', 'platform_log') THEN
        RAISE EXCEPTION '% is no partition that may be taken out', child USING ERRCODE = '42P01';
    END IF;
    kept := tenantry.move_to_archive(parent, child);
    IF parent = 'agent_executions' THEN
        EXECUTE format('COMMENT ON TABLE tenantry_archive.%I IS %L', kept, 'graphs still hold it');
    END IF;
    PERFORM tenantry.record_platform_entry('detach', parent, NULL, jsonb_build_object(
        'partition', child, 'from_id', bounds[1], 'to_id', bounds[2], 'by', session_user,
        'archive', 'tenantry_archive.' || kept));
    RETURN 'tenantry_archive.' || kept;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.detach_period(text, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.touch_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.updated_at = OLD.updated_at THEN
        NEW.updated_at := pg_catalog.now();
    END IF;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.touch_updated_at() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.require_writable(tenant uuid, relation text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    state text;
BEGIN
    SELECT t.status INTO state FROM tenantry.tenants AS t WHERE t.id = tenant;
    IF state IN ('active', 'pending') THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'tenant % is %', tenant, coalesce(state, 'unknown')
        USING ERRCODE = 'TN001', TABLE = relation, SCHEMA = 'tenantry',
              DETAIL = jsonb_build_object('tenant_id', tenant, 'status', coalesce(state, 'unknown'));
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.require_writable(uuid, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.require_writable(uuid, text) TO tenantry_audit, tenantry_keeper""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_unwritable()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid := tenantry.current_tenant_id();
BEGIN
    -- What a trigger or a cascade writes follows from a statement that was asked already. (Asked here
    -- and not in the trigger's WHEN, which the server parses anew for every statement.)
    IF pg_trigger_depth() > 1 THEN
        RETURN NULL;
    END IF;
    IF tenant IS NULL THEN
        -- A context that a statement empties, and names again for row security, is none either.
        IF tenantry.current_user_id() IS NULL AND pg_has_role(session_user, 'tenantry_app', 'MEMBER')
           AND NOT pg_has_role(session_user, 'tenantry_service', 'MEMBER') THEN
            RAISE EXCEPTION 'a change needs a context' USING ERRCODE = 'TN008';
        END IF;
        RETURN NULL;
    END IF;
    PERFORM tenantry.require_writable(tenant, TG_TABLE_NAME);
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.refuse_unwritable() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_unwritable() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_foreign(tenant uuid, relation text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF tenant IS DISTINCT FROM tenantry.current_tenant_id()
       AND NOT tenantry.is_service() AND current_setting('is_superuser') = 'off' THEN
        RAISE EXCEPTION 'a row of another tenant is not added to %', relation
            USING ERRCODE = '42501', TABLE = relation, SCHEMA = 'tenantry';
    END IF;
END
$function$""",
    r"""ALTER FUNCTION tenantry.refuse_foreign(uuid, text) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_foreign(uuid, text) FROM PUBLIC""",
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
    PERFORM tenantry.install_workflows(NEW.id);
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
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_stale_fence()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF coalesce(NEW.fence, -1) < OLD.fence THEN
        RAISE EXCEPTION 'a later holder of the lock has written already'
            USING ERRCODE = 'TN010', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA, COLUMN = 'fence',
                  HINT = 'Nothing of this was written. Take the lock again, and read again what it guards.',
                  DETAIL = jsonb_build_object('fence', NEW.fence, 'newest', OLD.fence);
    END IF;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_stale_fence() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_entry(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
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
    SELECT tenant, entry, record_entry.action, record_entry.resource_type, record_entry.resource_id,
           record_entry.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_entry(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_entry(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_entry(text, text, uuid, jsonb) TO tenantry_auth""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF tenantry.current_tenant_id() IS NOT NULL AND NOT tenantry.is_service() THEN
        PERFORM tenantry.require_writable(tenantry.current_tenant_id(), 'audit_logs');
    END IF;
    RETURN tenantry.record_entry(action, resource_type, resource_id, details);
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_event(text, text, uuid, jsonb) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_platform_entry(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    entry uuid;
BEGIN
    PERFORM pg_catalog.pg_current_xact_id();
    entry := tenantry.uuidv7();
    INSERT INTO tenantry.platform_log (
        id, tenant_id, action, resource_type, resource_id, details, actor_kind, user_id, agent_id,
        api_key_id, request_id, ip_address, user_agent, reason)
    SELECT entry, tenantry.current_tenant_id(), record_platform_entry.action,
           record_platform_entry.resource_type, record_platform_entry.resource_id,
           record_platform_entry.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_platform_entry(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_platform_entry(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_platform_entry(text, text, uuid, jsonb) TO tenantry_transfer""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_platform_event(action text, resource_type text, resource_id uuid DEFAULT NULL::uuid, details jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF action IN ('detach', 'purge', 'load', 'unload') THEN
        RAISE EXCEPTION 'an entry % of the platform''s log is written by what it tells of', action USING ERRCODE = '42501',
            SCHEMA = 'tenantry', TABLE = 'platform_log';
    END IF;
    RETURN tenantry.record_platform_entry(action, resource_type, resource_id, details);
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.sealed_below()
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT s.to_id FROM tenantry.platform_seals AS s ORDER BY s.sequence DESC LIMIT 1
$function$""",
    r"""ALTER FUNCTION tenantry.sealed_below() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.sealed_below() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.sealed_between(parent text, lower uuid, upper uuid, OUT sealed bigint, OUT seals bigint, OUT digest text, OUT there bigint)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    first bytea := uuid_send(lower);
    beyond bytea := uuid_send(upper);
BEGIN
    -- Leaves begin with their entry's id, and are in order: the first and the last tell of most seals.
    WITH seal AS (
        SELECT s.tenant_id, s.sequence, s.hash, s.entries, s.leaves FROM tenantry.audit_seals AS s
        WHERE parent = 'audit_logs' AND s.from_id < upper AND s.to_id > lower
        UNION ALL
        SELECT NULL, s.sequence, s.hash, s.entries, s.leaves FROM tenantry.platform_seals AS s
        WHERE parent = 'platform_log' AND s.from_id < upper AND s.to_id > lower
    ), counted AS (
        SELECT s.tenant_id, s.sequence, s.hash, CASE
            WHEN substring(s.leaves FOR 16) >= first
                 AND substring(s.leaves FROM (s.entries - 1) * 48 + 1 FOR 16) < beyond THEN s.entries
            WHEN substring(s.leaves FOR 16) >= beyond
                 OR substring(s.leaves FROM (s.entries - 1) * 48 + 1 FOR 16) < first THEN 0
            ELSE (SELECT count(*) FROM generate_series(0, s.entries - 1) AS n
                  WHERE substring(s.leaves FROM n * 48 + 1 FOR 16) >= first
                    AND substring(s.leaves FROM n * 48 + 1 FOR 16) < beyond)
        END AS entries
        FROM seal AS s
    )
    -- A seal that only reaches over that time, of a tenant that did nothing in it, may be set later.
    SELECT coalesce(sum(c.entries), 0), count(*),
           encode(sha256(coalesce(string_agg(c.hash, '' ORDER BY c.tenant_id, c.sequence), '')), 'hex')
    INTO sealed, seals, digest FROM counted AS c WHERE c.entries > 0;
    IF parent = 'audit_logs' THEN
        SELECT count(*) INTO there FROM tenantry.audit_logs AS r WHERE r.id >= lower AND r.id < upper;
    ELSE
        SELECT count(*) INTO there FROM tenantry.platform_log AS r WHERE r.id >= lower AND r.id < upper;
    END IF;
END
$function$""",
    r"""ALTER FUNCTION tenantry.sealed_between(text, uuid, uuid) OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.sealed_between(text, uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.sealed_between(text, uuid, uuid) TO tenantry_service, tenantry_transfer""",
    r"""CREATE OR REPLACE FUNCTION tenantry.detach_sealed(parent text, child text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    bounds text[];
    held record;
    line record;
    kept text;
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
    -- Lest what somebody removed be taken for taken out.
    SELECT * INTO held FROM tenantry.sealed_between(parent, bounds[1]::uuid, bounds[2]::uuid);
    IF held.there <> held.sealed THEN
        RAISE EXCEPTION '% holds % entries, and % were sealed', child, held.there, held.sealed
            USING ERRCODE = 'TN004', SCHEMA = 'tenantry', TABLE = parent, CONSTRAINT = 'record_as_sealed',
                  HINT = '`tenantry audit verify` names those that were removed or inserted.';
    END IF;
    kept := tenantry.move_to_archive(parent, child);
    -- What was said in the platform's log of earlier ones goes with it, so it is said again.
    FOR line IN EXECUTE format(
        'SELECT id, resource_type, details FROM tenantry_archive.%I WHERE action = ''detach'' ORDER BY id', kept)
    LOOP
        EXIT WHEN parent <> 'platform_log';
        PERFORM tenantry.record_platform_entry('detach', line.resource_type, NULL,
            jsonb_build_object('told', line.id) || line.details);
    END LOOP;
    PERFORM tenantry.record_platform_entry('detach', parent, NULL, jsonb_build_object(
        'partition', child, 'from_id', bounds[1], 'to_id', bounds[2], 'entries', held.sealed, 'seals', held.seals,
        'digest', held.digest, 'by', session_user, 'archive', 'tenantry_archive.' || kept));
    RETURN 'tenantry_archive.' || kept;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.detach_sealed(text, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.authenticate_key(hash bytea, OUT api_key_id uuid, OUT tenant_id uuid, OUT user_id uuid, OUT scopes jsonb, OUT tenant_status text, OUT expires_at timestamp with time zone, OUT plan text, OUT role text)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT k.id, k.tenant_id, k.user_id, k.scopes, t.status, k.expires_at, t.plan, m.role
    FROM tenantry.api_keys AS k
    JOIN tenantry.tenants AS t ON t.id = k.tenant_id
    LEFT JOIN tenantry.users AS u ON u.id = k.user_id
    LEFT JOIN tenantry.memberships AS m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id
    WHERE k.key_hash = authenticate_key.hash
      AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
      AND t.status <> 'deleted'
      AND coalesce(u.is_active, k.user_id IS NULL)
$function$""",
    r"""ALTER FUNCTION tenantry.authenticate_key(bytea) OWNER TO tenantry_auth""",
    r"""REVOKE ALL ON FUNCTION tenantry.authenticate_key(bytea) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.authenticate_key(bytea) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.identity_member(provider text, subject text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT i.user_id
    FROM tenantry.user_identities AS i
    JOIN tenantry.memberships AS m ON m.tenant_id = tenantry.current_tenant_id() AND m.user_id = i.user_id
    WHERE i.provider = identity_member.provider AND i.subject = identity_member.subject
$function$""",
    r"""ALTER FUNCTION tenantry.identity_member(text, text) OWNER TO tenantry_auth""",
    r"""REVOKE ALL ON FUNCTION tenantry.identity_member(text, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.identity_member(text, text) TO tenantry_app, tenantry_service""",
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
    r"""CREATE OR REPLACE FUNCTION tenantry.seal_holds()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    context text := coalesce(current_setting('app.tenant_id', true), '')
        || '|' || coalesce(current_setting('app.user_id', true), '')
        || '|' || coalesce(current_setting('app.actor', true), '');
    seal text[] := string_to_array(current_setting('app.seal', true), '.');
    mac bytea;
BEGIN
    IF context = '||' OR session_user = 'tenantry_owner' OR tenantry.is_service() THEN
        RETURN true;
    END IF;
    SELECT sha256(k.outer_pad || sha256(k.inner_pad || convert_to(seal[2] || '|' || context, 'UTF8')))
    INTO mac FROM tenantry.seal_keys AS k WHERE k.name = seal[1];
    -- Hashed once more, so that the time a comparison takes tells nothing of the mac.
    IF sha256(mac) IS DISTINCT FROM sha256(decode(
        CASE WHEN seal[3] ~ '^[0-9a-f]{64}$' THEN seal[3] ELSE '' END, 'hex'))
    THEN
        RAISE EXCEPTION 'the context is not sealed' USING ERRCODE = 'TN009',
            HINT = 'Set TENANTRY_CONTEXT=sealed and the TENANTRY_SEAL_KEYS of this database.';
    END IF;
    IF to_timestamp(seal[2]::bigint) < transaction_timestamp() THEN
        RAISE EXCEPTION 'the seal of the context has expired' USING ERRCODE = 'TN009',
            HINT = 'Compare the clocks of the application and the database.';
    END IF;
    RETURN true;
END
$function$""",
    r"""ALTER FUNCTION tenantry.seal_holds() OWNER TO tenantry_auth""",
    r"""REVOKE ALL ON FUNCTION tenantry.seal_holds() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.seal_holds() TO tenantry_app, tenantry_audit, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_owner, tenantry_readonly, tenantry_search, tenantry_service, tenantry_transfer, tenantry_views""",
    r"""CREATE OR REPLACE FUNCTION tenantry.workflow_lock(workflow_id uuid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN hashtextextended((workflow_id)::text, (20261121)::bigint)""",
    r"""REVOKE ALL ON FUNCTION tenantry.workflow_lock(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.workflow_lock(uuid) TO tenantry_keeper""",
    r"""CREATE OR REPLACE FUNCTION tenantry.check_workflow()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    names text[];
    wrong text;
BEGIN
    SELECT CASE
        WHEN jsonb_typeof(NEW.stages) <> 'array' THEN 'its stages are no list'
        WHEN jsonb_typeof(NEW.transition_rules) <> 'object'
          OR EXISTS (SELECT FROM jsonb_each(NEW.transition_rules) AS r WHERE jsonb_typeof(r.value) <> 'array')
            THEN 'its transitions are no lists of stages by stage'
        WHEN jsonb_typeof(NEW.qa_pipeline) <> 'object'
          OR EXISTS (SELECT FROM jsonb_each(NEW.qa_pipeline) AS q WHERE jsonb_typeof(q.value) <> 'array')
            THEN 'its quality pipeline is no lists of reviews by stage'
        WHEN jsonb_typeof(NEW.retry_rule) <> 'object' THEN 'its retry rule is no object'
    END INTO wrong;
    IF wrong IS NULL THEN
        names := ARRAY(SELECT s ->> 'name' FROM jsonb_array_elements(NEW.stages) AS s);
        SELECT CASE
            WHEN cardinality(names) = 0 THEN 'it has no stage'
            WHEN cardinality(names) <> (SELECT count(DISTINCT nullif(n, '')) FROM unnest(names) AS n)
                THEN 'a stage has no name or is there twice'
            WHEN EXISTS (SELECT FROM jsonb_array_elements(NEW.stages) AS s
                         WHERE s ->> 'category' NOT IN ('todo', 'active', 'waiting', 'review', 'done', 'failed')
                            OR s ->> 'category' IS NULL)
                THEN 'a stage has no category of todo, active, waiting, review, done, failed'
            WHEN NEW.initial_stage <> ALL (names) THEN 'its initial stage is none of its stages'
            WHEN EXISTS (SELECT FROM jsonb_each(NEW.transition_rules) AS r
                         WHERE r.key <> ALL (names)
                            OR EXISTS (SELECT FROM jsonb_array_elements_text(r.value) AS t
                                       WHERE t IS NULL OR t <> ALL (names)))
                THEN 'a transition names a stage that is not there'
            WHEN EXISTS (SELECT FROM jsonb_each(NEW.qa_pipeline) AS q
                         WHERE q.key <> ALL (names)
                            OR EXISTS (SELECT FROM jsonb_array_elements_text(q.value) AS r
                                       WHERE r IS NULL OR r NOT IN ('automated_tests', 'code_review', 'security_scan', 'peer_review')))
                THEN 'its quality pipeline names a stage or a review that is not there'
            WHEN NEW.retry_rule ->> 'stage' <> ALL (names) THEN 'its retry rule names a stage that is not there'
            WHEN jsonb_typeof(NEW.retry_rule -> 'max_retries') <> 'number' THEN 'its retry rule counts with no number'
        END INTO wrong;
    END IF;
    IF wrong IS NULL AND TG_OP = 'UPDATE' AND NEW.stages <> OLD.stages THEN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            -- It would not see the tasks that moved since it began.
            wrong := 'its stages can be changed in a read committed transaction only';
        ELSE
            PERFORM pg_advisory_xact_lock(tenantry.workflow_lock(NEW.id));
            SELECT format('tasks stand on its stage %s, which would go or change its category', t.status) INTO wrong
            FROM tenantry.tasks AS t
            WHERE t.tenant_id = NEW.tenant_id AND t.workflow_id = NEW.id
              AND NOT EXISTS (SELECT FROM jsonb_array_elements(NEW.stages) AS s
                              WHERE s ->> 'name' = t.status AND s ->> 'category' = t.state_category)
            LIMIT 1;
        END IF;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'workflow %: %', NEW.name, wrong
            USING ERRCODE = 'TN004', TABLE = 'workflows', SCHEMA = 'tenantry', CONSTRAINT = 'workflow_rules';
    END IF;
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.check_workflow() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.check_workflow() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.install_workflows(tenant uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    INSERT INTO tenantry.workflows
        (tenant_id, name, description, stages, transition_rules, initial_stage, qa_pipeline, retry_rule, is_default, is_builtin)
    SELECT t.id, p.name, p.description,
           (SELECT jsonb_agg(jsonb_build_object('name', split_part(s, ':', 1), 'category', split_part(s, ':', 2)) ORDER BY n)
            FROM unnest(p.stages) WITH ORDINALITY AS u (s, n)),
           p.transitions::jsonb, split_part(p.stages[1], ':', 1), p.qa::jsonb, p.retry::jsonb, p.name = 'basic', true
    FROM tenantry.tenants AS t, (VALUES
        ('basic', 'A task that runs, may wait for approval, and ends',
         ARRAY['pending:todo', 'running:active', 'awaiting_approval:waiting', 'completed:done', 'failed:failed', 'cancelled:failed'],
         '{"pending": ["running", "failed", "cancelled"],
           "running": ["pending", "awaiting_approval", "completed", "failed", "cancelled"],
           "awaiting_approval": ["running", "completed", "failed", "cancelled"],
           "failed": ["pending"]}', '{}', '{"max_retries": 3, "stage": "pending"}'),
        ('aigentflow', 'Orchestrated agents: analysis, orchestration, work, approval',
         ARRAY['pending:todo', 'analyzing:active', 'orchestrating:active', 'agent_working:active',
               'awaiting_approval:waiting', 'completing:active', 'completed:done', 'failed:failed', 'aborted:failed'],
         '{"pending": ["analyzing", "failed", "aborted"],
           "analyzing": ["orchestrating", "awaiting_approval", "failed", "aborted"],
           "orchestrating": ["agent_working", "awaiting_approval", "completing", "failed", "aborted"],
           "agent_working": ["orchestrating", "awaiting_approval", "completing", "failed", "aborted"],
           "awaiting_approval": ["orchestrating", "agent_working", "completing", "failed", "aborted"],
           "completing": ["completed", "failed", "aborted"],
           "failed": ["pending", "aborted"]}', '{}', '{"max_retries": 3, "stage": "pending"}'),
        ('agentdesk', 'Work handed to desks, reviewed before it is complete',
         ARRAY['pending:todo', 'assigned:todo', 'in_progress:active', 'in_review:review', 'completed:done'],
         '{"pending": ["assigned"],
           "assigned": ["pending", "in_progress"],
           "in_progress": ["assigned", "in_review"],
           "in_review": ["in_progress", "completed"]}',
         '{"in_review": ["automated_tests", "code_review", "security_scan", "peer_review"]}',
         '{"max_retries": 3, "stage": "pending"}'),
        ('issue', 'Issues and pull requests',
         ARRAY['open:todo', 'draft:todo', 'in_progress:active', 'in_review:review', 'blocked:waiting', 'closed:done'],
         '{"draft": ["open", "closed"],
           "open": ["draft", "in_progress", "blocked", "closed"],
           "in_progress": ["open", "in_review", "blocked", "closed"],
           "in_review": ["in_progress", "blocked", "closed"],
           "blocked": ["open", "in_progress", "closed"],
           "closed": ["open"]}', '{}', '{"max_retries": 3, "stage": "open"}')
    ) AS p (name, description, stages, transitions, qa, retry)
    WHERE (tenant IS NULL OR t.id = tenant)
      AND NOT EXISTS (SELECT FROM tenantry.workflows AS w WHERE w.tenant_id = t.id AND w.is_builtin)
$function$""",
    r"""ALTER FUNCTION tenantry.install_workflows(uuid) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.install_workflows(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.install_workflows(uuid) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.govern_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    flow record;
    category text;
    moved boolean;
    gate jsonb;
    lacking text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM tenantry.refuse_foreign(NEW.tenant_id, TG_TABLE_NAME);
    END IF;
    -- Other systems' words for the same things.
    NEW.type := CASE NEW.type WHEN 'bug' THEN 'bugfix' WHEN 'documentation' THEN 'docs' ELSE NEW.type END;
    NEW.title := coalesce(
        nullif(NEW.title, ''),
        nullif(left(btrim(split_part(ltrim(NEW.prompt, E' \t\r\n'), E'\n', 1), E' \t\r'), 200), ''));
    IF TG_OP = 'UPDATE' THEN
        moved := NEW.workflow_id <> OLD.workflow_id;
        IF NEW.status = OLD.status AND NOT moved THEN
            NEW.state_category := OLD.state_category;
            RETURN NEW;
        END IF;
    ELSIF NEW.workflow_id IS NULL THEN
        SELECT w.id INTO NEW.workflow_id FROM tenantry.workflows AS w
        WHERE w.tenant_id = NEW.tenant_id AND w.is_default;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a task without a workflow needs a default one, and there is none'
                USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'workflow_id', CONSTRAINT = 'workflow_default';
        END IF;
    END IF;
    -- The stages stay as they are until this transaction ends. One that reads an older snapshot
    -- would not see that they have changed: locking the row tells it so.
    IF current_setting('transaction_isolation') = 'read committed' THEN
        PERFORM pg_advisory_xact_lock_shared(tenantry.workflow_lock(NEW.workflow_id));
    ELSE
        PERFORM FROM tenantry.workflows AS w
        WHERE w.tenant_id = NEW.tenant_id AND w.id = NEW.workflow_id FOR SHARE;
    END IF;
    SELECT w.name, w.stages, w.transition_rules, w.initial_stage, w.qa_pipeline INTO flow
    FROM tenantry.workflows AS w WHERE w.tenant_id = NEW.tenant_id AND w.id = NEW.workflow_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no workflow %', NEW.workflow_id
            USING ERRCODE = '23503', TABLE = 'tasks', SCHEMA = 'tenantry', CONSTRAINT = 'tasks_workflow_id_fkey';
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.status := coalesce(NEW.status, flow.initial_stage);
    END IF;
    SELECT s ->> 'category' INTO category
    FROM jsonb_array_elements(flow.stages) AS s WHERE s ->> 'name' = NEW.status;
    IF NOT moved AND NOT coalesce(flow.transition_rules -> OLD.status ? NEW.status, false) THEN
        RAISE EXCEPTION 'workflow % does not allow % -> %; from there: %', flow.name, OLD.status, NEW.status,
            coalesce((SELECT string_agg(t, ', ') FROM jsonb_array_elements_text(flow.transition_rules -> OLD.status) AS t), 'nothing')
            USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'status', CONSTRAINT = 'workflow_transition',
                  DETAIL = jsonb_build_object('stage', OLD.status, 'to', NEW.status,
                                              'allowed', coalesce(flow.transition_rules -> OLD.status, '[]'));
    ELSIF category IS NULL THEN
        RAISE EXCEPTION 'workflow % has no stage %', flow.name, NEW.status
            USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'status', CONSTRAINT = 'workflow_stage';
    ELSIF moved AND NEW.status <> flow.initial_stage AND category <> OLD.state_category THEN
        RAISE EXCEPTION 'a task that is % moves to workflow % on its first stage %, or on one of that kind',
            OLD.state_category, flow.name, flow.initial_stage
            USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'workflow_id', CONSTRAINT = 'workflow_transition',
                  DETAIL = jsonb_build_object('stage', OLD.status, 'to', NEW.status, 'allowed', jsonb_build_array(flow.initial_stage));
    END IF;
    -- Back to work, and giving up, are always open; on only past every review since it came here.
    IF TG_OP = 'UPDATE' AND category IN ('waiting', 'review', 'done') THEN
        gate := flow.qa_pipeline -> OLD.status;
        IF moved THEN
            SELECT w.qa_pipeline -> OLD.status INTO gate
            FROM tenantry.workflows AS w WHERE w.tenant_id = OLD.tenant_id AND w.id = OLD.workflow_id;
        END IF;
        lacking := ARRAY(
            SELECT needed FROM jsonb_array_elements_text(gate) AS needed
            WHERE 'passed' IS DISTINCT FROM (
                SELECT r.verdict FROM tenantry.qa_reviews AS r
                WHERE r.tenant_id = NEW.tenant_id AND r.task_id = NEW.id AND r.stage = needed
                  AND r.reviewed_at >= OLD.status_changed_at
                ORDER BY r.reviewed_at DESC, r.id DESC LIMIT 1));
        IF cardinality(lacking) > 0 THEN
            RAISE EXCEPTION '% cannot be left: not passed: %', OLD.status, array_to_string(lacking, ', ')
                USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'status', CONSTRAINT = 'workflow_review',
                      DETAIL = jsonb_build_object('stage', OLD.status, 'to', NEW.status, 'missing', lacking);
        END IF;
    END IF;
    NEW.state_category := category;
    -- What has been so before it came here, as the service role imports it, keeps its times.
    IF TG_OP = 'UPDATE' OR NEW.status_changed_at IS NULL OR NEW.status_changed_at >= now() THEN
        NEW.status_changed_at := clock_timestamp();
    END IF;
    IF category = 'active' THEN
        NEW.started_at := coalesce(NEW.started_at, now());
    END IF;
    IF category NOT IN ('done', 'failed') THEN
        NEW.completed_at := NULL;
    ELSIF TG_OP = 'INSERT' THEN
        NEW.completed_at := coalesce(NEW.completed_at, now());
    ELSIF OLD.state_category NOT IN ('done', 'failed') THEN
        NEW.completed_at := now();
    END IF;
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.govern_task() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.govern_task() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.time_review()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.verdict = 'pending' THEN
        NEW.reviewed_at := NULL;
    ELSIF NEW.reviewed_at IS NULL
       OR TG_OP = 'UPDATE' AND NEW.verdict <> OLD.verdict AND NEW.reviewed_at = OLD.reviewed_at THEN
        NEW.reviewed_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.time_review() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.structure_lock(what text, tenant uuid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN hashtextextended((what || (tenant)::text), (20261121)::bigint)""",
    r"""REVOKE ALL ON FUNCTION tenantry.structure_lock(text, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.structure_lock(text, uuid) TO tenantry_keeper""",
    r"""CREATE OR REPLACE FUNCTION tenantry.one_at_a_time(tenant uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    UPDATE tenantry.tenant_usage AS u SET current_tasks = u.current_tasks WHERE u.tenant_id = tenant;
$function$""",
    r"""ALTER FUNCTION tenantry.one_at_a_time(uuid) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.one_at_a_time(uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_circular_dependencies()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    circle uuid;
BEGIN
    PERFORM tenantry.one_at_a_time(t.tenant_id)
    FROM (SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1) AS t;
    WITH RECURSIVE reached AS (
        SELECT n.tenant_id, n.task_id AS start, n.depends_on_id AS at FROM new_rows AS n
        UNION
        SELECT r.tenant_id, r.start, d.depends_on_id
        FROM reached AS r
        JOIN tenantry.task_dependencies AS d ON d.tenant_id = r.tenant_id AND d.task_id = r.at
    )
    SELECT r.start INTO circle FROM reached AS r WHERE r.at = r.start LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'task % would depend on itself', circle
            USING ERRCODE = 'TN005', TABLE = 'task_dependencies', SCHEMA = 'tenantry', CONSTRAINT = 'no_circular_dependency';
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.refuse_circular_dependencies() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_circular_dependencies() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_circular_parents()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    circle boolean;
BEGIN
    IF NEW.parent_id IS NULL THEN
        RETURN NEW;
    END IF;
    -- Nothing can stand below a row before it is there, but for others of the same statement.
    IF TG_OP = 'UPDATE' THEN
        IF NEW.parent_id = OLD.parent_id THEN
            RETURN NEW;
        END IF;
        PERFORM tenantry.one_at_a_time(NEW.tenant_id);
    END IF;
    WITH RECURSIVE above AS (
        SELECT NEW.parent_id AS id
        UNION
        SELECT t.parent_id FROM above AS a
        JOIN tenantry.tasks AS t ON t.tenant_id = NEW.tenant_id AND t.id = a.id
    )
    SELECT true INTO circle FROM above AS a WHERE a.id = NEW.id;
    IF FOUND THEN
        RAISE EXCEPTION 'task % would be a part of itself', NEW.id
            USING ERRCODE = 'TN005', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'parent_id', CONSTRAINT = 'no_circular_parent';
    END IF;
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.refuse_circular_parents() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_circular_parents() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.search_tasks(query text, many integer DEFAULT 50)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT t.id, ts_rank(t.search, q) AS rank
    FROM tenantry.tasks AS t, websearch_to_tsquery('english', query) AS q
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.search @@ q
    ORDER BY rank DESC, t.id DESC
    LIMIT least(many, 1000)
$function$""",
    r"""ALTER FUNCTION tenantry.search_tasks(text, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.search_tasks(text, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.search_tasks(text, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.tasks_labelled(label text, many integer DEFAULT 50)
 RETURNS TABLE(id uuid)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
BEGIN
    RETURN QUERY SELECT t.id FROM tenantry.tasks AS t
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.labels ? label
    ORDER BY t.id DESC
    LIMIT least(many, 1000);
END
$function$""",
    r"""ALTER FUNCTION tenantry.tasks_labelled(text, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.tasks_labelled(text, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.tasks_labelled(text, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.decide_approval()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Not the whole row: a member who leaves is taken out of the decisions made.
    IF TG_OP = 'UPDATE' AND OLD.decision <> 'pending'
       AND (NEW.decision <> OLD.decision OR NEW.user_id <> OLD.user_id) THEN
        RAISE EXCEPTION 'approval % is % already', OLD.id, OLD.decision
            USING ERRCODE = 'TN004', TABLE = 'approvals', SCHEMA = 'tenantry', COLUMN = 'decision', CONSTRAINT = 'decided_once',
                  DETAIL = jsonb_build_object('decision', OLD.decision);
    END IF;
    NEW.decided_at := CASE WHEN NEW.decision <> 'pending' THEN coalesce(NEW.decided_at, now()) END;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.decide_approval() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.answer_delegation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status <> OLD.status AND NOT (
        OLD.status = 'offered' AND NEW.status IN ('accepted', 'declined', 'cancelled')
        OR OLD.status = 'accepted' AND NEW.status IN ('completed', 'cancelled')) THEN
        RAISE EXCEPTION 'delegation % is %, which does not become %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'TN004', TABLE = 'delegations', SCHEMA = 'tenantry', COLUMN = 'status',
                  CONSTRAINT = CASE OLD.status WHEN 'offered' THEN 'delegation_status' ELSE 'decided_once' END,
                  DETAIL = jsonb_build_object('decision', OLD.status);
    END IF;
    NEW.answered_at := CASE WHEN NEW.status <> 'offered' THEN coalesce(NEW.answered_at, now()) END;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.answer_delegation() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.hold_hierarchy(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    every bigint := tenantry.structure_lock('desks', '00000000-0000-0000-0000-000000000000');
BEGIN
    IF tenant IS NULL THEN
        PERFORM pg_catalog.pg_advisory_xact_lock(every);
    ELSE
        PERFORM pg_catalog.pg_advisory_xact_lock_shared(every);
        PERFORM pg_catalog.pg_advisory_xact_lock(tenantry.structure_lock('desks', tenant));
    END IF;
END
$function$""",
    r"""ALTER FUNCTION tenantry.hold_hierarchy(uuid) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.hold_hierarchy(uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.hold_desks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM tenantry.hold_hierarchy(tenantry.current_tenant_id());
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.hold_desks() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.hold_desks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.place_desk()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    label public.ltree := replace(NEW.id::text, '-', '')::public.ltree;
    above public.ltree;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM tenantry.refuse_foreign(NEW.tenant_id, TG_TABLE_NAME);
        PERFORM tenantry.hold_hierarchy(NEW.tenant_id);
    END IF;
    SELECT d.path INTO above FROM tenantry.desks AS d
    WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.reports_to_id;
    NEW.path := coalesce(above OPERATOR(public.||) label, label);
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.place_desk() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.place_desk() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.settle_desks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moved jsonb;
    circle text;
    tenant uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_agg(jsonb_build_object('tenant_id', n.tenant_id, 'id', n.id)) INTO moved FROM new_rows AS n;
    ELSE
        SELECT jsonb_agg(jsonb_build_object('tenant_id', n.tenant_id, 'id', n.id)) INTO moved
        FROM new_rows AS n JOIN old_rows AS o USING (tenant_id, id)
        WHERE n.reports_to_id IS DISTINCT FROM o.reports_to_id;
    END IF;
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    -- A transaction with an older snapshot is refused as not serializable by the changed row.
    FOR tenant IN SELECT DISTINCT (m ->> 'tenant_id')::uuid FROM jsonb_array_elements(moved) AS m ORDER BY 1 LOOP
        PERFORM tenantry.one_at_a_time(tenant);
    END LOOP;
    WITH RECURSIVE up AS (
        SELECT d.tenant_id, d.id, d.code, d.reports_to_id AS next
        FROM jsonb_to_recordset(moved) AS m (tenant_id uuid, id uuid)
        JOIN tenantry.desks AS d USING (tenant_id, id)
        UNION ALL
        SELECT u.tenant_id, u.id, u.code, d.reports_to_id
        FROM up AS u JOIN tenantry.desks AS d ON d.tenant_id = u.tenant_id AND d.id = u.next
    ) CYCLE next SET circular USING trail
    SELECT u.code INTO circle FROM up AS u WHERE u.circular LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'desk % would report to itself', circle
            USING ERRCODE = 'TN005', TABLE = 'desks', SCHEMA = 'tenantry', COLUMN = 'reports_to_id', CONSTRAINT = 'no_circular_reporting';
    END IF;
    WITH RECURSIVE up AS (
        SELECT d.tenant_id, d.id, d.reports_to_id AS next, replace(d.id::text, '-', '') AS path
        FROM jsonb_to_recordset(moved) AS m (tenant_id uuid, id uuid)
        JOIN tenantry.desks AS d USING (tenant_id, id)
        UNION ALL
        SELECT u.tenant_id, u.id, d.reports_to_id, replace(d.id::text, '-', '') || '.' || u.path
        FROM up AS u JOIN tenantry.desks AS d ON d.tenant_id = u.tenant_id AND d.id = u.next
    ), down AS (
        SELECT u.tenant_id, u.id, u.path FROM up AS u WHERE u.next IS NULL
        UNION
        SELECT d.tenant_id, d.id, o.path || '.' || replace(d.id::text, '-', '')
        FROM down AS o JOIN tenantry.desks AS d ON d.tenant_id = o.tenant_id AND d.reports_to_id = o.id
    )
    UPDATE tenantry.desks AS d SET path = o.path::public.ltree
    FROM down AS o
    WHERE d.tenant_id = o.tenant_id AND d.id = o.id AND d.path OPERATOR(public.<>) o.path::public.ltree;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.settle_desks() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.settle_desks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.desk_subtree(top uuid)
 RETURNS TABLE(id uuid, depth integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT d.id, public.nlevel(d.path) - public.nlevel(t.path)
    FROM tenantry.desks AS t
    JOIN tenantry.desks AS d ON d.tenant_id = t.tenant_id AND d.path OPERATOR(public.<@) t.path
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.id = top
    ORDER BY d.path
$function$""",
    r"""ALTER FUNCTION tenantry.desk_subtree(uuid) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.desk_subtree(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.desk_subtree(uuid) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.total_messages()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    part record;
    at_an_end boolean;
    in_sessions bigint := 0;
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- One at a time is how most come: there is nothing to group, and no order to keep.
        SELECT n.tenant_id, n.conversation_id, n.session_id, n.id, n.input_tokens, n.output_tokens, n.cost_usd,
               EXISTS (SELECT FROM new_rows OFFSET 1) AS several
        INTO part FROM new_rows AS n LIMIT 1;
        IF NOT part.several THEN
            UPDATE tenantry.conversations AS c
            SET message_count = c.message_count + 1,
                first_message_id = least(c.first_message_id, part.id),
                last_message_id = greatest(c.last_message_id, part.id)
            WHERE c.tenant_id = part.tenant_id AND c.id = part.conversation_id;
            IF part.session_id IS NOT NULL THEN
                UPDATE tenantry.agent_sessions AS s
                SET message_count = s.message_count + 1,
                    first_message_id = least(s.first_message_id, part.id),
                    last_message_id = greatest(s.last_message_id, part.id),
                    input_tokens = s.input_tokens + part.input_tokens,
                    output_tokens = s.output_tokens + part.output_tokens, cost_usd = s.cost_usd + part.cost_usd
                WHERE s.tenant_id = part.tenant_id AND s.id = part.session_id;
            END IF;
            RETURN NULL;
        END IF;
        FOR part IN
            SELECT n.tenant_id, n.conversation_id AS id, count(*) AS many, count(n.session_id) AS in_sessions,
                   min(n.id::text)::uuid AS oldest, max(n.id::text)::uuid AS newest
            FROM new_rows AS n GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            in_sessions := in_sessions + part.in_sessions;
            UPDATE tenantry.conversations AS c
            SET message_count = c.message_count + part.many,
                first_message_id = least(c.first_message_id, part.oldest),
                last_message_id = greatest(c.last_message_id, part.newest)
            WHERE c.tenant_id = part.tenant_id AND c.id = part.id;
        END LOOP;
        IF in_sessions = 0 THEN
            RETURN NULL;
        END IF;
        FOR part IN
            SELECT n.tenant_id, n.session_id AS id, count(*) AS many,
                   min(n.id::text)::uuid AS oldest, max(n.id::text)::uuid AS newest,
                   sum(n.input_tokens) AS tokens_in, sum(n.output_tokens) AS tokens_out, sum(n.cost_usd) AS cost
            FROM new_rows AS n WHERE n.session_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.agent_sessions AS s
            SET message_count = s.message_count + part.many,
                first_message_id = least(s.first_message_id, part.oldest),
                last_message_id = greatest(s.last_message_id, part.newest),
                input_tokens = s.input_tokens + part.tokens_in, output_tokens = s.output_tokens + part.tokens_out,
                cost_usd = s.cost_usd + part.cost
            WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
        END LOOP;
    ELSIF TG_OP = 'UPDATE' THEN
        IF EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n USING (tenant_id, id)
                   WHERE (o.conversation_id, o.session_id) IS DISTINCT FROM (n.conversation_id, n.session_id)) THEN
            RAISE EXCEPTION 'a message stays in its conversation and its session'
                USING ERRCODE = 'TN004', TABLE = 'messages', SCHEMA = 'tenantry', CONSTRAINT = 'messages_stay';
        END IF;
        FOR part IN
            SELECT n.tenant_id, n.session_id AS id, sum(n.input_tokens - o.input_tokens) AS tokens_in,
                   sum(n.output_tokens - o.output_tokens) AS tokens_out, sum(n.cost_usd - o.cost_usd) AS cost
            FROM old_rows AS o JOIN new_rows AS n USING (tenant_id, id)
            WHERE n.session_id IS NOT NULL
              AND (o.input_tokens, o.output_tokens, o.cost_usd) <> (n.input_tokens, n.output_tokens, n.cost_usd)
            GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.agent_sessions AS s
            SET input_tokens = s.input_tokens + part.tokens_in, output_tokens = s.output_tokens + part.tokens_out,
                cost_usd = s.cost_usd + part.cost
            WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
        END LOOP;
    ELSE
        -- Which message is at an end now is asked once the parent's row is ours: whoever adds one waits.
        FOR part IN
            SELECT o.tenant_id, o.conversation_id AS id, count(*) AS many, array_agg(o.id) AS gone
            FROM old_rows AS o WHERE o.conversation_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.conversations AS c SET message_count = c.message_count - part.many
            WHERE c.tenant_id = part.tenant_id AND c.id = part.id
            RETURNING c.first_message_id = ANY (part.gone) OR c.last_message_id = ANY (part.gone) INTO at_an_end;
            IF at_an_end THEN
                UPDATE tenantry.conversations AS c
                SET first_message_id = (SELECT m.id FROM tenantry.messages AS m
                                        WHERE m.tenant_id = part.tenant_id AND m.conversation_id = part.id
                                        ORDER BY m.id LIMIT 1),
                    last_message_id = (SELECT m.id FROM tenantry.messages AS m
                                       WHERE m.tenant_id = part.tenant_id AND m.conversation_id = part.id
                                       ORDER BY m.id DESC LIMIT 1)
                WHERE c.tenant_id = part.tenant_id AND c.id = part.id;
            END IF;
        END LOOP;
        FOR part IN
            SELECT o.tenant_id, o.session_id AS id, count(*) AS many, array_agg(o.id) AS gone,
                   sum(o.input_tokens) AS tokens_in, sum(o.output_tokens) AS tokens_out, sum(o.cost_usd) AS cost
            FROM old_rows AS o WHERE o.session_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.agent_sessions AS s
            SET message_count = s.message_count - part.many, input_tokens = s.input_tokens - part.tokens_in,
                output_tokens = s.output_tokens - part.tokens_out, cost_usd = s.cost_usd - part.cost
            WHERE s.tenant_id = part.tenant_id AND s.id = part.id
            RETURNING s.first_message_id = ANY (part.gone) OR s.last_message_id = ANY (part.gone) INTO at_an_end;
            IF at_an_end THEN
                UPDATE tenantry.agent_sessions AS s
                SET first_message_id = (SELECT m.id FROM tenantry.messages AS m
                                        WHERE m.tenant_id = part.tenant_id AND m.session_id = part.id
                                        ORDER BY m.id LIMIT 1),
                    last_message_id = (SELECT m.id FROM tenantry.messages AS m
                                       WHERE m.tenant_id = part.tenant_id AND m.session_id = part.id
                                       ORDER BY m.id DESC LIMIT 1)
                WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.total_messages() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.total_messages() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.time_execution()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.agent_id IS NOT NULL AND NEW.agent_type IS NULL THEN
        SELECT a.agent_type INTO NEW.agent_type FROM tenantry.agents AS a
        WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.agent_id;
    END IF;
    IF NEW.status IN ('pending', 'running') THEN
        NEW.completed_at := NULL;
        NEW.duration_ms := NULL;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.duration_ms = OLD.duration_ms
       AND (NEW.started_at, NEW.completed_at) IS DISTINCT FROM (OLD.started_at, OLD.completed_at) THEN
        NEW.duration_ms := NULL;  -- it was that of the former times
    END IF;
    NEW.completed_at := coalesce(
        NEW.completed_at, NEW.started_at + NEW.duration_ms * interval '1 millisecond', clock_timestamp());
    NEW.duration_ms := coalesce(
        NEW.duration_ms, greatest(0, round(extract(epoch FROM NEW.completed_at - NEW.started_at) * 1000)));
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.time_execution() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.time_execution() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.total_executions()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    part record;
    source text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT 1 AS sign, n.* FROM new_rows AS n'
        WHEN 'DELETE' THEN 'SELECT -1 AS sign, o.* FROM old_rows AS o'
        ELSE 'SELECT 1 AS sign, n.* FROM new_rows AS n UNION ALL SELECT -1, o.* FROM old_rows AS o'
    END;
BEGIN
    FOR part IN EXECUTE format(
        $sum$
        SELECT * FROM (
            SELECT e.tenant_id, e.session_id AS id, sum(e.sign * e.input_tokens) AS tokens_in,
                   sum(e.sign * e.output_tokens) AS tokens_out, sum(e.sign * e.cost_usd) AS cost
            FROM (%s) AS e WHERE e.session_id IS NOT NULL GROUP BY 1, 2
        ) AS p WHERE (p.tokens_in, p.tokens_out, p.cost) <> (0, 0, 0) ORDER BY 1, 2
        $sum$, source)
    LOOP
        UPDATE tenantry.agent_sessions AS s
        SET input_tokens = s.input_tokens + part.tokens_in, output_tokens = s.output_tokens + part.tokens_out,
            cost_usd = s.cost_usd + part.cost
        WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
    END LOOP;
    FOR part IN EXECUTE format(
        $sum$
        SELECT * FROM (
            SELECT e.tenant_id, e.agent_id AS id, sum(e.sign) AS many,
                   coalesce(sum(e.sign) FILTER (WHERE e.status = 'success'), 0) AS good,
                   coalesce(sum(e.sign) FILTER (WHERE e.duration_ms IS NOT NULL), 0) AS timed,
                   coalesce(sum(e.sign * e.duration_ms::bigint), 0) AS spent
            FROM (%s) AS e
            WHERE e.agent_id IS NOT NULL AND e.status NOT IN ('pending', 'running')
            GROUP BY 1, 2
        ) AS p WHERE (p.many, p.good, p.timed, p.spent) <> (0, 0, 0, 0) ORDER BY 1, 2
        $sum$, source)
    LOOP
        UPDATE tenantry.agents AS a
        SET execution_count = a.execution_count + part.many,
            success_count = a.success_count + part.good,
            timed_count = a.timed_count + part.timed,
            total_execution_ms = a.total_execution_ms + part.spent,
            success_rate = (a.success_count + part.good)::float8 / nullif(a.execution_count + part.many, 0),
            avg_execution_time_ms = (a.total_execution_ms + part.spent)::float8 / nullif(a.timed_count + part.timed, 0)
        WHERE a.tenant_id = part.tenant_id AND a.id = part.id;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.total_executions() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.total_executions() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.time_session()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.status = 'active' THEN
        NEW.ended_at := NULL;
        NEW.duration_ms := NULL;
    ELSE
        NEW.ended_at := coalesce(NEW.ended_at, clock_timestamp());
        NEW.duration_ms := greatest(0, round(extract(epoch FROM NEW.ended_at - NEW.started_at) * 1000));
    END IF;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.time_session() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.book_session(tenant uuid, session uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    rest record;
BEGIN
    SELECT greatest(s.input_tokens - u.tokens_in, 0) AS tokens_in, greatest(s.output_tokens - u.tokens_out, 0) AS tokens_out,
           greatest(s.cost_usd - u.cost, 0) AS cost
    INTO rest
    FROM tenantry.agent_sessions AS s, (
        SELECT coalesce(sum(c.input_tokens), 0) AS tokens_in, coalesce(sum(c.output_tokens), 0) AS tokens_out,
               coalesce(sum(c.cost_usd), 0) AS cost
        FROM tenantry.cost_entries AS c
        WHERE c.tenant_id = tenant AND c.session_id = session AND c.id <> session
          AND (c.model <> '' OR c.execution_id IS NOT NULL OR c.input_tokens + c.output_tokens > 0)
    ) AS u
    WHERE s.tenant_id = tenant AND s.id = session;
    IF (rest.tokens_in, rest.tokens_out, rest.cost) = (0, 0, 0)
       AND NOT EXISTS (SELECT FROM tenantry.cost_entries AS c WHERE c.tenant_id = tenant AND c.id = session) THEN
        RETURN;
    END IF;
    INSERT INTO tenantry.cost_entries
        (tenant_id, id, desk_id, agent_id, task_id, session_id, provider, model, input_tokens, output_tokens,
         cost_usd, billing_month, description)
    SELECT tenant, session, s.desk_id, coalesce(s.agent_id, d.agent_id), s.task_id, session,
           coalesce(a.model_provider, d.llm_provider, ''), coalesce(a.model_name, d.llm_model, ''),
           rest.tokens_in, rest.tokens_out, rest.cost,
           date_trunc('month', s.started_at AT TIME ZONE 'UTC')::date, 'session'
    FROM tenantry.agent_sessions AS s
    LEFT JOIN tenantry.desks AS d ON d.tenant_id = s.tenant_id AND d.id = s.desk_id
    LEFT JOIN tenantry.agents AS a ON a.tenant_id = s.tenant_id AND a.id = coalesce(s.agent_id, d.agent_id)
    WHERE s.tenant_id = tenant AND s.id = session
    ON CONFLICT ON CONSTRAINT cost_entries_pkey DO UPDATE
    SET input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd;
END
$function$""",
    r"""ALTER FUNCTION tenantry.book_session(uuid, uuid) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.book_session(uuid, uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.account_session()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.status = 'active'
       OR (TG_OP = 'UPDATE' AND OLD.status <> 'active'
           AND (NEW.cost_usd, NEW.input_tokens, NEW.output_tokens) = (OLD.cost_usd, OLD.input_tokens, OLD.output_tokens)) THEN
        RETURN NULL;
    END IF;
    PERFORM tenantry.book_session(NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.account_session() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.account_session() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.account_expenses()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    touched jsonb;
    part record;
    stage text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_agg(DISTINCT jsonb_build_object('tenant_id', n.tenant_id, 'id', n.session_id)) INTO touched
        FROM new_rows AS n WHERE n.session_id <> n.id;
    ELSIF TG_OP = 'DELETE' THEN
        -- Nothing is booked anew for a tenant that goes with all it has.
        SELECT jsonb_agg(DISTINCT jsonb_build_object('tenant_id', o.tenant_id, 'id', o.session_id)) INTO touched
        FROM old_rows AS o JOIN tenantry.tenants AS t ON t.id = o.tenant_id WHERE o.session_id <> o.id;
    ELSE
        SELECT jsonb_agg(DISTINCT jsonb_build_object('tenant_id', r.tenant_id, 'id', r.session_id)) INTO touched
        FROM (SELECT n.tenant_id, n.id, n.session_id FROM new_rows AS n
              UNION ALL SELECT o.tenant_id, o.id, o.session_id FROM old_rows AS o) AS r
        WHERE r.session_id <> r.id;
    END IF;
    IF touched IS NULL THEN
        RETURN NULL;
    END IF;
    FOR part IN SELECT r.tenant_id, r.id FROM jsonb_to_recordset(touched) AS r (tenant_id uuid, id uuid) ORDER BY 1, 2 LOOP
        SELECT s.status INTO stage FROM tenantry.agent_sessions AS s
        WHERE s.tenant_id = part.tenant_id AND s.id = part.id FOR NO KEY UPDATE;
        IF stage <> 'active' THEN
            PERFORM tenantry.book_session(part.tenant_id, part.id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.account_expenses() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.account_expenses() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.price_cost_entry()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moment timestamptz := tenantry.time_of(NEW.id);
BEGIN
    -- An id that is no UUIDv7 tells no time.
    IF moment > now() + interval '2 years' THEN
        moment := now();
    END IF;
    IF NEW.session_id IS NULL AND NEW.execution_id IS NOT NULL THEN
        SELECT e.session_id INTO NEW.session_id FROM tenantry.agent_executions AS e
        WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.execution_id;
    END IF;
    NEW.billing_month := coalesce(NEW.billing_month, date_trunc('month', moment AT TIME ZONE 'UTC')::date);
    IF NEW.cost_usd IS NULL THEN
        SELECT round((NEW.input_tokens * p.input_price + NEW.output_tokens * p.output_price
                      + NEW.cached_tokens * coalesce(p.cached_input_price, p.input_price)) / 1000000, 6)
        INTO NEW.cost_usd
        FROM tenantry.model_prices AS p
        WHERE p.provider = NEW.provider AND p.model = NEW.model
          AND date_trunc('milliseconds', p.valid_from) <= moment AND (p.valid_until IS NULL OR p.valid_until > moment)
        ORDER BY p.valid_from DESC LIMIT 1;
    END IF;
    IF NEW.cost_usd IS NULL THEN
        RAISE EXCEPTION 'no cost given, and no price of that day is known for %/%', NEW.provider, NEW.model
            USING ERRCODE = 'TN004', TABLE = 'cost_entries', SCHEMA = 'tenantry', COLUMN = 'cost_usd', CONSTRAINT = 'price_known';
    END IF;
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.price_cost_entry() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.price_cost_entry() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.range_price()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.provider || '/' || NEW.model, 20261121));
    UPDATE tenantry.model_prices AS p SET valid_until = NEW.valid_from
    WHERE p.provider = NEW.provider AND p.model = NEW.model AND p.valid_from < NEW.valid_from
      AND (p.valid_until IS NULL OR p.valid_until > NEW.valid_from);
    SELECT least(NEW.valid_until, min(p.valid_from)) INTO NEW.valid_until
    FROM tenantry.model_prices AS p
    WHERE p.provider = NEW.provider AND p.model = NEW.model AND p.valid_from > NEW.valid_from;
    RETURN NEW;
END
$function$""",
    r"""ALTER FUNCTION tenantry.range_price() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.range_price() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_lesson_outcome(lesson uuid, success boolean)
 RETURNS double precision
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    outcome double precision := CASE WHEN success THEN 1 ELSE 0 END;
    rate double precision;
BEGIN
    UPDATE tenantry.lessons AS l SET success_rate = coalesce(l.success_rate * 0.8 + outcome * 0.2, outcome)
    WHERE l.tenant_id = tenantry.current_tenant_id() AND l.id = lesson
    RETURNING l.success_rate INTO rate;
    RETURN rate;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_lesson_outcome(uuid, boolean) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_lesson_outcome(uuid, boolean) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_lesson_outcome(uuid, boolean) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.record_lesson_applied(lesson uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    times bigint;
BEGIN
    UPDATE tenantry.lessons AS l SET application_count = l.application_count + 1
    WHERE l.tenant_id = tenantry.current_tenant_id() AND l.id = lesson
    RETURNING l.application_count INTO times;
    RETURN times;
END
$function$""",
    r"""ALTER FUNCTION tenantry.record_lesson_applied(uuid) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.record_lesson_applied(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.record_lesson_applied(uuid) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.search_lessons(query text, many integer DEFAULT 20)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT l.id, ts_rank(l.search, q) AS rank
    FROM tenantry.lessons AS l, websearch_to_tsquery('english', query) AS q
    WHERE l.tenant_id = tenantry.current_tenant_id() AND l.search @@ q
    ORDER BY rank DESC, l.application_count DESC, l.id DESC
    LIMIT least(many, 1000)
$function$""",
    r"""ALTER FUNCTION tenantry.search_lessons(text, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.search_lessons(text, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.search_lessons(text, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.lessons_tagged(wanted text[], every boolean DEFAULT false, many integer DEFAULT 50)
 RETURNS TABLE(id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- Each branch has its own use of the index, and the other is not entered.
    SELECT t.id FROM (
        SELECT l.id, l.confidence FROM tenantry.lessons AS l
        WHERE l.tenant_id = tenantry.current_tenant_id() AND every AND l.tags ?& wanted
        UNION ALL
        SELECT l.id, l.confidence FROM tenantry.lessons AS l
        WHERE l.tenant_id = tenantry.current_tenant_id() AND NOT every AND l.tags ?| wanted
    ) AS t
    ORDER BY t.confidence DESC, t.id DESC
    LIMIT least(many, 1000)
$function$""",
    r"""ALTER FUNCTION tenantry.lessons_tagged(text[], boolean, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.lessons_tagged(text[], boolean, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.lessons_tagged(text[], boolean, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.evidence_tagged(wanted text[], every boolean DEFAULT false, many integer DEFAULT 50)
 RETURNS TABLE(id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- Each branch has its own use of the index, and the other is not entered.
    SELECT t.id FROM (
        SELECT e.id, e.credibility_score FROM tenantry.evidence AS e
        WHERE e.tenant_id = tenantry.current_tenant_id() AND every AND e.tags ?& wanted
        UNION ALL
        SELECT e.id, e.credibility_score FROM tenantry.evidence AS e
        WHERE e.tenant_id = tenantry.current_tenant_id() AND NOT every AND e.tags ?| wanted
    ) AS t
    ORDER BY t.credibility_score DESC, t.id DESC
    LIMIT least(many, 1000)
$function$""",
    r"""ALTER FUNCTION tenantry.evidence_tagged(text[], boolean, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.evidence_tagged(text[], boolean, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.evidence_tagged(text[], boolean, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.search_evidence(query text, many integer DEFAULT 20)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT e.id, ts_rank(e.search, q) AS rank
    FROM tenantry.evidence AS e, websearch_to_tsquery('english', query) AS q
    WHERE e.tenant_id = tenantry.current_tenant_id() AND e.search @@ q
    ORDER BY rank DESC, e.credibility_score DESC, e.id DESC
    LIMIT least(many, 1000)
$function$""",
    r"""ALTER FUNCTION tenantry.search_evidence(text, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.search_evidence(text, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.search_evidence(text, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.search_chunks(query text, base uuid DEFAULT NULL::uuid, many integer DEFAULT 20)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT c.id, ts_rank(c.search, q) AS rank
    FROM websearch_to_tsquery('english', query) AS q,
         tenantry.chunks AS c JOIN tenantry.documents AS d ON d.tenant_id = c.tenant_id AND d.id = c.document_id
    WHERE c.tenant_id = tenantry.current_tenant_id() AND c.search @@ q
      AND (base IS NULL OR d.knowledge_base_id = base)
    ORDER BY rank DESC, c.id DESC
    LIMIT least(many, 1000)
$function$""",
    r"""ALTER FUNCTION tenantry.search_chunks(text, uuid, integer) OWNER TO tenantry_search""",
    r"""REVOKE ALL ON FUNCTION tenantry.search_chunks(text, uuid, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.search_chunks(text, uuid, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.data_source_credentials(source uuid)
 RETURNS bytea
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    kept bytea;
BEGIN
    SELECT s.credentials INTO kept FROM tenantry.data_sources AS s
    WHERE s.tenant_id = tenantry.current_tenant_id() AND s.id = source;
    IF kept IS NOT NULL THEN
        PERFORM tenantry.record_entry('read_credentials', 'data_sources', source);
    END IF;
    RETURN kept;
END
$function$""",
    r"""ALTER FUNCTION tenantry.data_source_credentials(uuid) OWNER TO tenantry_auth""",
    r"""REVOKE ALL ON FUNCTION tenantry.data_source_credentials(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.data_source_credentials(uuid) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refresh_view(name text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    filled boolean;
BEGIN
    SELECT m.ispopulated INTO filled FROM pg_catalog.pg_matviews AS m
    WHERE m.schemaname = 'tenantry' AND m.matviewname = name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no materialized view %', name USING ERRCODE = '42P01';
    END IF;
    EXECUTE format('REFRESH MATERIALIZED VIEW %s tenantry.%I', CASE WHEN filled THEN 'CONCURRENTLY' ELSE '' END, name);
END
$function$""",
    r"""ALTER FUNCTION tenantry.refresh_view(text) OWNER TO tenantry_views""",
    r"""REVOKE ALL ON FUNCTION tenantry.refresh_view(text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.refresh_view(text) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refresh_all_views()
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT tenantry.refresh_view(m.matviewname::text) FROM pg_catalog.pg_matviews AS m
    WHERE m.schemaname = 'tenantry' ORDER BY m.matviewname
$function$""",
    r"""ALTER FUNCTION tenantry.refresh_all_views() OWNER TO tenantry_views""",
    r"""REVOKE ALL ON FUNCTION tenantry.refresh_all_views() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.refresh_all_views() TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.cost_summary()
 RETURNS TABLE(billing_month date, provider text, model text, entries bigint, input_tokens numeric, output_tokens numeric, cost_usd numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT v.billing_month, v.provider, v.model, v.entries, v.input_tokens, v.output_tokens, v.cost_usd
    FROM tenantry.tenant_cost_summary AS v
    WHERE v.tenant_id = tenantry.current_tenant_id()
    ORDER BY 1, 2, 3
$function$""",
    r"""ALTER FUNCTION tenantry.cost_summary() OWNER TO tenantry_views""",
    r"""REVOKE ALL ON FUNCTION tenantry.cost_summary() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.cost_summary() TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.desk_figures()
 RETURNS TABLE(desk_id uuid, code text, title text, tasks_completed bigint, tasks_open bigint, tasks_failed bigint, sessions bigint, avg_session_ms numeric, cost_usd numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT v.desk_id, v.code, v.title, v.tasks_completed, v.tasks_open, v.tasks_failed, v.sessions, v.avg_session_ms, v.cost_usd
    FROM tenantry.desk_performance AS v
    WHERE v.tenant_id = tenantry.current_tenant_id()
    ORDER BY v.code
$function$""",
    r"""ALTER FUNCTION tenantry.desk_figures() OWNER TO tenantry_views""",
    r"""REVOKE ALL ON FUNCTION tenantry.desk_figures() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.desk_figures() TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.tenant_statistics(tenant uuid DEFAULT tenantry.current_tenant_id())
 RETURNS TABLE(users bigint, projects bigint, desks bigint, agents bigint, tasks bigint, tasks_open bigint, tasks_completed bigint, tasks_failed bigint, sessions bigint, executions bigint, messages bigint, lessons bigint, evidence bigint, knowledge_bases bigint, documents bigint, cost_this_month numeric, cost_total numeric)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT (SELECT count(*) FROM tenantry.memberships AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.projects AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.desks AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.agents AS x WHERE x.tenant_id = tenant),
           t.tasks, t.tasks - t.completed - t.failed, t.completed, t.failed,
           (SELECT count(*) FROM tenantry.agent_sessions AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.agent_executions AS x WHERE x.tenant_id = tenant),
           -- Those of conversations are counted already.
           (SELECT coalesce(sum(x.message_count), 0) FROM tenantry.conversations AS x WHERE x.tenant_id = tenant)::bigint
           + (SELECT count(*) FROM tenantry.messages AS x WHERE x.tenant_id = tenant AND x.conversation_id IS NULL),
           (SELECT count(*) FROM tenantry.lessons AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.evidence AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.knowledge_bases AS x WHERE x.tenant_id = tenant),
           (SELECT count(*) FROM tenantry.documents AS x WHERE x.tenant_id = tenant),
           c.this_month, c.total
    FROM (SELECT count(*) AS tasks, count(*) FILTER (WHERE x.state_category = 'done') AS completed,
                 count(*) FILTER (WHERE x.state_category = 'failed') AS failed
          FROM tenantry.tasks AS x WHERE x.tenant_id = tenant) AS t,
         (SELECT coalesce(sum(x.cost_usd), 0) AS total,
                 coalesce(sum(x.cost_usd) FILTER (
                     WHERE x.billing_month = date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0) AS this_month
          FROM tenantry.cost_entries AS x WHERE x.tenant_id = tenant) AS c
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.tenant_statistics(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.tenant_statistics(uuid) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.event_lane(tenant uuid, topic text, key text)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((hashtextextended((tenant)::text, (20261121)::bigint) & ('-2048'::integer)::bigint) | ((hashtextextended(topic, (20261121)::bigint) & (7)::bigint) << 8)) | (hashtextextended(key, (20261121)::bigint) & (255)::bigint))""",
    r"""REVOKE ALL ON FUNCTION tenantry.event_lane(uuid, text, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.event_lane(uuid, text, text) TO tenantry_keeper""",
    r"""CREATE OR REPLACE FUNCTION tenantry.publish_event(topic text, payload jsonb, key text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid := tenantry.current_tenant_id();
    event uuid := tenantry.uuidv7();
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'an event needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    IF publish_event.key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(tenantry.event_lane(tenant, publish_event.topic, publish_event.key));
    END IF;
    INSERT INTO tenantry.outbox_events (tenant_id, id, topic, key, payload, position)
    VALUES (tenant, event, publish_event.topic, publish_event.key, publish_event.payload,
            nextval('tenantry.outbox_position'));
    RETURN event;
END
$function$""",
    r"""ALTER FUNCTION tenantry.publish_event(text, jsonb, text) OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.publish_event(text, jsonb, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.publish_event(text, jsonb, text) TO tenantry_app, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.announce_tasks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    changed uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- No lock: nobody else knows this key before this transaction has committed.
        INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position)
        SELECT n.tenant_id, 'tasks', n.id::text,
               jsonb_build_object('event', 'created', 'task_id', n.id, 'project_id', n.project_id,
                   'title', left(n.title, 200), 'type', n.type, 'priority', n.priority,
                   'status', n.status, 'state_category', n.state_category,
                   'assigned_to_user_id', n.assigned_to_user_id,
                   'assigned_to_agent_id', n.assigned_to_agent_id,
                   'assigned_to_desk_id', n.assigned_to_desk_id),
               nextval('tenantry.outbox_position')
        FROM new_rows AS n
        WHERE EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = n.tenant_id);
        RETURN NULL;
    END IF;
    changed := ARRAY(
        SELECT n.id FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        JOIN tenantry.tenants AS t ON t.id = n.tenant_id
        WHERE n.status <> o.status
           OR n.assigned_to_user_id IS DISTINCT FROM o.assigned_to_user_id
           OR n.assigned_to_agent_id IS DISTINCT FROM o.assigned_to_agent_id
           OR n.assigned_to_desk_id IS DISTINCT FROM o.assigned_to_desk_id);
    IF cardinality(changed) = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(l.lane) FROM (
        SELECT DISTINCT tenantry.event_lane(n.tenant_id, 'tasks', n.id::text) AS lane
        FROM new_rows AS n WHERE n.id = ANY (changed) ORDER BY 1) AS l;
    INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position)
    SELECT n.tenant_id, 'tasks', n.id::text,
           jsonb_build_object('event', 'changed', 'task_id', n.id, 'project_id', n.project_id,
               'status', n.status, 'state_category', n.state_category,
               'assigned_to_user_id', n.assigned_to_user_id,
               'assigned_to_agent_id', n.assigned_to_agent_id,
               'assigned_to_desk_id', n.assigned_to_desk_id,
               'before', jsonb_build_object('status', o.status, 'state_category', o.state_category,
                   'assigned_to_user_id', o.assigned_to_user_id,
                   'assigned_to_agent_id', o.assigned_to_agent_id,
                   'assigned_to_desk_id', o.assigned_to_desk_id)),
           nextval('tenantry.outbox_position')
    FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
    WHERE n.id = ANY (changed);
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.announce_tasks() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.announce_tasks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.announce_activities()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(l.lane) FROM (
        SELECT DISTINCT tenantry.event_lane(n.tenant_id, 'activities', n.task_id::text) AS lane
        FROM new_rows AS n WHERE n.task_id IS NOT NULL ORDER BY 1) AS l;
    INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position)
    SELECT n.tenant_id, 'activities', n.task_id::text,
           jsonb_build_object('event', 'created', 'activity_id', n.id,
               'activity_type', left(n.activity_type, 200), 'summary', left(n.summary, 500),
               'project_id', n.project_id, 'task_id', n.task_id, 'user_id', n.user_id,
               'agent_id', n.agent_id, 'is_public', n.is_public),
           nextval('tenantry.outbox_position')
    FROM (SELECT * FROM new_rows ORDER BY id) AS n
    WHERE EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = n.tenant_id);
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.announce_activities() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.announce_activities() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_name(tenant uuid)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ('tg_'::text || replace((tenant)::text, '-'::text, ''::text))""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_name(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_name(uuid) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_lane(tenant uuid)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((hashtextextended('graph'::text, (20261121)::bigint) & ('-1024'::integer)::bigint) | (hashtextextended((tenant)::text, (20261121)::bigint) & (1023)::bigint))""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_lane(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_lane(uuid) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_missed()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'could not serialize access: the tenant''s graph has changed meanwhile'
            USING ERRCODE = 'serialization_failure';
    END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_missed() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_missed() TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.look_again()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_get_object_address('schema', '{pg_catalog}', '{}');
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.look_again() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.look_again() TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_kept(tenant uuid)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    graph text := tenantry.graph_name(tenant);
BEGIN
    PERFORM pg_advisory_xact_lock_shared(tenantry.graph_lane(tenant));
    PERFORM tenantry.look_again();
    IF to_regnamespace(graph) IS NULL THEN
        RETURN NULL;
    END IF;
    -- By its schema, not by its name: one that was made anew has the name of the one before.
    IF current_setting('transaction_isolation') <> 'read committed'
       AND NOT EXISTS (SELECT FROM ag_catalog.ag_graph AS g WHERE g.namespace = to_regnamespace(graph)) THEN
        PERFORM tenantry.graph_missed();
    END IF;
    RETURN graph;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_kept(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_kept(uuid) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_label(graph text, label text, kind text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'ag_catalog', 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
BEGIN
    IF to_regclass(format('%I.%I', graph, label)) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.pg_advisory_xact_lock(hashtextextended('label of ' || graph, 20261121));
    PERFORM tenantry.look_again();
    IF to_regclass(format('%I.%I', graph, label)) IS NOT NULL THEN
        RETURN;
    END IF;
    IF kind = 'v' THEN
        PERFORM ag_catalog.create_vlabel(graph::cstring, label::cstring);
    ELSE
        PERFORM ag_catalog.create_elabel(graph::cstring, label::cstring);
    END IF;
    EXECUTE format('CREATE %s INDEX ON %I.%I (ag_catalog.agtype_access_operator(VARIADIC ARRAY[properties, %L::ag_catalog.agtype]))',
                   CASE kind WHEN 'v' THEN 'UNIQUE' END, graph, label, '"id"');
    EXECUTE format('GRANT SELECT ON %I.%I TO tenantry_graph_reader', graph, label);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_label(text, text, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_label(text, text, text) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.make_graph(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'ag_catalog', 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
DECLARE
    graph text := tenantry.graph_name(tenant);
BEGIN
    PERFORM ag_catalog.create_graph(graph::name);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO tenantry_graph_reader', graph);
    EXECUTE format('GRANT SELECT ON %1$I._ag_label_vertex, %1$I._ag_label_edge TO tenantry_graph_reader', graph);
    PERFORM tenantry.fill_graph(tenant, graph);
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.make_graph(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.make_graph(uuid) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.drop_graph(tenant uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET client_min_messages TO 'warning'
AS $function$
DECLARE
    graph text := tenantry.graph_name(tenant);
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(tenantry.graph_lane(tenant));
    PERFORM tenantry.look_again();
    IF to_regnamespace(graph) IS NULL THEN
        RETURN false;
    END IF;
    PERFORM ag_catalog.drop_graph(graph::name, true);
    RETURN true;
END
$function$""",
    r"""ALTER FUNCTION tenantry.drop_graph(uuid) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.drop_graph(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.drop_graph(uuid) TO tenantry_service, tenantry_transfer""",
    r"""CREATE OR REPLACE FUNCTION tenantry.drop_graph_of_tenant()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM tenantry.drop_graph(OLD.id);
    RETURN OLD;
END
$function$""",
    r"""ALTER FUNCTION tenantry.drop_graph_of_tenant() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.drop_graph_of_tenant() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_ready(tenant uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    graph text := tenantry.graph_name(tenant);
    obstacle text;
BEGIN
    IF to_regnamespace('ag_catalog') IS NULL THEN
        RAISE EXCEPTION 'this database has no graphs: the feature is not enabled'
            USING ERRCODE = 'TN012', DETAIL = jsonb_build_object('reason', 'feature'),
                  HINT = 'Run `tenantry feature enable graph`. What needs no Cypher works without it.';
    END IF;
    -- Who asks holds it as who writes does: it is not dropped meanwhile.
    IF to_regnamespace(graph) IS NOT NULL AND tenantry.graph_kept(tenant) IS NOT NULL THEN
        RETURN graph;
    END IF;
    obstacle := CASE
        WHEN current_setting('transaction_read_only') = 'on' THEN 'readonly'
        WHEN current_setting('transaction_isolation') <> 'read committed' THEN 'isolation' END;
    IF obstacle IS NULL THEN
        PERFORM pg_advisory_xact_lock(tenantry.graph_lane(tenant));
        PERFORM tenantry.look_again();
        IF to_regnamespace(graph) IS NOT NULL THEN
            RETURN graph;
        END IF;
        -- Whoever held the lock may have removed it.
        IF EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant) THEN
            PERFORM tenantry.make_graph(tenant);
            RETURN graph;
        END IF;
        obstacle := 'tenant';
    END IF;
    RAISE EXCEPTION '%', CASE obstacle
        WHEN 'tenant' THEN 'there is no such tenant'
        ELSE 'the tenant''s graph is not made yet, and this transaction cannot make it' END
        USING ERRCODE = 'TN012', DETAIL = jsonb_build_object('reason', obstacle),
              HINT = CASE obstacle WHEN 'tenant' THEN ''
                  ELSE 'Ask once in an ordinary transaction, or run `tenantry graph rebuild --tenant …`.' END;
END
$function$""",
    r"""ALTER FUNCTION tenantry.graph_ready(uuid) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_ready(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_ready(uuid) TO tenantry_graph_reader""",
    r"""CREATE OR REPLACE FUNCTION tenantry.open_graph()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF tenantry.current_tenant_id() IS NULL THEN
        RAISE EXCEPTION 'a graph needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    PERFORM tenantry.graph_ready(tenantry.current_tenant_id());
END
$function$""",
    r"""ALTER FUNCTION tenantry.open_graph() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.open_graph() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.open_graph() TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.rebuild_graph(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM tenantry.drop_graph(tenant);
    PERFORM tenantry.graph_ready(tenant);
END
$function$""",
    r"""ALTER FUNCTION tenantry.rebuild_graph(uuid) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.rebuild_graph(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.rebuild_graph(uuid) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.tenants_with_graph()
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN QUERY SELECT t.id FROM tenantry.tenants AS t
        WHERE to_regnamespace(tenantry.graph_name(t.id)) IS NOT NULL ORDER BY t.id;
END
$function$""",
    r"""ALTER FUNCTION tenantry.tenants_with_graph() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.tenants_with_graph() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.tenants_with_graph() TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.forget_executions(tenant uuid, since uuid, until uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    graph text := tenantry.graph_kept(tenant);
    label text;
    gone bigint := 0;
BEGIN
    -- Edges first, which lead to the vertices and carry the same ids.
    FOREACH label IN ARRAY ARRAY['RAN', 'FOR_TASK', 'EXECUTED', 'Execution'] LOOP
        CONTINUE WHEN graph IS NULL OR to_regclass(format('%I.%I', graph, label)) IS NULL;
        EXECUTE format($q$DELETE FROM %I.%I AS f
            WHERE btrim(ag_catalog.agtype_access_operator(VARIADIC ARRAY[f.properties, '"id"'::ag_catalog.agtype])::text, '"')::uuid
                  BETWEEN $1 AND $2$q$, graph, label) USING since, until;
        GET DIAGNOSTICS gone = ROW_COUNT;
    END LOOP;
    RETURN gone;
END
$function$""",
    r"""ALTER FUNCTION tenantry.forget_executions(uuid, uuid, uuid) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.forget_executions(uuid, uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.forget_executions(uuid, uuid, uuid) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.limit_labels(used bigint, hint text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    most constant integer := 50;
BEGIN
    IF used > most THEN
        RAISE EXCEPTION 'a tenant has up to % labels of its own in its graph', most
            USING ERRCODE = 'TN003', HINT = hint,
                  DETAIL = jsonb_build_object('quota', 'graph_labels', 'limit', most, 'used', most);
    END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.limit_labels(bigint, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.limit_labels(bigint, text) TO tenantry_graph, tenantry_keeper""",
    r"""CREATE OR REPLACE FUNCTION tenantry.limit_graph_labels()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid;
    used bigint;
BEGIN
    FOR tenant IN SELECT DISTINCT n.tenant_id FROM new_rows AS n LOOP
        SELECT count(*) INTO used FROM (
            (WITH RECURSIVE found AS (
                (SELECT g.label FROM tenantry.graph_nodes AS g WHERE g.tenant_id = tenant ORDER BY g.label LIMIT 1)
                UNION ALL
                SELECT (SELECT g.label FROM tenantry.graph_nodes AS g
                        WHERE g.tenant_id = tenant AND g.label > f.label ORDER BY g.label LIMIT 1)
                FROM found AS f WHERE f.label IS NOT NULL)
            SELECT f.label FROM found AS f WHERE f.label IS NOT NULL)
            UNION ALL
            (WITH RECURSIVE found AS (
                (SELECT g.label FROM tenantry.graph_edges AS g WHERE g.tenant_id = tenant ORDER BY g.label LIMIT 1)
                UNION ALL
                SELECT (SELECT g.label FROM tenantry.graph_edges AS g
                        WHERE g.tenant_id = tenant AND g.label > f.label ORDER BY g.label LIMIT 1)
                FROM found AS f WHERE f.label IS NOT NULL)
            SELECT f.label FROM found AS f WHERE f.label IS NOT NULL)) AS l;
        PERFORM tenantry.limit_labels(used, '');
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.limit_graph_labels() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.limit_graph_labels() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_other_label()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.label IS DISTINCT FROM OLD.label THEN
        RAISE EXCEPTION 'a label stays: remove it and make another'
            USING ERRCODE = 'TN004', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                  COLUMN = 'label', CONSTRAINT = 'label_stays';
    END IF;
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_other_label() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.compare_label(tenant uuid, graph text, label text, kind text, wanted text, OUT missing bigint, OUT surplus bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    found text := 'SELECT NULL::text WHERE false';
BEGIN
    IF to_regclass(format('%I.%I', graph, label)) IS NOT NULL THEN
        found := format('SELECT f.properties::text FROM %I.%I AS f', graph, label);
        IF kind = 'e' THEN
            found := format($q$SELECT f.properties::text, %3$s, %4$s FROM %1$I.%2$I AS f
                LEFT JOIN %1$I._ag_label_vertex AS a ON a.id OPERATOR(ag_catalog.=) f.start_id
                LEFT JOIN %1$I._ag_label_vertex AS b ON b.id OPERATOR(ag_catalog.=) f.end_id$q$, graph, label,
                $k$ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype])::text$k$,
                $k$ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype])::text$k$);
        END IF;
    ELSIF kind = 'e' THEN
        found := 'SELECT NULL::text, NULL::text, NULL::text WHERE false';
    END IF;
    EXECUTE format('WITH wanted AS MATERIALIZED (%s), found AS MATERIALIZED (%s)
        SELECT (SELECT count(*) FROM (TABLE wanted EXCEPT ALL TABLE found) AS m),
               (SELECT count(*) FROM (TABLE found EXCEPT ALL TABLE wanted) AS s)', wanted, found)
    INTO missing, surplus USING tenant, label;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.compare_label(uuid, text, text, text, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.compare_label(uuid, text, text, text, text) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.cypher_rows(graph text, question text, width integer, params jsonb, most integer)
 RETURNS SETOF text[]
 LANGUAGE plpgsql
 SET search_path TO 'ag_catalog', 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    cells text[];
    bytes bigint := 0;
    statement text;
BEGIN
    IF width NOT BETWEEN 1 AND 50 OR most NOT BETWEEN 1 AND 10001 OR width IS NULL OR most IS NULL THEN
        RAISE EXCEPTION 'a question has 1 to 50 columns and up to 10000 rows' USING ERRCODE = 'TN011';
    END IF;
    IF jsonb_typeof(params) IS DISTINCT FROM 'object' OR octet_length(params::text) > 1048576 THEN
        RAISE EXCEPTION 'parameters are an object of up to a megabyte' USING ERRCODE = 'TN011';
    END IF;
    -- Loads the library, without which the server does not know what cypher() is.
    PERFORM ag_catalog.agtype_build_map();
    SELECT format('SELECT ARRAY[%s] FROM ag_catalog.cypher(%L, $tenantry$%s$tenantry$, $1) AS (%s) LIMIT %s',
                  string_agg(format('ag_catalog.agtype_out(c%s)::text', n), ', ' ORDER BY n), graph, question,
                  string_agg(format('c%s ag_catalog.agtype', n), ', ' ORDER BY n), most)
    INTO statement FROM generate_series(1, width) AS n;
    BEGIN
        FOR cells IN EXECUTE statement USING params::text::ag_catalog.agtype LOOP
            bytes := bytes + octet_length(array_to_string(cells, ''));
            IF bytes > 16777216 THEN
                RAISE EXCEPTION 'the answer is larger than 16 MB'
                    USING ERRCODE = 'TN011', HINT = 'Return properties, not whole vertices and paths; or fewer rows.';
            END IF;
            RETURN NEXT cells;
        END LOOP;
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE ~ '^(22|42|0A|54|XX000)' THEN
            RAISE EXCEPTION 'the graph cannot answer this: %', left(SQLERRM, 500) USING ERRCODE = 'TN011';
        END IF;
        RAISE;
    END;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.cypher_rows(text, text, integer, jsonb, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.cypher_rows(text, text, integer, jsonb, integer) TO tenantry_graph_reader""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_run(question text, params jsonb, most integer)
 RETURNS SETOF text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid := tenantry.current_tenant_id();
    asked record;
    wrong text;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'a graph needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    SELECT q.text, jsonb_array_length(q.result_columns) AS width, q.parameters, q.literals INTO asked
    FROM tenantry.graph_queries AS q WHERE q.name = question;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no graph query of this name'
            USING ERRCODE = 'TN013', DETAIL = jsonb_build_object('name', question);
    END IF;
    -- A parameter that is not given would be null, and the answer empty, without a word.
    SELECT string_agg(n.name, ', ' ORDER BY n.name) INTO wrong FROM (
        (SELECT jsonb_object_keys(params) AS name EXCEPT SELECT jsonb_array_elements_text(asked.parameters))
        UNION ALL
        (SELECT jsonb_array_elements_text(asked.parameters) EXCEPT SELECT jsonb_object_keys(params))) AS n;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the question takes other parameters than were given: see %', wrong
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', wrong, 'position', 0),
                  HINT = 'It takes ' || coalesce(nullif((SELECT string_agg(p, ', ') FROM jsonb_array_elements_text(asked.parameters) AS p), ''), 'none') || '.';
    END IF;
    RETURN QUERY SELECT r FROM tenantry.cypher_rows(
        tenantry.graph_ready(tenant), asked.text, asked.width, params || asked.literals, most) AS r;
END
$function$""",
    r"""ALTER FUNCTION tenantry.graph_run(text, jsonb, integer) OWNER TO tenantry_graph_reader""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_run(text, jsonb, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.graph_run(text, jsonb, integer) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.graph_ask(question text, width integer, params jsonb, most integer)
 RETURNS SETOF text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid := tenantry.current_tenant_id();
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'a graph needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    PERFORM tenantry.check_cypher(question);
    -- What is added to itself a few times is many times as large.
    IF octet_length(params::text) > 16384 THEN
        RAISE EXCEPTION 'the parameters of a question of one''s own are larger than 16 kB'
            USING ERRCODE = 'TN011', HINT = 'Questions that the platform has named take up to a megabyte.';
    END IF;
    RETURN QUERY SELECT r FROM tenantry.cypher_rows(tenantry.graph_ready(tenant), question, width, params, most) AS r;
END
$function$""",
    r"""ALTER FUNCTION tenantry.graph_ask(text, integer, jsonb, integer) OWNER TO tenantry_graph_reader""",
    r"""REVOKE ALL ON FUNCTION tenantry.graph_ask(text, integer, jsonb, integer) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.tenant_tables()
 RETURNS TABLE(relation regclass, owner_column name)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT c.oid::regclass, a.attname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
        AND a.attname = CASE WHEN c.oid = to_regclass('tenantry.tenants') THEN 'id' ELSE 'tenant_id' END
    JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid AND 'uuid'::regtype IN (y.oid, y.typbasetype)
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND c.oid <> to_regclass('tenantry.platform_log')
      AND NOT (n.nspname = 'tenantry_archive' AND c.relname LIKE 'platform\_log\_%')
    ORDER BY c.oid
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.tenant_tables() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.tenant_tables() TO tenantry_service, tenantry_transfer""",
    r"""CREATE OR REPLACE FUNCTION tenantry.tenant_references()
 RETURNS TABLE(name name, child regclass, child_owner name, parent regclass, parent_owner name, equal text, given text, within boolean)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT c.conname, c.conrelid::regclass, r.owner_column, c.confrelid::regclass, p.owner_column,
           string_agg(format('p.%I OPERATOR(%I.%s) r.%I', b.attname, n.nspname, o.oprname, a.attname), ' AND '),
           string_agg(format('r.%I IS NOT NULL', a.attname), ' AND '),
           -- The tenant is a part of it, so that it cannot lead to another's.
           bool_or(a.attname = r.owner_column AND b.attname = p.owner_column) IS TRUE
    FROM pg_catalog.pg_constraint AS c
    LEFT JOIN tenantry.tenant_tables() AS r ON r.relation = c.conrelid
    LEFT JOIN tenantry.tenant_tables() AS p ON p.relation = c.confrelid
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey, c.conpfeqop) AS k (child, parent, operator)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.child
    JOIN pg_catalog.pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.parent
    JOIN pg_catalog.pg_operator AS o ON o.oid = k.operator JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
    WHERE c.contype = 'f' AND c.conparentid = 0 AND coalesce(r.relation, p.relation) IS NOT NULL
    GROUP BY c.oid, c.conname, c.conrelid, c.confrelid, r.owner_column, p.owner_column
    ORDER BY c.conname
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.tenant_references() FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.tenant_references() TO tenantry_transfer""",
    r"""CREATE OR REPLACE FUNCTION tenantry.require_trusted(relation regclass)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid = relation);
BEGIN
    IF NOT pg_has_role(owner, 'tenantry_transfer', 'MEMBER') THEN
        RAISE EXCEPTION '% belongs to %, whose code would run with the rights of tenantry_transfer', relation, owner::regrole
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', relation::text),
                  HINT = format('ALTER TABLE %s OWNER TO tenantry_owner', relation);
    END IF;
END
$function$""",
    r"""ALTER FUNCTION tenantry.require_trusted(regclass) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.require_trusted(regclass) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.without_triggers()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_catalog.set_config('session_replication_role', 'replica', true);
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'the role tenantry_transfer may not set session_replication_role'
        USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'grant'),
              HINT = 'Run, as a superuser: GRANT SET ON PARAMETER session_replication_role TO tenantry_transfer';
END
$function$""",
    r"""ALTER FUNCTION tenantry.without_triggers() OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.without_triggers() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.triggers_again()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_catalog.set_config('session_replication_role', 'origin', true);
END
$function$""",
    r"""ALTER FUNCTION tenantry.triggers_again() OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.triggers_again() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.is_arriving(tenant uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(bool_and(r.xmin = pg_current_xact_id_if_assigned()::xid), false)
           AND EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant)
    FROM (
        SELECT t.xmin FROM tenantry.tenants AS t WHERE t.id = tenant
        UNION ALL
        (SELECT l.xmin FROM tenantry.audit_logs AS l WHERE l.tenant_id = tenant ORDER BY l.id LIMIT 1)
        UNION ALL
        (SELECT l.xmin FROM tenantry.audit_seals AS l WHERE l.tenant_id = tenant ORDER BY l.sequence LIMIT 1)
    ) AS r
$function$""",
    r"""ALTER FUNCTION tenantry.is_arriving(uuid) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.is_arriving(uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.transferable(relation regclass, tenant uuid)
 RETURNS name
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    owner_column name;
BEGIN
    SELECT t.owner_column INTO owner_column FROM tenantry.tenant_tables() AS t WHERE t.relation = transferable.relation;
    IF owner_column IS NULL THEN
        RAISE EXCEPTION '% holds no rows of tenants', relation USING ERRCODE = '42P01';
    END IF;
    PERFORM tenantry.require_trusted(relation);
    IF tenantry.is_arriving(tenant) OR relation = to_regclass('tenantry.tenants') THEN
        RETURN owner_column;
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
               WHERE g.tgrelid = relation AND g.tgfoid = to_regprocedure('tenantry.refuse_change()')) THEN
        RAISE EXCEPTION '% is append-only', relation USING ERRCODE = 'TN007';
    END IF;
    IF relation = to_regclass('tenantry.tenant_holds') THEN
        RAISE EXCEPTION 'a hold is put on and released as such' USING ERRCODE = '42501', SCHEMA = 'tenantry', TABLE = 'tenant_holds';
    END IF;
    -- Rows that no trigger sees are put into one that is at work by nobody.
    IF NOT EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant AND t.status = 'suspended') THEN
        RAISE EXCEPTION 'tenant % is neither suspended nor being put in', tenant
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'status');
    END IF;
    RETURN owner_column;
END
$function$""",
    r"""ALTER FUNCTION tenantry.transferable(regclass, uuid) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.transferable(regclass, uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.tell_transfer(action text, relation regclass, tenant uuid, rows bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF relation IN (to_regclass('tenantry.tenants'), to_regclass('tenantry.audit_logs'), to_regclass('tenantry.audit_seals'))
       OR NOT tenantry.is_arriving(tenant) THEN
        PERFORM tenantry.record_platform_entry(
            action, 'tenants', tenant, jsonb_build_object('table', relation::text, 'rows', rows));
    END IF;
END
$function$""",
    r"""ALTER FUNCTION tenantry.tell_transfer(text, regclass, uuid, bigint) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.tell_transfer(text, regclass, uuid, bigint) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.load_rows(tenant uuid, relation text, column_names text[], lines text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    target regclass := relation::regclass;
    owner_column name;
    names text;
    given text;
    loaded bigint;
    foreign_rows bigint;
BEGIN
    IF target = to_regclass('tenantry.tenants') AND EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant) THEN
        RAISE EXCEPTION 'tenant % exists', tenant
            USING ERRCODE = '23505', SCHEMA = 'tenantry', TABLE = 'tenants', CONSTRAINT = 'tenants_pkey';
    END IF;
    owner_column := tenantry.transferable(target, tenant);
    SELECT count(*) INTO foreign_rows FROM jsonb_array_elements(lines::jsonb) AS r (line)
    WHERE (r.line ->> owner_column::text)::uuid IS DISTINCT FROM tenant;
    IF foreign_rows > 0 THEN
        RAISE EXCEPTION '% rows for % are not of tenant %', foreign_rows, relation, tenant
            USING ERRCODE = '42501', SCHEMA = 'tenantry', TABLE = relation;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
           string_agg(format('(r.line ->> %L)::%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    INTO names, given
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = target AND a.attname = ANY (column_names) AND a.attnum > 0 AND NOT a.attisdropped;
    IF names IS NULL THEN
        RAISE EXCEPTION '% has none of these columns', relation USING ERRCODE = '42703';
    END IF;
    PERFORM tenantry.without_triggers();
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM jsonb_array_elements($1::jsonb) AS r (line)', target, names, given)
        USING lines;
    GET DIAGNOSTICS loaded = ROW_COUNT;
    PERFORM tenantry.triggers_again();
    PERFORM tenantry.tell_transfer('load', target, tenant, loaded);
    RETURN loaded;
END
$function$""",
    r"""ALTER FUNCTION tenantry.load_rows(uuid, text, text[], text) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.load_rows(uuid, text, text[], text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.load_rows(uuid, text, text[], text) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.unload_rows(tenant uuid, relation text, key_names text[], lines text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    target regclass := relation::regclass;
    owner_column name := tenantry.transferable(relation::regclass, tenant);
    condition text;
    gone bigint;
BEGIN
    SELECT string_agg(format('t.%I = (r.line ->> %L)::%s', a.attname, a.attname, format_type(a.atttypid, a.atttypmod)), ' AND ')
    INTO condition
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = target AND a.attname = ANY (key_names) AND a.attnum > 0 AND NOT a.attisdropped;
    IF target = to_regclass('tenantry.tenants') OR condition IS NULL THEN
        RAISE EXCEPTION 'rows of % are not taken out one by one', relation USING ERRCODE = '42501', TABLE = relation;
    END IF;
    PERFORM tenantry.without_triggers();
    EXECUTE format('DELETE FROM %s AS t USING jsonb_array_elements($1::jsonb) AS r (line) WHERE t.%I = $2 AND %s',
                   target, owner_column, condition)
        USING lines, tenant;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM tenantry.triggers_again();
    PERFORM tenantry.tell_transfer('unload', target, tenant, gone);
    RETURN gone;
END
$function$""",
    r"""ALTER FUNCTION tenantry.unload_rows(uuid, text, text[], text) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.unload_rows(uuid, text, text[], text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.unload_rows(uuid, text, text[], text) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.check_references(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    reference record;
    missing bigint;
BEGIN
    FOR reference IN SELECT * FROM tenantry.tenant_references() AS r WHERE r.child_owner IS NOT NULL
    LOOP
        PERFORM tenantry.require_trusted(reference.child), tenantry.require_trusted(reference.parent);
        EXECUTE format('SELECT count(*) FROM %s AS r WHERE r.%I = $1 AND %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
                       reference.child, reference.child_owner, reference.given, reference.parent, reference.equal)
            INTO missing USING tenant;
        IF missing > 0 THEN
            RAISE EXCEPTION '% rows of % point at what is not there', missing, reference.child
                USING ERRCODE = '23503', SCHEMA = 'tenantry', CONSTRAINT = reference.name,
                      TABLE = split_part(reference.child::text, '.', 2);
        END IF;
    END LOOP;
END
$function$""",
    r"""ALTER FUNCTION tenantry.check_references(uuid) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.check_references(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.check_references(uuid) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.count_tenant_rows(tenant uuid)
 RETURNS TABLE(relation text, rows bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    held record;
BEGIN
    FOR held IN SELECT t.relation, t.owner_column FROM tenantry.tenant_tables() AS t LOOP
        relation := held.relation::text;
        PERFORM tenantry.require_trusted(held.relation);
        BEGIN
            EXECUTE format('SELECT count(*) FROM %s WHERE %I = $1', held.relation, held.owner_column) INTO rows USING tenant;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'whether % holds rows of the tenant cannot be seen', held.relation
                USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', held.relation::text),
                      HINT = format('GRANT SELECT, DELETE ON %s TO tenantry_transfer, with a policy if it has row security.', held.relation);
        END;
        IF rows > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$function$""",
    r"""ALTER FUNCTION tenantry.count_tenant_rows(uuid) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.count_tenant_rows(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.count_tenant_rows(uuid) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.refuse_pointed_at(tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    reference record;
    pointing bigint;
BEGIN
    FOR reference IN SELECT * FROM tenantry.tenant_references() AS r WHERE r.parent_owner IS NOT NULL AND NOT r.within LOOP
        PERFORM tenantry.require_trusted(reference.child);
        EXECUTE format('SELECT count(*) FROM %s AS r JOIN %s AS p ON %s WHERE p.%I = $1', reference.child, reference.parent,
                       reference.equal, reference.parent_owner)
                || CASE WHEN reference.child_owner IS NULL THEN '' ELSE format(' AND r.%I IS DISTINCT FROM $1', reference.child_owner) END
            INTO pointing USING tenant;
        IF pointing > 0 THEN
            RAISE EXCEPTION '% rows of % point at rows of the tenant, and are not its own', pointing, reference.child
                USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'reference', 'table', reference.child::text),
                      HINT = format('Remove those rows first, or give %s a tenant_id.', reference.child);
        END IF;
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'whether rows of % point at the tenant cannot be seen', reference.child
        USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', reference.child::text),
              HINT = format('GRANT SELECT ON %s TO tenantry_transfer, with a policy if it has row security.', reference.child);
END
$function$""",
    r"""ALTER FUNCTION tenantry.refuse_pointed_at(uuid) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.refuse_pointed_at(uuid) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.purge_tenant(tenant uuid, facts jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    going record;
    earlier jsonb;
    held record;
    last_seal record;
    line record;
    now_between record;
    obstacle text;
    gone bigint;
    removed jsonb := '{}';
    certificate jsonb;
BEGIN
    -- Under an older snapshot a hold that was put on since would not be seen.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a tenant is purged by a transaction that is READ COMMITTED, not %', current_setting('transaction_isolation')
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'isolation');
    END IF;
    SELECT t.id, t.slug, t.status INTO going FROM tenantry.tenants AS t WHERE t.id = tenant FOR UPDATE;
    IF NOT FOUND THEN
        SELECT l.details INTO earlier FROM tenantry.platform_log AS l
        WHERE l.action = 'purge' AND l.resource_type = 'tenants' AND l.resource_id = tenant ORDER BY l.id DESC LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no tenant %', tenant USING ERRCODE = 'TN014',
                DETAIL = jsonb_build_object('reason', 'unknown');
        END IF;
        SELECT tenant AS id, earlier ->> 'slug' AS slug, 'deleted' AS status INTO going;
    END IF;
    SELECT s.to_id, s.sequence, s.hash, s.root INTO last_seal FROM tenantry.audit_seals AS s
    WHERE s.tenant_id = tenant ORDER BY s.sequence DESC LIMIT 1;
    obstacle := CASE
        WHEN EXISTS (SELECT FROM tenantry.tenant_holds AS h WHERE h.tenant_id = tenant) THEN 'held'
        WHEN going.status <> 'deleted' THEN 'status'
        WHEN earlier IS NULL AND EXISTS (SELECT FROM tenantry.audit_logs AS l WHERE l.tenant_id = tenant
                     AND (last_seal.to_id IS NULL OR l.id >= last_seal.to_id)) THEN 'unsealed' END;
    IF obstacle IS NOT NULL THEN
        RAISE EXCEPTION '%', CASE obstacle
            WHEN 'held' THEN format('tenant %s is under a legal hold', going.slug)
            WHEN 'status' THEN format('tenant %s is %s: only a deleted one is purged', going.slug, going.status)
            ELSE format('the record of tenant %s is not sealed to its end', going.slug) END
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', obstacle),
                  HINT = CASE obstacle
                      WHEN 'held' THEN '`tenantry tenant holds` says why, and `tenantry tenant release` ends it.'
                      WHEN 'status' THEN 'Run `tenantry tenant delete` first.'
                      ELSE 'Run `tenantry audit seal --tenant …`, or purge again.' END;
    END IF;
    PERFORM tenantry.refuse_pointed_at(tenant);
    PERFORM tenantry.drop_graph(tenant);
    PERFORM tenantry.without_triggers();
    -- The record goes last: who still wrote has ended when its rows are gone, and its entries are seen.
    FOR held IN
        SELECT t.relation, t.owner_column FROM tenantry.tenant_tables() AS t
        ORDER BY t.relation::text IN ('tenantry.audit_logs', 'tenantry.audit_seals'), t.relation::text
    LOOP
        PERFORM tenantry.require_trusted(held.relation);
        BEGIN
            EXECUTE format('DELETE FROM %s WHERE %I = $1', held.relation, held.owner_column) USING tenant;
            GET DIAGNOSTICS gone = ROW_COUNT;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'rows of % cannot be removed', held.relation
                USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', held.relation::text),
                      HINT = format('GRANT SELECT, DELETE ON %s TO tenantry_transfer, with a policy if it has row security.', held.relation);
        END;
        IF gone > 0 THEN
            removed := removed || jsonb_build_object(held.relation::text, gone);
        END IF;
    END LOOP;
    PERFORM tenantry.triggers_again();
    IF earlier IS NOT NULL AND removed = '{}' THEN
        RETURN earlier;
    END IF;
    certificate := facts || jsonb_build_object(
        'tenant_id', tenant, 'slug', going.slug, 'tables', removed, 'by', session_user,
        'rows', (SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(removed)),
        'last_seal', CASE WHEN last_seal.sequence IS NOT NULL THEN jsonb_build_object(
            'sequence', last_seal.sequence, 'hash', encode(last_seal.hash, 'hex'), 'root', encode(last_seal.root, 'hex')) END);
    -- What the platform's log says of months that were taken out counted this tenant's seals too.
    FOR line IN
        SELECT DISTINCT ON (l.details ->> 'from_id') l.id, l.details FROM tenantry.platform_log AS l
        WHERE l.action = 'detach' AND l.resource_type = 'audit_logs' ORDER BY l.details ->> 'from_id', l.id DESC
    LOOP
        SELECT * INTO now_between FROM tenantry.sealed_between(
            'audit_logs', (line.details ->> 'from_id')::uuid, (line.details ->> 'to_id')::uuid);
        CONTINUE WHEN now_between.digest = line.details ->> 'digest';
        PERFORM tenantry.record_platform_entry('detach', 'audit_logs', NULL,
            jsonb_build_object('told', line.id) || line.details || jsonb_build_object(
                'entries', now_between.sealed, 'seals', now_between.seals, 'digest', now_between.digest));
    END LOOP;
    PERFORM tenantry.record_platform_entry('purge', 'tenants', tenant, certificate);
    RETURN certificate;
END
$function$""",
    r"""ALTER FUNCTION tenantry.purge_tenant(uuid, jsonb) OWNER TO tenantry_transfer""",
    r"""REVOKE ALL ON FUNCTION tenantry.purge_tenant(uuid, jsonb) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.purge_tenant(uuid, jsonb) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.check_cypher(query text, hops integer DEFAULT 5)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    token constant text := $token$[$]?[A-Za-z][A-Za-z0-9_]{0,62}(?![A-Za-z0-9_$])|(?:0|[1-9][0-9]{0,17})(?:[.][0-9]{1,17})?(?:[eE][-+]?[0-9]{1,3})?(?![A-Za-z0-9_$])|(?:<>|<=|>=|[=<>+*/%^])(?![+*/%<>=!@#^&|~?])|-(?!-)|[.][.](?![.])|[.](?![.])|:(?!:)|[](){}[,]$token$;
    tokens text[];
    line text;
    word text;
    before text := '';
    earlier text := '';
    is_name boolean;
    was_name boolean := false;
    is_called boolean := false;
    callers text[] := '{}';
    closed text := '';
    is_compared boolean;
    was_compared boolean := false;
    is_asking boolean := false;
    is_optional boolean := false;
    open text := '';
    inside text;
    clause text := '';
    place integer := 0;
    wrong text;
    patterns integer := 0;
    relationships integer := 0;
    withs integer := 0;
    unwinds integer := 0;
    additions integer := 0;
    entries integer := 0;
    collects integer := 0;
    limited boolean := false;
    ends_value boolean;
BEGIN
    IF query IS NULL OR octet_length(query) NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'Cypher is refused: its text is empty or longer than 10000 characters'
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', '', 'position', 0);
    END IF;
    line := regexp_replace(query, token, '', 'g');
    IF line ~ '[^ ]' THEN
        word := left(ltrim(line), 1);
        RAISE EXCEPTION 'Cypher is refused: it is not in canonical form'
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', word, 'position', strpos(query, word));
    END IF;
    tokens := ARRAY(SELECT m[1] FROM regexp_matches(query, '(' || token || ')', 'g') AS m);
    line := ' ' || array_to_string(tokens, ' ') || ' ';
    IF regexp_replace(line, $shape$ - \[ (?:(?:[A-Za-z][A-Za-z0-9_]{0,62} )?(?:: [A-Za-z][A-Za-z0-9_]{0,62} )?|(?:[A-Za-z][A-Za-z0-9_]{0,62} )?: [A-Za-z][A-Za-z0-9_]{0,62} \* [0-9]+ \.\. [0-9]+ )(?=[]{] )$shape$, '', 'g') ~ ' - \[ '
       OR EXISTS (SELECT FROM regexp_matches(line, ' \* ([0-9]+) \.\. ([0-9]+) ', 'g') AS m
                  WHERE (m[2]::bigint BETWEEN m[1]::bigint AND hops) IS NOT TRUE) THEN
        RAISE EXCEPTION 'Cypher is refused: a relationship without bounds, or beyond % hops', hops
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', '[', 'position', strpos(query, '['));
    END IF;
    FOREACH word IN ARRAY tokens LOOP
        place := place + 1;
        is_name := word ~ '^[A-Za-z]' AND word NOT IN ('AND', 'AS', 'BY', 'CASE', 'CONTAINS', 'DESC', 'DISTINCT', 'ELSE', 'END', 'ENDS', 'FALSE', 'IN', 'IS', 'LIMIT', 'MATCH', 'NOT', 'NULL', 'OPTIONAL', 'OR', 'ORDER', 'RETURN', 'SKIP', 'STARTS', 'THEN', 'TRUE', 'UNWIND', 'WHEN', 'WHERE', 'WITH', 'XOR');
        ends_value := before ~ '[])}A-Za-z0-9_]$'
            AND before NOT IN ('AND', 'AS', 'BY', 'CASE', 'CONTAINS', 'DESC', 'DISTINCT', 'ELSE', 'ENDS', 'IN', 'IS', 'LIMIT', 'MATCH', 'NOT', 'OPTIONAL', 'OR', 'ORDER', 'RETURN', 'SKIP', 'STARTS', 'THEN', 'UNWIND', 'WHEN', 'WHERE', 'WITH', 'XOR');
        is_compared := before IN ('IN', 'CONTAINS') OR (before = 'WITH' AND earlier IN ('STARTS', 'ENDS'));
        IF before = 'LIMIT' THEN
            -- Of LIMIT 5 * 1000 this sees the 5, until it sees the star.
            limited := CASE WHEN word ~ '^[0-9]{1,6}$' THEN word::integer <= 1000 ELSE false END;
        ELSIF earlier = 'LIMIT' AND word NOT IN ('WHERE', 'WITH', 'RETURN') THEN
            limited := false;
        END IF;
        CASE word
            WHEN '(' THEN
                IF was_name AND (earlier = '.' OR before NOT IN ('abs', 'avg', 'ceil', 'coalesce', 'collect', 'count', 'endNode', 'exists', 'floor', 'head', 'id', 'keys', 'label', 'labels', 'last', 'length', 'max', 'min', 'nodes', 'properties', 'relationships', 'reverse', 'round', 'sign', 'size', 'startNode', 'substring', 'sum', 'tail', 'toBoolean', 'toFloat', 'toInteger', 'toLower', 'toString', 'toUpper', 'trim', 'type')) THEN
                    wrong := 'a function that is not allowed';
                    word := before;
                END IF;
                IF earlier = 'exists' AND before = '(' THEN patterns := patterns + 1; END IF;
                is_called := was_name;
                IF clause = 'UNWIND' AND was_name AND before IN ('avg', 'collect', 'count', 'max', 'min', 'sum') THEN
                    wrong := 'an aggregate in UNWIND';
                END IF;
                IF was_compared AND was_name AND before NOT IN ('abs', 'avg', 'ceil', 'collect', 'count', 'endNode', 'floor', 'head', 'id', 'keys', 'label', 'labels', 'last', 'length', 'max', 'min', 'nodes', 'properties', 'relationships', 'reverse', 'round', 'sign', 'size', 'startNode', 'substring', 'sum', 'tail', 'toBoolean', 'toFloat', 'toInteger', 'toLower', 'toString', 'toUpper', 'trim', 'type') THEN
                    wrong := 'a comparison of what may be a condition';
                END IF;
            WHEN '.' THEN
                IF NOT ends_value OR before ~ '^[0-9]' THEN wrong := 'a dot after nothing'; END IF;
            WHEN '*' THEN
                IF before = '(' THEN
                    IF earlier <> 'count' THEN wrong := 'a star'; END IF;
                ELSIF NOT ends_value OR before = '}' THEN wrong := 'a star';
                END IF;
            WHEN '>' THEN
                IF before = '-' AND earlier <> ']' THEN wrong := 'an arrow'; END IF;
            WHEN '[' THEN
                IF before = '-' THEN relationships := relationships + 1; END IF;
                IF clause = 'WITH' AND NOT ends_value THEN wrong := 'a list in WITH'; END IF;
                entries := entries + 1;
            WHEN '{' THEN
                IF clause = 'WITH' THEN wrong := 'a map in WITH'; END IF;
                entries := entries + 1;
            WHEN ',' THEN
                IF open = '' AND clause = 'MATCH' THEN patterns := patterns + 1; END IF;
                IF right(open, 1) IN ('[', '{') THEN entries := entries + 1; END IF;
            WHEN 'MATCH' THEN
                patterns := patterns + 1;
                limited := false;
            WHEN 'OPTIONAL' THEN is_optional := true;
            WHEN 'UNWIND' THEN
                -- It ends the server.
                IF is_optional THEN wrong := 'UNWIND after OPTIONAL MATCH'; END IF;
                unwinds := unwinds + 1;
                limited := false;
            WHEN 'WITH' THEN
                IF before NOT IN ('STARTS', 'ENDS') THEN
                    withs := withs + 1;
                    is_optional := false;
                END IF;
            WHEN '+' THEN additions := additions + 1;
            WHEN 'collect' THEN
                IF NOT limited THEN wrong := 'collect() of more than 1000 rows'; END IF;
                collects := collects + 1;
            ELSE NULL;
        END CASE;
        inside := right(open, 1);
        is_asking := CASE word WHEN 'WHEN' THEN true WHEN 'THEN' THEN false ELSE is_asking END;
        IF word IN ('AND', 'IN', 'IS', 'NOT', 'OR', 'XOR', 'exists') AND (strpos(open, 'i') > 0 OR (clause = 'WITH' AND NOT is_asking)) THEN
            wrong := 'a condition as a value';
        ELSIF strpos(open, 'i') > 0 AND (word = 'coalesce' OR word IN ('AND', 'AS', 'BY', 'CASE', 'CONTAINS', 'DESC', 'DISTINCT', 'ELSE', 'END', 'ENDS', 'FALSE', 'IN', 'IS', 'LIMIT', 'MATCH', 'NOT', 'NULL', 'OPTIONAL', 'OR', 'ORDER', 'RETURN', 'SKIP', 'STARTS', 'THEN', 'TRUE', 'UNWIND', 'WHEN', 'WHERE', 'WITH', 'XOR')) THEN
            wrong := 'an index that may be a condition';
        ELSIF is_compared AND NOT (is_name OR word ~ '^[$0-9]' OR word IN ('[', '{'))
              OR word IN ('IN', 'CONTAINS', 'STARTS', 'ENDS')
                 AND NOT (was_name OR before ~ '^[$0-9]' OR before IN (']', '}')
                          OR (before = ')' AND closed IN ('abs', 'avg', 'ceil', 'collect', 'count', 'endNode', 'floor', 'head', 'id', 'keys', 'label', 'labels', 'last', 'length', 'max', 'min', 'nodes', 'properties', 'relationships', 'reverse', 'round', 'sign', 'size', 'startNode', 'substring', 'sum', 'tail', 'toBoolean', 'toFloat', 'toInteger', 'toLower', 'toString', 'toUpper', 'trim', 'type'))) THEN
            wrong := 'a comparison of what may be a condition';
        END IF;
        IF word IN ('(', 'CASE', '[', '{') THEN
            open := open || CASE WHEN word = '[' AND ends_value THEN 'i' ELSE left(word, 1) END;
            callers := callers || CASE WHEN word = '(' AND was_name THEN before ELSE '' END;
        ELSIF word IN (')', 'END', ']', '}') THEN
            open := left(open, greatest(length(open) - 1, 0));
            closed := callers[cardinality(callers)];
            callers := trim_array(callers, least(1, cardinality(callers)));
        ELSIF open = '' AND word IN ('MATCH', 'ORDER', 'RETURN', 'UNWIND', 'WHERE', 'WITH') AND before NOT IN ('STARTS', 'ENDS') THEN clause := word;
        END IF;
        wrong := CASE
            WHEN wrong IS NOT NULL THEN wrong
            WHEN is_name AND lower(word COLLATE "C") IN ('all', 'analyze', 'and', 'any', 'as', 'asc', 'ascending', 'by', 'call', 'case', 'coalesce', 'contains', 'count', 'create', 'delete', 'desc', 'descending', 'detach', 'distinct', 'else', 'end', 'ends', 'exists', 'explain', 'false', 'in', 'is', 'limit', 'match', 'merge', 'none', 'not', 'null', 'on', 'operator', 'optional', 'or', 'order', 'reduce', 'remove', 'return', 'set', 'single', 'skip', 'starts', 'then', 'true', 'union', 'unwind', 'verbose', 'when', 'where', 'with', 'xor', 'yield')
                 AND word NOT IN ('coalesce', 'count', 'exists') THEN 'a word that is not allowed'
            WHEN before IN ('coalesce', 'count', 'exists') AND word <> '(' THEN 'a function without its arguments'
            WHEN earlier = '<' AND before = '-' AND word <> '[' THEN 'an arrow'
            -- As `exists(($a)-[:T]->())`, which ends the server.
            WHEN earlier = '(' AND NOT is_called AND before ~ '^[$]' AND word IN (')', ':', '{')
                THEN 'a parameter as a vertex'
            WHEN before IN ('.', 'AS') AND NOT is_name THEN 'a word that is no name'
            -- AGE takes any word for a label or a key, and CASE would pass for a bracket here.
            WHEN word = ':' AND before IN ('AND', 'AS', 'BY', 'CASE', 'CONTAINS', 'DESC', 'DISTINCT', 'ELSE', 'END', 'ENDS', 'FALSE', 'IN', 'IS', 'LIMIT', 'MATCH', 'NOT', 'NULL', 'OPTIONAL', 'OR', 'ORDER', 'RETURN', 'SKIP', 'STARTS', 'THEN', 'TRUE', 'UNWIND', 'WHEN', 'WHERE', 'WITH', 'XOR') THEN 'a key that is no name'
            WHEN before = ':' AND inside IN ('(', '[') AND NOT is_name THEN 'a label that is no name'
            WHEN length(open) > 30 THEN 'brackets nested more than 30 deep'
            WHEN patterns > 3 THEN 'more than 3 patterns'
            WHEN relationships > 10 THEN 'more than 10 relationships'
            WHEN withs > 4 THEN 'more than 4 withs'
            WHEN unwinds > 1 THEN 'more than 1 unwinds'
            WHEN additions > 8 THEN 'more than 8 additions'
            WHEN entries > 40 THEN 'more than 40 entries'
            WHEN collects > 1 THEN 'more than 1 collects'
        END;
        EXIT WHEN wrong IS NOT NULL;
        earlier := before;
        before := word;
        was_name := is_name;
        was_compared := is_compared;
    END LOOP;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'Cypher is refused: %', wrong
            USING ERRCODE = 'TN011', DETAIL = jsonb_build_object('found', word, 'position', regexp_instr(query, token, 1, place));
    END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.check_cypher(text, integer) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.check_cypher(text, integer) TO tenantry_graph_reader, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_projects()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            PERFORM tenantry.graph_label(graph, 'Project', 'v');
            EXECUTE format($q$INSERT INTO %1$I."Project" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'name', r.name, 'status', r.status, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM new_rows AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.name, o.status, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (r.name, r.status, to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) INTO changed_0
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                PERFORM tenantry.graph_label(graph, 'Project', 'v');
                EXECUTE format($q$UPDATE %1$I."Project" AS v SET properties = ag_catalog.agtype_build_map('id', r.id::text, 'name', r.name, 'status', r.status, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.name, o.status, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (n.name, n.status, to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        ELSE
            IF to_regclass(format('%I."Project"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."Project" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_projects() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_projects() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_agents()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            PERFORM tenantry.graph_label(graph, 'Agent', 'v');
            EXECUTE format($q$INSERT INTO %1$I."Agent" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'type', r.agent_type, 'name', r.name, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM new_rows AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.agent_type, o.name, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (r.agent_type, r.name, to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) INTO changed_0
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                PERFORM tenantry.graph_label(graph, 'Agent', 'v');
                EXECUTE format($q$UPDATE %1$I."Agent" AS v SET properties = ag_catalog.agtype_build_map('id', r.id::text, 'type', r.agent_type, 'name', r.name, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.agent_type, o.name, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (n.agent_type, n.name, to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        ELSE
            IF to_regclass(format('%I."Agent"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."Agent" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_agents() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_agents() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_desks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
    changed_1 boolean;
    changed_2 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            PERFORM tenantry.graph_label(graph, 'Desk', 'v');
            EXECUTE format($q$INSERT INTO %1$I."Desk" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'code', r.code, 'title', r.title) FROM new_rows AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.reports_to_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'REPORTS_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."REPORTS_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.reports_to_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.reports_to_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."REPORTS_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.reports_to_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."REPORTS_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'HELD_BY', 'e');
                EXECUTE format($q$INSERT INTO %1$I."HELD_BY" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."HELD_BY" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."HELD_BY" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.code, o.title) IS DISTINCT FROM (r.code, r.title)), bool_or(o.reports_to_id IS DISTINCT FROM r.reports_to_id), bool_or(o.agent_id IS DISTINCT FROM r.agent_id) INTO changed_0, changed_1, changed_2
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v');
                EXECUTE format($q$UPDATE %1$I."Desk" AS v SET properties = ag_catalog.agtype_build_map('id', r.id::text, 'code', r.code, 'title', r.title)
                FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.code, o.title) IS DISTINCT FROM (n.code, n.title)) AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF changed_1 THEN
                IF to_regclass(format('%I."REPORTS_TO"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."REPORTS_TO" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.reports_to_id IS DISTINCT FROM n.reports_to_id) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.reports_to_id IS DISTINCT FROM n.reports_to_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.reports_to_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'REPORTS_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."REPORTS_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.reports_to_id IS DISTINCT FROM n.reports_to_id) AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.reports_to_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.reports_to_id IS DISTINCT FROM n.reports_to_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.reports_to_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."REPORTS_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.reports_to_id IS DISTINCT FROM n.reports_to_id) AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.reports_to_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."REPORTS_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
            IF changed_2 THEN
                IF to_regclass(format('%I."HELD_BY"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."HELD_BY" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'HELD_BY', 'e');
                EXECUTE format($q$INSERT INTO %1$I."HELD_BY" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."HELD_BY" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."HELD_BY" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
        ELSE
            IF to_regclass(format('%I."REPORTS_TO"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."REPORTS_TO" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."HELD_BY"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."HELD_BY" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."Desk"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."Desk" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_desks() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_desks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_tasks()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
    changed_1 boolean;
    changed_2 boolean;
    changed_3 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            PERFORM tenantry.graph_label(graph, 'Task', 'v');
            EXECUTE format($q$INSERT INTO %1$I."Task" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'type', r.type, 'title', r.title, 'status', r.status, 'state', r.state_category, 'priority', r.priority, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM new_rows AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.project_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Project', 'v'); PERFORM tenantry.graph_label(graph, 'IN_PROJECT', 'e');
                EXECUTE format($q$INSERT INTO %1$I."IN_PROJECT" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Project" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.project_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.project_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."IN_PROJECT" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Project" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.project_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."IN_PROJECT" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.parent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'SUBTASK_OF', 'e');
                EXECUTE format($q$INSERT INTO %1$I."SUBTASK_OF" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.parent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.parent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."SUBTASK_OF" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.parent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."SUBTASK_OF" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_agent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'ASSIGNED_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_agent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."ASSIGNED_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_desk_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'ASSIGNED_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_desk_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."ASSIGNED_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.type, o.title, o.status, o.state_category, o.priority, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (r.type, r.title, r.status, r.state_category, r.priority, to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))), bool_or(o.project_id IS DISTINCT FROM r.project_id), bool_or(o.parent_id IS DISTINCT FROM r.parent_id), bool_or((o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (r.assigned_to_agent_id, r.assigned_to_desk_id)) INTO changed_0, changed_1, changed_2, changed_3
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v');
                EXECUTE format($q$UPDATE %1$I."Task" AS v SET properties = ag_catalog.agtype_build_map('id', r.id::text, 'type', r.type, 'title', r.title, 'status', r.status, 'state', r.state_category, 'priority', r.priority, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.type, o.title, o.status, o.state_category, o.priority, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (n.type, n.title, n.status, n.state_category, n.priority, to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF changed_1 THEN
                IF to_regclass(format('%I."IN_PROJECT"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."IN_PROJECT" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.project_id IS DISTINCT FROM n.project_id) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.project_id IS DISTINCT FROM n.project_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.project_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Project', 'v'); PERFORM tenantry.graph_label(graph, 'IN_PROJECT', 'e');
                EXECUTE format($q$INSERT INTO %1$I."IN_PROJECT" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.project_id IS DISTINCT FROM n.project_id) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Project" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.project_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.project_id IS DISTINCT FROM n.project_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.project_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."IN_PROJECT" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.project_id IS DISTINCT FROM n.project_id) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Project" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.project_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."IN_PROJECT" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
            IF changed_2 THEN
                IF to_regclass(format('%I."SUBTASK_OF"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."SUBTASK_OF" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.parent_id IS DISTINCT FROM n.parent_id) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.parent_id IS DISTINCT FROM n.parent_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.parent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'SUBTASK_OF', 'e');
                EXECUTE format($q$INSERT INTO %1$I."SUBTASK_OF" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.parent_id IS DISTINCT FROM n.parent_id) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.parent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.parent_id IS DISTINCT FROM n.parent_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.parent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."SUBTASK_OF" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.parent_id IS DISTINCT FROM n.parent_id) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.parent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."SUBTASK_OF" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
            IF changed_3 THEN
                IF to_regclass(format('%I."ASSIGNED_TO"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."ASSIGNED_TO" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_agent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'ASSIGNED_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_agent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."ASSIGNED_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_desk_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'ASSIGNED_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_desk_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.assigned_to_agent_id, o.assigned_to_desk_id) IS DISTINCT FROM (n.assigned_to_agent_id, n.assigned_to_desk_id)) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."ASSIGNED_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
        ELSE
            IF to_regclass(format('%I."IN_PROJECT"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."IN_PROJECT" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."SUBTASK_OF"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."SUBTASK_OF" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."ASSIGNED_TO"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."ASSIGNED_TO" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."Task"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."Task" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_tasks() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_tasks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_agent_executions()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
    changed_1 boolean;
    changed_2 boolean;
    changed_3 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            PERFORM tenantry.graph_label(graph, 'Execution', 'v');
            EXECUTE format($q$INSERT INTO %1$I."Execution" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'status', r.status, 'started_at', to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM new_rows AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'Execution', 'v'); PERFORM tenantry.graph_label(graph, 'RAN', 'e');
                EXECUTE format($q$INSERT INTO %1$I."RAN" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Execution" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."RAN" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Execution" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."RAN" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.task_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Execution', 'v'); PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'FOR_TASK', 'e');
                EXECUTE format($q$INSERT INTO %1$I."FOR_TASK" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Execution" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.task_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."FOR_TASK" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Execution" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."FOR_TASK" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (r.status IN ('success', 'failure', 'timeout')) AND r.agent_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'EXECUTED', 'e');
                EXECUTE format($q$INSERT INTO %1$I."EXECUTED" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'result', CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, 'timestamp', to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM new_rows AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND r.status IN ('success', 'failure', 'timeout')$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (r.status IN ('success', 'failure', 'timeout')) AND r.agent_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."EXECUTED" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'result', CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, 'timestamp', to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM new_rows AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND r.status IN ('success', 'failure', 'timeout') AND NOT EXISTS (SELECT FROM %1$I."EXECUTED" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.status, to_char(o.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (r.status, to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))), bool_or(o.agent_id IS DISTINCT FROM r.agent_id), bool_or(o.task_id IS DISTINCT FROM r.task_id), bool_or((CASE o.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(o.completed_at, o.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), o.agent_id, o.task_id, o.status IN ('success', 'failure', 'timeout')) IS DISTINCT FROM (CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), r.agent_id, r.task_id, r.status IN ('success', 'failure', 'timeout'))) INTO changed_0, changed_1, changed_2, changed_3
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                PERFORM tenantry.graph_label(graph, 'Execution', 'v');
                EXECUTE format($q$UPDATE %1$I."Execution" AS v SET properties = ag_catalog.agtype_build_map('id', r.id::text, 'status', r.status, 'started_at', to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.status, to_char(o.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) IS DISTINCT FROM (n.status, to_char(n.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF changed_1 THEN
                IF to_regclass(format('%I."RAN"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."RAN" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'Execution', 'v'); PERFORM tenantry.graph_label(graph, 'RAN', 'e');
                EXECUTE format($q$INSERT INTO %1$I."RAN" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Execution" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."RAN" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.agent_id IS DISTINCT FROM n.agent_id) AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Execution" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."RAN" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
            IF changed_2 THEN
                IF to_regclass(format('%I."FOR_TASK"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."FOR_TASK" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.task_id IS DISTINCT FROM n.task_id) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.task_id IS DISTINCT FROM n.task_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.task_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Execution', 'v'); PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'FOR_TASK', 'e');
                EXECUTE format($q$INSERT INTO %1$I."FOR_TASK" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.task_id IS DISTINCT FROM n.task_id) AS r
        JOIN %1$I."Execution" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.task_id IS DISTINCT FROM n.task_id) AS r WHERE r.tenant_id = tenant AND (true) AND r.task_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."FOR_TASK" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE o.task_id IS DISTINCT FROM n.task_id) AS r
        JOIN %1$I."Execution" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."FOR_TASK" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
            IF changed_3 THEN
                IF to_regclass(format('%I."EXECUTED"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."EXECUTED" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (CASE o.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(o.completed_at, o.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), o.agent_id, o.task_id, o.status IN ('success', 'failure', 'timeout')) IS DISTINCT FROM (CASE n.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(n.completed_at, n.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), n.agent_id, n.task_id, n.status IN ('success', 'failure', 'timeout'))) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (CASE o.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(o.completed_at, o.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), o.agent_id, o.task_id, o.status IN ('success', 'failure', 'timeout')) IS DISTINCT FROM (CASE n.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(n.completed_at, n.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), n.agent_id, n.task_id, n.status IN ('success', 'failure', 'timeout'))) AS r WHERE r.tenant_id = tenant AND (r.status IN ('success', 'failure', 'timeout')) AND r.agent_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'EXECUTED', 'e');
                EXECUTE format($q$INSERT INTO %1$I."EXECUTED" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'result', CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, 'timestamp', to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (CASE o.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(o.completed_at, o.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), o.agent_id, o.task_id, o.status IN ('success', 'failure', 'timeout')) IS DISTINCT FROM (CASE n.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(n.completed_at, n.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), n.agent_id, n.task_id, n.status IN ('success', 'failure', 'timeout'))) AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND r.status IN ('success', 'failure', 'timeout')$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (CASE o.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(o.completed_at, o.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), o.agent_id, o.task_id, o.status IN ('success', 'failure', 'timeout')) IS DISTINCT FROM (CASE n.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(n.completed_at, n.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), n.agent_id, n.task_id, n.status IN ('success', 'failure', 'timeout'))) AS r WHERE r.tenant_id = tenant AND (r.status IN ('success', 'failure', 'timeout')) AND r.agent_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."EXECUTED" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'result', CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, 'timestamp', to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (CASE o.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(o.completed_at, o.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), o.agent_id, o.task_id, o.status IN ('success', 'failure', 'timeout')) IS DISTINCT FROM (CASE n.status WHEN 'success' THEN 'success' ELSE 'failure' END, to_char(coalesce(n.completed_at, n.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), n.agent_id, n.task_id, n.status IN ('success', 'failure', 'timeout'))) AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND r.status IN ('success', 'failure', 'timeout') AND NOT EXISTS (SELECT FROM %1$I."EXECUTED" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
        ELSE
            IF to_regclass(format('%I."RAN"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."RAN" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."FOR_TASK"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."FOR_TASK" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."EXECUTED"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."EXECUTED" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
            IF to_regclass(format('%I."Execution"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."Execution" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_agent_executions() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_agent_executions() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_task_dependencies()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.depends_on_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'DEPENDS_ON', 'e');
                EXECUTE format($q$INSERT INTO %1$I."DEPENDS_ON" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.depends_on_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.depends_on_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."DEPENDS_ON" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM new_rows AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.depends_on_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."DEPENDS_ON" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.task_id, o.depends_on_id) IS DISTINCT FROM (r.task_id, r.depends_on_id)) INTO changed_0
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                IF to_regclass(format('%I."DEPENDS_ON"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."DEPENDS_ON" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.depends_on_id) IS DISTINCT FROM (n.task_id, n.depends_on_id)) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.depends_on_id) IS DISTINCT FROM (n.task_id, n.depends_on_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.depends_on_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'DEPENDS_ON', 'e');
                EXECUTE format($q$INSERT INTO %1$I."DEPENDS_ON" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.depends_on_id) IS DISTINCT FROM (n.task_id, n.depends_on_id)) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.depends_on_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.depends_on_id) IS DISTINCT FROM (n.task_id, n.depends_on_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.depends_on_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."DEPENDS_ON" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.depends_on_id) IS DISTINCT FROM (n.task_id, n.depends_on_id)) AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.depends_on_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."DEPENDS_ON" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
        ELSE
            IF to_regclass(format('%I."DEPENDS_ON"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."DEPENDS_ON" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_task_dependencies() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_task_dependencies() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_delegations()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenants uuid[];
    tenant uuid;
    graph text;
    added bigint;
    changed_0 boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        tenants := ARRAY(SELECT DISTINCT o.tenant_id FROM old_rows AS o ORDER BY 1);
    ELSE
        tenants := ARRAY(SELECT DISTINCT n.tenant_id FROM new_rows AS n ORDER BY 1);
    END IF;
    FOREACH tenant IN ARRAY tenants LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        IF TG_OP = 'INSERT' THEN
            IF EXISTS (SELECT FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.from_desk_id IS NOT NULL AND r.to_desk_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'DELEGATED_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."DELEGATED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'task_id', r.task_id, 'status', r.status) FROM new_rows AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.from_desk_id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND (true) AND r.from_desk_id IS NOT NULL AND r.to_desk_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."DELEGATED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'task_id', r.task_id, 'status', r.status) FROM new_rows AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.from_desk_id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."DELEGATED_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT bool_or((o.task_id, o.status, o.from_desk_id, o.to_desk_id) IS DISTINCT FROM (r.task_id, r.status, r.from_desk_id, r.to_desk_id)) INTO changed_0
            FROM old_rows AS o JOIN new_rows AS r ON r.tenant_id = o.tenant_id AND r.id = o.id
            WHERE r.tenant_id = tenant;
            IF changed_0 THEN
                IF to_regclass(format('%I."DELEGATED_TO"', graph)) IS NOT NULL THEN
                    EXECUTE format($q$DELETE FROM %1$I."DELEGATED_TO" AS v USING (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.status, o.from_desk_id, o.to_desk_id) IS DISTINCT FROM (n.task_id, n.status, n.from_desk_id, n.to_desk_id)) AS r
                    WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
                END IF;
                IF EXISTS (SELECT FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.status, o.from_desk_id, o.to_desk_id) IS DISTINCT FROM (n.task_id, n.status, n.from_desk_id, n.to_desk_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.from_desk_id IS NOT NULL AND r.to_desk_id IS NOT NULL) THEN
                PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'DELEGATED_TO', 'e');
                EXECUTE format($q$INSERT INTO %1$I."DELEGATED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'task_id', r.task_id, 'status', r.status) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.status, o.from_desk_id, o.to_desk_id) IS DISTINCT FROM (n.task_id, n.status, n.from_desk_id, n.to_desk_id)) AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.from_desk_id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
                GET DIAGNOSTICS added = ROW_COUNT;
                IF added < (SELECT count(*) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.status, o.from_desk_id, o.to_desk_id) IS DISTINCT FROM (n.task_id, n.status, n.from_desk_id, n.to_desk_id)) AS r WHERE r.tenant_id = tenant AND (true) AND r.from_desk_id IS NOT NULL AND r.to_desk_id IS NOT NULL) THEN
                    PERFORM tenantry.graph_missed();
                    PERFORM tenantry.fill_vertices(tenant, graph);
                    EXECUTE format($q$INSERT INTO %1$I."DELEGATED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'task_id', r.task_id, 'status', r.status) FROM (SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
                WHERE (o.task_id, o.status, o.from_desk_id, o.to_desk_id) IS DISTINCT FROM (n.task_id, n.status, n.from_desk_id, n.to_desk_id)) AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.from_desk_id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true AND NOT EXISTS (SELECT FROM %1$I."DELEGATED_TO" AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph) USING tenant;
                END IF;
            END IF;
            END IF;
        ELSE
            IF to_regclass(format('%I."DELEGATED_TO"', graph)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I."DELEGATED_TO" AS v USING old_rows AS r
                WHERE r.tenant_id = $1 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph) USING tenant;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_delegations() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_delegations() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.own_label(graph text, label text, kind text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF to_regclass(format('%I.%I', graph, label)) IS NULL THEN
        PERFORM tenantry.limit_labels(
            1 + (SELECT count(*) FROM ag_catalog.ag_label AS l JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
            AND l.name NOT IN ('_ag_label_vertex', '_ag_label_edge', 'Agent', 'Desk', 'Execution', 'Project', 'Task', 'ASSIGNED_TO', 'DELEGATED_TO', 'DEPENDS_ON', 'EXECUTED', 'FOR_TASK', 'HELD_BY', 'IN_PROJECT', 'RAN', 'REPORTS_TO', 'SUBTASK_OF') WHERE g.name = own_label.graph::name),
            'Labels that nothing has any more count until the graph is made anew: `tenantry graph rebuild`.');
        PERFORM tenantry.graph_label(graph, label, kind);
    END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.own_label(text, text, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.own_label(text, text, text) TO tenantry_graph""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_graph_nodes()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid;
    own text;
    graph text;
    added bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR tenant, own IN SELECT DISTINCT o.tenant_id, o.label FROM old_rows AS o ORDER BY 1, 2 LOOP
            graph := tenantry.graph_kept(tenant);
            CONTINUE WHEN graph IS NULL;
            IF to_regclass(format('%I.%I', graph, own)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I.%2$I AS v USING old_rows AS r
                    WHERE r.tenant_id = $1 AND r.label = $2 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph, own)
                USING tenant, own;
            END IF;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR tenant, own IN SELECT DISTINCT n.tenant_id, n.label FROM new_rows AS n ORDER BY 1, 2 LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        PERFORM tenantry.own_label(graph, own, 'v');
        IF TG_OP = 'UPDATE' THEN
            EXECUTE format($q$UPDATE %1$I.%2$I AS v SET properties = (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype FROM new_rows AS r
                    WHERE r.tenant_id = $1 AND r.label = $2 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph, own)
                USING tenant, own;
        END IF;
        IF TG_OP = 'INSERT' THEN
            EXECUTE format($q$INSERT INTO %1$I.%2$I (properties)
            SELECT (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype FROM new_rows AS r WHERE r.tenant_id = $1 AND r.label = $2
            ON CONFLICT DO NOTHING$q$, graph, own) USING tenant, own;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_graph_nodes() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_graph_nodes() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.keep_graph_graph_edges()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tenant uuid;
    own text;
    graph text;
    added bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR tenant, own IN SELECT DISTINCT o.tenant_id, o.label FROM old_rows AS o ORDER BY 1, 2 LOOP
            graph := tenantry.graph_kept(tenant);
            CONTINUE WHEN graph IS NULL;
            IF to_regclass(format('%I.%I', graph, own)) IS NOT NULL THEN
                EXECUTE format($q$DELETE FROM %1$I.%2$I AS v USING old_rows AS r
                    WHERE r.tenant_id = $1 AND r.label = $2 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph, own)
                USING tenant, own;
            END IF;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR tenant, own IN SELECT DISTINCT n.tenant_id, n.label FROM new_rows AS n ORDER BY 1, 2 LOOP
        graph := tenantry.graph_kept(tenant);
        CONTINUE WHEN graph IS NULL;
        PERFORM tenantry.own_label(graph, own, 'e');
        IF TG_OP = 'UPDATE' THEN
            EXECUTE format($q$DELETE FROM %1$I.%2$I AS v USING old_rows AS r
                    WHERE r.tenant_id = $1 AND r.label = $2 AND ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype$q$, graph, own)
                USING tenant, own;
        END IF;
        IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN
            EXECUTE format($q$INSERT INTO %1$I.%2$I (start_id, end_id, properties)
            SELECT a.id, b.id, (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype FROM new_rows AS r
            JOIN %1$I._ag_label_vertex AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || coalesce(r.from_task_id, r.from_agent_id, r.from_desk_id, r.from_project_id, r.from_node_id) || '"')::ag_catalog.agtype
            JOIN %1$I._ag_label_vertex AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || coalesce(r.to_task_id, r.to_agent_id, r.to_desk_id, r.to_project_id, r.to_node_id) || '"')::ag_catalog.agtype
            WHERE r.tenant_id = $1 AND r.label = $2$q$, graph, own) USING tenant, own;
            GET DIAGNOSTICS added = ROW_COUNT;
            IF added < (SELECT count(*) FROM new_rows AS r WHERE r.tenant_id = tenant AND r.label = own) THEN
                PERFORM tenantry.graph_missed();
                PERFORM tenantry.fill_vertices(tenant, graph);
                EXECUTE format($q$INSERT INTO %1$I.%2$I (start_id, end_id, properties)
            SELECT a.id, b.id, (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype FROM new_rows AS r
            JOIN %1$I._ag_label_vertex AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || coalesce(r.from_task_id, r.from_agent_id, r.from_desk_id, r.from_project_id, r.from_node_id) || '"')::ag_catalog.agtype
            JOIN %1$I._ag_label_vertex AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || coalesce(r.to_task_id, r.to_agent_id, r.to_desk_id, r.to_project_id, r.to_node_id) || '"')::ag_catalog.agtype
            WHERE r.tenant_id = $1 AND r.label = $2 AND NOT EXISTS (SELECT FROM %1$I.%2$I AS v
            WHERE ag_catalog.agtype_access_operator(VARIADIC ARRAY[v.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype AND v.end_id OPERATOR(ag_catalog.=) b.id)$q$, graph, own) USING tenant, own;
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.keep_graph_graph_edges() OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.keep_graph_graph_edges() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.fill_vertices(tenant uuid, graph text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own text;
BEGIN
    IF EXISTS (SELECT FROM tenantry.projects AS r WHERE r.tenant_id = tenant) THEN
        PERFORM tenantry.graph_label(graph, 'Project', 'v');
        EXECUTE format($q$INSERT INTO %1$I."Project" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'name', r.name, 'status', r.status, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM tenantry.projects AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        EXECUTE format('ANALYZE %I."Project"', graph);
    END IF;
    IF EXISTS (SELECT FROM tenantry.agents AS r WHERE r.tenant_id = tenant) THEN
        PERFORM tenantry.graph_label(graph, 'Agent', 'v');
        EXECUTE format($q$INSERT INTO %1$I."Agent" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'type', r.agent_type, 'name', r.name, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM tenantry.agents AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        EXECUTE format('ANALYZE %I."Agent"', graph);
    END IF;
    IF EXISTS (SELECT FROM tenantry.desks AS r WHERE r.tenant_id = tenant) THEN
        PERFORM tenantry.graph_label(graph, 'Desk', 'v');
        EXECUTE format($q$INSERT INTO %1$I."Desk" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'code', r.code, 'title', r.title) FROM tenantry.desks AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        EXECUTE format('ANALYZE %I."Desk"', graph);
    END IF;
    IF EXISTS (SELECT FROM tenantry.tasks AS r WHERE r.tenant_id = tenant) THEN
        PERFORM tenantry.graph_label(graph, 'Task', 'v');
        EXECUTE format($q$INSERT INTO %1$I."Task" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'type', r.type, 'title', r.title, 'status', r.status, 'state', r.state_category, 'priority', r.priority, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM tenantry.tasks AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        EXECUTE format('ANALYZE %I."Task"', graph);
    END IF;
    IF EXISTS (SELECT FROM tenantry.agent_executions AS r WHERE r.tenant_id = tenant) THEN
        PERFORM tenantry.graph_label(graph, 'Execution', 'v');
        EXECUTE format($q$INSERT INTO %1$I."Execution" (properties)
        SELECT ag_catalog.agtype_build_map('id', r.id::text, 'status', r.status, 'started_at', to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM tenantry.agent_executions AS r WHERE r.tenant_id = $1 ON CONFLICT DO NOTHING$q$, graph) USING tenant;
        EXECUTE format('ANALYZE %I."Execution"', graph);
    END IF;
    FOR own IN SELECT DISTINCT r.label FROM tenantry.graph_nodes AS r WHERE r.tenant_id = tenant LOOP
        PERFORM tenantry.graph_label(graph, own, 'v');
        EXECUTE format($q$INSERT INTO %1$I.%2$I (properties)
            SELECT (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype FROM tenantry.graph_nodes AS r WHERE r.tenant_id = $1 AND r.label = $2
            ON CONFLICT DO NOTHING$q$, graph, own) USING tenant, own;
    END LOOP;
END
$function$""",
    r"""ALTER FUNCTION tenantry.fill_vertices(uuid, text) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.fill_vertices(uuid, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.fill_graph(tenant uuid, graph text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own text;
BEGIN
    PERFORM tenantry.fill_vertices(tenant, graph);
    IF EXISTS (SELECT FROM tenantry.desks AS r WHERE r.tenant_id = tenant AND (true) AND r.reports_to_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'REPORTS_TO', 'e');
        EXECUTE format($q$INSERT INTO %1$I."REPORTS_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.desks AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.reports_to_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.desks AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'HELD_BY', 'e');
        EXECUTE format($q$INSERT INTO %1$I."HELD_BY" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.desks AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.tasks AS r WHERE r.tenant_id = tenant AND (true) AND r.project_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Project', 'v'); PERFORM tenantry.graph_label(graph, 'IN_PROJECT', 'e');
        EXECUTE format($q$INSERT INTO %1$I."IN_PROJECT" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.tasks AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Project" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.project_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.tasks AS r WHERE r.tenant_id = tenant AND (true) AND r.parent_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'SUBTASK_OF', 'e');
        EXECUTE format($q$INSERT INTO %1$I."SUBTASK_OF" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.tasks AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.parent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.tasks AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_agent_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'ASSIGNED_TO', 'e');
        EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.tasks AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Agent" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_agent_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.tasks AS r WHERE r.tenant_id = tenant AND (true) AND r.assigned_to_desk_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'ASSIGNED_TO', 'e');
        EXECUTE format($q$INSERT INTO %1$I."ASSIGNED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.tasks AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.assigned_to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.task_dependencies AS r WHERE r.tenant_id = tenant AND (true) AND r.depends_on_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'DEPENDS_ON', 'e');
        EXECUTE format($q$INSERT INTO %1$I."DEPENDS_ON" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.task_dependencies AS r
        JOIN %1$I."Task" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.depends_on_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.delegations AS r WHERE r.tenant_id = tenant AND (true) AND r.from_desk_id IS NOT NULL AND r.to_desk_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Desk', 'v'); PERFORM tenantry.graph_label(graph, 'DELEGATED_TO', 'e');
        EXECUTE format($q$INSERT INTO %1$I."DELEGATED_TO" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'task_id', r.task_id, 'status', r.status) FROM tenantry.delegations AS r
        JOIN %1$I."Desk" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.from_desk_id || '"')::ag_catalog.agtype
        JOIN %1$I."Desk" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.to_desk_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.agent_executions AS r WHERE r.tenant_id = tenant AND (true) AND r.agent_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'Execution', 'v'); PERFORM tenantry.graph_label(graph, 'RAN', 'e');
        EXECUTE format($q$INSERT INTO %1$I."RAN" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.agent_executions AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Execution" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.agent_executions AS r WHERE r.tenant_id = tenant AND (true) AND r.task_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Execution', 'v'); PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'FOR_TASK', 'e');
        EXECUTE format($q$INSERT INTO %1$I."FOR_TASK" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text) FROM tenantry.agent_executions AS r
        JOIN %1$I."Execution" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND true$q$, graph) USING tenant;
    END IF;
    IF EXISTS (SELECT FROM tenantry.agent_executions AS r WHERE r.tenant_id = tenant AND (r.status IN ('success', 'failure', 'timeout')) AND r.agent_id IS NOT NULL AND r.task_id IS NOT NULL) THEN
        PERFORM tenantry.graph_label(graph, 'Agent', 'v'); PERFORM tenantry.graph_label(graph, 'Task', 'v'); PERFORM tenantry.graph_label(graph, 'EXECUTED', 'e');
        EXECUTE format($q$INSERT INTO %1$I."EXECUTED" (start_id, end_id, properties)
        SELECT a.id, b.id, ag_catalog.agtype_build_map('id', r.id::text, 'result', CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, 'timestamp', to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) FROM tenantry.agent_executions AS r
        JOIN %1$I."Agent" AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.agent_id || '"')::ag_catalog.agtype
        JOIN %1$I."Task" AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || r.task_id || '"')::ag_catalog.agtype
        WHERE r.tenant_id = $1 AND r.status IN ('success', 'failure', 'timeout')$q$, graph) USING tenant;
    END IF;
    FOR own IN SELECT DISTINCT r.label FROM tenantry.graph_edges AS r WHERE r.tenant_id = tenant LOOP
        PERFORM tenantry.graph_label(graph, own, 'e');
        EXECUTE format($q$INSERT INTO %1$I.%2$I (start_id, end_id, properties)
            SELECT a.id, b.id, (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype FROM tenantry.graph_edges AS r
            JOIN %1$I._ag_label_vertex AS a ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[a.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || coalesce(r.from_task_id, r.from_agent_id, r.from_desk_id, r.from_project_id, r.from_node_id) || '"')::ag_catalog.agtype
            JOIN %1$I._ag_label_vertex AS b ON ag_catalog.agtype_access_operator(VARIADIC ARRAY[b.properties, '"id"'::ag_catalog.agtype]) OPERATOR(ag_catalog.=) ('"' || coalesce(r.to_task_id, r.to_agent_id, r.to_desk_id, r.to_project_id, r.to_node_id) || '"')::ag_catalog.agtype
            WHERE r.tenant_id = $1 AND r.label = $2$q$, graph, own) USING tenant, own;
    END LOOP;
END
$function$""",
    r"""ALTER FUNCTION tenantry.fill_graph(uuid, text) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.fill_graph(uuid, text) FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.compare_graph(tenant uuid)
 RETURNS TABLE(label text, missing bigint, surplus bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    graph text := tenantry.graph_kept(tenant);
    own record;
BEGIN
    IF graph IS NULL THEN
        RETURN;
    END IF;
    label := 'Project';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'v', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'name', r.name, 'status', r.status, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))::text FROM tenantry.projects AS r WHERE r.tenant_id = $1$q$) AS c;
    RETURN NEXT;
    label := 'Agent';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'v', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'type', r.agent_type, 'name', r.name, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))::text FROM tenantry.agents AS r WHERE r.tenant_id = $1$q$) AS c;
    RETURN NEXT;
    label := 'Desk';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'v', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'code', r.code, 'title', r.title)::text FROM tenantry.desks AS r WHERE r.tenant_id = $1$q$) AS c;
    RETURN NEXT;
    label := 'Task';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'v', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'type', r.type, 'title', r.title, 'status', r.status, 'state', r.state_category, 'priority', r.priority, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))::text FROM tenantry.tasks AS r WHERE r.tenant_id = $1$q$) AS c;
    RETURN NEXT;
    label := 'Execution';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'v', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'status', r.status, 'started_at', to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))::text FROM tenantry.agent_executions AS r WHERE r.tenant_id = $1$q$) AS c;
    RETURN NEXT;
    label := 'REPORTS_TO';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.reports_to_id || '"')::ag_catalog.agtype::text
            FROM tenantry.desks AS r WHERE r.tenant_id = $1 AND (true) AND r.reports_to_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'HELD_BY';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.agent_id || '"')::ag_catalog.agtype::text
            FROM tenantry.desks AS r WHERE r.tenant_id = $1 AND (true) AND r.agent_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'IN_PROJECT';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.project_id || '"')::ag_catalog.agtype::text
            FROM tenantry.tasks AS r WHERE r.tenant_id = $1 AND (true) AND r.project_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'SUBTASK_OF';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.parent_id || '"')::ag_catalog.agtype::text
            FROM tenantry.tasks AS r WHERE r.tenant_id = $1 AND (true) AND r.parent_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'ASSIGNED_TO';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.assigned_to_agent_id || '"')::ag_catalog.agtype::text
            FROM tenantry.tasks AS r WHERE r.tenant_id = $1 AND (true) AND r.assigned_to_agent_id IS NOT NULL UNION ALL SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.assigned_to_desk_id || '"')::ag_catalog.agtype::text
            FROM tenantry.tasks AS r WHERE r.tenant_id = $1 AND (true) AND r.assigned_to_desk_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'DEPENDS_ON';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.task_id || '"')::ag_catalog.agtype::text, ('"' || r.depends_on_id || '"')::ag_catalog.agtype::text
            FROM tenantry.task_dependencies AS r WHERE r.tenant_id = $1 AND (true) AND r.depends_on_id IS NOT NULL AND r.task_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'DELEGATED_TO';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'task_id', r.task_id, 'status', r.status)::text, ('"' || r.from_desk_id || '"')::ag_catalog.agtype::text, ('"' || r.to_desk_id || '"')::ag_catalog.agtype::text
            FROM tenantry.delegations AS r WHERE r.tenant_id = $1 AND (true) AND r.from_desk_id IS NOT NULL AND r.to_desk_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'RAN';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.agent_id || '"')::ag_catalog.agtype::text, ('"' || r.id || '"')::ag_catalog.agtype::text
            FROM tenantry.agent_executions AS r WHERE r.tenant_id = $1 AND (true) AND r.agent_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'FOR_TASK';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text)::text, ('"' || r.id || '"')::ag_catalog.agtype::text, ('"' || r.task_id || '"')::ag_catalog.agtype::text
            FROM tenantry.agent_executions AS r WHERE r.tenant_id = $1 AND (true) AND r.task_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    label := 'EXECUTED';
    SELECT c.missing, c.surplus INTO missing, surplus
    FROM tenantry.compare_label(tenant, graph, label, 'e', $q$SELECT ag_catalog.agtype_build_map('id', r.id::text, 'result', CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END, 'timestamp', to_char(coalesce(r.completed_at, r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))::text, ('"' || r.agent_id || '"')::ag_catalog.agtype::text, ('"' || r.task_id || '"')::ag_catalog.agtype::text
            FROM tenantry.agent_executions AS r WHERE r.tenant_id = $1 AND (r.status IN ('success', 'failure', 'timeout')) AND r.agent_id IS NOT NULL AND r.task_id IS NOT NULL$q$) AS c;
    RETURN NEXT;
    -- The tenant's own labels, and whatever else is there.
    FOR own IN
        SELECT n.label AS name, 'v' AS kind FROM tenantry.graph_nodes AS n WHERE n.tenant_id = tenant
        UNION SELECT e.label, 'e' FROM tenantry.graph_edges AS e WHERE e.tenant_id = tenant
        UNION SELECT l.name::text, l.kind::text FROM ag_catalog.ag_label AS l JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
            AND l.name NOT IN ('_ag_label_vertex', '_ag_label_edge', 'Agent', 'Desk', 'Execution', 'Project', 'Task', 'ASSIGNED_TO', 'DELEGATED_TO', 'DEPENDS_ON', 'EXECUTED', 'FOR_TASK', 'HELD_BY', 'IN_PROJECT', 'RAN', 'REPORTS_TO', 'SUBTASK_OF')
            WHERE g.name = tenantry.graph_name(tenant)::name
        ORDER BY 1
    LOOP
        label := own.name;
        SELECT c.missing, c.surplus INTO missing, surplus
        FROM tenantry.compare_label(tenant, graph, label, own.kind, CASE own.kind
            WHEN 'v' THEN $q$SELECT (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype::text FROM tenantry.graph_nodes AS r WHERE r.tenant_id = $1 AND r.label = $2$q$ ELSE $q$SELECT (r.properties || jsonb_build_object('id', r.id))::text::ag_catalog.agtype::text, ('"' || coalesce(r.from_task_id, r.from_agent_id, r.from_desk_id, r.from_project_id, r.from_node_id) || '"')::ag_catalog.agtype::text, ('"' || coalesce(r.to_task_id, r.to_agent_id, r.to_desk_id, r.to_project_id, r.to_node_id) || '"')::ag_catalog.agtype::text
        FROM tenantry.graph_edges AS r WHERE r.tenant_id = $1 AND r.label = $2$q$ END) AS c;
        RETURN NEXT;
    END LOOP;
END
$function$""",
    r"""ALTER FUNCTION tenantry.compare_graph(uuid) OWNER TO tenantry_graph""",
    r"""REVOKE ALL ON FUNCTION tenantry.compare_graph(uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.compare_graph(uuid) TO tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.check_graph_query()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM tenantry.check_cypher(NEW.text, 15);
    RETURN NEW;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.check_graph_query() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_logs_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, action text, resource_type text, resource_id uuid, old_values jsonb, new_values jsonb, details jsonb, actor_kind text, user_id uuid, agent_id uuid, api_key_id uuid, request_id text, ip_address inet, user_agent text, reason text, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.audit_logs.tenant_id, tenantry.audit_logs.id, tenantry.audit_logs.action, tenantry.audit_logs.resource_type, tenantry.audit_logs.resource_id, tenantry.audit_logs.old_values, tenantry.audit_logs.new_values, tenantry.audit_logs.details, tenantry.audit_logs.actor_kind, tenantry.audit_logs.user_id, tenantry.audit_logs.agent_id, tenantry.audit_logs.api_key_id, tenantry.audit_logs.request_id, tenantry.audit_logs.ip_address, tenantry.audit_logs.user_agent, tenantry.audit_logs.reason, tenantry.audit_logs.created_at
FROM tenantry.audit_logs
WHERE tenantry.audit_logs.tenant_id = $1::UUID AND tenantry.audit_logs.id = $2::UUID;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
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
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.audit_logs.tenant_id, tenantry.audit_logs.id, tenantry.audit_logs.action, tenantry.audit_logs.resource_type, tenantry.audit_logs.resource_id, tenantry.audit_logs.old_values, tenantry.audit_logs.new_values, tenantry.audit_logs.details, tenantry.audit_logs.actor_kind, tenantry.audit_logs.user_id, tenantry.audit_logs.agent_id, tenantry.audit_logs.api_key_id, tenantry.audit_logs.request_id, tenantry.audit_logs.ip_address, tenantry.audit_logs.user_agent, tenantry.audit_logs.reason, tenantry.audit_logs.created_at
FROM tenantry.audit_logs
WHERE tenantry.audit_logs.tenant_id = $1::UUID AND tenantry.audit_logs.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.audit_logs.id DESC
 LIMIT $3::INTEGER;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_graph_queries()
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
        SELECT NULL, 'create', 'graph_queries', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'update', 'graph_queries', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'id'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.description IS NOT DISTINCT FROM n.description THEN 'description' END,
                CASE WHEN o.text IS NOT DISTINCT FROM n.text THEN 'text' END,
                CASE WHEN o.result_columns IS NOT DISTINCT FROM n.result_columns THEN 'result_columns' END,
                CASE WHEN o.parameters IS NOT DISTINCT FROM n.parameters THEN 'parameters' END,
                CASE WHEN o.literals IS NOT DISTINCT FROM n.literals THEN 'literals' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.description IS DISTINCT FROM n.description OR o.text IS DISTINCT FROM n.text OR o.result_columns IS DISTINCT FROM n.result_columns OR o.parameters IS DISTINCT FROM n.parameters OR o.literals IS DISTINCT FROM n.literals;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'delete', 'graph_queries', o.id, to_jsonb(o) - ARRAY['updated_at', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_graph_queries() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_graph_queries() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_model_prices()
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
        SELECT NULL, 'create', 'model_prices', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'update', 'model_prices', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'id'] || ARRAY['created_at',
                CASE WHEN o.provider IS NOT DISTINCT FROM n.provider THEN 'provider' END,
                CASE WHEN o.model IS NOT DISTINCT FROM n.model THEN 'model' END,
                CASE WHEN o.input_price IS NOT DISTINCT FROM n.input_price THEN 'input_price' END,
                CASE WHEN o.output_price IS NOT DISTINCT FROM n.output_price THEN 'output_price' END,
                CASE WHEN o.cached_input_price IS NOT DISTINCT FROM n.cached_input_price THEN 'cached_input_price' END,
                CASE WHEN o.valid_from IS NOT DISTINCT FROM n.valid_from THEN 'valid_from' END,
                CASE WHEN o.valid_until IS NOT DISTINCT FROM n.valid_until THEN 'valid_until' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.provider IS DISTINCT FROM n.provider OR o.model IS DISTINCT FROM n.model OR o.input_price IS DISTINCT FROM n.input_price OR o.output_price IS DISTINCT FROM n.output_price OR o.cached_input_price IS DISTINCT FROM n.cached_input_price OR o.valid_from IS DISTINCT FROM n.valid_from OR o.valid_until IS DISTINCT FROM n.valid_until;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'delete', 'model_prices', o.id, to_jsonb(o) - ARRAY['updated_at', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_model_prices() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_model_prices() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_seal_keys()
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
        SELECT NULL, 'create', 'seal_keys', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'id', 'inner_pad', 'outer_pad'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.id = o.id WHERE o.name IS DISTINCT FROM n.name OR o.inner_pad IS DISTINCT FROM n.inner_pad OR o.outer_pad IS DISTINCT FROM n.outer_pad) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'update', 'seal_keys', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, CASE WHEN o.inner_pad IS DISTINCT FROM n.inner_pad OR o.outer_pad IS DISTINCT FROM n.outer_pad THEN jsonb_build_object('secrets_changed', to_jsonb(array_remove(ARRAY[CASE WHEN o.inner_pad IS DISTINCT FROM n.inner_pad THEN 'inner_pad' END, CASE WHEN o.outer_pad IS DISTINCT FROM n.outer_pad THEN 'outer_pad' END], NULL))) END,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'id', 'inner_pad', 'outer_pad'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.inner_pad IS DISTINCT FROM n.inner_pad OR o.outer_pad IS DISTINCT FROM n.outer_pad;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT NULL, 'delete', 'seal_keys', o.id, to_jsonb(o) - ARRAY['updated_at', 'id', 'inner_pad', 'outer_pad'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_seal_keys() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_seal_keys() FROM PUBLIC""",
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
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.id = o.id WHERE o.email IS DISTINCT FROM n.email OR o.username IS DISTINCT FROM n.username OR o.name IS DISTINCT FROM n.name OR o.kind IS DISTINCT FROM n.kind OR o.role IS DISTINCT FROM n.role OR o.is_active IS DISTINCT FROM n.is_active OR o.metadata IS DISTINCT FROM n.metadata OR o.preferences IS DISTINCT FROM n.preferences OR o.password_hash IS DISTINCT FROM n.password_hash) THEN
            RETURN NULL;
        END IF;
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
    r"""CREATE OR REPLACE FUNCTION tenantry.activity_feed_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, activity_type text, summary text, project_id uuid, task_id uuid, user_id uuid, agent_id uuid, details jsonb, is_public boolean, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.activity_feed.tenant_id, tenantry.activity_feed.id, tenantry.activity_feed.activity_type, tenantry.activity_feed.summary, tenantry.activity_feed.project_id, tenantry.activity_feed.task_id, tenantry.activity_feed.user_id, tenantry.activity_feed.agent_id, tenantry.activity_feed.details, tenantry.activity_feed.is_public, tenantry.activity_feed.created_at
FROM tenantry.activity_feed
WHERE tenantry.activity_feed.tenant_id = $1::UUID AND tenantry.activity_feed.id = $2::UUID;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.activity_feed_get(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.activity_feed_get(uuid, uuid) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.activity_feed_newest(uuid, uuid, bigint)
 RETURNS TABLE(tenant_id uuid, id uuid, activity_type text, summary text, project_id uuid, task_id uuid, user_id uuid, agent_id uuid, details jsonb, is_public boolean, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.activity_feed.tenant_id, tenantry.activity_feed.id, tenantry.activity_feed.activity_type, tenantry.activity_feed.summary, tenantry.activity_feed.project_id, tenantry.activity_feed.task_id, tenantry.activity_feed.user_id, tenantry.activity_feed.agent_id, tenantry.activity_feed.details, tenantry.activity_feed.is_public, tenantry.activity_feed.created_at
FROM tenantry.activity_feed
WHERE tenantry.activity_feed.tenant_id = $1::UUID AND tenantry.activity_feed.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.activity_feed.id DESC
 LIMIT $3::INTEGER;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.activity_feed_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.activity_feed_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_agents()
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
        SELECT n.tenant_id, 'create', 'agents', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'success_rate', 'avg_execution_time_ms', 'execution_count', 'success_count', 'timed_count', 'total_execution_ms'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.name IS DISTINCT FROM n.name OR o.agent_type IS DISTINCT FROM n.agent_type OR o.description IS DISTINCT FROM n.description OR o.model_provider IS DISTINCT FROM n.model_provider OR o.model_name IS DISTINCT FROM n.model_name OR o.capabilities IS DISTINCT FROM n.capabilities OR o.config IS DISTINCT FROM n.config OR o.tags IS DISTINCT FROM n.tags OR o.version IS DISTINCT FROM n.version OR o.is_active IS DISTINCT FROM n.is_active OR o.is_experimental IS DISTINCT FROM n.is_experimental) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'agents', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'success_rate', 'avg_execution_time_ms', 'execution_count', 'success_count', 'timed_count', 'total_execution_ms'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.agent_type IS NOT DISTINCT FROM n.agent_type THEN 'agent_type' END,
                CASE WHEN o.description IS NOT DISTINCT FROM n.description THEN 'description' END,
                CASE WHEN o.model_provider IS NOT DISTINCT FROM n.model_provider THEN 'model_provider' END,
                CASE WHEN o.model_name IS NOT DISTINCT FROM n.model_name THEN 'model_name' END,
                CASE WHEN o.capabilities IS NOT DISTINCT FROM n.capabilities THEN 'capabilities' END,
                CASE WHEN o.config IS NOT DISTINCT FROM n.config THEN 'config' END,
                CASE WHEN o.tags IS NOT DISTINCT FROM n.tags THEN 'tags' END,
                CASE WHEN o.version IS NOT DISTINCT FROM n.version THEN 'version' END,
                CASE WHEN o.is_active IS NOT DISTINCT FROM n.is_active THEN 'is_active' END,
                CASE WHEN o.is_experimental IS NOT DISTINCT FROM n.is_experimental THEN 'is_experimental' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.agent_type IS DISTINCT FROM n.agent_type OR o.description IS DISTINCT FROM n.description OR o.model_provider IS DISTINCT FROM n.model_provider OR o.model_name IS DISTINCT FROM n.model_name OR o.capabilities IS DISTINCT FROM n.capabilities OR o.config IS DISTINCT FROM n.config OR o.tags IS DISTINCT FROM n.tags OR o.version IS DISTINCT FROM n.version OR o.is_active IS DISTINCT FROM n.is_active OR o.is_experimental IS DISTINCT FROM n.is_experimental;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'agents', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'success_rate', 'avg_execution_time_ms', 'execution_count', 'success_count', 'timed_count', 'total_execution_ms'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_agents() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_agents() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.cost_entries_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, desk_id uuid, agent_id uuid, task_id uuid, session_id uuid, execution_id uuid, provider text, model text, input_tokens integer, output_tokens integer, cached_tokens integer, cost_usd numeric, billing_month date, description text, metadata jsonb, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.cost_entries.tenant_id, tenantry.cost_entries.id, tenantry.cost_entries.desk_id, tenantry.cost_entries.agent_id, tenantry.cost_entries.task_id, tenantry.cost_entries.session_id, tenantry.cost_entries.execution_id, tenantry.cost_entries.provider, tenantry.cost_entries.model, tenantry.cost_entries.input_tokens, tenantry.cost_entries.output_tokens, tenantry.cost_entries.cached_tokens, tenantry.cost_entries.cost_usd, tenantry.cost_entries.billing_month, tenantry.cost_entries.description, tenantry.cost_entries.metadata, tenantry.cost_entries.created_at
FROM tenantry.cost_entries
WHERE tenantry.cost_entries.tenant_id = $1::UUID AND tenantry.cost_entries.id = $2::UUID;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.cost_entries_get(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.cost_entries_get(uuid, uuid) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.cost_entries_newest(uuid, uuid, bigint)
 RETURNS TABLE(tenant_id uuid, id uuid, desk_id uuid, agent_id uuid, task_id uuid, session_id uuid, execution_id uuid, provider text, model text, input_tokens integer, output_tokens integer, cached_tokens integer, cost_usd numeric, billing_month date, description text, metadata jsonb, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.cost_entries.tenant_id, tenantry.cost_entries.id, tenantry.cost_entries.desk_id, tenantry.cost_entries.agent_id, tenantry.cost_entries.task_id, tenantry.cost_entries.session_id, tenantry.cost_entries.execution_id, tenantry.cost_entries.provider, tenantry.cost_entries.model, tenantry.cost_entries.input_tokens, tenantry.cost_entries.output_tokens, tenantry.cost_entries.cached_tokens, tenantry.cost_entries.cost_usd, tenantry.cost_entries.billing_month, tenantry.cost_entries.description, tenantry.cost_entries.metadata, tenantry.cost_entries.created_at
FROM tenantry.cost_entries
WHERE tenantry.cost_entries.tenant_id = $1::UUID AND tenantry.cost_entries.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.cost_entries.id DESC
 LIMIT $3::INTEGER;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.cost_entries_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.cost_entries_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_graph_nodes()
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
        SELECT n.tenant_id, 'create', 'graph_nodes', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'graph_nodes', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.label IS NOT DISTINCT FROM n.label THEN 'label' END,
                CASE WHEN o.properties IS NOT DISTINCT FROM n.properties THEN 'properties' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.label IS DISTINCT FROM n.label OR o.properties IS DISTINCT FROM n.properties;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'graph_nodes', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_graph_nodes() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_graph_nodes() FROM PUBLIC""",
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
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_patterns()
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
        SELECT n.tenant_id, 'create', 'patterns', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'frequency', 'last_seen'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.type IS DISTINCT FROM n.type OR o.agent_type IS DISTINCT FROM n.agent_type OR o.pattern IS DISTINCT FROM n.pattern) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'patterns', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'frequency', 'last_seen'] || ARRAY['created_at',
                CASE WHEN o.type IS NOT DISTINCT FROM n.type THEN 'type' END,
                CASE WHEN o.agent_type IS NOT DISTINCT FROM n.agent_type THEN 'agent_type' END,
                CASE WHEN o.pattern IS NOT DISTINCT FROM n.pattern THEN 'pattern' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.type IS DISTINCT FROM n.type OR o.agent_type IS DISTINCT FROM n.agent_type OR o.pattern IS DISTINCT FROM n.pattern;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'patterns', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'frequency', 'last_seen'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_patterns() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_patterns() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_tenant_holds()
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
        SELECT n.tenant_id, 'create', 'tenant_holds', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'tenant_holds', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'id'] || ARRAY['created_at',
                CASE WHEN o.tenant_id IS NOT DISTINCT FROM n.tenant_id THEN 'tenant_id' END,
                CASE WHEN o.reason IS NOT DISTINCT FROM n.reason THEN 'reason' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.tenant_id IS DISTINCT FROM n.tenant_id OR o.reason IS DISTINCT FROM n.reason;
    ELSE
        INSERT INTO tenantry.platform_log (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'tenant_holds', o.id, to_jsonb(o) - ARRAY['updated_at', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_tenant_holds() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_tenant_holds() FROM PUBLIC""",
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
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_workflows()
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
        SELECT n.tenant_id, 'create', 'workflows', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'workflows', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.description IS NOT DISTINCT FROM n.description THEN 'description' END,
                CASE WHEN o.stages IS NOT DISTINCT FROM n.stages THEN 'stages' END,
                CASE WHEN o.transition_rules IS NOT DISTINCT FROM n.transition_rules THEN 'transition_rules' END,
                CASE WHEN o.initial_stage IS NOT DISTINCT FROM n.initial_stage THEN 'initial_stage' END,
                CASE WHEN o.qa_pipeline IS NOT DISTINCT FROM n.qa_pipeline THEN 'qa_pipeline' END,
                CASE WHEN o.retry_rule IS NOT DISTINCT FROM n.retry_rule THEN 'retry_rule' END,
                CASE WHEN o.is_default IS NOT DISTINCT FROM n.is_default THEN 'is_default' END,
                CASE WHEN o.is_builtin IS NOT DISTINCT FROM n.is_builtin THEN 'is_builtin' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.description IS DISTINCT FROM n.description OR o.stages IS DISTINCT FROM n.stages OR o.transition_rules IS DISTINCT FROM n.transition_rules OR o.initial_stage IS DISTINCT FROM n.initial_stage OR o.qa_pipeline IS DISTINCT FROM n.qa_pipeline OR o.retry_rule IS DISTINCT FROM n.retry_rule OR o.is_default IS DISTINCT FROM n.is_default OR o.is_builtin IS DISTINCT FROM n.is_builtin;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'workflows', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_workflows() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_workflows() FROM PUBLIC""",
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
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.name IS DISTINCT FROM n.name OR o.prefix IS DISTINCT FROM n.prefix OR o.scopes IS DISTINCT FROM n.scopes OR o.user_id IS DISTINCT FROM n.user_id OR o.expires_at IS DISTINCT FROM n.expires_at OR o.revoked_at IS DISTINCT FROM n.revoked_at OR o.successor_id IS DISTINCT FROM n.successor_id OR o.key_hash IS DISTINCT FROM n.key_hash) THEN
            RETURN NULL;
        END IF;
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
                CASE WHEN o.revoked_at IS NOT DISTINCT FROM n.revoked_at THEN 'revoked_at' END,
                CASE WHEN o.successor_id IS NOT DISTINCT FROM n.successor_id THEN 'successor_id' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.prefix IS DISTINCT FROM n.prefix OR o.scopes IS DISTINCT FROM n.scopes OR o.user_id IS DISTINCT FROM n.user_id OR o.expires_at IS DISTINCT FROM n.expires_at OR o.revoked_at IS DISTINCT FROM n.revoked_at OR o.successor_id IS DISTINCT FROM n.successor_id OR o.key_hash IS DISTINCT FROM n.key_hash;
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
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_businesses()
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
        SELECT n.tenant_id, 'create', 'businesses', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'businesses', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.user_id IS NOT DISTINCT FROM n.user_id THEN 'user_id' END,
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.industry IS NOT DISTINCT FROM n.industry THEN 'industry' END,
                CASE WHEN o.stage IS NOT DISTINCT FROM n.stage THEN 'stage' END,
                CASE WHEN o.context IS NOT DISTINCT FROM n.context THEN 'context' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.user_id IS DISTINCT FROM n.user_id OR o.name IS DISTINCT FROM n.name OR o.industry IS DISTINCT FROM n.industry OR o.stage IS DISTINCT FROM n.stage OR o.context IS DISTINCT FROM n.context;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'businesses', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_businesses() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_businesses() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.count_desks()
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
            UPDATE tenantry.tenant_usage AS u SET current_desks = u.current_desks - change.n
            WHERE u.tenant_id = change.tenant_id;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR change IN SELECT r.tenant_id, count(*) AS n FROM new_rows AS r GROUP BY 1 ORDER BY 1 LOOP
        UPDATE tenantry.tenant_usage AS u SET current_desks = u.current_desks + change.n
        FROM tenantry.tenant_quotas AS q
        WHERE u.tenant_id = change.tenant_id AND q.tenant_id = u.tenant_id
        RETURNING u.current_desks, q.max_desks INTO used, allowed;
        IF used > allowed THEN
            RAISE EXCEPTION 'quota max_desks of tenant % exceeded', change.tenant_id
                USING ERRCODE = 'TN003', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                      DETAIL = jsonb_build_object('quota', 'max_desks', 'limit', allowed,
                                                  'used', used - change.n, 'tenant_id', change.tenant_id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.count_desks() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.count_desks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_desks()
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
        SELECT n.tenant_id, 'create', 'desks', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'path'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.code IS DISTINCT FROM n.code OR o.title IS DISTINCT FROM n.title OR o.role IS DISTINCT FROM n.role OR o.reports_to_id IS DISTINCT FROM n.reports_to_id OR o.llm_provider IS DISTINCT FROM n.llm_provider OR o.llm_model IS DISTINCT FROM n.llm_model OR o.llm_config IS DISTINCT FROM n.llm_config OR o.capabilities IS DISTINCT FROM n.capabilities OR o.skills IS DISTINCT FROM n.skills OR o.status IS DISTINCT FROM n.status OR o.agent_id IS DISTINCT FROM n.agent_id) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'desks', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'path'] || ARRAY['created_at',
                CASE WHEN o.code IS NOT DISTINCT FROM n.code THEN 'code' END,
                CASE WHEN o.title IS NOT DISTINCT FROM n.title THEN 'title' END,
                CASE WHEN o.role IS NOT DISTINCT FROM n.role THEN 'role' END,
                CASE WHEN o.reports_to_id IS NOT DISTINCT FROM n.reports_to_id THEN 'reports_to_id' END,
                CASE WHEN o.llm_provider IS NOT DISTINCT FROM n.llm_provider THEN 'llm_provider' END,
                CASE WHEN o.llm_model IS NOT DISTINCT FROM n.llm_model THEN 'llm_model' END,
                CASE WHEN o.llm_config IS NOT DISTINCT FROM n.llm_config THEN 'llm_config' END,
                CASE WHEN o.capabilities IS NOT DISTINCT FROM n.capabilities THEN 'capabilities' END,
                CASE WHEN o.skills IS NOT DISTINCT FROM n.skills THEN 'skills' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.agent_id IS NOT DISTINCT FROM n.agent_id THEN 'agent_id' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.code IS DISTINCT FROM n.code OR o.title IS DISTINCT FROM n.title OR o.role IS DISTINCT FROM n.role OR o.reports_to_id IS DISTINCT FROM n.reports_to_id OR o.llm_provider IS DISTINCT FROM n.llm_provider OR o.llm_model IS DISTINCT FROM n.llm_model OR o.llm_config IS DISTINCT FROM n.llm_config OR o.capabilities IS DISTINCT FROM n.capabilities OR o.skills IS DISTINCT FROM n.skills OR o.status IS DISTINCT FROM n.status OR o.agent_id IS DISTINCT FROM n.agent_id;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'desks', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'path'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_desks() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_desks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_invitations()
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
        SELECT n.tenant_id, 'create', 'invitations', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'token_hash'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.email IS DISTINCT FROM n.email OR o.role IS DISTINCT FROM n.role OR o.invited_by IS DISTINCT FROM n.invited_by OR o.expires_at IS DISTINCT FROM n.expires_at OR o.accepted_at IS DISTINCT FROM n.accepted_at OR o.accepted_by IS DISTINCT FROM n.accepted_by OR o.revoked_at IS DISTINCT FROM n.revoked_at OR o.token_hash IS DISTINCT FROM n.token_hash) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'invitations', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, CASE WHEN o.token_hash IS DISTINCT FROM n.token_hash THEN jsonb_build_object('secrets_changed', to_jsonb(array_remove(ARRAY[CASE WHEN o.token_hash IS DISTINCT FROM n.token_hash THEN 'token_hash' END], NULL))) END,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'token_hash'] || ARRAY['created_at',
                CASE WHEN o.email IS NOT DISTINCT FROM n.email THEN 'email' END,
                CASE WHEN o.role IS NOT DISTINCT FROM n.role THEN 'role' END,
                CASE WHEN o.invited_by IS NOT DISTINCT FROM n.invited_by THEN 'invited_by' END,
                CASE WHEN o.expires_at IS NOT DISTINCT FROM n.expires_at THEN 'expires_at' END,
                CASE WHEN o.accepted_at IS NOT DISTINCT FROM n.accepted_at THEN 'accepted_at' END,
                CASE WHEN o.accepted_by IS NOT DISTINCT FROM n.accepted_by THEN 'accepted_by' END,
                CASE WHEN o.revoked_at IS NOT DISTINCT FROM n.revoked_at THEN 'revoked_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.email IS DISTINCT FROM n.email OR o.role IS DISTINCT FROM n.role OR o.invited_by IS DISTINCT FROM n.invited_by OR o.expires_at IS DISTINCT FROM n.expires_at OR o.accepted_at IS DISTINCT FROM n.accepted_at OR o.accepted_by IS DISTINCT FROM n.accepted_by OR o.revoked_at IS DISTINCT FROM n.revoked_at OR o.token_hash IS DISTINCT FROM n.token_hash;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'invitations', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'token_hash'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_invitations() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_invitations() FROM PUBLIC""",
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
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_knowledge_bases()
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
        SELECT n.tenant_id, 'create', 'knowledge_bases', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'knowledge_bases', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.description IS NOT DISTINCT FROM n.description THEN 'description' END,
                CASE WHEN o.desk_id IS NOT DISTINCT FROM n.desk_id THEN 'desk_id' END,
                CASE WHEN o.embedding_provider IS NOT DISTINCT FROM n.embedding_provider THEN 'embedding_provider' END,
                CASE WHEN o.embedding_model IS NOT DISTINCT FROM n.embedding_model THEN 'embedding_model' END,
                CASE WHEN o.embedding_dimensions IS NOT DISTINCT FROM n.embedding_dimensions THEN 'embedding_dimensions' END,
                CASE WHEN o.embedding_config IS NOT DISTINCT FROM n.embedding_config THEN 'embedding_config' END,
                CASE WHEN o.vector_store IS NOT DISTINCT FROM n.vector_store THEN 'vector_store' END,
                CASE WHEN o.vector_store_config IS NOT DISTINCT FROM n.vector_store_config THEN 'vector_store_config' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.name IS DISTINCT FROM n.name OR o.description IS DISTINCT FROM n.description OR o.desk_id IS DISTINCT FROM n.desk_id OR o.embedding_provider IS DISTINCT FROM n.embedding_provider OR o.embedding_model IS DISTINCT FROM n.embedding_model OR o.embedding_dimensions IS DISTINCT FROM n.embedding_dimensions OR o.embedding_config IS DISTINCT FROM n.embedding_config OR o.vector_store IS DISTINCT FROM n.vector_store OR o.vector_store_config IS DISTINCT FROM n.vector_store_config;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'knowledge_bases', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_knowledge_bases() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_knowledge_bases() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.count_tasks()
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
            UPDATE tenantry.tenant_usage AS u SET current_tasks = u.current_tasks - change.n
            WHERE u.tenant_id = change.tenant_id;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR change IN SELECT r.tenant_id, count(*) AS n FROM new_rows AS r GROUP BY 1 ORDER BY 1 LOOP
        UPDATE tenantry.tenant_usage AS u SET current_tasks = u.current_tasks + change.n
        FROM tenantry.tenant_quotas AS q
        WHERE u.tenant_id = change.tenant_id AND q.tenant_id = u.tenant_id
        RETURNING u.current_tasks, q.max_tasks INTO used, allowed;
        IF used > allowed THEN
            RAISE EXCEPTION 'quota max_tasks of tenant % exceeded', change.tenant_id
                USING ERRCODE = 'TN003', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                      DETAIL = jsonb_build_object('quota', 'max_tasks', 'limit', allowed,
                                                  'used', used - change.n, 'tenant_id', change.tenant_id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.count_tasks() OWNER TO tenantry_keeper""",
    r"""REVOKE ALL ON FUNCTION tenantry.count_tasks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_tasks()
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
        SELECT n.tenant_id, 'create', 'tasks', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'state_category', 'started_at', 'completed_at', 'status_changed_at', 'search'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.project_id IS DISTINCT FROM n.project_id OR o.parent_id IS DISTINCT FROM n.parent_id OR o.workflow_id IS DISTINCT FROM n.workflow_id OR o.title IS DISTINCT FROM n.title OR o.prompt IS DISTINCT FROM n.prompt OR o.description IS DISTINCT FROM n.description OR o.type IS DISTINCT FROM n.type OR o.status IS DISTINCT FROM n.status OR o.priority IS DISTINCT FROM n.priority OR o.creator_id IS DISTINCT FROM n.creator_id OR o.assigned_to_user_id IS DISTINCT FROM n.assigned_to_user_id OR o.assigned_to_agent_id IS DISTINCT FROM n.assigned_to_agent_id OR o.assigned_to_desk_id IS DISTINCT FROM n.assigned_to_desk_id OR o.current_agent IS DISTINCT FROM n.current_agent OR o.completed_agents IS DISTINCT FROM n.completed_agents OR o.agent_queue IS DISTINCT FROM n.agent_queue OR o.analysis IS DISTINCT FROM n.analysis OR o.retry_count IS DISTINCT FROM n.retry_count OR o.max_retries IS DISTINCT FROM n.max_retries OR o.error IS DISTINCT FROM n.error OR o.github_issue_number IS DISTINCT FROM n.github_issue_number OR o.github_pr_number IS DISTINCT FROM n.github_pr_number OR o.labels IS DISTINCT FROM n.labels OR o.ai_analysis IS DISTINCT FROM n.ai_analysis OR o.ai_suggestions IS DISTINCT FROM n.ai_suggestions OR o.config IS DISTINCT FROM n.config OR o.result IS DISTINCT FROM n.result OR o.metadata IS DISTINCT FROM n.metadata) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'tasks', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'state_category', 'started_at', 'completed_at', 'status_changed_at', 'search'] || ARRAY['created_at',
                CASE WHEN o.project_id IS NOT DISTINCT FROM n.project_id THEN 'project_id' END,
                CASE WHEN o.parent_id IS NOT DISTINCT FROM n.parent_id THEN 'parent_id' END,
                CASE WHEN o.workflow_id IS NOT DISTINCT FROM n.workflow_id THEN 'workflow_id' END,
                CASE WHEN o.title IS NOT DISTINCT FROM n.title THEN 'title' END,
                CASE WHEN o.prompt IS NOT DISTINCT FROM n.prompt THEN 'prompt' END,
                CASE WHEN o.description IS NOT DISTINCT FROM n.description THEN 'description' END,
                CASE WHEN o.type IS NOT DISTINCT FROM n.type THEN 'type' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.priority IS NOT DISTINCT FROM n.priority THEN 'priority' END,
                CASE WHEN o.creator_id IS NOT DISTINCT FROM n.creator_id THEN 'creator_id' END,
                CASE WHEN o.assigned_to_user_id IS NOT DISTINCT FROM n.assigned_to_user_id THEN 'assigned_to_user_id' END,
                CASE WHEN o.assigned_to_agent_id IS NOT DISTINCT FROM n.assigned_to_agent_id THEN 'assigned_to_agent_id' END,
                CASE WHEN o.assigned_to_desk_id IS NOT DISTINCT FROM n.assigned_to_desk_id THEN 'assigned_to_desk_id' END,
                CASE WHEN o.current_agent IS NOT DISTINCT FROM n.current_agent THEN 'current_agent' END,
                CASE WHEN o.completed_agents IS NOT DISTINCT FROM n.completed_agents THEN 'completed_agents' END,
                CASE WHEN o.agent_queue IS NOT DISTINCT FROM n.agent_queue THEN 'agent_queue' END,
                CASE WHEN o.analysis IS NOT DISTINCT FROM n.analysis THEN 'analysis' END,
                CASE WHEN o.retry_count IS NOT DISTINCT FROM n.retry_count THEN 'retry_count' END,
                CASE WHEN o.max_retries IS NOT DISTINCT FROM n.max_retries THEN 'max_retries' END,
                CASE WHEN o.error IS NOT DISTINCT FROM n.error THEN 'error' END,
                CASE WHEN o.github_issue_number IS NOT DISTINCT FROM n.github_issue_number THEN 'github_issue_number' END,
                CASE WHEN o.github_pr_number IS NOT DISTINCT FROM n.github_pr_number THEN 'github_pr_number' END,
                CASE WHEN o.labels IS NOT DISTINCT FROM n.labels THEN 'labels' END,
                CASE WHEN o.ai_analysis IS NOT DISTINCT FROM n.ai_analysis THEN 'ai_analysis' END,
                CASE WHEN o.ai_suggestions IS NOT DISTINCT FROM n.ai_suggestions THEN 'ai_suggestions' END,
                CASE WHEN o.config IS NOT DISTINCT FROM n.config THEN 'config' END,
                CASE WHEN o.result IS NOT DISTINCT FROM n.result THEN 'result' END,
                CASE WHEN o.metadata IS NOT DISTINCT FROM n.metadata THEN 'metadata' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.project_id IS DISTINCT FROM n.project_id OR o.parent_id IS DISTINCT FROM n.parent_id OR o.workflow_id IS DISTINCT FROM n.workflow_id OR o.title IS DISTINCT FROM n.title OR o.prompt IS DISTINCT FROM n.prompt OR o.description IS DISTINCT FROM n.description OR o.type IS DISTINCT FROM n.type OR o.status IS DISTINCT FROM n.status OR o.priority IS DISTINCT FROM n.priority OR o.creator_id IS DISTINCT FROM n.creator_id OR o.assigned_to_user_id IS DISTINCT FROM n.assigned_to_user_id OR o.assigned_to_agent_id IS DISTINCT FROM n.assigned_to_agent_id OR o.assigned_to_desk_id IS DISTINCT FROM n.assigned_to_desk_id OR o.current_agent IS DISTINCT FROM n.current_agent OR o.completed_agents IS DISTINCT FROM n.completed_agents OR o.agent_queue IS DISTINCT FROM n.agent_queue OR o.analysis IS DISTINCT FROM n.analysis OR o.retry_count IS DISTINCT FROM n.retry_count OR o.max_retries IS DISTINCT FROM n.max_retries OR o.error IS DISTINCT FROM n.error OR o.github_issue_number IS DISTINCT FROM n.github_issue_number OR o.github_pr_number IS DISTINCT FROM n.github_pr_number OR o.labels IS DISTINCT FROM n.labels OR o.ai_analysis IS DISTINCT FROM n.ai_analysis OR o.ai_suggestions IS DISTINCT FROM n.ai_suggestions OR o.config IS DISTINCT FROM n.config OR o.result IS DISTINCT FROM n.result OR o.metadata IS DISTINCT FROM n.metadata;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'tasks', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'state_category', 'started_at', 'completed_at', 'status_changed_at', 'search'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_tasks() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_tasks() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_agent_sessions()
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
        SELECT n.tenant_id, 'create', 'agent_sessions', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'duration_ms', 'message_count', 'input_tokens', 'output_tokens', 'cost_usd', 'first_message_id', 'last_message_id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'agent_sessions', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM (SELECT OLD.*) AS o
        CROSS JOIN (SELECT NEW.*) AS n
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'duration_ms', 'message_count', 'input_tokens', 'output_tokens', 'cost_usd', 'first_message_id', 'last_message_id'] || ARRAY['created_at',
                CASE WHEN o.desk_id IS NOT DISTINCT FROM n.desk_id THEN 'desk_id' END,
                CASE WHEN o.agent_id IS NOT DISTINCT FROM n.agent_id THEN 'agent_id' END,
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.started_at IS NOT DISTINCT FROM n.started_at THEN 'started_at' END,
                CASE WHEN o.ended_at IS NOT DISTINCT FROM n.ended_at THEN 'ended_at' END,
                CASE WHEN o.metrics IS NOT DISTINCT FROM n.metrics THEN 'metrics' END,
                CASE WHEN o.state IS NOT DISTINCT FROM n.state THEN 'state' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.desk_id IS DISTINCT FROM n.desk_id OR o.agent_id IS DISTINCT FROM n.agent_id OR o.task_id IS DISTINCT FROM n.task_id OR o.status IS DISTINCT FROM n.status OR o.started_at IS DISTINCT FROM n.started_at OR o.ended_at IS DISTINCT FROM n.ended_at OR o.metrics IS DISTINCT FROM n.metrics OR o.state IS DISTINCT FROM n.state;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'agent_sessions', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'duration_ms', 'message_count', 'input_tokens', 'output_tokens', 'cost_usd', 'first_message_id', 'last_message_id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_agent_sessions() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_agent_sessions() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_approvals()
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
        SELECT n.tenant_id, 'create', 'approvals', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'approvals', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.user_id IS NOT DISTINCT FROM n.user_id THEN 'user_id' END,
                CASE WHEN o.requested_by IS NOT DISTINCT FROM n.requested_by THEN 'requested_by' END,
                CASE WHEN o.decision IS NOT DISTINCT FROM n.decision THEN 'decision' END,
                CASE WHEN o.reason IS NOT DISTINCT FROM n.reason THEN 'reason' END,
                CASE WHEN o.artifact_ids IS NOT DISTINCT FROM n.artifact_ids THEN 'artifact_ids' END,
                CASE WHEN o.decided_at IS NOT DISTINCT FROM n.decided_at THEN 'decided_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.user_id IS DISTINCT FROM n.user_id OR o.requested_by IS DISTINCT FROM n.requested_by OR o.decision IS DISTINCT FROM n.decision OR o.reason IS DISTINCT FROM n.reason OR o.artifact_ids IS DISTINCT FROM n.artifact_ids OR o.decided_at IS DISTINCT FROM n.decided_at;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'approvals', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_approvals() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_approvals() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_artifacts()
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
        SELECT n.tenant_id, 'create', 'artifacts', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'artifacts', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.execution_id IS NOT DISTINCT FROM n.execution_id THEN 'execution_id' END,
                CASE WHEN o.type IS NOT DISTINCT FROM n.type THEN 'type' END,
                CASE WHEN o.path IS NOT DISTINCT FROM n.path THEN 'path' END,
                CASE WHEN o.content IS NOT DISTINCT FROM n.content THEN 'content' END,
                CASE WHEN o.metadata IS NOT DISTINCT FROM n.metadata THEN 'metadata' END,
                CASE WHEN o.approved IS NOT DISTINCT FROM n.approved THEN 'approved' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.execution_id IS DISTINCT FROM n.execution_id OR o.type IS DISTINCT FROM n.type OR o.path IS DISTINCT FROM n.path OR o.content IS DISTINCT FROM n.content OR o.metadata IS DISTINCT FROM n.metadata OR o.approved IS DISTINCT FROM n.approved;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'artifacts', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_artifacts() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_artifacts() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_data_sources()
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
        SELECT n.tenant_id, 'create', 'data_sources', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'credentials'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.knowledge_base_id IS DISTINCT FROM n.knowledge_base_id OR o.name IS DISTINCT FROM n.name OR o.source_type IS DISTINCT FROM n.source_type OR o.location IS DISTINCT FROM n.location OR o.config IS DISTINCT FROM n.config OR o.sync_schedule IS DISTINCT FROM n.sync_schedule OR o.sync_status IS DISTINCT FROM n.sync_status OR o.last_synced_at IS DISTINCT FROM n.last_synced_at OR o.last_error IS DISTINCT FROM n.last_error OR o.credentials IS DISTINCT FROM n.credentials) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'data_sources', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, CASE WHEN o.credentials IS DISTINCT FROM n.credentials THEN jsonb_build_object('secrets_changed', to_jsonb(array_remove(ARRAY[CASE WHEN o.credentials IS DISTINCT FROM n.credentials THEN 'credentials' END], NULL))) END,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'credentials'] || ARRAY['created_at',
                CASE WHEN o.knowledge_base_id IS NOT DISTINCT FROM n.knowledge_base_id THEN 'knowledge_base_id' END,
                CASE WHEN o.name IS NOT DISTINCT FROM n.name THEN 'name' END,
                CASE WHEN o.source_type IS NOT DISTINCT FROM n.source_type THEN 'source_type' END,
                CASE WHEN o.location IS NOT DISTINCT FROM n.location THEN 'location' END,
                CASE WHEN o.config IS NOT DISTINCT FROM n.config THEN 'config' END,
                CASE WHEN o.sync_schedule IS NOT DISTINCT FROM n.sync_schedule THEN 'sync_schedule' END,
                CASE WHEN o.sync_status IS NOT DISTINCT FROM n.sync_status THEN 'sync_status' END,
                CASE WHEN o.last_synced_at IS NOT DISTINCT FROM n.last_synced_at THEN 'last_synced_at' END,
                CASE WHEN o.last_error IS NOT DISTINCT FROM n.last_error THEN 'last_error' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.knowledge_base_id IS DISTINCT FROM n.knowledge_base_id OR o.name IS DISTINCT FROM n.name OR o.source_type IS DISTINCT FROM n.source_type OR o.location IS DISTINCT FROM n.location OR o.config IS DISTINCT FROM n.config OR o.sync_schedule IS DISTINCT FROM n.sync_schedule OR o.sync_status IS DISTINCT FROM n.sync_status OR o.last_synced_at IS DISTINCT FROM n.last_synced_at OR o.last_error IS DISTINCT FROM n.last_error OR o.credentials IS DISTINCT FROM n.credentials;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'data_sources', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'credentials'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_data_sources() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_data_sources() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_delegations()
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
        SELECT n.tenant_id, 'create', 'delegations', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'delegations', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.from_desk_id IS NOT DISTINCT FROM n.from_desk_id THEN 'from_desk_id' END,
                CASE WHEN o.to_desk_id IS NOT DISTINCT FROM n.to_desk_id THEN 'to_desk_id' END,
                CASE WHEN o.reason IS NOT DISTINCT FROM n.reason THEN 'reason' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.answer IS NOT DISTINCT FROM n.answer THEN 'answer' END,
                CASE WHEN o.answered_at IS NOT DISTINCT FROM n.answered_at THEN 'answered_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.from_desk_id IS DISTINCT FROM n.from_desk_id OR o.to_desk_id IS DISTINCT FROM n.to_desk_id OR o.reason IS DISTINCT FROM n.reason OR o.status IS DISTINCT FROM n.status OR o.answer IS DISTINCT FROM n.answer OR o.answered_at IS DISTINCT FROM n.answered_at;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'delegations', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_delegations() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_delegations() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_evidence()
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
        SELECT n.tenant_id, 'create', 'evidence', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'search'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.task_id IS DISTINCT FROM n.task_id OR o.project_id IS DISTINCT FROM n.project_id OR o.source_type IS DISTINCT FROM n.source_type OR o.source IS DISTINCT FROM n.source OR o.title IS DISTINCT FROM n.title OR o.content IS DISTINCT FROM n.content OR o.data IS DISTINCT FROM n.data OR o.credibility_score IS DISTINCT FROM n.credibility_score OR o.is_verified IS DISTINCT FROM n.is_verified OR o.verified_by IS DISTINCT FROM n.verified_by OR o.verified_at IS DISTINCT FROM n.verified_at OR o.tags IS DISTINCT FROM n.tags) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'evidence', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'search'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.project_id IS NOT DISTINCT FROM n.project_id THEN 'project_id' END,
                CASE WHEN o.source_type IS NOT DISTINCT FROM n.source_type THEN 'source_type' END,
                CASE WHEN o.source IS NOT DISTINCT FROM n.source THEN 'source' END,
                CASE WHEN o.title IS NOT DISTINCT FROM n.title THEN 'title' END,
                CASE WHEN o.content IS NOT DISTINCT FROM n.content THEN 'content' END,
                CASE WHEN o.data IS NOT DISTINCT FROM n.data THEN 'data' END,
                CASE WHEN o.credibility_score IS NOT DISTINCT FROM n.credibility_score THEN 'credibility_score' END,
                CASE WHEN o.is_verified IS NOT DISTINCT FROM n.is_verified THEN 'is_verified' END,
                CASE WHEN o.verified_by IS NOT DISTINCT FROM n.verified_by THEN 'verified_by' END,
                CASE WHEN o.verified_at IS NOT DISTINCT FROM n.verified_at THEN 'verified_at' END,
                CASE WHEN o.tags IS NOT DISTINCT FROM n.tags THEN 'tags' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.project_id IS DISTINCT FROM n.project_id OR o.source_type IS DISTINCT FROM n.source_type OR o.source IS DISTINCT FROM n.source OR o.title IS DISTINCT FROM n.title OR o.content IS DISTINCT FROM n.content OR o.data IS DISTINCT FROM n.data OR o.credibility_score IS DISTINCT FROM n.credibility_score OR o.is_verified IS DISTINCT FROM n.is_verified OR o.verified_by IS DISTINCT FROM n.verified_by OR o.verified_at IS DISTINCT FROM n.verified_at OR o.tags IS DISTINCT FROM n.tags;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'evidence', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'search'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_evidence() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_evidence() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_graph_edges()
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
        SELECT n.tenant_id, 'create', 'graph_edges', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'graph_edges', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.label IS NOT DISTINCT FROM n.label THEN 'label' END,
                CASE WHEN o.from_task_id IS NOT DISTINCT FROM n.from_task_id THEN 'from_task_id' END,
                CASE WHEN o.from_agent_id IS NOT DISTINCT FROM n.from_agent_id THEN 'from_agent_id' END,
                CASE WHEN o.from_desk_id IS NOT DISTINCT FROM n.from_desk_id THEN 'from_desk_id' END,
                CASE WHEN o.from_project_id IS NOT DISTINCT FROM n.from_project_id THEN 'from_project_id' END,
                CASE WHEN o.from_node_id IS NOT DISTINCT FROM n.from_node_id THEN 'from_node_id' END,
                CASE WHEN o.to_task_id IS NOT DISTINCT FROM n.to_task_id THEN 'to_task_id' END,
                CASE WHEN o.to_agent_id IS NOT DISTINCT FROM n.to_agent_id THEN 'to_agent_id' END,
                CASE WHEN o.to_desk_id IS NOT DISTINCT FROM n.to_desk_id THEN 'to_desk_id' END,
                CASE WHEN o.to_project_id IS NOT DISTINCT FROM n.to_project_id THEN 'to_project_id' END,
                CASE WHEN o.to_node_id IS NOT DISTINCT FROM n.to_node_id THEN 'to_node_id' END,
                CASE WHEN o.properties IS NOT DISTINCT FROM n.properties THEN 'properties' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.label IS DISTINCT FROM n.label OR o.from_task_id IS DISTINCT FROM n.from_task_id OR o.from_agent_id IS DISTINCT FROM n.from_agent_id OR o.from_desk_id IS DISTINCT FROM n.from_desk_id OR o.from_project_id IS DISTINCT FROM n.from_project_id OR o.from_node_id IS DISTINCT FROM n.from_node_id OR o.to_task_id IS DISTINCT FROM n.to_task_id OR o.to_agent_id IS DISTINCT FROM n.to_agent_id OR o.to_desk_id IS DISTINCT FROM n.to_desk_id OR o.to_project_id IS DISTINCT FROM n.to_project_id OR o.to_node_id IS DISTINCT FROM n.to_node_id OR o.properties IS DISTINCT FROM n.properties;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'graph_edges', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_graph_edges() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_graph_edges() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_lessons()
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
        SELECT n.tenant_id, 'create', 'lessons', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'application_count', 'success_rate', 'search'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id WHERE o.task_id IS DISTINCT FROM n.task_id OR o.category IS DISTINCT FROM n.category OR o.title IS DISTINCT FROM n.title OR o.summary IS DISTINCT FROM n.summary OR o.details IS DISTINCT FROM n.details OR o.tags IS DISTINCT FROM n.tags OR o.source_agent IS DISTINCT FROM n.source_agent OR o.confidence IS DISTINCT FROM n.confidence OR o.human_validated IS DISTINCT FROM n.human_validated OR o.validated_by IS DISTINCT FROM n.validated_by) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'lessons', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'application_count', 'success_rate', 'search'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.category IS NOT DISTINCT FROM n.category THEN 'category' END,
                CASE WHEN o.title IS NOT DISTINCT FROM n.title THEN 'title' END,
                CASE WHEN o.summary IS NOT DISTINCT FROM n.summary THEN 'summary' END,
                CASE WHEN o.details IS NOT DISTINCT FROM n.details THEN 'details' END,
                CASE WHEN o.tags IS NOT DISTINCT FROM n.tags THEN 'tags' END,
                CASE WHEN o.source_agent IS NOT DISTINCT FROM n.source_agent THEN 'source_agent' END,
                CASE WHEN o.confidence IS NOT DISTINCT FROM n.confidence THEN 'confidence' END,
                CASE WHEN o.human_validated IS NOT DISTINCT FROM n.human_validated THEN 'human_validated' END,
                CASE WHEN o.validated_by IS NOT DISTINCT FROM n.validated_by THEN 'validated_by' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.category IS DISTINCT FROM n.category OR o.title IS DISTINCT FROM n.title OR o.summary IS DISTINCT FROM n.summary OR o.details IS DISTINCT FROM n.details OR o.tags IS DISTINCT FROM n.tags OR o.source_agent IS DISTINCT FROM n.source_agent OR o.confidence IS DISTINCT FROM n.confidence OR o.human_validated IS DISTINCT FROM n.human_validated OR o.validated_by IS DISTINCT FROM n.validated_by;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'lessons', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'application_count', 'success_rate', 'search'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_lessons() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_lessons() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_qa_reviews()
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
        SELECT n.tenant_id, 'create', 'qa_reviews', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'qa_reviews', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.stage IS NOT DISTINCT FROM n.stage THEN 'stage' END,
                CASE WHEN o.verdict IS NOT DISTINCT FROM n.verdict THEN 'verdict' END,
                CASE WHEN o.reviewer_user_id IS NOT DISTINCT FROM n.reviewer_user_id THEN 'reviewer_user_id' END,
                CASE WHEN o.reviewer_agent_id IS NOT DISTINCT FROM n.reviewer_agent_id THEN 'reviewer_agent_id' END,
                CASE WHEN o.quality_score IS NOT DISTINCT FROM n.quality_score THEN 'quality_score' END,
                CASE WHEN o.findings IS NOT DISTINCT FROM n.findings THEN 'findings' END,
                CASE WHEN o.comment IS NOT DISTINCT FROM n.comment THEN 'comment' END,
                CASE WHEN o.reviewed_at IS NOT DISTINCT FROM n.reviewed_at THEN 'reviewed_at' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.stage IS DISTINCT FROM n.stage OR o.verdict IS DISTINCT FROM n.verdict OR o.reviewer_user_id IS DISTINCT FROM n.reviewer_user_id OR o.reviewer_agent_id IS DISTINCT FROM n.reviewer_agent_id OR o.quality_score IS DISTINCT FROM n.quality_score OR o.findings IS DISTINCT FROM n.findings OR o.comment IS DISTINCT FROM n.comment OR o.reviewed_at IS DISTINCT FROM n.reviewed_at;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'qa_reviews', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_qa_reviews() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_qa_reviews() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_self_reviews()
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
        SELECT n.tenant_id, 'create', 'self_reviews', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'self_reviews', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.execution_id IS NOT DISTINCT FROM n.execution_id THEN 'execution_id' END,
                CASE WHEN o.agent_type IS NOT DISTINCT FROM n.agent_type THEN 'agent_type' END,
                CASE WHEN o.iteration IS NOT DISTINCT FROM n.iteration THEN 'iteration' END,
                CASE WHEN o.quality_score IS NOT DISTINCT FROM n.quality_score THEN 'quality_score' END,
                CASE WHEN o.completeness_score IS NOT DISTINCT FROM n.completeness_score THEN 'completeness_score' END,
                CASE WHEN o.correctness_score IS NOT DISTINCT FROM n.correctness_score THEN 'correctness_score' END,
                CASE WHEN o.overall_score IS NOT DISTINCT FROM n.overall_score THEN 'overall_score' END,
                CASE WHEN o.gaps IS NOT DISTINCT FROM n.gaps THEN 'gaps' END,
                CASE WHEN o.requirements IS NOT DISTINCT FROM n.requirements THEN 'requirements' END,
                CASE WHEN o.decision IS NOT DISTINCT FROM n.decision THEN 'decision' END,
                CASE WHEN o.reasoning IS NOT DISTINCT FROM n.reasoning THEN 'reasoning' END,
                CASE WHEN o.duration_ms IS NOT DISTINCT FROM n.duration_ms THEN 'duration_ms' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.execution_id IS DISTINCT FROM n.execution_id OR o.agent_type IS DISTINCT FROM n.agent_type OR o.iteration IS DISTINCT FROM n.iteration OR o.quality_score IS DISTINCT FROM n.quality_score OR o.completeness_score IS DISTINCT FROM n.completeness_score OR o.correctness_score IS DISTINCT FROM n.correctness_score OR o.overall_score IS DISTINCT FROM n.overall_score OR o.gaps IS DISTINCT FROM n.gaps OR o.requirements IS DISTINCT FROM n.requirements OR o.decision IS DISTINCT FROM n.decision OR o.reasoning IS DISTINCT FROM n.reasoning OR o.duration_ms IS DISTINCT FROM n.duration_ms;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'self_reviews', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_self_reviews() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_self_reviews() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_task_checkpoints()
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
        SELECT n.tenant_id, 'create', 'task_checkpoints', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'task_checkpoints', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.state IS NOT DISTINCT FROM n.state THEN 'state' END,
                CASE WHEN o.data IS NOT DISTINCT FROM n.data THEN 'data' END,
                CASE WHEN o.artifacts IS NOT DISTINCT FROM n.artifacts THEN 'artifacts' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.state IS DISTINCT FROM n.state OR o.data IS DISTINCT FROM n.data OR o.artifacts IS DISTINCT FROM n.artifacts;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'task_checkpoints', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_task_checkpoints() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_task_checkpoints() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_task_comments()
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
        SELECT n.tenant_id, 'create', 'task_comments', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'task_comments', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.author_id IS NOT DISTINCT FROM n.author_id THEN 'author_id' END,
                CASE WHEN o.agent_id IS NOT DISTINCT FROM n.agent_id THEN 'agent_id' END,
                CASE WHEN o.content IS NOT DISTINCT FROM n.content THEN 'content' END,
                CASE WHEN o.is_ai_generated IS NOT DISTINCT FROM n.is_ai_generated THEN 'is_ai_generated' END,
                CASE WHEN o.ai_metadata IS NOT DISTINCT FROM n.ai_metadata THEN 'ai_metadata' END,
                CASE WHEN o.github_comment_id IS NOT DISTINCT FROM n.github_comment_id THEN 'github_comment_id' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.author_id IS DISTINCT FROM n.author_id OR o.agent_id IS DISTINCT FROM n.agent_id OR o.content IS DISTINCT FROM n.content OR o.is_ai_generated IS DISTINCT FROM n.is_ai_generated OR o.ai_metadata IS DISTINCT FROM n.ai_metadata OR o.github_comment_id IS DISTINCT FROM n.github_comment_id;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'task_comments', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_task_comments() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_task_comments() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_task_dependencies()
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
        SELECT n.tenant_id, 'create', 'task_dependencies', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'task_dependencies', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.depends_on_id IS NOT DISTINCT FROM n.depends_on_id THEN 'depends_on_id' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.depends_on_id IS DISTINCT FROM n.depends_on_id;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'task_dependencies', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_task_dependencies() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_task_dependencies() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.agent_executions_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, agent_id uuid, agent_type text, task_id uuid, project_id uuid, session_id uuid, evidence_id uuid, input jsonb, output jsonb, status text, error text, model_provider text, model_name text, input_tokens integer, output_tokens integer, cost_usd numeric, started_at timestamp with time zone, completed_at timestamp with time zone, duration_ms bigint, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.agent_executions.tenant_id, tenantry.agent_executions.id, tenantry.agent_executions.agent_id, tenantry.agent_executions.agent_type, tenantry.agent_executions.task_id, tenantry.agent_executions.project_id, tenantry.agent_executions.session_id, tenantry.agent_executions.evidence_id, tenantry.agent_executions.input, tenantry.agent_executions.output, tenantry.agent_executions.status, tenantry.agent_executions.error, tenantry.agent_executions.model_provider, tenantry.agent_executions.model_name, tenantry.agent_executions.input_tokens, tenantry.agent_executions.output_tokens, tenantry.agent_executions.cost_usd, tenantry.agent_executions.started_at, tenantry.agent_executions.completed_at, tenantry.agent_executions.duration_ms, tenantry.agent_executions.metadata, tenantry.agent_executions.created_at, tenantry.agent_executions.updated_at
FROM tenantry.agent_executions
WHERE tenantry.agent_executions.tenant_id = $1::UUID AND tenantry.agent_executions.id = $2::UUID;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.agent_executions_get(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.agent_executions_get(uuid, uuid) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.agent_executions_newest(uuid, uuid, bigint)
 RETURNS TABLE(tenant_id uuid, id uuid, agent_id uuid, agent_type text, task_id uuid, project_id uuid, session_id uuid, evidence_id uuid, input jsonb, output jsonb, status text, error text, model_provider text, model_name text, input_tokens integer, output_tokens integer, cost_usd numeric, started_at timestamp with time zone, completed_at timestamp with time zone, duration_ms bigint, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.agent_executions.tenant_id, tenantry.agent_executions.id, tenantry.agent_executions.agent_id, tenantry.agent_executions.agent_type, tenantry.agent_executions.task_id, tenantry.agent_executions.project_id, tenantry.agent_executions.session_id, tenantry.agent_executions.evidence_id, tenantry.agent_executions.input, tenantry.agent_executions.output, tenantry.agent_executions.status, tenantry.agent_executions.error, tenantry.agent_executions.model_provider, tenantry.agent_executions.model_name, tenantry.agent_executions.input_tokens, tenantry.agent_executions.output_tokens, tenantry.agent_executions.cost_usd, tenantry.agent_executions.started_at, tenantry.agent_executions.completed_at, tenantry.agent_executions.duration_ms, tenantry.agent_executions.metadata, tenantry.agent_executions.created_at, tenantry.agent_executions.updated_at
FROM tenantry.agent_executions
WHERE tenantry.agent_executions.tenant_id = $1::UUID AND tenantry.agent_executions.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.agent_executions.id DESC
 LIMIT $3::INTEGER;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.agent_executions_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.agent_executions_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_conversations()
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
        SELECT n.tenant_id, 'create', 'conversations', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id', 'message_count', 'first_message_id', 'last_message_id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'conversations', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM (SELECT OLD.*) AS o
        CROSS JOIN (SELECT NEW.*) AS n
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id', 'message_count', 'first_message_id', 'last_message_id'] || ARRAY['created_at',
                CASE WHEN o.business_id IS NOT DISTINCT FROM n.business_id THEN 'business_id' END,
                CASE WHEN o.project_id IS NOT DISTINCT FROM n.project_id THEN 'project_id' END,
                CASE WHEN o.session_id IS NOT DISTINCT FROM n.session_id THEN 'session_id' END,
                CASE WHEN o.user_id IS NOT DISTINCT FROM n.user_id THEN 'user_id' END,
                CASE WHEN o.title IS NOT DISTINCT FROM n.title THEN 'title' END,
                CASE WHEN o.metadata IS NOT DISTINCT FROM n.metadata THEN 'metadata' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.business_id IS DISTINCT FROM n.business_id OR o.project_id IS DISTINCT FROM n.project_id OR o.session_id IS DISTINCT FROM n.session_id OR o.user_id IS DISTINCT FROM n.user_id OR o.title IS DISTINCT FROM n.title OR o.metadata IS DISTINCT FROM n.metadata;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'conversations', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id', 'message_count', 'first_message_id', 'last_message_id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_conversations() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_conversations() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_documents()
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
        SELECT n.tenant_id, 'create', 'documents', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'documents', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.knowledge_base_id IS NOT DISTINCT FROM n.knowledge_base_id THEN 'knowledge_base_id' END,
                CASE WHEN o.data_source_id IS NOT DISTINCT FROM n.data_source_id THEN 'data_source_id' END,
                CASE WHEN o.uri IS NOT DISTINCT FROM n.uri THEN 'uri' END,
                CASE WHEN o.title IS NOT DISTINCT FROM n.title THEN 'title' END,
                CASE WHEN o.content_type IS NOT DISTINCT FROM n.content_type THEN 'content_type' END,
                CASE WHEN o.checksum IS NOT DISTINCT FROM n.checksum THEN 'checksum' END,
                CASE WHEN o.size_bytes IS NOT DISTINCT FROM n.size_bytes THEN 'size_bytes' END,
                CASE WHEN o.status IS NOT DISTINCT FROM n.status THEN 'status' END,
                CASE WHEN o.metadata IS NOT DISTINCT FROM n.metadata THEN 'metadata' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.knowledge_base_id IS DISTINCT FROM n.knowledge_base_id OR o.data_source_id IS DISTINCT FROM n.data_source_id OR o.uri IS DISTINCT FROM n.uri OR o.title IS DISTINCT FROM n.title OR o.content_type IS DISTINCT FROM n.content_type OR o.checksum IS DISTINCT FROM n.checksum OR o.size_bytes IS DISTINCT FROM n.size_bytes OR o.status IS DISTINCT FROM n.status OR o.metadata IS DISTINCT FROM n.metadata;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'documents', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_documents() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_documents() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_evidence_links()
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
        SELECT n.tenant_id, 'create', 'evidence_links', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'evidence_links', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.evidence_id IS NOT DISTINCT FROM n.evidence_id THEN 'evidence_id' END,
                CASE WHEN o.kind IS NOT DISTINCT FROM n.kind THEN 'kind' END,
                CASE WHEN o.target_type IS NOT DISTINCT FROM n.target_type THEN 'target_type' END,
                CASE WHEN o.target_id IS NOT DISTINCT FROM n.target_id THEN 'target_id' END,
                CASE WHEN o.note IS NOT DISTINCT FROM n.note THEN 'note' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.evidence_id IS DISTINCT FROM n.evidence_id OR o.kind IS DISTINCT FROM n.kind OR o.target_type IS DISTINCT FROM n.target_type OR o.target_id IS DISTINCT FROM n.target_id OR o.note IS DISTINCT FROM n.note;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'evidence_links', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_evidence_links() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_evidence_links() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_task_attachments()
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
        SELECT n.tenant_id, 'create', 'task_attachments', n.id, NULL, to_jsonb(n) - ARRAY['updated_at', 'tenant_id', 'id'], NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM new_rows AS n CROSS JOIN tenantry.acting() AS a;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT n.tenant_id, 'update', 'task_attachments', n.id, to_jsonb(o) - same.names, to_jsonb(n) - same.names, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY['updated_at', 'tenant_id', 'id'] || ARRAY['created_at',
                CASE WHEN o.task_id IS NOT DISTINCT FROM n.task_id THEN 'task_id' END,
                CASE WHEN o.filename IS NOT DISTINCT FROM n.filename THEN 'filename' END,
                CASE WHEN o.storage_path IS NOT DISTINCT FROM n.storage_path THEN 'storage_path' END,
                CASE WHEN o.content_type IS NOT DISTINCT FROM n.content_type THEN 'content_type' END,
                CASE WHEN o.size_bytes IS NOT DISTINCT FROM n.size_bytes THEN 'size_bytes' END,
                CASE WHEN o.checksum IS NOT DISTINCT FROM n.checksum THEN 'checksum' END,
                CASE WHEN o.is_evidence IS NOT DISTINCT FROM n.is_evidence THEN 'is_evidence' END,
                CASE WHEN o.evidence_id IS NOT DISTINCT FROM n.evidence_id THEN 'evidence_id' END,
                CASE WHEN o.uploaded_by IS NOT DISTINCT FROM n.uploaded_by THEN 'uploaded_by' END] AS names) AS same CROSS JOIN tenantry.acting() AS a
        WHERE o.task_id IS DISTINCT FROM n.task_id OR o.filename IS DISTINCT FROM n.filename OR o.storage_path IS DISTINCT FROM n.storage_path OR o.content_type IS DISTINCT FROM n.content_type OR o.size_bytes IS DISTINCT FROM n.size_bytes OR o.checksum IS DISTINCT FROM n.checksum OR o.is_evidence IS DISTINCT FROM n.is_evidence OR o.evidence_id IS DISTINCT FROM n.evidence_id OR o.uploaded_by IS DISTINCT FROM n.uploaded_by;
    ELSE
        INSERT INTO tenantry.audit_logs (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason)
        SELECT o.tenant_id, 'delete', 'task_attachments', o.id, to_jsonb(o) - ARRAY['updated_at', 'tenant_id', 'id'], NULL, NULL,
            a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason
        FROM old_rows AS o CROSS JOIN tenantry.acting() AS a;
    END IF;
    RETURN NULL;
END
$function$""",
    r"""ALTER FUNCTION tenantry.audit_task_attachments() OWNER TO tenantry_audit""",
    r"""REVOKE ALL ON FUNCTION tenantry.audit_task_attachments() FROM PUBLIC""",
    r"""CREATE OR REPLACE FUNCTION tenantry.audit_chunks()
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
    r"""CREATE OR REPLACE FUNCTION tenantry.messages_get(uuid, uuid)
 RETURNS TABLE(tenant_id uuid, id uuid, conversation_id uuid, session_id uuid, role text, content text, tool_calls jsonb, tool_call_id text, tool_result jsonb, model text, input_tokens integer, output_tokens integer, cost_usd numeric, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.messages.tenant_id, tenantry.messages.id, tenantry.messages.conversation_id, tenantry.messages.session_id, tenantry.messages.role, tenantry.messages.content, tenantry.messages.tool_calls, tenantry.messages.tool_call_id, tenantry.messages.tool_result, tenantry.messages.model, tenantry.messages.input_tokens, tenantry.messages.output_tokens, tenantry.messages.cost_usd, tenantry.messages.metadata, tenantry.messages.created_at, tenantry.messages.updated_at
FROM tenantry.messages
WHERE tenantry.messages.tenant_id = $1::UUID AND tenantry.messages.id = $2::UUID;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.messages_get(uuid, uuid) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.messages_get(uuid, uuid) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.messages_newest(uuid, uuid, bigint)
 RETURNS TABLE(tenant_id uuid, id uuid, conversation_id uuid, session_id uuid, role text, content text, tool_calls jsonb, tool_call_id text, tool_result jsonb, model text, input_tokens integer, output_tokens integer, cost_usd numeric, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    RETURN QUERY
    SELECT tenantry.messages.tenant_id, tenantry.messages.id, tenantry.messages.conversation_id, tenantry.messages.session_id, tenantry.messages.role, tenantry.messages.content, tenantry.messages.tool_calls, tenantry.messages.tool_call_id, tenantry.messages.tool_result, tenantry.messages.model, tenantry.messages.input_tokens, tenantry.messages.output_tokens, tenantry.messages.cost_usd, tenantry.messages.metadata, tenantry.messages.created_at, tenantry.messages.updated_at
FROM tenantry.messages
WHERE tenantry.messages.tenant_id = $1::UUID AND tenantry.messages.id < coalesce($2::UUID, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY tenantry.messages.id DESC
 LIMIT $3::INTEGER;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.messages_newest(uuid, uuid, bigint) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.messages_newest(uuid, uuid, bigint) TO tenantry_app, tenantry_readonly""",
    r"""CREATE OR REPLACE FUNCTION tenantry.messages_append(uuid, uuid, uuid, uuid, text, text, jsonb, text, jsonb, text, integer, integer, numeric, jsonb, timestamp with time zone, timestamp with time zone, uuid, text)
 RETURNS TABLE(tenant_id uuid, id uuid, conversation_id uuid, session_id uuid, role text, content text, tool_calls jsonb, tool_call_id text, tool_result jsonb, model text, input_tokens integer, output_tokens integer, cost_usd numeric, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    before_user_id text := coalesce(pg_catalog.current_setting('app.user_id', true), '');
    before_actor text := coalesce(pg_catalog.current_setting('app.actor', true), '');
    during text;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    IF before_user_id <> coalesce($17::text, '') THEN during := pg_catalog.set_config('app.user_id', coalesce($17::text, ''), true); END IF;
    IF before_actor <> coalesce($18::text, '') THEN during := pg_catalog.set_config('app.actor', coalesce($18::text, ''), true); END IF;
    RETURN QUERY
    INSERT INTO tenantry.messages (tenant_id, id, conversation_id, session_id, role, content, tool_calls, tool_call_id, tool_result, model, input_tokens, output_tokens, cost_usd, metadata, created_at, updated_at) VALUES ($1::UUID, coalesce($2::UUID, tenantry.uuidv7()), $3::UUID, $4::UUID, $5::VARCHAR, coalesce($6::VARCHAR, ''), $7::JSONB, $8::VARCHAR, $9::JSONB, $10::VARCHAR, coalesce($11::INTEGER, 0), coalesce($12::INTEGER, 0), coalesce($13::NUMERIC(14, 6), 0), coalesce($14::JSONB, '{}'::jsonb), coalesce($15::TIMESTAMP WITH TIME ZONE, now()), coalesce($16::TIMESTAMP WITH TIME ZONE, now())) RETURNING tenantry.messages.tenant_id, tenantry.messages.id, tenantry.messages.conversation_id, tenantry.messages.session_id, tenantry.messages.role, tenantry.messages.content, tenantry.messages.tool_calls, tenantry.messages.tool_call_id, tenantry.messages.tool_result, tenantry.messages.model, tenantry.messages.input_tokens, tenantry.messages.output_tokens, tenantry.messages.cost_usd, tenantry.messages.metadata, tenantry.messages.created_at, tenantry.messages.updated_at;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
    IF before_user_id <> coalesce($17::text, '') THEN during := pg_catalog.set_config('app.user_id', before_user_id, true); END IF;
    IF before_actor <> coalesce($18::text, '') THEN during := pg_catalog.set_config('app.actor', before_actor, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.messages_append(uuid, uuid, uuid, uuid, text, text, jsonb, text, jsonb, text, integer, integer, numeric, jsonb, timestamp with time zone, timestamp with time zone, uuid, text) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.messages_append(uuid, uuid, uuid, uuid, text, text, jsonb, text, jsonb, text, integer, integer, numeric, jsonb, timestamp with time zone, timestamp with time zone, uuid, text) TO tenantry_app""",
    r"""CREATE OR REPLACE FUNCTION tenantry.messages_by_conversation(tenant uuid, parent uuid, beyond uuid, many integer, oldest_first boolean)
 RETURNS TABLE(tenant_id uuid, id uuid, conversation_id uuid, session_id uuid, role text, content text, tool_calls jsonb, tool_call_id text, tool_result jsonb, model text, input_tokens integer, output_tokens integer, cost_usd numeric, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
    total bigint;
    first_id uuid;
    last_id uuid;
    near uuid;
    far uuid;
    span bigint;
    width bigint;
    wanted integer := many;
    got integer;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    SELECT p.message_count, p.first_message_id, p.last_message_id INTO total, first_id, last_id
    FROM tenantry.conversations AS p WHERE p.tenant_id = $1 AND p.id = $2;
    -- A third more than the time in which as many rows fall on average: each partition has its price.
    span := tenantry.milliseconds_of(last_id) - tenantry.milliseconds_of(first_id) + 1;
    width := least(span, span * 1.3 * many / total + 1);
    near := CASE WHEN oldest_first THEN greatest(first_id, beyond) ELSE least(last_id, beyond) END;
    WHILE wanted > 0 AND CASE WHEN oldest_first THEN near <= last_id ELSE near >= first_id END LOOP
        IF oldest_first THEN
            far := least(last_id, tenantry.uuid_of(tenantry.milliseconds_of(near) + width));
            RETURN QUERY SELECT m.tenant_id, m.id, m.conversation_id, m.session_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.tool_result, m.model, m.input_tokens, m.output_tokens, m.cost_usd, m.metadata, m.created_at, m.updated_at FROM tenantry.messages AS m
                WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.id >= near AND m.id <= far AND m.id IS DISTINCT FROM beyond
                ORDER BY m.id ASC LIMIT wanted;
            EXIT WHEN far >= last_id;
        ELSE
            far := greatest(first_id, tenantry.uuid_of(tenantry.milliseconds_of(near) - width));
            RETURN QUERY SELECT m.tenant_id, m.id, m.conversation_id, m.session_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.tool_result, m.model, m.input_tokens, m.output_tokens, m.cost_usd, m.metadata, m.created_at, m.updated_at FROM tenantry.messages AS m
                WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.id <= near AND m.id >= far AND m.id IS DISTINCT FROM beyond
                ORDER BY m.id DESC LIMIT wanted;
            EXIT WHEN far <= first_id;
        END IF;
        GET DIAGNOSTICS got = ROW_COUNT;
        wanted := wanted - got;
        near := far;
        beyond := far;
        width := least(span, width * 4);
    END LOOP;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.messages_by_conversation(uuid, uuid, uuid, integer, boolean) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.messages_by_conversation(uuid, uuid, uuid, integer, boolean) TO tenantry_app, tenantry_readonly, tenantry_service""",
    r"""CREATE OR REPLACE FUNCTION tenantry.messages_by_session(tenant uuid, parent uuid, beyond uuid, many integer, oldest_first boolean)
 RETURNS TABLE(tenant_id uuid, id uuid, conversation_id uuid, session_id uuid, role text, content text, tool_calls jsonb, tool_call_id text, tool_result jsonb, model text, input_tokens integer, output_tokens integer, cost_usd numeric, metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time zone)
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
    before_tenant_id text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
    total bigint;
    first_id uuid;
    last_id uuid;
    near uuid;
    far uuid;
    span bigint;
    width bigint;
    wanted integer := many;
    got integer;
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', coalesce($1::text, ''), true); END IF;
    SELECT p.message_count, p.first_message_id, p.last_message_id INTO total, first_id, last_id
    FROM tenantry.agent_sessions AS p WHERE p.tenant_id = $1 AND p.id = $2;
    -- A third more than the time in which as many rows fall on average: each partition has its price.
    span := tenantry.milliseconds_of(last_id) - tenantry.milliseconds_of(first_id) + 1;
    width := least(span, span * 1.3 * many / total + 1);
    near := CASE WHEN oldest_first THEN greatest(first_id, beyond) ELSE least(last_id, beyond) END;
    WHILE wanted > 0 AND CASE WHEN oldest_first THEN near <= last_id ELSE near >= first_id END LOOP
        IF oldest_first THEN
            far := least(last_id, tenantry.uuid_of(tenantry.milliseconds_of(near) + width));
            RETURN QUERY SELECT m.tenant_id, m.id, m.conversation_id, m.session_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.tool_result, m.model, m.input_tokens, m.output_tokens, m.cost_usd, m.metadata, m.created_at, m.updated_at FROM tenantry.messages AS m
                WHERE m.tenant_id = $1 AND m.session_id = $2 AND m.id >= near AND m.id <= far AND m.id IS DISTINCT FROM beyond
                ORDER BY m.id ASC LIMIT wanted;
            EXIT WHEN far >= last_id;
        ELSE
            far := greatest(first_id, tenantry.uuid_of(tenantry.milliseconds_of(near) - width));
            RETURN QUERY SELECT m.tenant_id, m.id, m.conversation_id, m.session_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.tool_result, m.model, m.input_tokens, m.output_tokens, m.cost_usd, m.metadata, m.created_at, m.updated_at FROM tenantry.messages AS m
                WHERE m.tenant_id = $1 AND m.session_id = $2 AND m.id <= near AND m.id >= far AND m.id IS DISTINCT FROM beyond
                ORDER BY m.id DESC LIMIT wanted;
            EXIT WHEN far <= first_id;
        END IF;
        GET DIAGNOSTICS got = ROW_COUNT;
        wanted := wanted - got;
        near := far;
        beyond := far;
        width := least(span, width * 4);
    END LOOP;
    IF before_tenant_id <> coalesce($1::text, '') THEN during := pg_catalog.set_config('app.tenant_id', before_tenant_id, true); END IF;
END
$function$""",
    r"""REVOKE ALL ON FUNCTION tenantry.messages_by_session(uuid, uuid, uuid, integer, boolean) FROM PUBLIC""",
    r"""GRANT EXECUTE ON FUNCTION tenantry.messages_by_session(uuid, uuid, uuid, integer, boolean) TO tenantry_app, tenantry_readonly, tenantry_service""",
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
    r"""CREATE TABLE tenantry.graph_queries (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    text text NOT NULL,
    result_columns jsonb NOT NULL,
    parameters jsonb DEFAULT '[]'::jsonb NOT NULL,
    literals jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.model_prices (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    input_price numeric(12,6) NOT NULL,
    output_price numeric(12,6) NOT NULL,
    cached_input_price numeric(12,6),
    valid_from timestamp with time zone DEFAULT now() NOT NULL,
    valid_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
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
    r"""CREATE TABLE tenantry.seal_keys (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.sign_in_attempts (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name_hash bytea NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    locked_until timestamp with time zone
)""",
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
    r"""CREATE TABLE tenantry.activity_feed (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    activity_type text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    project_id uuid,
    task_id uuid,
    user_id uuid,
    agent_id uuid,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
) PARTITION BY RANGE (id)""",
    r"""CREATE TABLE tenantry.agents (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    agent_type text NOT NULL,
    description text,
    model_provider text,
    model_name text,
    capabilities jsonb DEFAULT '{}'::jsonb NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    tags jsonb DEFAULT '[]'::jsonb NOT NULL,
    version text DEFAULT '1.0.0'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    is_experimental boolean DEFAULT false NOT NULL,
    success_rate double precision,
    avg_execution_time_ms double precision,
    execution_count bigint DEFAULT 0 NOT NULL,
    success_count bigint DEFAULT 0 NOT NULL,
    timed_count bigint DEFAULT 0 NOT NULL,
    total_execution_ms bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.cost_entries (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    desk_id uuid,
    agent_id uuid,
    task_id uuid,
    session_id uuid,
    execution_id uuid,
    provider text DEFAULT ''::text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    input_tokens integer DEFAULT 0 NOT NULL,
    output_tokens integer DEFAULT 0 NOT NULL,
    cached_tokens integer DEFAULT 0 NOT NULL,
    cost_usd numeric(14,6),
    billing_month date NOT NULL,
    description text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
) PARTITION BY RANGE (id)""",
    r"""CREATE TABLE tenantry.graph_nodes (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    label text NOT NULL,
    properties jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.lock_fences (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
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
    r"""CREATE TABLE tenantry.outbox_events (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    topic text NOT NULL,
    key text,
    payload jsonb NOT NULL,
    size integer GENERATED ALWAYS AS (octet_length((payload)::text)) STORED,
    "position" bigint NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    retry_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.patterns (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    type text NOT NULL,
    agent_type text,
    pattern jsonb NOT NULL,
    frequency integer DEFAULT 1 NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.tenant_holds (
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    tenant_id uuid NOT NULL,
    reason text NOT NULL,
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
    r"""CREATE TABLE tenantry.workflows (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    description text,
    stages jsonb NOT NULL,
    transition_rules jsonb NOT NULL,
    initial_stage text NOT NULL,
    qa_pipeline jsonb DEFAULT '{}'::jsonb NOT NULL,
    retry_rule jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    is_builtin boolean DEFAULT false NOT NULL,
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
    successor_id uuid,
    last_used_at timestamp with time zone,
    use_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.businesses (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    user_id uuid,
    name text NOT NULL,
    industry text,
    stage text DEFAULT 'idea'::text NOT NULL,
    context jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.desks (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    code text NOT NULL,
    title text NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    reports_to_id uuid,
    path ltree NOT NULL,
    llm_provider text,
    llm_model text,
    llm_config jsonb DEFAULT '{}'::jsonb NOT NULL,
    capabilities jsonb DEFAULT '[]'::jsonb NOT NULL,
    skills jsonb DEFAULT '[]'::jsonb NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    agent_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.invitations (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    email text NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    token_hash bytea NOT NULL,
    invited_by uuid,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    accepted_by uuid,
    revoked_at timestamp with time zone,
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
    r"""CREATE TABLE tenantry.knowledge_bases (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    name text NOT NULL,
    description text,
    desk_id uuid,
    embedding_provider text,
    embedding_model text,
    embedding_dimensions integer,
    embedding_config jsonb DEFAULT '{}'::jsonb NOT NULL,
    vector_store text DEFAULT 'pgvector'::text NOT NULL,
    vector_store_config jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.tasks (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    project_id uuid,
    parent_id uuid,
    workflow_id uuid NOT NULL,
    title text NOT NULL,
    prompt text DEFAULT ''::text NOT NULL,
    description text,
    type text DEFAULT 'task'::text NOT NULL,
    status text NOT NULL,
    state_category text NOT NULL,
    priority text DEFAULT 'medium'::text NOT NULL,
    creator_id uuid,
    assigned_to_user_id uuid,
    assigned_to_agent_id uuid,
    assigned_to_desk_id uuid,
    current_agent text,
    completed_agents jsonb DEFAULT '[]'::jsonb NOT NULL,
    agent_queue jsonb DEFAULT '[]'::jsonb NOT NULL,
    analysis jsonb,
    retry_count integer DEFAULT 0 NOT NULL,
    max_retries integer DEFAULT 3 NOT NULL,
    error jsonb,
    github_issue_number integer,
    github_pr_number integer,
    labels jsonb DEFAULT '[]'::jsonb NOT NULL,
    ai_analysis jsonb,
    ai_suggestions jsonb DEFAULT '[]'::jsonb NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    result jsonb,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    status_changed_at timestamp with time zone DEFAULT now() NOT NULL,
    search tsvector GENERATED ALWAYS AS ((setweight(to_tsvector('english'::regconfig, title), 'A'::"char") || setweight(to_tsvector('english'::regconfig, COALESCE(description, ''::text)), 'B'::"char"))) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.agent_sessions (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    desk_id uuid,
    agent_id uuid,
    task_id uuid,
    status text DEFAULT 'active'::text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    duration_ms bigint,
    message_count integer DEFAULT 0 NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cost_usd numeric(14,6) DEFAULT 0 NOT NULL,
    first_message_id uuid,
    last_message_id uuid,
    metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    state jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.approvals (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    user_id uuid,
    requested_by text,
    decision text DEFAULT 'pending'::text NOT NULL,
    reason text,
    artifact_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    decided_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.artifacts (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    execution_id uuid,
    type text NOT NULL,
    path text NOT NULL,
    content text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    approved boolean,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.data_sources (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    knowledge_base_id uuid NOT NULL,
    name text NOT NULL,
    source_type text NOT NULL,
    location text,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    credentials bytea,
    sync_schedule text,
    sync_status text DEFAULT 'idle'::text NOT NULL,
    last_synced_at timestamp with time zone,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.delegations (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    from_desk_id uuid,
    to_desk_id uuid NOT NULL,
    reason text,
    status text DEFAULT 'offered'::text NOT NULL,
    answer text,
    answered_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.evidence (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid,
    project_id uuid,
    source_type text NOT NULL,
    source text,
    title text DEFAULT ''::text NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    credibility_score double precision DEFAULT 0.5 NOT NULL,
    is_verified boolean DEFAULT false NOT NULL,
    verified_by uuid,
    verified_at timestamp with time zone,
    tags jsonb DEFAULT '[]'::jsonb NOT NULL,
    search tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, ((title || ' '::text) || content))) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.graph_edges (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    label text NOT NULL,
    from_task_id uuid,
    from_agent_id uuid,
    from_desk_id uuid,
    from_project_id uuid,
    from_node_id uuid,
    to_task_id uuid,
    to_agent_id uuid,
    to_desk_id uuid,
    to_project_id uuid,
    to_node_id uuid,
    properties jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.lessons (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid,
    category text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    details text,
    tags jsonb DEFAULT '[]'::jsonb NOT NULL,
    source_agent text,
    confidence double precision DEFAULT 0.5 NOT NULL,
    application_count integer DEFAULT 0 NOT NULL,
    success_rate double precision,
    human_validated boolean DEFAULT false NOT NULL,
    validated_by uuid,
    search tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, ((((title || ' '::text) || summary) || ' '::text) || COALESCE(details, ''::text)))) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.qa_reviews (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    stage text NOT NULL,
    verdict text DEFAULT 'pending'::text NOT NULL,
    reviewer_user_id uuid,
    reviewer_agent_id uuid,
    quality_score double precision,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    comment text,
    reviewed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.self_reviews (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    execution_id uuid,
    agent_type text NOT NULL,
    iteration integer DEFAULT 1 NOT NULL,
    quality_score double precision NOT NULL,
    completeness_score double precision NOT NULL,
    correctness_score double precision NOT NULL,
    overall_score double precision NOT NULL,
    gaps jsonb DEFAULT '[]'::jsonb NOT NULL,
    requirements jsonb DEFAULT '[]'::jsonb NOT NULL,
    decision text NOT NULL,
    reasoning text,
    duration_ms integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.task_checkpoints (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    state text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    artifacts jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.task_comments (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    author_id uuid,
    agent_id uuid,
    content text NOT NULL,
    is_ai_generated boolean DEFAULT false NOT NULL,
    ai_metadata jsonb,
    github_comment_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.task_dependencies (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    depends_on_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.agent_executions (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    agent_id uuid,
    agent_type text,
    task_id uuid,
    project_id uuid,
    session_id uuid,
    evidence_id uuid,
    input jsonb DEFAULT '{}'::jsonb NOT NULL,
    output jsonb,
    status text DEFAULT 'running'::text NOT NULL,
    error text,
    model_provider text,
    model_name text,
    input_tokens integer DEFAULT 0 NOT NULL,
    output_tokens integer DEFAULT 0 NOT NULL,
    cost_usd numeric(14,6) DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    duration_ms bigint,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
) PARTITION BY RANGE (id)""",
    r"""CREATE TABLE tenantry.conversations (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    business_id uuid,
    project_id uuid,
    session_id uuid,
    user_id uuid,
    title text,
    message_count integer DEFAULT 0 NOT NULL,
    first_message_id uuid,
    last_message_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.documents (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    knowledge_base_id uuid NOT NULL,
    data_source_id uuid,
    uri text NOT NULL,
    title text,
    content_type text,
    checksum text,
    size_bytes bigint,
    status text DEFAULT 'pending'::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.evidence_links (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    evidence_id uuid NOT NULL,
    kind text NOT NULL,
    target_type text DEFAULT 'evidence'::text NOT NULL,
    target_id uuid NOT NULL,
    note text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.task_attachments (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    task_id uuid NOT NULL,
    filename text NOT NULL,
    storage_path text NOT NULL,
    content_type text,
    size_bytes bigint,
    checksum text,
    is_evidence boolean DEFAULT false NOT NULL,
    evidence_id uuid,
    uploaded_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.chunks (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    document_id uuid NOT NULL,
    ordinal integer NOT NULL,
    content text NOT NULL,
    token_count integer,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    search tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, content)) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
)""",
    r"""CREATE TABLE tenantry.messages (
    tenant_id uuid DEFAULT tenantry.current_tenant_id() NOT NULL,
    id uuid DEFAULT tenantry.uuidv7() NOT NULL,
    conversation_id uuid,
    session_id uuid,
    role text NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    tool_calls jsonb,
    tool_call_id text,
    tool_result jsonb,
    model text,
    input_tokens integer DEFAULT 0 NOT NULL,
    output_tokens integer DEFAULT 0 NOT NULL,
    cost_usd numeric(14,6) DEFAULT 0 NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
) PARTITION BY RANGE (id)""",
    r"""ALTER TABLE tenantry.outbox_events SET (autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=20000, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000)""",
    r"""ALTER TABLE tenantry.audit_logs ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.audit_seals ADD CONSTRAINT audit_seals_tenant_id_sequence_key UNIQUE (tenant_id, sequence)""",
    r"""ALTER TABLE tenantry.graph_queries ADD CONSTRAINT graph_queries_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.graph_queries ADD CONSTRAINT graph_queries_name_key UNIQUE (name)""",
    r"""ALTER TABLE tenantry.model_prices ADD CONSTRAINT model_prices_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.model_prices ADD CONSTRAINT model_prices_provider_model_valid_from_key UNIQUE (provider, model, valid_from)""",
    r"""ALTER TABLE tenantry.platform_log ADD CONSTRAINT platform_log_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.platform_seals ADD CONSTRAINT platform_seals_sequence_key UNIQUE (sequence)""",
    r"""ALTER TABLE tenantry.seal_keys ADD CONSTRAINT seal_keys_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.seal_keys ADD CONSTRAINT seal_keys_name_key UNIQUE (name)""",
    r"""ALTER TABLE tenantry.sign_in_attempts ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.sign_in_attempts ADD CONSTRAINT sign_in_attempts_name_hash_key UNIQUE (name_hash)""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_slug_key UNIQUE (slug)""",
    r"""ALTER TABLE tenantry.user_identities ADD CONSTRAINT user_identities_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.user_identities ADD CONSTRAINT user_identities_provider_subject_key UNIQUE (provider, subject)""",
    r"""ALTER TABLE tenantry.activity_feed ADD CONSTRAINT activity_feed_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.agents ADD CONSTRAINT agents_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.agents ADD CONSTRAINT agents_tenant_id_name_agent_type_key UNIQUE (tenant_id, name, agent_type)""",
    r"""ALTER TABLE tenantry.cost_entries ADD CONSTRAINT cost_entries_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.graph_nodes ADD CONSTRAINT graph_nodes_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.lock_fences ADD CONSTRAINT lock_fences_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.lock_fences ADD CONSTRAINT lock_fences_tenant_id_name_key UNIQUE (tenant_id, name)""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_tenant_id_user_id_key UNIQUE (tenant_id, user_id)""",
    r"""ALTER TABLE tenantry.outbox_events ADD CONSTRAINT outbox_events_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.patterns ADD CONSTRAINT patterns_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.tenant_holds ADD CONSTRAINT tenant_holds_pkey PRIMARY KEY (id)""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_pkey PRIMARY KEY (tenant_id)""",
    r"""ALTER TABLE tenantry.tenant_usage ADD CONSTRAINT tenant_usage_pkey PRIMARY KEY (tenant_id)""",
    r"""ALTER TABLE tenantry.workflows ADD CONSTRAINT workflows_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.workflows ADD CONSTRAINT workflows_tenant_id_name_key UNIQUE (tenant_id, name)""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_tenant_id_key_hash_key UNIQUE (tenant_id, key_hash)""",
    r"""ALTER TABLE tenantry.businesses ADD CONSTRAINT businesses_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_tenant_id_code_key UNIQUE (tenant_id, code)""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_tenant_id_token_hash_key UNIQUE (tenant_id, token_hash)""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_tenant_id_slug_key UNIQUE (tenant_id, slug)""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_tenant_id_name_key UNIQUE (tenant_id, name)""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.agent_sessions ADD CONSTRAINT agent_sessions_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.approvals ADD CONSTRAINT approvals_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.artifacts ADD CONSTRAINT artifacts_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.data_sources ADD CONSTRAINT data_sources_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.delegations ADD CONSTRAINT delegations_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.evidence ADD CONSTRAINT evidence_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.task_checkpoints ADD CONSTRAINT task_checkpoints_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_tenant_id_github_comment_id_key UNIQUE (tenant_id, github_comment_id)""",
    r"""ALTER TABLE tenantry.task_dependencies ADD CONSTRAINT task_dependencies_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.task_dependencies ADD CONSTRAINT task_dependencies_tenant_id_task_id_depends_on_id_key UNIQUE (tenant_id, task_id, depends_on_id)""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.conversations ADD CONSTRAINT conversations_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_tenant_id_knowledge_base_id_uri_key UNIQUE (tenant_id, knowledge_base_id, uri)""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_tenant_id_evidence_id_kind_target_type_t_f844 UNIQUE (tenant_id, evidence_id, kind, target_type, target_id)""",
    r"""ALTER TABLE tenantry.task_attachments ADD CONSTRAINT task_attachments_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.chunks ADD CONSTRAINT chunks_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.chunks ADD CONSTRAINT chunks_tenant_id_document_id_ordinal_key UNIQUE (tenant_id, document_id, ordinal)""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_pkey PRIMARY KEY (tenant_id, id)""",
    r"""ALTER TABLE tenantry.audit_logs ADD CONSTRAINT audit_logs_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'agent'::text, 'api_key'::text, 'service'::text, 'system'::text])))""",
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
    r"""ALTER TABLE tenantry.graph_queries ADD CONSTRAINT graph_queries_name_check CHECK ((name ~ '^[a-z][a-z0-9_-]{0,62}$'::text))""",
    r"""ALTER TABLE tenantry.graph_queries ADD CONSTRAINT graph_queries_result_columns_check CHECK (
CASE jsonb_typeof(result_columns)
    WHEN 'array'::text THEN ((jsonb_array_length(result_columns) >= 1) AND (jsonb_array_length(result_columns) <= 50))
    ELSE false
END)""",
    r"""ALTER TABLE tenantry.model_prices ADD CONSTRAINT model_prices_valid_check CHECK ((valid_until > valid_from))""",
    r"""ALTER TABLE tenantry.model_prices ADD CONSTRAINT model_prices_input_price_check CHECK ((input_price >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.model_prices ADD CONSTRAINT model_prices_output_price_check CHECK ((output_price >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.model_prices ADD CONSTRAINT model_prices_cached_input_price_check CHECK ((cached_input_price >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.platform_log ADD CONSTRAINT platform_log_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'agent'::text, 'api_key'::text, 'service'::text, 'system'::text])))""",
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
    r"""ALTER TABLE tenantry.seal_keys ADD CONSTRAINT seal_keys_inner_pad_check CHECK ((octet_length(inner_pad) = 64))""",
    r"""ALTER TABLE tenantry.seal_keys ADD CONSTRAINT seal_keys_outer_pad_check CHECK ((octet_length(outer_pad) = 64))""",
    r"""ALTER TABLE tenantry.sign_in_attempts ADD CONSTRAINT sign_in_attempts_failures_check CHECK ((failures >= 0))""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_email_check CHECK (((email ~ '^[^@\s]+@[^@\s]+$'::text) AND (length(email) <= 255)))""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_kind_check CHECK ((kind = ANY (ARRAY['human'::text, 'service'::text])))""",
    r"""ALTER TABLE tenantry.users ADD CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'user'::text, 'service'::text])))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_slug_check CHECK (((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(slug) <= 100)))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_plan_check CHECK ((plan = ANY (ARRAY['free'::text, 'starter'::text, 'professional'::text, 'enterprise'::text])))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'deleted'::text])))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_settings_check CHECK ((((settings ->> 'data_residency'::text) = ANY (ARRAY['us'::text, 'eu'::text, 'ap'::text])) OR (NOT (settings ? 'data_residency'::text))))""",
    r"""ALTER TABLE tenantry.agents ADD CONSTRAINT agents_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.agents ADD CONSTRAINT agents_agent_type_check CHECK (((length(agent_type) >= 1) AND (length(agent_type) <= 100)))""",
    r"""ALTER TABLE tenantry.cost_entries ADD CONSTRAINT cost_entries_input_tokens_check CHECK ((input_tokens >= 0))""",
    r"""ALTER TABLE tenantry.cost_entries ADD CONSTRAINT cost_entries_output_tokens_check CHECK ((output_tokens >= 0))""",
    r"""ALTER TABLE tenantry.cost_entries ADD CONSTRAINT cost_entries_cached_tokens_check CHECK ((cached_tokens >= 0))""",
    r"""ALTER TABLE tenantry.cost_entries ADD CONSTRAINT cost_entries_cost_usd_check CHECK ((cost_usd >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.graph_nodes ADD CONSTRAINT graph_nodes_label_check CHECK (((label ~ '^(?=.*[a-z])[A-Z][A-Za-z0-9]{0,39}$'::text) AND (label <> ALL (ARRAY['Agent'::text, 'Desk'::text, 'Execution'::text, 'Project'::text, 'Task'::text])) AND (lower((label COLLATE "C")) <> ALL (ARRAY['all'::text, 'analyze'::text, 'and'::text, 'any'::text, 'as'::text, 'asc'::text, 'ascending'::text, 'by'::text, 'call'::text, 'case'::text, 'coalesce'::text, 'contains'::text, 'count'::text, 'create'::text, 'delete'::text, 'desc'::text, 'descending'::text, 'detach'::text, 'distinct'::text, 'else'::text, 'end'::text, 'ends'::text, 'exists'::text, 'explain'::text, 'false'::text, 'in'::text, 'is'::text, 'limit'::text, 'match'::text, 'merge'::text, 'none'::text, 'not'::text, 'null'::text, 'on'::text, 'operator'::text, 'optional'::text, 'or'::text, 'order'::text, 'reduce'::text, 'remove'::text, 'return'::text, 'set'::text, 'single'::text, 'skip'::text, 'starts'::text, 'then'::text, 'true'::text, 'union'::text, 'unwind'::text, 'verbose'::text, 'when'::text, 'where'::text, 'with'::text, 'xor'::text, 'yield'::text]))))""",
    r"""ALTER TABLE tenantry.graph_nodes ADD CONSTRAINT graph_nodes_properties_check CHECK (((jsonb_typeof(properties) = 'object'::text) AND (NOT (properties ? 'id'::text)) AND (octet_length((properties)::text) <= 65536) AND (NOT jsonb_path_exists(properties, 'strict $.**{64}'::jsonpath)) AND (NOT jsonb_path_exists(properties, 'strict $.**?(@.type() == "number" && ((@ > 9223372036854775807 || @ < -9223372036854775808) || (@ != 0 && @ > -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001) && @ < 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001))'::jsonpath))))""",
    r"""ALTER TABLE tenantry.lock_fences ADD CONSTRAINT lock_fences_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.lock_fences ADD CONSTRAINT lock_fences_fence_check CHECK (((fence >= 0) AND (fence <= '9007199254740991'::bigint)))""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'manager'::text, 'member'::text, 'viewer'::text])))""",
    r"""ALTER TABLE tenantry.outbox_events ADD CONSTRAINT outbox_events_topic_check CHECK (((topic <> ''::text) AND (octet_length(topic) <= 200)))""",
    r"""ALTER TABLE tenantry.outbox_events ADD CONSTRAINT outbox_events_key_check CHECK ((octet_length(key) <= 500))""",
    r"""ALTER TABLE tenantry.outbox_events ADD CONSTRAINT outbox_events_size_check CHECK ((size <= 1048576))""",
    r"""ALTER TABLE tenantry.patterns ADD CONSTRAINT patterns_type_check CHECK (((length(type) >= 1) AND (length(type) <= 50)))""",
    r"""ALTER TABLE tenantry.patterns ADD CONSTRAINT patterns_frequency_check CHECK ((frequency > 0))""",
    r"""ALTER TABLE tenantry.tenant_holds ADD CONSTRAINT tenant_holds_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_users_check CHECK ((max_users >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_projects_check CHECK ((max_projects >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_desks_check CHECK ((max_desks >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_tasks_check CHECK ((max_tasks >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_concurrent_agents_check CHECK ((max_concurrent_agents >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_tokens_per_month_check CHECK ((max_tokens_per_month >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_storage_bytes_check CHECK ((max_storage_bytes >= 0))""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_max_cost_per_month_check CHECK ((max_cost_per_month >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.workflows ADD CONSTRAINT workflows_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.businesses ADD CONSTRAINT businesses_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_code_check CHECK ((code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'::text))""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'retired'::text])))""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_email_check CHECK (((email ~ '^[^@\s]+@[^@\s]+$'::text) AND (length(email) <= 255)))""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'manager'::text, 'member'::text, 'viewer'::text])))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_slug_check CHECK ((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_status_check CHECK ((status = ANY (ARRAY['active'::text, 'archived'::text, 'deleted'::text])))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_pr_merge_rate_check CHECK (((pr_merge_rate >= (0)::double precision) AND (pr_merge_rate <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_test_coverage_percent_check CHECK (((test_coverage_percent >= (0)::double precision) AND (test_coverage_percent <= (100)::double precision)))""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_embedding_dimensions_check CHECK (((embedding_dimensions >= 1) AND (embedding_dimensions <= 16000)))""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_vector_store_check CHECK ((vector_store = ANY (ARRAY['pgvector'::text, 'qdrant'::text, 'none'::text])))""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_type_check CHECK ((type = ANY (ARRAY['feature'::text, 'bugfix'::text, 'refactor'::text, 'docs'::text, 'config'::text, 'test'::text, 'chore'::text, 'task'::text])))""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_state_category_check CHECK ((state_category = ANY (ARRAY['todo'::text, 'active'::text, 'waiting'::text, 'review'::text, 'done'::text, 'failed'::text])))""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_priority_check CHECK ((priority = ANY (ARRAY['critical'::text, 'high'::text, 'medium'::text, 'low'::text])))""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_analysis_check CHECK (((analysis ->> 'complexity'::text) = ANY (ARRAY['trivial'::text, 'simple'::text, 'moderate'::text, 'complex'::text])))""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_retry_count_check CHECK ((retry_count >= 0))""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_max_retries_check CHECK ((max_retries >= 0))""",
    r"""ALTER TABLE tenantry.agent_sessions ADD CONSTRAINT agent_sessions_status_check CHECK ((status = ANY (ARRAY['active'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))""",
    r"""ALTER TABLE tenantry.approvals ADD CONSTRAINT approvals_decision_check CHECK ((decision = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])))""",
    r"""ALTER TABLE tenantry.artifacts ADD CONSTRAINT artifacts_path_check CHECK (((length(path) >= 1) AND (length(path) <= 1000)))""",
    r"""ALTER TABLE tenantry.data_sources ADD CONSTRAINT data_sources_source_type_check CHECK ((source_type = ANY (ARRAY['github'::text, 'web'::text, 'file'::text, 'api'::text])))""",
    r"""ALTER TABLE tenantry.data_sources ADD CONSTRAINT data_sources_sync_status_check CHECK ((sync_status = ANY (ARRAY['idle'::text, 'syncing'::text, 'failed'::text, 'paused'::text])))""",
    r"""ALTER TABLE tenantry.delegations ADD CONSTRAINT delegations_status_check CHECK ((status = ANY (ARRAY['offered'::text, 'accepted'::text, 'declined'::text, 'completed'::text, 'cancelled'::text])))""",
    r"""ALTER TABLE tenantry.evidence ADD CONSTRAINT evidence_credibility_score_check CHECK (((credibility_score >= (0)::double precision) AND (credibility_score <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_one_from_check CHECK ((num_nonnulls(from_task_id, from_agent_id, from_desk_id, from_project_id, from_node_id) = 1))""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_one_to_check CHECK ((num_nonnulls(to_task_id, to_agent_id, to_desk_id, to_project_id, to_node_id) = 1))""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_label_check CHECK (((label ~ '^[A-Z][A-Z0-9_]{0,39}$'::text) AND (label <> ALL (ARRAY['ASSIGNED_TO'::text, 'DELEGATED_TO'::text, 'DEPENDS_ON'::text, 'EXECUTED'::text, 'FOR_TASK'::text, 'HELD_BY'::text, 'IN_PROJECT'::text, 'RAN'::text, 'REPORTS_TO'::text, 'SUBTASK_OF'::text])) AND (lower((label COLLATE "C")) <> ALL (ARRAY['all'::text, 'analyze'::text, 'and'::text, 'any'::text, 'as'::text, 'asc'::text, 'ascending'::text, 'by'::text, 'call'::text, 'case'::text, 'coalesce'::text, 'contains'::text, 'count'::text, 'create'::text, 'delete'::text, 'desc'::text, 'descending'::text, 'detach'::text, 'distinct'::text, 'else'::text, 'end'::text, 'ends'::text, 'exists'::text, 'explain'::text, 'false'::text, 'in'::text, 'is'::text, 'limit'::text, 'match'::text, 'merge'::text, 'none'::text, 'not'::text, 'null'::text, 'on'::text, 'operator'::text, 'optional'::text, 'or'::text, 'order'::text, 'reduce'::text, 'remove'::text, 'return'::text, 'set'::text, 'single'::text, 'skip'::text, 'starts'::text, 'then'::text, 'true'::text, 'union'::text, 'unwind'::text, 'verbose'::text, 'when'::text, 'where'::text, 'with'::text, 'xor'::text, 'yield'::text]))))""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_properties_check CHECK (((jsonb_typeof(properties) = 'object'::text) AND (NOT (properties ? 'id'::text)) AND (octet_length((properties)::text) <= 65536) AND (NOT jsonb_path_exists(properties, 'strict $.**{64}'::jsonpath)) AND (NOT jsonb_path_exists(properties, 'strict $.**?(@.type() == "number" && ((@ > 9223372036854775807 || @ < -9223372036854775808) || (@ != 0 && @ > -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001) && @ < 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001))'::jsonpath))))""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_category_check CHECK (((length(category) >= 1) AND (length(category) <= 50)))""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_title_check CHECK (((length(title) >= 1) AND (length(title) <= 255)))""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_success_rate_check CHECK (((success_rate >= (0)::double precision) AND (success_rate <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_stage_check CHECK ((stage = ANY (ARRAY['automated_tests'::text, 'code_review'::text, 'security_scan'::text, 'peer_review'::text])))""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_verdict_check CHECK ((verdict = ANY (ARRAY['pending'::text, 'passed'::text, 'failed'::text])))""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_quality_score_check CHECK (((quality_score >= (0)::double precision) AND (quality_score <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_iteration_check CHECK ((iteration > 0))""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_quality_score_check CHECK (((quality_score >= (0)::double precision) AND (quality_score <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_completeness_score_check CHECK (((completeness_score >= (0)::double precision) AND (completeness_score <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_correctness_score_check CHECK (((correctness_score >= (0)::double precision) AND (correctness_score <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_overall_score_check CHECK (((overall_score >= (0)::double precision) AND (overall_score <= (1)::double precision)))""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_duration_ms_check CHECK ((duration_ms >= 0))""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_content_check CHECK ((length(content) > 0))""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'success'::text, 'failure'::text, 'timeout'::text, 'cancelled'::text])))""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_input_tokens_check CHECK ((input_tokens >= 0))""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_output_tokens_check CHECK ((output_tokens >= 0))""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_cost_usd_check CHECK ((cost_usd >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_duration_ms_check CHECK ((duration_ms >= 0))""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_size_bytes_check CHECK ((size_bytes >= 0))""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'indexed'::text, 'failed'::text])))""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_not_itself_check CHECK ((evidence_id <> target_id))""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_kind_check CHECK ((kind = ANY (ARRAY['supports'::text, 'contradicts'::text, 'related'::text])))""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_target_type_check CHECK ((target_type = ANY (ARRAY['evidence'::text, 'execution'::text, 'approval'::text, 'review'::text])))""",
    r"""ALTER TABLE tenantry.task_attachments ADD CONSTRAINT task_attachments_size_bytes_check CHECK ((size_bytes >= 0))""",
    r"""ALTER TABLE tenantry.chunks ADD CONSTRAINT chunks_ordinal_check CHECK ((ordinal >= 0))""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_place_check CHECK ((num_nonnulls(conversation_id, session_id) > 0))""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_role_check CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text, 'tool'::text])))""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_input_tokens_check CHECK ((input_tokens >= 0))""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_output_tokens_check CHECK ((output_tokens >= 0))""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_cost_usd_check CHECK ((cost_usd >= (0)::numeric))""",
    r"""ALTER TABLE tenantry.tenants ADD CONSTRAINT tenants_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES tenantry.users(id) ON DELETE SET NULL""",
    r"""ALTER TABLE tenantry.user_identities ADD CONSTRAINT user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES tenantry.users(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.activity_feed ADD CONSTRAINT activity_feed_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.agents ADD CONSTRAINT agents_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.cost_entries ADD CONSTRAINT cost_entries_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_nodes ADD CONSTRAINT graph_nodes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.lock_fences ADD CONSTRAINT lock_fences_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES tenantry.users(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.memberships ADD CONSTRAINT memberships_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.outbox_events ADD CONSTRAINT outbox_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.patterns ADD CONSTRAINT patterns_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tenant_holds ADD CONSTRAINT tenant_holds_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE RESTRICT""",
    r"""ALTER TABLE tenantry.tenant_quotas ADD CONSTRAINT tenant_quotas_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tenant_usage ADD CONSTRAINT tenant_usage_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.workflows ADD CONSTRAINT workflows_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.api_keys ADD CONSTRAINT api_keys_successor_id_fkey FOREIGN KEY (tenant_id, successor_id) REFERENCES tenantry.api_keys(tenant_id, id) ON DELETE SET NULL (successor_id)""",
    r"""ALTER TABLE tenantry.businesses ADD CONSTRAINT businesses_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.businesses ADD CONSTRAINT businesses_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_reports_to_id_fkey FOREIGN KEY (tenant_id, reports_to_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE SET NULL (reports_to_id)""",
    r"""ALTER TABLE tenantry.desks ADD CONSTRAINT desks_agent_id_fkey FOREIGN KEY (tenant_id, agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE SET NULL (agent_id)""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (tenant_id, invited_by) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (invited_by)""",
    r"""ALTER TABLE tenantry.invitations ADD CONSTRAINT invitations_accepted_by_fkey FOREIGN KEY (tenant_id, accepted_by) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (accepted_by)""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.projects ADD CONSTRAINT projects_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (owner_id)""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.knowledge_bases ADD CONSTRAINT knowledge_bases_desk_id_fkey FOREIGN KEY (tenant_id, desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE SET NULL (desk_id)""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES tenantry.projects(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_workflow_id_fkey FOREIGN KEY (tenant_id, workflow_id) REFERENCES tenantry.workflows(tenant_id, id) ON DELETE RESTRICT""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_creator_id_fkey FOREIGN KEY (tenant_id, creator_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (creator_id)""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_assigned_to_user_id_fkey FOREIGN KEY (tenant_id, assigned_to_user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (assigned_to_user_id)""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_assigned_to_agent_id_fkey FOREIGN KEY (tenant_id, assigned_to_agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE SET NULL (assigned_to_agent_id)""",
    r"""ALTER TABLE tenantry.tasks ADD CONSTRAINT tasks_assigned_to_desk_id_fkey FOREIGN KEY (tenant_id, assigned_to_desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE SET NULL (assigned_to_desk_id)""",
    r"""ALTER TABLE tenantry.agent_sessions ADD CONSTRAINT agent_sessions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.agent_sessions ADD CONSTRAINT agent_sessions_desk_id_fkey FOREIGN KEY (tenant_id, desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE SET NULL (desk_id)""",
    r"""ALTER TABLE tenantry.agent_sessions ADD CONSTRAINT agent_sessions_agent_id_fkey FOREIGN KEY (tenant_id, agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE SET NULL (agent_id)""",
    r"""ALTER TABLE tenantry.agent_sessions ADD CONSTRAINT agent_sessions_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE SET NULL (task_id)""",
    r"""ALTER TABLE tenantry.approvals ADD CONSTRAINT approvals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.approvals ADD CONSTRAINT approvals_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.approvals ADD CONSTRAINT approvals_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (user_id)""",
    r"""ALTER TABLE tenantry.artifacts ADD CONSTRAINT artifacts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.artifacts ADD CONSTRAINT artifacts_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.data_sources ADD CONSTRAINT data_sources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.data_sources ADD CONSTRAINT data_sources_knowledge_base_id_fkey FOREIGN KEY (tenant_id, knowledge_base_id) REFERENCES tenantry.knowledge_bases(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.delegations ADD CONSTRAINT delegations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.delegations ADD CONSTRAINT delegations_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.delegations ADD CONSTRAINT delegations_from_desk_id_fkey FOREIGN KEY (tenant_id, from_desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE SET NULL (from_desk_id)""",
    r"""ALTER TABLE tenantry.delegations ADD CONSTRAINT delegations_to_desk_id_fkey FOREIGN KEY (tenant_id, to_desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.evidence ADD CONSTRAINT evidence_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.evidence ADD CONSTRAINT evidence_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.evidence ADD CONSTRAINT evidence_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES tenantry.projects(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.evidence ADD CONSTRAINT evidence_verified_by_fkey FOREIGN KEY (tenant_id, verified_by) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (verified_by)""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_from_task_id_fkey FOREIGN KEY (tenant_id, from_task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_from_agent_id_fkey FOREIGN KEY (tenant_id, from_agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_from_desk_id_fkey FOREIGN KEY (tenant_id, from_desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_from_project_id_fkey FOREIGN KEY (tenant_id, from_project_id) REFERENCES tenantry.projects(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_from_node_id_fkey FOREIGN KEY (tenant_id, from_node_id) REFERENCES tenantry.graph_nodes(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_to_task_id_fkey FOREIGN KEY (tenant_id, to_task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_to_agent_id_fkey FOREIGN KEY (tenant_id, to_agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_to_desk_id_fkey FOREIGN KEY (tenant_id, to_desk_id) REFERENCES tenantry.desks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_to_project_id_fkey FOREIGN KEY (tenant_id, to_project_id) REFERENCES tenantry.projects(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.graph_edges ADD CONSTRAINT graph_edges_to_node_id_fkey FOREIGN KEY (tenant_id, to_node_id) REFERENCES tenantry.graph_nodes(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE SET NULL (task_id)""",
    r"""ALTER TABLE tenantry.lessons ADD CONSTRAINT lessons_validated_by_fkey FOREIGN KEY (tenant_id, validated_by) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (validated_by)""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_reviewer_user_id_fkey FOREIGN KEY (tenant_id, reviewer_user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (reviewer_user_id)""",
    r"""ALTER TABLE tenantry.qa_reviews ADD CONSTRAINT qa_reviews_reviewer_agent_id_fkey FOREIGN KEY (tenant_id, reviewer_agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE SET NULL (reviewer_agent_id)""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.self_reviews ADD CONSTRAINT self_reviews_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_checkpoints ADD CONSTRAINT task_checkpoints_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_checkpoints ADD CONSTRAINT task_checkpoints_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_author_id_fkey FOREIGN KEY (tenant_id, author_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (author_id)""",
    r"""ALTER TABLE tenantry.task_comments ADD CONSTRAINT task_comments_agent_id_fkey FOREIGN KEY (tenant_id, agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE SET NULL (agent_id)""",
    r"""ALTER TABLE tenantry.task_dependencies ADD CONSTRAINT task_dependencies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_dependencies ADD CONSTRAINT task_dependencies_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_dependencies ADD CONSTRAINT task_dependencies_depends_on_id_fkey FOREIGN KEY (tenant_id, depends_on_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_agent_id_fkey FOREIGN KEY (tenant_id, agent_id) REFERENCES tenantry.agents(tenant_id, id) ON DELETE SET NULL (agent_id)""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES tenantry.projects(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_session_id_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES tenantry.agent_sessions(tenant_id, id) ON DELETE SET NULL (session_id)""",
    r"""ALTER TABLE tenantry.agent_executions ADD CONSTRAINT agent_executions_evidence_id_fkey FOREIGN KEY (tenant_id, evidence_id) REFERENCES tenantry.evidence(tenant_id, id) ON DELETE SET NULL (evidence_id)""",
    r"""ALTER TABLE tenantry.conversations ADD CONSTRAINT conversations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.conversations ADD CONSTRAINT conversations_business_id_fkey FOREIGN KEY (tenant_id, business_id) REFERENCES tenantry.businesses(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.conversations ADD CONSTRAINT conversations_project_id_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES tenantry.projects(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.conversations ADD CONSTRAINT conversations_session_id_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES tenantry.agent_sessions(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.conversations ADD CONSTRAINT conversations_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (user_id)""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_knowledge_base_id_fkey FOREIGN KEY (tenant_id, knowledge_base_id) REFERENCES tenantry.knowledge_bases(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.documents ADD CONSTRAINT documents_data_source_id_fkey FOREIGN KEY (tenant_id, data_source_id) REFERENCES tenantry.data_sources(tenant_id, id) ON DELETE SET NULL (data_source_id)""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.evidence_links ADD CONSTRAINT evidence_links_evidence_id_fkey FOREIGN KEY (tenant_id, evidence_id) REFERENCES tenantry.evidence(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_attachments ADD CONSTRAINT task_attachments_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_attachments ADD CONSTRAINT task_attachments_task_id_fkey FOREIGN KEY (tenant_id, task_id) REFERENCES tenantry.tasks(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.task_attachments ADD CONSTRAINT task_attachments_evidence_id_fkey FOREIGN KEY (tenant_id, evidence_id) REFERENCES tenantry.evidence(tenant_id, id) ON DELETE SET NULL (evidence_id)""",
    r"""ALTER TABLE tenantry.task_attachments ADD CONSTRAINT task_attachments_uploaded_by_fkey FOREIGN KEY (tenant_id, uploaded_by) REFERENCES tenantry.memberships(tenant_id, user_id) ON DELETE SET NULL (uploaded_by)""",
    r"""ALTER TABLE tenantry.chunks ADD CONSTRAINT chunks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.chunks ADD CONSTRAINT chunks_document_id_fkey FOREIGN KEY (tenant_id, document_id) REFERENCES tenantry.documents(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenantry.tenants(id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES tenantry.conversations(tenant_id, id) ON DELETE CASCADE""",
    r"""ALTER TABLE tenantry.messages ADD CONSTRAINT messages_session_id_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES tenantry.agent_sessions(tenant_id, id) ON DELETE CASCADE""",
    r"""CREATE MATERIALIZED VIEW tenantry.tenant_cost_summary AS
 SELECT c.tenant_id,
    c.billing_month,
    c.provider,
    c.model,
    count(*) AS entries,
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.cost_usd) AS cost_usd
   FROM tenantry.cost_entries c
  GROUP BY c.tenant_id, c.billing_month, c.provider, c.model
WITH NO DATA""",
    r"""ALTER MATERIALIZED VIEW tenantry.tenant_cost_summary OWNER TO tenantry_views""",
    r"""CREATE MATERIALIZED VIEW tenantry.desk_performance AS
 SELECT d.tenant_id,
    d.id AS desk_id,
    d.code,
    d.title,
    count(DISTINCT t.id) FILTER (WHERE (t.state_category = 'done'::text)) AS tasks_completed,
    count(DISTINCT t.id) FILTER (WHERE (t.state_category <> ALL (ARRAY['done'::text, 'failed'::text]))) AS tasks_open,
    count(DISTINCT t.id) FILTER (WHERE (t.state_category = 'failed'::text)) AS tasks_failed,
    ( SELECT count(*) AS count
           FROM tenantry.agent_sessions s
          WHERE ((s.tenant_id = d.tenant_id) AND (s.desk_id = d.id))) AS sessions,
    ( SELECT avg(s.duration_ms) AS avg
           FROM tenantry.agent_sessions s
          WHERE ((s.tenant_id = d.tenant_id) AND (s.desk_id = d.id))) AS avg_session_ms,
    ( SELECT COALESCE(sum(c.cost_usd), (0)::numeric) AS "coalesce"
           FROM tenantry.cost_entries c
          WHERE ((c.tenant_id = d.tenant_id) AND (c.desk_id = d.id))) AS cost_usd
   FROM (tenantry.desks d
     LEFT JOIN tenantry.tasks t ON (((t.tenant_id = d.tenant_id) AND (t.assigned_to_desk_id = d.id))))
  GROUP BY d.tenant_id, d.id, d.code, d.title
WITH NO DATA""",
    r"""ALTER MATERIALIZED VIEW tenantry.desk_performance OWNER TO tenantry_views""",
    r"""CREATE INDEX audit_logs_action_idx ON tenantry.audit_logs USING btree (tenant_id, action, id)""",
    r"""CREATE INDEX audit_logs_agent_id_idx ON tenantry.audit_logs USING btree (tenant_id, agent_id, id) WHERE (agent_id IS NOT NULL)""",
    r"""CREATE INDEX audit_logs_api_key_id_idx ON tenantry.audit_logs USING btree (tenant_id, api_key_id, id) WHERE (api_key_id IS NOT NULL)""",
    r"""CREATE INDEX audit_logs_resource_idx ON tenantry.audit_logs USING btree (tenant_id, resource_type, resource_id, id)""",
    r"""CREATE INDEX audit_logs_user_id_idx ON tenantry.audit_logs USING btree (tenant_id, user_id, id)""",
    r"""CREATE INDEX platform_log_action_idx ON tenantry.platform_log USING btree (action, id)""",
    r"""CREATE INDEX platform_log_resource_idx ON tenantry.platform_log USING btree (resource_type, resource_id, id)""",
    r"""CREATE INDEX platform_log_tenant_id_idx ON tenantry.platform_log USING btree (tenant_id, id)""",
    r"""CREATE INDEX platform_log_user_id_idx ON tenantry.platform_log USING btree (user_id, id)""",
    r"""CREATE INDEX sign_in_attempts_failed_at_idx ON tenantry.sign_in_attempts USING btree (failed_at)""",
    r"""CREATE INDEX users_created_at_idx ON tenantry.users USING btree (created_at)""",
    r"""CREATE UNIQUE INDEX users_email_key ON tenantry.users USING btree (lower(email))""",
    r"""CREATE INDEX users_is_active_idx ON tenantry.users USING btree (is_active)""",
    r"""CREATE UNIQUE INDEX users_username_key ON tenantry.users USING btree (lower(username))""",
    r"""CREATE INDEX tenants_owner_user_id_idx ON tenantry.tenants USING btree (owner_user_id)""",
    r"""CREATE INDEX tenants_status_idx ON tenantry.tenants USING btree (status)""",
    r"""CREATE INDEX user_identities_user_id_idx ON tenantry.user_identities USING btree (user_id)""",
    r"""CREATE INDEX user_identities_username_idx ON tenantry.user_identities USING btree (provider, username)""",
    r"""CREATE INDEX activity_feed_is_public_idx ON tenantry.activity_feed USING btree (tenant_id, id) WHERE is_public""",
    r"""CREATE INDEX activity_feed_project_id_idx ON tenantry.activity_feed USING btree (tenant_id, project_id, id)""",
    r"""CREATE INDEX activity_feed_task_id_idx ON tenantry.activity_feed USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX activity_feed_user_id_idx ON tenantry.activity_feed USING btree (tenant_id, user_id, id)""",
    r"""CREATE INDEX agents_agent_type_idx ON tenantry.agents USING btree (tenant_id, agent_type)""",
    r"""CREATE INDEX agents_is_active_idx ON tenantry.agents USING btree (tenant_id, is_active)""",
    r"""CREATE INDEX agents_model_provider_idx ON tenantry.agents USING btree (tenant_id, model_provider)""",
    r"""CREATE INDEX agents_tags_idx ON tenantry.agents USING gin (tenant_id, tags)""",
    r"""CREATE INDEX cost_entries_agent_id_idx ON tenantry.cost_entries USING btree (tenant_id, agent_id, id)""",
    r"""CREATE INDEX cost_entries_billing_month_idx ON tenantry.cost_entries USING btree (tenant_id, billing_month, id)""",
    r"""CREATE INDEX cost_entries_desk_id_idx ON tenantry.cost_entries USING btree (tenant_id, desk_id, id)""",
    r"""CREATE INDEX cost_entries_model_idx ON tenantry.cost_entries USING btree (tenant_id, provider, model, id)""",
    r"""CREATE INDEX cost_entries_session_id_idx ON tenantry.cost_entries USING btree (tenant_id, session_id, id)""",
    r"""CREATE INDEX cost_entries_task_id_idx ON tenantry.cost_entries USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX graph_nodes_label_idx ON tenantry.graph_nodes USING btree (tenant_id, label, id)""",
    r"""CREATE INDEX memberships_user_id_idx ON tenantry.memberships USING btree (user_id)""",
    r"""CREATE INDEX outbox_events_held_idx ON tenantry.outbox_events USING btree (tenant_id, topic, key) WHERE (retry_at IS NOT NULL)""",
    r"""CREATE INDEX outbox_events_retry_at_idx ON tenantry.outbox_events USING btree (retry_at) WHERE (retry_at IS NOT NULL)""",
    r"""CREATE INDEX outbox_events_waiting_idx ON tenantry.outbox_events USING btree ("position") WHERE (retry_at IS NULL)""",
    r"""CREATE INDEX patterns_frequency_idx ON tenantry.patterns USING btree (tenant_id, type, frequency)""",
    r"""CREATE UNIQUE INDEX patterns_key ON tenantry.patterns USING btree (tenant_id, type, COALESCE(agent_type, ''::text), md5((pattern)::text))""",
    r"""CREATE INDEX tenant_holds_tenant_id_idx ON tenantry.tenant_holds USING btree (tenant_id)""",
    r"""CREATE UNIQUE INDEX workflows_default_key ON tenantry.workflows USING btree (tenant_id) WHERE is_default""",
    r"""CREATE INDEX api_keys_key_hash_idx ON tenantry.api_keys USING btree (key_hash)""",
    r"""CREATE INDEX api_keys_successor_id_idx ON tenantry.api_keys USING btree (tenant_id, successor_id)""",
    r"""CREATE INDEX api_keys_user_id_idx ON tenantry.api_keys USING btree (tenant_id, user_id)""",
    r"""CREATE INDEX businesses_user_id_idx ON tenantry.businesses USING btree (tenant_id, user_id, id)""",
    r"""CREATE INDEX desks_agent_id_idx ON tenantry.desks USING btree (tenant_id, agent_id)""",
    r"""CREATE INDEX desks_path_idx ON tenantry.desks USING gist (path)""",
    r"""CREATE INDEX desks_reports_to_id_idx ON tenantry.desks USING btree (tenant_id, reports_to_id)""",
    r"""CREATE INDEX invitations_accepted_by_idx ON tenantry.invitations USING btree (tenant_id, accepted_by)""",
    r"""CREATE INDEX invitations_email_idx ON tenantry.invitations USING btree (tenant_id, lower(email))""",
    r"""CREATE INDEX invitations_invited_by_idx ON tenantry.invitations USING btree (tenant_id, invited_by)""",
    r"""CREATE INDEX invitations_token_hash_idx ON tenantry.invitations USING btree (token_hash)""",
    r"""CREATE INDEX projects_owner_id_idx ON tenantry.projects USING btree (tenant_id, owner_id)""",
    r"""CREATE INDEX projects_repository_url_idx ON tenantry.projects USING btree (tenant_id, repository_url)""",
    r"""CREATE INDEX projects_status_idx ON tenantry.projects USING btree (tenant_id, status)""",
    r"""CREATE INDEX knowledge_bases_desk_id_idx ON tenantry.knowledge_bases USING btree (tenant_id, desk_id)""",
    r"""CREATE INDEX tasks_assigned_to_agent_id_idx ON tenantry.tasks USING btree (tenant_id, assigned_to_agent_id)""",
    r"""CREATE INDEX tasks_assigned_to_desk_id_idx ON tenantry.tasks USING btree (tenant_id, assigned_to_desk_id)""",
    r"""CREATE INDEX tasks_assigned_to_user_id_idx ON tenantry.tasks USING btree (tenant_id, assigned_to_user_id)""",
    r"""CREATE INDEX tasks_creator_id_idx ON tenantry.tasks USING btree (tenant_id, creator_id)""",
    r"""CREATE INDEX tasks_github_issue_number_idx ON tenantry.tasks USING btree (tenant_id, project_id, github_issue_number)""",
    r"""CREATE INDEX tasks_github_pr_number_idx ON tenantry.tasks USING btree (tenant_id, project_id, github_pr_number)""",
    r"""CREATE INDEX tasks_labels_idx ON tenantry.tasks USING gin (tenant_id, labels)""",
    r"""CREATE INDEX tasks_open_idx ON tenantry.tasks USING btree (tenant_id, state_category, priority, id) WHERE (state_category <> ALL (ARRAY['done'::text, 'failed'::text]))""",
    r"""CREATE INDEX tasks_parent_id_idx ON tenantry.tasks USING btree (tenant_id, parent_id)""",
    r"""CREATE INDEX tasks_priority_idx ON tenantry.tasks USING btree (tenant_id, priority, id)""",
    r"""CREATE INDEX tasks_project_id_idx ON tenantry.tasks USING btree (tenant_id, project_id, id)""",
    r"""CREATE INDEX tasks_search_idx ON tenantry.tasks USING gin (tenant_id, search)""",
    r"""CREATE INDEX tasks_status_idx ON tenantry.tasks USING btree (tenant_id, status, id)""",
    r"""CREATE INDEX tasks_type_idx ON tenantry.tasks USING btree (tenant_id, type, id)""",
    r"""CREATE INDEX tasks_workflow_id_idx ON tenantry.tasks USING btree (tenant_id, workflow_id, status)""",
    r"""CREATE INDEX agent_sessions_agent_id_idx ON tenantry.agent_sessions USING btree (tenant_id, agent_id, id)""",
    r"""CREATE INDEX agent_sessions_desk_id_idx ON tenantry.agent_sessions USING btree (tenant_id, desk_id, id)""",
    r"""CREATE INDEX agent_sessions_open_idx ON tenantry.agent_sessions USING btree (tenant_id, id) WHERE (status = 'active'::text)""",
    r"""CREATE INDEX agent_sessions_task_id_idx ON tenantry.agent_sessions USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX approvals_open_idx ON tenantry.approvals USING btree (tenant_id, id) WHERE (decision = 'pending'::text)""",
    r"""CREATE INDEX approvals_task_id_idx ON tenantry.approvals USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX approvals_user_id_idx ON tenantry.approvals USING btree (tenant_id, user_id)""",
    r"""CREATE INDEX artifacts_execution_id_idx ON tenantry.artifacts USING btree (tenant_id, execution_id)""",
    r"""CREATE INDEX artifacts_task_id_idx ON tenantry.artifacts USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX data_sources_knowledge_base_id_idx ON tenantry.data_sources USING btree (tenant_id, knowledge_base_id)""",
    r"""CREATE INDEX delegations_from_desk_id_idx ON tenantry.delegations USING btree (tenant_id, from_desk_id, id)""",
    r"""CREATE UNIQUE INDEX delegations_open_key ON tenantry.delegations USING btree (tenant_id, task_id) WHERE (status = 'offered'::text)""",
    r"""CREATE INDEX delegations_task_id_idx ON tenantry.delegations USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX delegations_to_desk_id_idx ON tenantry.delegations USING btree (tenant_id, to_desk_id, status, id)""",
    r"""CREATE INDEX evidence_credibility_score_idx ON tenantry.evidence USING btree (tenant_id, credibility_score)""",
    r"""CREATE INDEX evidence_is_verified_idx ON tenantry.evidence USING btree (tenant_id, is_verified, id)""",
    r"""CREATE INDEX evidence_project_id_idx ON tenantry.evidence USING btree (tenant_id, project_id, id)""",
    r"""CREATE INDEX evidence_search_idx ON tenantry.evidence USING gin (tenant_id, search)""",
    r"""CREATE INDEX evidence_source_type_idx ON tenantry.evidence USING btree (tenant_id, source_type, id)""",
    r"""CREATE INDEX evidence_tags_idx ON tenantry.evidence USING gin (tenant_id, tags)""",
    r"""CREATE INDEX evidence_task_id_idx ON tenantry.evidence USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX evidence_verified_by_idx ON tenantry.evidence USING btree (tenant_id, verified_by)""",
    r"""CREATE INDEX graph_edges_from_agent_id_idx ON tenantry.graph_edges USING btree (tenant_id, from_agent_id)""",
    r"""CREATE INDEX graph_edges_from_desk_id_idx ON tenantry.graph_edges USING btree (tenant_id, from_desk_id)""",
    r"""CREATE INDEX graph_edges_from_node_id_idx ON tenantry.graph_edges USING btree (tenant_id, from_node_id)""",
    r"""CREATE INDEX graph_edges_from_project_id_idx ON tenantry.graph_edges USING btree (tenant_id, from_project_id)""",
    r"""CREATE INDEX graph_edges_from_task_id_idx ON tenantry.graph_edges USING btree (tenant_id, from_task_id)""",
    r"""CREATE INDEX graph_edges_label_idx ON tenantry.graph_edges USING btree (tenant_id, label, id)""",
    r"""CREATE INDEX graph_edges_to_agent_id_idx ON tenantry.graph_edges USING btree (tenant_id, to_agent_id)""",
    r"""CREATE INDEX graph_edges_to_desk_id_idx ON tenantry.graph_edges USING btree (tenant_id, to_desk_id)""",
    r"""CREATE INDEX graph_edges_to_node_id_idx ON tenantry.graph_edges USING btree (tenant_id, to_node_id)""",
    r"""CREATE INDEX graph_edges_to_project_id_idx ON tenantry.graph_edges USING btree (tenant_id, to_project_id)""",
    r"""CREATE INDEX graph_edges_to_task_id_idx ON tenantry.graph_edges USING btree (tenant_id, to_task_id)""",
    r"""CREATE INDEX lessons_category_idx ON tenantry.lessons USING btree (tenant_id, category, application_count)""",
    r"""CREATE INDEX lessons_search_idx ON tenantry.lessons USING gin (tenant_id, search)""",
    r"""CREATE INDEX lessons_tags_idx ON tenantry.lessons USING gin (tenant_id, tags)""",
    r"""CREATE INDEX lessons_task_id_idx ON tenantry.lessons USING btree (tenant_id, task_id)""",
    r"""CREATE INDEX lessons_validated_by_idx ON tenantry.lessons USING btree (tenant_id, validated_by)""",
    r"""CREATE INDEX qa_reviews_reviewer_agent_id_idx ON tenantry.qa_reviews USING btree (tenant_id, reviewer_agent_id)""",
    r"""CREATE INDEX qa_reviews_reviewer_user_id_idx ON tenantry.qa_reviews USING btree (tenant_id, reviewer_user_id)""",
    r"""CREATE INDEX qa_reviews_task_id_idx ON tenantry.qa_reviews USING btree (tenant_id, task_id, stage, id)""",
    r"""CREATE INDEX self_reviews_execution_id_idx ON tenantry.self_reviews USING btree (tenant_id, execution_id)""",
    r"""CREATE INDEX self_reviews_task_id_idx ON tenantry.self_reviews USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX task_checkpoints_task_id_idx ON tenantry.task_checkpoints USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX task_comments_agent_id_idx ON tenantry.task_comments USING btree (tenant_id, agent_id)""",
    r"""CREATE INDEX task_comments_author_id_idx ON tenantry.task_comments USING btree (tenant_id, author_id)""",
    r"""CREATE INDEX task_comments_task_id_idx ON tenantry.task_comments USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX task_dependencies_depends_on_id_idx ON tenantry.task_dependencies USING btree (tenant_id, depends_on_id)""",
    r"""CREATE INDEX agent_executions_agent_id_idx ON tenantry.agent_executions USING btree (tenant_id, agent_id, id)""",
    r"""CREATE INDEX agent_executions_evidence_id_idx ON tenantry.agent_executions USING btree (tenant_id, evidence_id)""",
    r"""CREATE INDEX agent_executions_project_id_idx ON tenantry.agent_executions USING btree (tenant_id, project_id, id)""",
    r"""CREATE INDEX agent_executions_session_id_idx ON tenantry.agent_executions USING btree (tenant_id, session_id, id)""",
    r"""CREATE INDEX agent_executions_status_idx ON tenantry.agent_executions USING btree (tenant_id, status, id)""",
    r"""CREATE INDEX agent_executions_task_id_idx ON tenantry.agent_executions USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX conversations_business_id_idx ON tenantry.conversations USING btree (tenant_id, business_id, id)""",
    r"""CREATE INDEX conversations_project_id_idx ON tenantry.conversations USING btree (tenant_id, project_id, id)""",
    r"""CREATE INDEX conversations_session_id_idx ON tenantry.conversations USING btree (tenant_id, session_id, id)""",
    r"""CREATE INDEX conversations_user_id_idx ON tenantry.conversations USING btree (tenant_id, user_id, id)""",
    r"""CREATE INDEX documents_data_source_id_idx ON tenantry.documents USING btree (tenant_id, data_source_id)""",
    r"""CREATE INDEX documents_knowledge_base_id_idx ON tenantry.documents USING btree (tenant_id, knowledge_base_id, id)""",
    r"""CREATE INDEX evidence_links_target_idx ON tenantry.evidence_links USING btree (tenant_id, target_type, target_id)""",
    r"""CREATE INDEX task_attachments_evidence_id_idx ON tenantry.task_attachments USING btree (tenant_id, evidence_id)""",
    r"""CREATE INDEX task_attachments_is_evidence_idx ON tenantry.task_attachments USING btree (tenant_id, task_id) WHERE is_evidence""",
    r"""CREATE INDEX task_attachments_task_id_idx ON tenantry.task_attachments USING btree (tenant_id, task_id, id)""",
    r"""CREATE INDEX task_attachments_uploaded_by_idx ON tenantry.task_attachments USING btree (tenant_id, uploaded_by)""",
    r"""CREATE INDEX chunks_search_idx ON tenantry.chunks USING gin (tenant_id, search)""",
    r"""CREATE INDEX messages_conversation_id_idx ON tenantry.messages USING btree (tenant_id, conversation_id, id)""",
    r"""CREATE INDEX messages_session_id_idx ON tenantry.messages USING btree (tenant_id, session_id, id)""",
    r"""CREATE UNIQUE INDEX tenant_cost_summary_key ON tenantry.tenant_cost_summary USING btree (tenant_id, billing_month, provider, model)""",
    r"""CREATE UNIQUE INDEX desk_performance_key ON tenantry.desk_performance USING btree (tenant_id, desk_id)""",
    r"""ALTER TABLE tenantry.audit_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.audit_seals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.graph_queries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.model_prices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.platform_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.platform_seals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.seal_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.sign_in_attempts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.user_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.activity_feed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.agents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.cost_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.graph_nodes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.lock_fences ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.outbox_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.patterns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenant_holds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenant_quotas ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tenant_usage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.workflows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.businesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.desks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.invitations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.projects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.knowledge_bases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.agent_sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.approvals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.artifacts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.data_sources ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.delegations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.evidence ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.graph_edges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.lessons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.qa_reviews ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.self_reviews ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.task_checkpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.task_comments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.task_dependencies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.agent_executions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.conversations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.evidence_links ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.task_attachments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.chunks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""ALTER TABLE tenantry.messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    r"""CREATE POLICY tenant ON tenantry.audit_logs AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.audit_logs AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.audit_logs AS PERMISSIVE FOR SELECT TO tenantry_service USING (true)""",
    r"""CREATE POLICY transfer ON tenantry.audit_logs AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY audit_select ON tenantry.audit_logs AS PERMISSIVE FOR SELECT TO tenantry_audit USING (true)""",
    r"""CREATE POLICY audit_insert ON tenantry.audit_logs AS PERMISSIVE FOR INSERT TO tenantry_audit WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.audit_logs AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.audit_seals AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.audit_seals AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.audit_seals AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.audit_seals AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY audit_select ON tenantry.audit_seals AS PERMISSIVE FOR SELECT TO tenantry_audit USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.audit_seals AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.graph_queries AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY service ON tenantry.graph_queries AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY graph_reader_select ON tenantry.graph_queries AS PERMISSIVE FOR SELECT TO tenantry_graph_reader USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.graph_queries AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.model_prices AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY service ON tenantry.model_prices AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.model_prices AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.model_prices AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.model_prices AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY service ON tenantry.platform_log AS PERMISSIVE FOR SELECT TO tenantry_service USING (true)""",
    r"""CREATE POLICY audit_select ON tenantry.platform_log AS PERMISSIVE FOR SELECT TO tenantry_audit USING (true)""",
    r"""CREATE POLICY audit_insert ON tenantry.platform_log AS PERMISSIVE FOR INSERT TO tenantry_audit WITH CHECK (true)""",
    r"""CREATE POLICY transfer_select ON tenantry.platform_log AS PERMISSIVE FOR SELECT TO tenantry_transfer USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.platform_log AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY service ON tenantry.platform_seals AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY audit_select ON tenantry.platform_seals AS PERMISSIVE FOR SELECT TO tenantry_audit USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.platform_seals AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY auth_select ON tenantry.seal_keys AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY auth_insert ON tenantry.seal_keys AS PERMISSIVE FOR INSERT TO tenantry_auth WITH CHECK (true)""",
    r"""CREATE POLICY auth_delete ON tenantry.seal_keys AS PERMISSIVE FOR DELETE TO tenantry_auth USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.seal_keys AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY service ON tenantry.sign_in_attempts AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
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
    r"""CREATE POLICY auth_select ON tenantry.users AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY transfer_select ON tenantry.users AS PERMISSIVE FOR SELECT TO tenantry_transfer USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.users AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.tenants AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((id = tenantry.current_tenant_id())) WITH CHECK ((id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tenants AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((id = tenantry.current_tenant_id())) WITH CHECK ((id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tenants AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.tenants AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tenants AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY auth_select ON tenantry.tenants AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY audit_select ON tenantry.tenants AS PERMISSIVE FOR SELECT TO tenantry_audit USING (true)""",
    r"""CREATE POLICY graph_select ON tenantry.tenants AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY transfer_update ON tenantry.tenants AS PERMISSIVE FOR UPDATE TO tenantry_transfer USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.tenants AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY service ON tenantry.user_identities AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.user_identities AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.user_identities AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.activity_feed AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.activity_feed AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.activity_feed AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.activity_feed AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.activity_feed AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.agents AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.agents AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.agents AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.agents AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.agents AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.agents AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY graph_select ON tenantry.agents AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.agents AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.cost_entries AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.cost_entries AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.cost_entries AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.cost_entries AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.cost_entries AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_insert ON tenantry.cost_entries AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.cost_entries AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY views_select ON tenantry.cost_entries AS PERMISSIVE FOR SELECT TO tenantry_views USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.cost_entries AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.graph_nodes AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.graph_nodes AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.graph_nodes AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.graph_nodes AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY graph_select ON tenantry.graph_nodes AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.graph_nodes AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.graph_nodes AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.lock_fences AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.lock_fences AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.lock_fences AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.lock_fences AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.lock_fences AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.memberships AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.memberships AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.memberships AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.memberships AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.memberships AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.memberships AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY service ON tenantry.outbox_events AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.outbox_events AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_insert ON tenantry.outbox_events AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.outbox_events AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.patterns AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.patterns AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.patterns AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.patterns AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.patterns AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY service ON tenantry.tenant_holds AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.tenant_holds AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.tenant_holds AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.tenant_quotas AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tenant_quotas AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tenant_quotas AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.tenant_quotas AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tenant_quotas AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_insert ON tenantry.tenant_quotas AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.tenant_quotas AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.tenant_usage AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tenant_usage AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tenant_usage AS PERMISSIVE FOR SELECT TO tenantry_service USING (true)""",
    r"""CREATE POLICY transfer ON tenantry.tenant_usage AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tenant_usage AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_insert ON tenantry.tenant_usage AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.tenant_usage AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.tenant_usage AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.workflows AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.workflows AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.workflows AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.workflows AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.workflows AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_insert ON tenantry.workflows AS PERMISSIVE FOR INSERT TO tenantry_keeper WITH CHECK (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.workflows AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.workflows AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.api_keys AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.api_keys AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.api_keys AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.api_keys AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.api_keys AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.api_keys AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.businesses AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.businesses AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.businesses AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.businesses AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.businesses AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.desks AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.desks AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.desks AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.desks AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.desks AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.desks AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY search_select ON tenantry.desks AS PERMISSIVE FOR SELECT TO tenantry_search USING (true)""",
    r"""CREATE POLICY views_select ON tenantry.desks AS PERMISSIVE FOR SELECT TO tenantry_views USING (true)""",
    r"""CREATE POLICY graph_select ON tenantry.desks AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.desks AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.invitations AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.invitations AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.invitations AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.invitations AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.invitations AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.projects AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.projects AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.projects AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.projects AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY graph_select ON tenantry.projects AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.projects AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.knowledge_bases AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.knowledge_bases AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.knowledge_bases AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.knowledge_bases AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.knowledge_bases AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.tasks AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.tasks AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.tasks AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.tasks AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.tasks AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY search_select ON tenantry.tasks AS PERMISSIVE FOR SELECT TO tenantry_search USING (true)""",
    r"""CREATE POLICY views_select ON tenantry.tasks AS PERMISSIVE FOR SELECT TO tenantry_views USING (true)""",
    r"""CREATE POLICY graph_select ON tenantry.tasks AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.tasks AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.agent_sessions AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.agent_sessions AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.agent_sessions AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.agent_sessions AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.agent_sessions AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.agent_sessions AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY views_select ON tenantry.agent_sessions AS PERMISSIVE FOR SELECT TO tenantry_views USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.agent_sessions AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.approvals AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.approvals AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.approvals AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.approvals AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.approvals AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.artifacts AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.artifacts AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.artifacts AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.artifacts AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.artifacts AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.data_sources AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.data_sources AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.data_sources AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.data_sources AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY auth_select ON tenantry.data_sources AS PERMISSIVE FOR SELECT TO tenantry_auth USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.data_sources AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.delegations AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.delegations AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.delegations AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.delegations AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY graph_select ON tenantry.delegations AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.delegations AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.evidence AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.evidence AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.evidence AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.evidence AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY search_select ON tenantry.evidence AS PERMISSIVE FOR SELECT TO tenantry_search USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.evidence AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.graph_edges AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.graph_edges AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.graph_edges AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.graph_edges AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY graph_select ON tenantry.graph_edges AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.graph_edges AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.graph_edges AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.lessons AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.lessons AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.lessons AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.lessons AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.lessons AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.lessons AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY search_select ON tenantry.lessons AS PERMISSIVE FOR SELECT TO tenantry_search USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.lessons AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.qa_reviews AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.qa_reviews AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.qa_reviews AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.qa_reviews AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.qa_reviews AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.qa_reviews AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.self_reviews AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.self_reviews AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.self_reviews AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.self_reviews AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.self_reviews AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.task_checkpoints AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.task_checkpoints AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.task_checkpoints AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.task_checkpoints AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.task_checkpoints AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.task_comments AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.task_comments AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.task_comments AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.task_comments AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.task_comments AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.task_dependencies AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.task_dependencies AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.task_dependencies AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.task_dependencies AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.task_dependencies AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY graph_select ON tenantry.task_dependencies AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.task_dependencies AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.agent_executions AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.agent_executions AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.agent_executions AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.agent_executions AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.agent_executions AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY graph_select ON tenantry.agent_executions AS PERMISSIVE FOR SELECT TO tenantry_graph USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.agent_executions AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.conversations AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.conversations AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.conversations AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.conversations AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.conversations AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY keeper_update ON tenantry.conversations AS PERMISSIVE FOR UPDATE TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.conversations AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.documents AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.documents AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.documents AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.documents AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY search_select ON tenantry.documents AS PERMISSIVE FOR SELECT TO tenantry_search USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.documents AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.evidence_links AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.evidence_links AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.evidence_links AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.evidence_links AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.evidence_links AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.task_attachments AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.task_attachments AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.task_attachments AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.task_attachments AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.task_attachments AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.chunks AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.chunks AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.chunks AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.chunks AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY search_select ON tenantry.chunks AS PERMISSIVE FOR SELECT TO tenantry_search USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.chunks AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE POLICY tenant ON tenantry.messages AS PERMISSIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY tenant_floor ON tenantry.messages AS RESTRICTIVE FOR ALL TO tenantry_app, tenantry_readonly USING ((tenant_id = tenantry.current_tenant_id())) WITH CHECK ((tenant_id = tenantry.current_tenant_id()))""",
    r"""CREATE POLICY service ON tenantry.messages AS PERMISSIVE FOR ALL TO tenantry_service USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY transfer ON tenantry.messages AS PERMISSIVE FOR ALL TO tenantry_transfer USING (true) WITH CHECK (true)""",
    r"""CREATE POLICY keeper_select ON tenantry.messages AS PERMISSIVE FOR SELECT TO tenantry_keeper USING (true)""",
    r"""CREATE POLICY owner_floor ON tenantry.messages AS RESTRICTIVE FOR ALL TO tenantry_owner USING (false)""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.graph_queries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_queries()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.graph_queries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_queries()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.graph_queries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_queries()""",
    r"""CREATE TRIGGER check_graph_query BEFORE INSERT OR UPDATE ON tenantry.graph_queries FOR EACH ROW EXECUTE FUNCTION tenantry.check_graph_query()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.graph_queries FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.model_prices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_model_prices()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.model_prices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_model_prices()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.model_prices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_model_prices()""",
    r"""CREATE TRIGGER range_price BEFORE INSERT ON tenantry.model_prices FOR EACH ROW EXECUTE FUNCTION tenantry.range_price()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.model_prices FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.platform_log FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.platform_log FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON tenantry.platform_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenantry.platform_seals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.seal_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_seal_keys()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.seal_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_seal_keys()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.seal_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_seal_keys()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.seal_keys FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
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
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.activity_feed FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_agents()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_agents()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.agents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_agents()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.agents FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.agents FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER account_expenses_delete AFTER DELETE ON tenantry.cost_entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.account_expenses()""",
    r"""CREATE TRIGGER account_expenses_insert AFTER INSERT ON tenantry.cost_entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.account_expenses()""",
    r"""CREATE TRIGGER account_expenses_update AFTER UPDATE ON tenantry.cost_entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.account_expenses()""",
    r"""CREATE TRIGGER price_cost_entry BEFORE INSERT OR UPDATE ON tenantry.cost_entries FOR EACH ROW EXECUTE FUNCTION tenantry.price_cost_entry()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.cost_entries FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.graph_nodes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_nodes()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.graph_nodes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_nodes()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.graph_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_nodes()""",
    r"""CREATE TRIGGER limit_graph_labels_insert AFTER INSERT ON tenantry.graph_nodes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.limit_graph_labels()""",
    r"""CREATE TRIGGER refuse_other_label BEFORE UPDATE OF label ON tenantry.graph_nodes FOR EACH ROW EXECUTE FUNCTION tenantry.refuse_other_label()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.graph_nodes FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.graph_nodes FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER refuse_stale_fence BEFORE UPDATE ON tenantry.lock_fences FOR EACH ROW EXECUTE FUNCTION tenantry.refuse_stale_fence()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.lock_fences FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.lock_fences FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.memberships REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_memberships()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.memberships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_memberships()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.memberships REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_memberships()""",
    r"""CREATE TRIGGER count_delete AFTER DELETE ON tenantry.memberships REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_memberships()""",
    r"""CREATE TRIGGER count_insert AFTER INSERT ON tenantry.memberships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_memberships()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.memberships FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT ON tenantry.outbox_events FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.patterns REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_patterns()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.patterns REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_patterns()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.patterns REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_patterns()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.patterns FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.patterns FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.tenant_holds REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_holds()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.tenant_holds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_holds()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.tenant_holds REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_holds()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tenant_holds FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.tenant_quotas REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_quotas()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.tenant_quotas REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_quotas()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.tenant_quotas REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tenant_quotas()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tenant_quotas FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tenant_usage FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.workflows REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_workflows()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.workflows REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_workflows()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.workflows REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_workflows()""",
    r"""CREATE TRIGGER check_workflow BEFORE INSERT OR UPDATE ON tenantry.workflows FOR EACH ROW EXECUTE FUNCTION tenantry.check_workflow()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.workflows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.workflows FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_api_keys()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_api_keys()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.api_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_api_keys()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.api_keys FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.api_keys FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.businesses REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_businesses()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.businesses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_businesses()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.businesses REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_businesses()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.businesses FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.businesses FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.desks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_desks()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.desks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_desks()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.desks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_desks()""",
    r"""CREATE TRIGGER count_delete AFTER DELETE ON tenantry.desks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_desks()""",
    r"""CREATE TRIGGER count_insert AFTER INSERT ON tenantry.desks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_desks()""",
    r"""CREATE TRIGGER hold_desks BEFORE DELETE OR UPDATE OF reports_to_id ON tenantry.desks FOR EACH STATEMENT EXECUTE FUNCTION tenantry.hold_desks()""",
    r"""CREATE TRIGGER place_desk BEFORE INSERT OR UPDATE OF reports_to_id ON tenantry.desks FOR EACH ROW EXECUTE FUNCTION tenantry.place_desk()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.desks FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER settle_desks_insert AFTER INSERT ON tenantry.desks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.settle_desks()""",
    r"""CREATE TRIGGER settle_desks_update AFTER UPDATE ON tenantry.desks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.settle_desks()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.desks FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.invitations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_invitations()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.invitations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_invitations()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.invitations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_invitations()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.invitations FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.invitations FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.projects REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_projects()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.projects REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_projects()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.projects REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_projects()""",
    r"""CREATE TRIGGER count_delete AFTER DELETE ON tenantry.projects REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_projects()""",
    r"""CREATE TRIGGER count_insert AFTER INSERT ON tenantry.projects REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_projects()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.projects FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.projects FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.knowledge_bases REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_knowledge_bases()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.knowledge_bases REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_knowledge_bases()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.knowledge_bases REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_knowledge_bases()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.knowledge_bases FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.knowledge_bases FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.tasks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tasks()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tasks()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_tasks()""",
    r"""CREATE TRIGGER count_delete AFTER DELETE ON tenantry.tasks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_tasks()""",
    r"""CREATE TRIGGER count_insert AFTER INSERT ON tenantry.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.count_tasks()""",
    r"""CREATE TRIGGER govern_task BEFORE INSERT OR UPDATE ON tenantry.tasks FOR EACH ROW EXECUTE FUNCTION tenantry.govern_task()""",
    r"""CREATE TRIGGER refuse_circular_parents BEFORE INSERT OR UPDATE OF parent_id ON tenantry.tasks FOR EACH ROW EXECUTE FUNCTION tenantry.refuse_circular_parents()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.tasks FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.tasks FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER account_session AFTER INSERT OR UPDATE ON tenantry.agent_sessions FOR EACH ROW EXECUTE FUNCTION tenantry.account_session()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.agent_sessions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_agent_sessions()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.agent_sessions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_agent_sessions()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE OF desk_id, agent_id, task_id, status, started_at, ended_at, metrics, state ON tenantry.agent_sessions FOR EACH ROW EXECUTE FUNCTION tenantry.audit_agent_sessions()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE OF tenant_id, id, desk_id, agent_id, task_id, status, started_at, ended_at, metrics, state, created_at, updated_at ON tenantry.agent_sessions FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER time_session BEFORE INSERT OR UPDATE ON tenantry.agent_sessions FOR EACH ROW EXECUTE FUNCTION tenantry.time_session()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.agent_sessions FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.approvals REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_approvals()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.approvals REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_approvals()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.approvals REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_approvals()""",
    r"""CREATE TRIGGER decide_approval BEFORE INSERT OR UPDATE ON tenantry.approvals FOR EACH ROW EXECUTE FUNCTION tenantry.decide_approval()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.approvals FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.approvals FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.artifacts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_artifacts()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.artifacts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_artifacts()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.artifacts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_artifacts()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.artifacts FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.artifacts FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.data_sources REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_data_sources()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.data_sources REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_data_sources()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.data_sources REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_data_sources()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.data_sources FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.data_sources FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER answer_delegation BEFORE INSERT OR UPDATE ON tenantry.delegations FOR EACH ROW EXECUTE FUNCTION tenantry.answer_delegation()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.delegations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_delegations()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.delegations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_delegations()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.delegations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_delegations()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.delegations FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.delegations FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.evidence REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_evidence()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.evidence REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_evidence()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.evidence REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_evidence()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.evidence FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.evidence FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.graph_edges REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_edges()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.graph_edges REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_edges()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.graph_edges REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_graph_edges()""",
    r"""CREATE TRIGGER limit_graph_labels_insert AFTER INSERT ON tenantry.graph_edges REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.limit_graph_labels()""",
    r"""CREATE TRIGGER refuse_other_label BEFORE UPDATE OF label ON tenantry.graph_edges FOR EACH ROW EXECUTE FUNCTION tenantry.refuse_other_label()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.graph_edges FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.graph_edges FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.lessons REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_lessons()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.lessons REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_lessons()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.lessons REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_lessons()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.lessons FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.lessons FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.qa_reviews REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_qa_reviews()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.qa_reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_qa_reviews()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.qa_reviews REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_qa_reviews()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.qa_reviews FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER time_review BEFORE INSERT OR UPDATE ON tenantry.qa_reviews FOR EACH ROW EXECUTE FUNCTION tenantry.time_review()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.qa_reviews FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.self_reviews REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_self_reviews()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.self_reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_self_reviews()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.self_reviews REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_self_reviews()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.self_reviews FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.self_reviews FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.task_checkpoints REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_checkpoints()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.task_checkpoints REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_checkpoints()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.task_checkpoints REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_checkpoints()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.task_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.task_checkpoints FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.task_comments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_comments()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.task_comments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_comments()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.task_comments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_comments()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.task_comments FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.task_comments FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.task_dependencies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_dependencies()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.task_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_dependencies()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.task_dependencies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_dependencies()""",
    r"""CREATE TRIGGER refuse_circular_dependencies_insert AFTER INSERT ON tenantry.task_dependencies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_circular_dependencies()""",
    r"""CREATE TRIGGER refuse_circular_dependencies_update AFTER UPDATE ON tenantry.task_dependencies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_circular_dependencies()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.task_dependencies FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.task_dependencies FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.agent_executions FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER time_execution BEFORE INSERT OR UPDATE ON tenantry.agent_executions FOR EACH ROW EXECUTE FUNCTION tenantry.time_execution()""",
    r"""CREATE TRIGGER total_executions_delete AFTER DELETE ON tenantry.agent_executions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.total_executions()""",
    r"""CREATE TRIGGER total_executions_insert AFTER INSERT ON tenantry.agent_executions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.total_executions()""",
    r"""CREATE TRIGGER total_executions_update AFTER UPDATE ON tenantry.agent_executions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.total_executions()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.agent_executions FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.conversations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_conversations()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.conversations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_conversations()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE OF business_id, project_id, session_id, user_id, title, metadata ON tenantry.conversations FOR EACH ROW EXECUTE FUNCTION tenantry.audit_conversations()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE OF tenant_id, id, business_id, project_id, session_id, user_id, title, metadata, created_at, updated_at ON tenantry.conversations FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.conversations FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.documents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_documents()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.documents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_documents()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_documents()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.documents FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.documents FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.evidence_links REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_evidence_links()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.evidence_links REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_evidence_links()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.evidence_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_evidence_links()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.evidence_links FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.evidence_links FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.task_attachments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_attachments()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.task_attachments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_attachments()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.task_attachments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_task_attachments()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.task_attachments FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.task_attachments FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER audit_delete AFTER DELETE ON tenantry.chunks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_chunks()""",
    r"""CREATE TRIGGER audit_insert AFTER INSERT ON tenantry.chunks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_chunks()""",
    r"""CREATE TRIGGER audit_update AFTER UPDATE ON tenantry.chunks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.audit_chunks()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.chunks FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.chunks FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE ON tenantry.messages FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()""",
    r"""CREATE TRIGGER total_messages_delete AFTER DELETE ON tenantry.messages REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.total_messages()""",
    r"""CREATE TRIGGER total_messages_insert AFTER INSERT ON tenantry.messages REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.total_messages()""",
    r"""CREATE TRIGGER total_messages_update AFTER UPDATE ON tenantry.messages REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenantry.total_messages()""",
    r"""CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenantry.messages FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()""",
    r"""GRANT DELETE, INSERT (activity_type, agent_id, created_at, details, id, is_public, project_id, summary, task_id, tenant_id, user_id), SELECT, UPDATE (activity_type, agent_id, details, is_public, project_id, summary, task_id, user_id) ON tenantry.activity_feed TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.activity_feed TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.activity_feed TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.activity_feed TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_id, agent_type, completed_at, cost_usd, created_at, duration_ms, error, evidence_id, id, input, input_tokens, metadata, model_name, model_provider, output, output_tokens, project_id, session_id, started_at, status, task_id, tenant_id, updated_at), SELECT, UPDATE (agent_id, agent_type, completed_at, cost_usd, duration_ms, error, evidence_id, input, input_tokens, metadata, model_name, model_provider, output, output_tokens, project_id, session_id, started_at, status, task_id) ON tenantry.agent_executions TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.agent_executions TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.agent_executions TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.agent_executions TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.agent_executions TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.agent_executions TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_id, created_at, desk_id, ended_at, id, metrics, started_at, state, status, task_id, tenant_id, updated_at), SELECT, UPDATE (agent_id, desk_id, ended_at, metrics, started_at, state, status, task_id) ON tenantry.agent_sessions TO tenantry_app""",
    r"""GRANT SELECT, UPDATE ON tenantry.agent_sessions TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.agent_sessions TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.agent_sessions TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.agent_sessions TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.agent_sessions TO tenantry_views""",
    r"""GRANT DELETE, INSERT (agent_type, capabilities, config, created_at, description, id, is_active, is_experimental, model_name, model_provider, name, tags, tenant_id, updated_at, version), SELECT, UPDATE (agent_type, capabilities, config, description, is_active, is_experimental, model_name, model_provider, name, tags, version) ON tenantry.agents TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.agents TO tenantry_graph""",
    r"""GRANT SELECT, UPDATE ON tenantry.agents TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.agents TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.agents TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.agents TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, expires_at, id, key_hash, last_used_at, name, prefix, revoked_at, scopes, successor_id, tenant_id, updated_at, use_count, user_id), SELECT (created_at, expires_at, id, last_used_at, name, prefix, revoked_at, scopes, successor_id, tenant_id, updated_at, use_count, user_id), UPDATE (expires_at, key_hash, last_used_at, name, prefix, revoked_at, scopes, successor_id, use_count, user_id) ON tenantry.api_keys TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.api_keys TO tenantry_auth""",
    r"""GRANT SELECT (created_at, expires_at, id, last_used_at, name, prefix, revoked_at, scopes, successor_id, tenant_id, updated_at, use_count, user_id) ON tenantry.api_keys TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.api_keys TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.api_keys TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (artifact_ids, created_at, decided_at, decision, id, reason, requested_by, task_id, tenant_id, updated_at, user_id), SELECT, UPDATE (artifact_ids, decided_at, decision, reason, requested_by, task_id, user_id) ON tenantry.approvals TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.approvals TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.approvals TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.approvals TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (approved, content, created_at, execution_id, id, metadata, path, task_id, tenant_id, type, updated_at), SELECT, UPDATE (approved, content, execution_id, metadata, path, task_id, type) ON tenantry.artifacts TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.artifacts TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.artifacts TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.artifacts TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.audit_logs TO tenantry_app""",
    r"""GRANT INSERT, SELECT ON tenantry.audit_logs TO tenantry_audit""",
    r"""GRANT SELECT ON tenantry.audit_logs TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.audit_logs TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.audit_logs TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.audit_seals TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.audit_seals TO tenantry_audit""",
    r"""GRANT SELECT ON tenantry.audit_seals TO tenantry_readonly""",
    r"""GRANT INSERT, SELECT ON tenantry.audit_seals TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.audit_seals TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (context, created_at, id, industry, name, stage, tenant_id, updated_at, user_id), SELECT, UPDATE (context, industry, name, stage, user_id) ON tenantry.businesses TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.businesses TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.businesses TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.businesses TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (content, created_at, document_id, id, metadata, ordinal, tenant_id, token_count, updated_at), SELECT, UPDATE (content, document_id, metadata, ordinal, token_count) ON tenantry.chunks TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.chunks TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.chunks TO tenantry_search""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.chunks TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.chunks TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (business_id, created_at, id, metadata, project_id, session_id, tenant_id, title, updated_at, user_id), SELECT, UPDATE (business_id, metadata, project_id, session_id, title, user_id) ON tenantry.conversations TO tenantry_app""",
    r"""GRANT SELECT, UPDATE ON tenantry.conversations TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.conversations TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.conversations TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.conversations TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_id, billing_month, cached_tokens, cost_usd, created_at, description, desk_id, execution_id, id, input_tokens, metadata, model, output_tokens, provider, session_id, task_id, tenant_id), SELECT, UPDATE (agent_id, billing_month, cached_tokens, cost_usd, description, desk_id, execution_id, input_tokens, metadata, model, output_tokens, provider, session_id, task_id) ON tenantry.cost_entries TO tenantry_app""",
    r"""GRANT INSERT, SELECT, UPDATE ON tenantry.cost_entries TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.cost_entries TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.cost_entries TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.cost_entries TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.cost_entries TO tenantry_views""",
    r"""GRANT DELETE, INSERT (config, created_at, credentials, id, knowledge_base_id, last_error, last_synced_at, location, name, source_type, sync_schedule, sync_status, tenant_id, updated_at), SELECT (config, created_at, id, knowledge_base_id, last_error, last_synced_at, location, name, source_type, sync_schedule, sync_status, tenant_id, updated_at), UPDATE (config, credentials, knowledge_base_id, last_error, last_synced_at, location, name, source_type, sync_schedule, sync_status) ON tenantry.data_sources TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.data_sources TO tenantry_auth""",
    r"""GRANT SELECT (config, created_at, id, knowledge_base_id, last_error, last_synced_at, location, name, source_type, sync_schedule, sync_status, tenant_id, updated_at) ON tenantry.data_sources TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.data_sources TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.data_sources TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (answer, answered_at, created_at, from_desk_id, id, reason, status, task_id, tenant_id, to_desk_id, updated_at), SELECT, UPDATE (answer, answered_at, from_desk_id, reason, status, task_id, to_desk_id) ON tenantry.delegations TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.delegations TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.delegations TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.delegations TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.delegations TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_id, capabilities, code, created_at, id, llm_config, llm_model, llm_provider, reports_to_id, role, skills, status, tenant_id, title, updated_at), SELECT, UPDATE (agent_id, capabilities, code, llm_config, llm_model, llm_provider, reports_to_id, role, skills, status, title) ON tenantry.desks TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.desks TO tenantry_graph""",
    r"""GRANT SELECT, UPDATE ON tenantry.desks TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.desks TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.desks TO tenantry_search""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.desks TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.desks TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.desks TO tenantry_views""",
    r"""GRANT DELETE, INSERT (checksum, content_type, created_at, data_source_id, id, knowledge_base_id, metadata, size_bytes, status, tenant_id, title, updated_at, uri), SELECT, UPDATE (checksum, content_type, data_source_id, knowledge_base_id, metadata, size_bytes, status, title, uri) ON tenantry.documents TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.documents TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.documents TO tenantry_search""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.documents TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.documents TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (content, created_at, credibility_score, data, id, is_verified, project_id, source, source_type, tags, task_id, tenant_id, title, updated_at, verified_at, verified_by), SELECT, UPDATE (content, credibility_score, data, is_verified, project_id, source, source_type, tags, task_id, title, verified_at, verified_by) ON tenantry.evidence TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.evidence TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.evidence TO tenantry_search""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.evidence TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.evidence TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, evidence_id, id, kind, note, target_id, target_type, tenant_id, updated_at), SELECT, UPDATE (evidence_id, kind, note, target_id, target_type) ON tenantry.evidence_links TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.evidence_links TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.evidence_links TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.evidence_links TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, from_agent_id, from_desk_id, from_node_id, from_project_id, from_task_id, id, label, properties, tenant_id, to_agent_id, to_desk_id, to_node_id, to_project_id, to_task_id, updated_at), SELECT, UPDATE (properties) ON tenantry.graph_edges TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.graph_edges TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.graph_edges TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.graph_edges TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.graph_edges TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.graph_edges TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, id, label, properties, tenant_id, updated_at), SELECT, UPDATE (properties) ON tenantry.graph_nodes TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.graph_nodes TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.graph_nodes TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.graph_nodes TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.graph_nodes TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.graph_nodes TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.graph_queries TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.graph_queries TO tenantry_graph_reader""",
    r"""GRANT SELECT ON tenantry.graph_queries TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.graph_queries TO tenantry_service""",
    r"""GRANT INSERT (email, expires_at, id, invited_by, role, tenant_id, token_hash), SELECT (accepted_at, accepted_by, created_at, email, expires_at, id, invited_by, revoked_at, role, tenant_id, updated_at), UPDATE (revoked_at) ON tenantry.invitations TO tenantry_app""",
    r"""GRANT SELECT (accepted_at, accepted_by, created_at, email, expires_at, id, invited_by, revoked_at, role, tenant_id, updated_at) ON tenantry.invitations TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.invitations TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.invitations TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, description, desk_id, embedding_config, embedding_dimensions, embedding_model, embedding_provider, id, name, tenant_id, updated_at, vector_store, vector_store_config), SELECT, UPDATE (description, desk_id, embedding_config, embedding_dimensions, embedding_model, embedding_provider, name, vector_store, vector_store_config) ON tenantry.knowledge_bases TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.knowledge_bases TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.knowledge_bases TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.knowledge_bases TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (category, confidence, created_at, details, human_validated, id, source_agent, summary, tags, task_id, tenant_id, title, updated_at, validated_by), SELECT, UPDATE (category, confidence, details, human_validated, source_agent, summary, tags, task_id, title, validated_by) ON tenantry.lessons TO tenantry_app""",
    r"""GRANT SELECT, UPDATE ON tenantry.lessons TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.lessons TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.lessons TO tenantry_search""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.lessons TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.lessons TO tenantry_transfer""",
    r"""GRANT INSERT (created_at, fence, id, name, tenant_id, updated_at), SELECT, UPDATE (fence) ON tenantry.lock_fences TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.lock_fences TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.lock_fences TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.lock_fences TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.memberships TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.memberships TO tenantry_auth""",
    r"""GRANT SELECT ON tenantry.memberships TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.memberships TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.memberships TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (content, conversation_id, cost_usd, created_at, id, input_tokens, metadata, model, output_tokens, role, session_id, tenant_id, tool_call_id, tool_calls, tool_result, updated_at), SELECT, UPDATE (content, cost_usd, input_tokens, metadata, model, output_tokens, tool_call_id, tool_calls, tool_result) ON tenantry.messages TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.messages TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.messages TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.messages TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.messages TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.model_prices TO tenantry_app""",
    r"""GRANT SELECT, UPDATE ON tenantry.model_prices TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.model_prices TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.model_prices TO tenantry_service""",
    r"""GRANT INSERT ON tenantry.outbox_events TO tenantry_keeper""",
    r"""GRANT DELETE, SELECT, UPDATE ON tenantry.outbox_events TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.outbox_events TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_type, created_at, frequency, id, last_seen, pattern, tenant_id, type, updated_at), SELECT, UPDATE (agent_type, frequency, last_seen, pattern, type) ON tenantry.patterns TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.patterns TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.patterns TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.patterns TO tenantry_transfer""",
    r"""GRANT INSERT, SELECT ON tenantry.platform_log TO tenantry_audit""",
    r"""GRANT SELECT ON tenantry.platform_log TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.platform_log TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.platform_seals TO tenantry_audit""",
    r"""GRANT INSERT, SELECT ON tenantry.platform_seals TO tenantry_service""",
    r"""GRANT DELETE, INSERT (archived_at, config, created_at, default_branch, description, id, name, owner_id, path, pr_merge_rate, repository_url, slug, status, tech_stack, tenant_id, test_coverage_percent, updated_at), SELECT, UPDATE (archived_at, config, default_branch, description, name, owner_id, path, pr_merge_rate, repository_url, slug, status, tech_stack, test_coverage_percent) ON tenantry.projects TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.projects TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.projects TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.projects TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.projects TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (comment, created_at, findings, id, quality_score, reviewed_at, reviewer_agent_id, reviewer_user_id, stage, task_id, tenant_id, updated_at, verdict), SELECT, UPDATE (comment, findings, quality_score, reviewed_at, reviewer_agent_id, reviewer_user_id, stage, task_id, verdict) ON tenantry.qa_reviews TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.qa_reviews TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.qa_reviews TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.qa_reviews TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.qa_reviews TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.seal_keys TO tenantry_auth""",
    r"""GRANT DELETE, INSERT (agent_type, completeness_score, correctness_score, created_at, decision, duration_ms, execution_id, gaps, id, iteration, overall_score, quality_score, reasoning, requirements, task_id, tenant_id, updated_at), SELECT, UPDATE (agent_type, completeness_score, correctness_score, decision, duration_ms, execution_id, gaps, iteration, overall_score, quality_score, reasoning, requirements, task_id) ON tenantry.self_reviews TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.self_reviews TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.self_reviews TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.self_reviews TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.sign_in_attempts TO tenantry_service""",
    r"""GRANT DELETE, INSERT (checksum, content_type, created_at, evidence_id, filename, id, is_evidence, size_bytes, storage_path, task_id, tenant_id, updated_at, uploaded_by), SELECT, UPDATE (checksum, content_type, evidence_id, filename, is_evidence, size_bytes, storage_path, task_id, uploaded_by) ON tenantry.task_attachments TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.task_attachments TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.task_attachments TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.task_attachments TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (artifacts, created_at, data, id, state, task_id, tenant_id, updated_at), SELECT, UPDATE (artifacts, data, state, task_id) ON tenantry.task_checkpoints TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.task_checkpoints TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.task_checkpoints TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.task_checkpoints TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_id, ai_metadata, author_id, content, created_at, github_comment_id, id, is_ai_generated, task_id, tenant_id, updated_at), SELECT, UPDATE (agent_id, ai_metadata, author_id, content, github_comment_id, is_ai_generated, task_id) ON tenantry.task_comments TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.task_comments TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.task_comments TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.task_comments TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, depends_on_id, id, task_id, tenant_id, updated_at), SELECT, UPDATE (depends_on_id, task_id) ON tenantry.task_dependencies TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.task_dependencies TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.task_dependencies TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.task_dependencies TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.task_dependencies TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.task_dependencies TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (agent_queue, ai_analysis, ai_suggestions, analysis, assigned_to_agent_id, assigned_to_desk_id, assigned_to_user_id, completed_agents, config, created_at, creator_id, current_agent, description, error, github_issue_number, github_pr_number, id, labels, max_retries, metadata, parent_id, priority, project_id, prompt, result, retry_count, status, tenant_id, title, type, updated_at, workflow_id), SELECT, UPDATE (agent_queue, ai_analysis, ai_suggestions, analysis, assigned_to_agent_id, assigned_to_desk_id, assigned_to_user_id, completed_agents, config, creator_id, current_agent, description, error, github_issue_number, github_pr_number, labels, max_retries, metadata, parent_id, priority, project_id, prompt, result, retry_count, status, title, type, workflow_id) ON tenantry.tasks TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.tasks TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.tasks TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tasks TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.tasks TO tenantry_search""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tasks TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.tasks TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.tasks TO tenantry_views""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tenant_holds TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.tenant_holds TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.tenant_quotas TO tenantry_app""",
    r"""GRANT INSERT, SELECT ON tenantry.tenant_quotas TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tenant_quotas TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tenant_quotas TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.tenant_quotas TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.tenant_usage TO tenantry_app""",
    r"""GRANT INSERT, SELECT, UPDATE ON tenantry.tenant_usage TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tenant_usage TO tenantry_readonly""",
    r"""GRANT SELECT ON tenantry.tenant_usage TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.tenant_usage TO tenantry_transfer""",
    r"""GRANT SELECT, UPDATE (name, settings) ON tenantry.tenants TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_audit""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_auth""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_graph""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.tenants TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tenants TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.tenants TO tenantry_transfer""",
    r"""GRANT SELECT ON tenantry.user_identities TO tenantry_auth""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.user_identities TO tenantry_service""",
    r"""GRANT SELECT (created_at, email, id, is_active, kind, last_login_at, metadata, name, preferences, role, updated_at, username), UPDATE (name, preferences, username) ON tenantry.users TO tenantry_app""",
    r"""GRANT SELECT ON tenantry.users TO tenantry_auth""",
    r"""GRANT SELECT (created_at, email, id, is_active, kind, last_login_at, metadata, name, preferences, role, updated_at, username) ON tenantry.users TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.users TO tenantry_service""",
    r"""GRANT SELECT ON tenantry.users TO tenantry_transfer""",
    r"""GRANT DELETE, INSERT (created_at, description, id, initial_stage, is_builtin, is_default, name, qa_pipeline, retry_rule, stages, tenant_id, transition_rules, updated_at), SELECT, UPDATE (description, initial_stage, is_builtin, is_default, name, qa_pipeline, retry_rule, stages, transition_rules) ON tenantry.workflows TO tenantry_app""",
    r"""GRANT INSERT, SELECT, UPDATE ON tenantry.workflows TO tenantry_keeper""",
    r"""GRANT SELECT ON tenantry.workflows TO tenantry_readonly""",
    r"""GRANT DELETE, INSERT, SELECT, UPDATE ON tenantry.workflows TO tenantry_service""",
    r"""GRANT DELETE, INSERT, SELECT ON tenantry.workflows TO tenantry_transfer""",
    r"""CREATE TABLE tenantry.audit_logs_default PARTITION OF tenantry.audit_logs DEFAULT""",
    r"""SELECT tenantry.secure_partition('audit_logs_default', 'audit_logs')""",
    r"""CREATE TABLE tenantry.platform_log_default PARTITION OF tenantry.platform_log DEFAULT""",
    r"""SELECT tenantry.secure_partition('platform_log_default', 'platform_log')""",
    r"""CREATE TABLE tenantry.activity_feed_default PARTITION OF tenantry.activity_feed DEFAULT""",
    r"""SELECT tenantry.secure_partition('activity_feed_default', 'activity_feed')""",
    r"""CREATE TABLE tenantry.cost_entries_default PARTITION OF tenantry.cost_entries DEFAULT""",
    r"""SELECT tenantry.secure_partition('cost_entries_default', 'cost_entries')""",
    r"""CREATE TABLE tenantry.agent_executions_default PARTITION OF tenantry.agent_executions DEFAULT""",
    r"""SELECT tenantry.secure_partition('agent_executions_default', 'agent_executions')""",
    r"""CREATE TABLE tenantry.messages_default PARTITION OF tenantry.messages DEFAULT""",
    r"""SELECT tenantry.secure_partition('messages_default', 'messages')""",
    r"""REVOKE CREATE ON SCHEMA tenantry FROM tenantry_audit, tenantry_auth, tenantry_graph, tenantry_graph_reader, tenantry_keeper, tenantry_search, tenantry_transfer, tenantry_views""",
)

DOWN = (
    r"""DROP POLICY owner_floor ON tenantry.messages""",
    r"""DROP POLICY keeper_select ON tenantry.messages""",
    r"""DROP POLICY transfer ON tenantry.messages""",
    r"""DROP POLICY service ON tenantry.messages""",
    r"""DROP POLICY tenant_floor ON tenantry.messages""",
    r"""DROP POLICY tenant ON tenantry.messages""",
    r"""DROP POLICY owner_floor ON tenantry.chunks""",
    r"""DROP POLICY search_select ON tenantry.chunks""",
    r"""DROP POLICY transfer ON tenantry.chunks""",
    r"""DROP POLICY service ON tenantry.chunks""",
    r"""DROP POLICY tenant_floor ON tenantry.chunks""",
    r"""DROP POLICY tenant ON tenantry.chunks""",
    r"""DROP POLICY owner_floor ON tenantry.task_attachments""",
    r"""DROP POLICY transfer ON tenantry.task_attachments""",
    r"""DROP POLICY service ON tenantry.task_attachments""",
    r"""DROP POLICY tenant_floor ON tenantry.task_attachments""",
    r"""DROP POLICY tenant ON tenantry.task_attachments""",
    r"""DROP POLICY owner_floor ON tenantry.evidence_links""",
    r"""DROP POLICY transfer ON tenantry.evidence_links""",
    r"""DROP POLICY service ON tenantry.evidence_links""",
    r"""DROP POLICY tenant_floor ON tenantry.evidence_links""",
    r"""DROP POLICY tenant ON tenantry.evidence_links""",
    r"""DROP POLICY owner_floor ON tenantry.documents""",
    r"""DROP POLICY search_select ON tenantry.documents""",
    r"""DROP POLICY transfer ON tenantry.documents""",
    r"""DROP POLICY service ON tenantry.documents""",
    r"""DROP POLICY tenant_floor ON tenantry.documents""",
    r"""DROP POLICY tenant ON tenantry.documents""",
    r"""DROP POLICY owner_floor ON tenantry.conversations""",
    r"""DROP POLICY keeper_update ON tenantry.conversations""",
    r"""DROP POLICY keeper_select ON tenantry.conversations""",
    r"""DROP POLICY transfer ON tenantry.conversations""",
    r"""DROP POLICY service ON tenantry.conversations""",
    r"""DROP POLICY tenant_floor ON tenantry.conversations""",
    r"""DROP POLICY tenant ON tenantry.conversations""",
    r"""DROP POLICY owner_floor ON tenantry.agent_executions""",
    r"""DROP POLICY graph_select ON tenantry.agent_executions""",
    r"""DROP POLICY keeper_select ON tenantry.agent_executions""",
    r"""DROP POLICY transfer ON tenantry.agent_executions""",
    r"""DROP POLICY service ON tenantry.agent_executions""",
    r"""DROP POLICY tenant_floor ON tenantry.agent_executions""",
    r"""DROP POLICY tenant ON tenantry.agent_executions""",
    r"""DROP POLICY owner_floor ON tenantry.task_dependencies""",
    r"""DROP POLICY graph_select ON tenantry.task_dependencies""",
    r"""DROP POLICY keeper_select ON tenantry.task_dependencies""",
    r"""DROP POLICY transfer ON tenantry.task_dependencies""",
    r"""DROP POLICY service ON tenantry.task_dependencies""",
    r"""DROP POLICY tenant_floor ON tenantry.task_dependencies""",
    r"""DROP POLICY tenant ON tenantry.task_dependencies""",
    r"""DROP POLICY owner_floor ON tenantry.task_comments""",
    r"""DROP POLICY transfer ON tenantry.task_comments""",
    r"""DROP POLICY service ON tenantry.task_comments""",
    r"""DROP POLICY tenant_floor ON tenantry.task_comments""",
    r"""DROP POLICY tenant ON tenantry.task_comments""",
    r"""DROP POLICY owner_floor ON tenantry.task_checkpoints""",
    r"""DROP POLICY transfer ON tenantry.task_checkpoints""",
    r"""DROP POLICY service ON tenantry.task_checkpoints""",
    r"""DROP POLICY tenant_floor ON tenantry.task_checkpoints""",
    r"""DROP POLICY tenant ON tenantry.task_checkpoints""",
    r"""DROP POLICY owner_floor ON tenantry.self_reviews""",
    r"""DROP POLICY transfer ON tenantry.self_reviews""",
    r"""DROP POLICY service ON tenantry.self_reviews""",
    r"""DROP POLICY tenant_floor ON tenantry.self_reviews""",
    r"""DROP POLICY tenant ON tenantry.self_reviews""",
    r"""DROP POLICY owner_floor ON tenantry.qa_reviews""",
    r"""DROP POLICY keeper_select ON tenantry.qa_reviews""",
    r"""DROP POLICY transfer ON tenantry.qa_reviews""",
    r"""DROP POLICY service ON tenantry.qa_reviews""",
    r"""DROP POLICY tenant_floor ON tenantry.qa_reviews""",
    r"""DROP POLICY tenant ON tenantry.qa_reviews""",
    r"""DROP POLICY owner_floor ON tenantry.lessons""",
    r"""DROP POLICY search_select ON tenantry.lessons""",
    r"""DROP POLICY keeper_update ON tenantry.lessons""",
    r"""DROP POLICY keeper_select ON tenantry.lessons""",
    r"""DROP POLICY transfer ON tenantry.lessons""",
    r"""DROP POLICY service ON tenantry.lessons""",
    r"""DROP POLICY tenant_floor ON tenantry.lessons""",
    r"""DROP POLICY tenant ON tenantry.lessons""",
    r"""DROP POLICY owner_floor ON tenantry.graph_edges""",
    r"""DROP POLICY keeper_select ON tenantry.graph_edges""",
    r"""DROP POLICY graph_select ON tenantry.graph_edges""",
    r"""DROP POLICY transfer ON tenantry.graph_edges""",
    r"""DROP POLICY service ON tenantry.graph_edges""",
    r"""DROP POLICY tenant_floor ON tenantry.graph_edges""",
    r"""DROP POLICY tenant ON tenantry.graph_edges""",
    r"""DROP POLICY owner_floor ON tenantry.evidence""",
    r"""DROP POLICY search_select ON tenantry.evidence""",
    r"""DROP POLICY transfer ON tenantry.evidence""",
    r"""DROP POLICY service ON tenantry.evidence""",
    r"""DROP POLICY tenant_floor ON tenantry.evidence""",
    r"""DROP POLICY tenant ON tenantry.evidence""",
    r"""DROP POLICY owner_floor ON tenantry.delegations""",
    r"""DROP POLICY graph_select ON tenantry.delegations""",
    r"""DROP POLICY transfer ON tenantry.delegations""",
    r"""DROP POLICY service ON tenantry.delegations""",
    r"""DROP POLICY tenant_floor ON tenantry.delegations""",
    r"""DROP POLICY tenant ON tenantry.delegations""",
    r"""DROP POLICY owner_floor ON tenantry.data_sources""",
    r"""DROP POLICY auth_select ON tenantry.data_sources""",
    r"""DROP POLICY transfer ON tenantry.data_sources""",
    r"""DROP POLICY service ON tenantry.data_sources""",
    r"""DROP POLICY tenant_floor ON tenantry.data_sources""",
    r"""DROP POLICY tenant ON tenantry.data_sources""",
    r"""DROP POLICY owner_floor ON tenantry.artifacts""",
    r"""DROP POLICY transfer ON tenantry.artifacts""",
    r"""DROP POLICY service ON tenantry.artifacts""",
    r"""DROP POLICY tenant_floor ON tenantry.artifacts""",
    r"""DROP POLICY tenant ON tenantry.artifacts""",
    r"""DROP POLICY owner_floor ON tenantry.approvals""",
    r"""DROP POLICY transfer ON tenantry.approvals""",
    r"""DROP POLICY service ON tenantry.approvals""",
    r"""DROP POLICY tenant_floor ON tenantry.approvals""",
    r"""DROP POLICY tenant ON tenantry.approvals""",
    r"""DROP POLICY owner_floor ON tenantry.agent_sessions""",
    r"""DROP POLICY views_select ON tenantry.agent_sessions""",
    r"""DROP POLICY keeper_update ON tenantry.agent_sessions""",
    r"""DROP POLICY keeper_select ON tenantry.agent_sessions""",
    r"""DROP POLICY transfer ON tenantry.agent_sessions""",
    r"""DROP POLICY service ON tenantry.agent_sessions""",
    r"""DROP POLICY tenant_floor ON tenantry.agent_sessions""",
    r"""DROP POLICY tenant ON tenantry.agent_sessions""",
    r"""DROP POLICY owner_floor ON tenantry.tasks""",
    r"""DROP POLICY graph_select ON tenantry.tasks""",
    r"""DROP POLICY views_select ON tenantry.tasks""",
    r"""DROP POLICY search_select ON tenantry.tasks""",
    r"""DROP POLICY keeper_select ON tenantry.tasks""",
    r"""DROP POLICY transfer ON tenantry.tasks""",
    r"""DROP POLICY service ON tenantry.tasks""",
    r"""DROP POLICY tenant_floor ON tenantry.tasks""",
    r"""DROP POLICY tenant ON tenantry.tasks""",
    r"""DROP POLICY owner_floor ON tenantry.knowledge_bases""",
    r"""DROP POLICY transfer ON tenantry.knowledge_bases""",
    r"""DROP POLICY service ON tenantry.knowledge_bases""",
    r"""DROP POLICY tenant_floor ON tenantry.knowledge_bases""",
    r"""DROP POLICY tenant ON tenantry.knowledge_bases""",
    r"""DROP POLICY owner_floor ON tenantry.projects""",
    r"""DROP POLICY graph_select ON tenantry.projects""",
    r"""DROP POLICY transfer ON tenantry.projects""",
    r"""DROP POLICY service ON tenantry.projects""",
    r"""DROP POLICY tenant_floor ON tenantry.projects""",
    r"""DROP POLICY tenant ON tenantry.projects""",
    r"""DROP POLICY owner_floor ON tenantry.invitations""",
    r"""DROP POLICY transfer ON tenantry.invitations""",
    r"""DROP POLICY service ON tenantry.invitations""",
    r"""DROP POLICY tenant_floor ON tenantry.invitations""",
    r"""DROP POLICY tenant ON tenantry.invitations""",
    r"""DROP POLICY owner_floor ON tenantry.desks""",
    r"""DROP POLICY graph_select ON tenantry.desks""",
    r"""DROP POLICY views_select ON tenantry.desks""",
    r"""DROP POLICY search_select ON tenantry.desks""",
    r"""DROP POLICY keeper_update ON tenantry.desks""",
    r"""DROP POLICY keeper_select ON tenantry.desks""",
    r"""DROP POLICY transfer ON tenantry.desks""",
    r"""DROP POLICY service ON tenantry.desks""",
    r"""DROP POLICY tenant_floor ON tenantry.desks""",
    r"""DROP POLICY tenant ON tenantry.desks""",
    r"""DROP POLICY owner_floor ON tenantry.businesses""",
    r"""DROP POLICY transfer ON tenantry.businesses""",
    r"""DROP POLICY service ON tenantry.businesses""",
    r"""DROP POLICY tenant_floor ON tenantry.businesses""",
    r"""DROP POLICY tenant ON tenantry.businesses""",
    r"""DROP POLICY owner_floor ON tenantry.api_keys""",
    r"""DROP POLICY auth_select ON tenantry.api_keys""",
    r"""DROP POLICY transfer ON tenantry.api_keys""",
    r"""DROP POLICY service ON tenantry.api_keys""",
    r"""DROP POLICY tenant_floor ON tenantry.api_keys""",
    r"""DROP POLICY tenant ON tenantry.api_keys""",
    r"""DROP POLICY owner_floor ON tenantry.workflows""",
    r"""DROP POLICY keeper_update ON tenantry.workflows""",
    r"""DROP POLICY keeper_insert ON tenantry.workflows""",
    r"""DROP POLICY keeper_select ON tenantry.workflows""",
    r"""DROP POLICY transfer ON tenantry.workflows""",
    r"""DROP POLICY service ON tenantry.workflows""",
    r"""DROP POLICY tenant_floor ON tenantry.workflows""",
    r"""DROP POLICY tenant ON tenantry.workflows""",
    r"""DROP POLICY owner_floor ON tenantry.tenant_usage""",
    r"""DROP POLICY keeper_update ON tenantry.tenant_usage""",
    r"""DROP POLICY keeper_insert ON tenantry.tenant_usage""",
    r"""DROP POLICY keeper_select ON tenantry.tenant_usage""",
    r"""DROP POLICY transfer ON tenantry.tenant_usage""",
    r"""DROP POLICY service ON tenantry.tenant_usage""",
    r"""DROP POLICY tenant_floor ON tenantry.tenant_usage""",
    r"""DROP POLICY tenant ON tenantry.tenant_usage""",
    r"""DROP POLICY owner_floor ON tenantry.tenant_quotas""",
    r"""DROP POLICY keeper_insert ON tenantry.tenant_quotas""",
    r"""DROP POLICY keeper_select ON tenantry.tenant_quotas""",
    r"""DROP POLICY transfer ON tenantry.tenant_quotas""",
    r"""DROP POLICY service ON tenantry.tenant_quotas""",
    r"""DROP POLICY tenant_floor ON tenantry.tenant_quotas""",
    r"""DROP POLICY tenant ON tenantry.tenant_quotas""",
    r"""DROP POLICY owner_floor ON tenantry.tenant_holds""",
    r"""DROP POLICY transfer ON tenantry.tenant_holds""",
    r"""DROP POLICY service ON tenantry.tenant_holds""",
    r"""DROP POLICY owner_floor ON tenantry.patterns""",
    r"""DROP POLICY transfer ON tenantry.patterns""",
    r"""DROP POLICY service ON tenantry.patterns""",
    r"""DROP POLICY tenant_floor ON tenantry.patterns""",
    r"""DROP POLICY tenant ON tenantry.patterns""",
    r"""DROP POLICY owner_floor ON tenantry.outbox_events""",
    r"""DROP POLICY keeper_insert ON tenantry.outbox_events""",
    r"""DROP POLICY transfer ON tenantry.outbox_events""",
    r"""DROP POLICY service ON tenantry.outbox_events""",
    r"""DROP POLICY owner_floor ON tenantry.memberships""",
    r"""DROP POLICY auth_select ON tenantry.memberships""",
    r"""DROP POLICY transfer ON tenantry.memberships""",
    r"""DROP POLICY service ON tenantry.memberships""",
    r"""DROP POLICY tenant_floor ON tenantry.memberships""",
    r"""DROP POLICY tenant ON tenantry.memberships""",
    r"""DROP POLICY owner_floor ON tenantry.lock_fences""",
    r"""DROP POLICY transfer ON tenantry.lock_fences""",
    r"""DROP POLICY service ON tenantry.lock_fences""",
    r"""DROP POLICY tenant_floor ON tenantry.lock_fences""",
    r"""DROP POLICY tenant ON tenantry.lock_fences""",
    r"""DROP POLICY owner_floor ON tenantry.graph_nodes""",
    r"""DROP POLICY keeper_select ON tenantry.graph_nodes""",
    r"""DROP POLICY graph_select ON tenantry.graph_nodes""",
    r"""DROP POLICY transfer ON tenantry.graph_nodes""",
    r"""DROP POLICY service ON tenantry.graph_nodes""",
    r"""DROP POLICY tenant_floor ON tenantry.graph_nodes""",
    r"""DROP POLICY tenant ON tenantry.graph_nodes""",
    r"""DROP POLICY owner_floor ON tenantry.cost_entries""",
    r"""DROP POLICY views_select ON tenantry.cost_entries""",
    r"""DROP POLICY keeper_update ON tenantry.cost_entries""",
    r"""DROP POLICY keeper_insert ON tenantry.cost_entries""",
    r"""DROP POLICY keeper_select ON tenantry.cost_entries""",
    r"""DROP POLICY transfer ON tenantry.cost_entries""",
    r"""DROP POLICY service ON tenantry.cost_entries""",
    r"""DROP POLICY tenant_floor ON tenantry.cost_entries""",
    r"""DROP POLICY tenant ON tenantry.cost_entries""",
    r"""DROP POLICY owner_floor ON tenantry.agents""",
    r"""DROP POLICY graph_select ON tenantry.agents""",
    r"""DROP POLICY keeper_update ON tenantry.agents""",
    r"""DROP POLICY keeper_select ON tenantry.agents""",
    r"""DROP POLICY transfer ON tenantry.agents""",
    r"""DROP POLICY service ON tenantry.agents""",
    r"""DROP POLICY tenant_floor ON tenantry.agents""",
    r"""DROP POLICY tenant ON tenantry.agents""",
    r"""DROP POLICY owner_floor ON tenantry.activity_feed""",
    r"""DROP POLICY transfer ON tenantry.activity_feed""",
    r"""DROP POLICY service ON tenantry.activity_feed""",
    r"""DROP POLICY tenant_floor ON tenantry.activity_feed""",
    r"""DROP POLICY tenant ON tenantry.activity_feed""",
    r"""DROP POLICY owner_floor ON tenantry.user_identities""",
    r"""DROP POLICY auth_select ON tenantry.user_identities""",
    r"""DROP POLICY service ON tenantry.user_identities""",
    r"""DROP POLICY owner_floor ON tenantry.tenants""",
    r"""DROP POLICY transfer_update ON tenantry.tenants""",
    r"""DROP POLICY graph_select ON tenantry.tenants""",
    r"""DROP POLICY audit_select ON tenantry.tenants""",
    r"""DROP POLICY auth_select ON tenantry.tenants""",
    r"""DROP POLICY keeper_select ON tenantry.tenants""",
    r"""DROP POLICY transfer ON tenantry.tenants""",
    r"""DROP POLICY service ON tenantry.tenants""",
    r"""DROP POLICY tenant_floor ON tenantry.tenants""",
    r"""DROP POLICY tenant ON tenantry.tenants""",
    r"""DROP POLICY owner_floor ON tenantry.users""",
    r"""DROP POLICY transfer_select ON tenantry.users""",
    r"""DROP POLICY auth_select ON tenantry.users""",
    r"""DROP POLICY service ON tenantry.users""",
    r"""DROP POLICY tenant_floor ON tenantry.users""",
    r"""DROP POLICY tenant_write ON tenantry.users""",
    r"""DROP POLICY tenant ON tenantry.users""",
    r"""DROP POLICY service ON tenantry.sign_in_attempts""",
    r"""DROP POLICY owner_floor ON tenantry.seal_keys""",
    r"""DROP POLICY auth_delete ON tenantry.seal_keys""",
    r"""DROP POLICY auth_insert ON tenantry.seal_keys""",
    r"""DROP POLICY auth_select ON tenantry.seal_keys""",
    r"""DROP POLICY owner_floor ON tenantry.platform_seals""",
    r"""DROP POLICY audit_select ON tenantry.platform_seals""",
    r"""DROP POLICY service ON tenantry.platform_seals""",
    r"""DROP POLICY owner_floor ON tenantry.platform_log""",
    r"""DROP POLICY transfer_select ON tenantry.platform_log""",
    r"""DROP POLICY audit_insert ON tenantry.platform_log""",
    r"""DROP POLICY audit_select ON tenantry.platform_log""",
    r"""DROP POLICY service ON tenantry.platform_log""",
    r"""DROP POLICY owner_floor ON tenantry.model_prices""",
    r"""DROP POLICY keeper_update ON tenantry.model_prices""",
    r"""DROP POLICY keeper_select ON tenantry.model_prices""",
    r"""DROP POLICY service ON tenantry.model_prices""",
    r"""DROP POLICY tenant ON tenantry.model_prices""",
    r"""DROP POLICY owner_floor ON tenantry.graph_queries""",
    r"""DROP POLICY graph_reader_select ON tenantry.graph_queries""",
    r"""DROP POLICY service ON tenantry.graph_queries""",
    r"""DROP POLICY tenant ON tenantry.graph_queries""",
    r"""DROP POLICY owner_floor ON tenantry.audit_seals""",
    r"""DROP POLICY audit_select ON tenantry.audit_seals""",
    r"""DROP POLICY transfer ON tenantry.audit_seals""",
    r"""DROP POLICY service ON tenantry.audit_seals""",
    r"""DROP POLICY tenant_floor ON tenantry.audit_seals""",
    r"""DROP POLICY tenant ON tenantry.audit_seals""",
    r"""DROP POLICY owner_floor ON tenantry.audit_logs""",
    r"""DROP POLICY audit_insert ON tenantry.audit_logs""",
    r"""DROP POLICY audit_select ON tenantry.audit_logs""",
    r"""DROP POLICY transfer ON tenantry.audit_logs""",
    r"""DROP POLICY service ON tenantry.audit_logs""",
    r"""DROP POLICY tenant_floor ON tenantry.audit_logs""",
    r"""DROP POLICY tenant ON tenantry.audit_logs""",
    r"""DROP INDEX tenantry.desk_performance_key""",
    r"""DROP INDEX tenantry.tenant_cost_summary_key""",
    r"""DROP MATERIALIZED VIEW tenantry.desk_performance""",
    r"""DROP MATERIALIZED VIEW tenantry.tenant_cost_summary""",
    r"""ALTER TABLE tenantry.messages DROP CONSTRAINT messages_session_id_fkey""",
    r"""ALTER TABLE tenantry.messages DROP CONSTRAINT messages_conversation_id_fkey""",
    r"""ALTER TABLE tenantry.messages DROP CONSTRAINT messages_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.chunks DROP CONSTRAINT chunks_document_id_fkey""",
    r"""ALTER TABLE tenantry.chunks DROP CONSTRAINT chunks_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.task_attachments DROP CONSTRAINT task_attachments_uploaded_by_fkey""",
    r"""ALTER TABLE tenantry.task_attachments DROP CONSTRAINT task_attachments_evidence_id_fkey""",
    r"""ALTER TABLE tenantry.task_attachments DROP CONSTRAINT task_attachments_task_id_fkey""",
    r"""ALTER TABLE tenantry.task_attachments DROP CONSTRAINT task_attachments_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.evidence_links DROP CONSTRAINT evidence_links_evidence_id_fkey""",
    r"""ALTER TABLE tenantry.evidence_links DROP CONSTRAINT evidence_links_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.documents DROP CONSTRAINT documents_data_source_id_fkey""",
    r"""ALTER TABLE tenantry.documents DROP CONSTRAINT documents_knowledge_base_id_fkey""",
    r"""ALTER TABLE tenantry.documents DROP CONSTRAINT documents_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.conversations DROP CONSTRAINT conversations_user_id_fkey""",
    r"""ALTER TABLE tenantry.conversations DROP CONSTRAINT conversations_session_id_fkey""",
    r"""ALTER TABLE tenantry.conversations DROP CONSTRAINT conversations_project_id_fkey""",
    r"""ALTER TABLE tenantry.conversations DROP CONSTRAINT conversations_business_id_fkey""",
    r"""ALTER TABLE tenantry.conversations DROP CONSTRAINT conversations_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.agent_executions DROP CONSTRAINT agent_executions_evidence_id_fkey""",
    r"""ALTER TABLE tenantry.agent_executions DROP CONSTRAINT agent_executions_session_id_fkey""",
    r"""ALTER TABLE tenantry.agent_executions DROP CONSTRAINT agent_executions_project_id_fkey""",
    r"""ALTER TABLE tenantry.agent_executions DROP CONSTRAINT agent_executions_task_id_fkey""",
    r"""ALTER TABLE tenantry.agent_executions DROP CONSTRAINT agent_executions_agent_id_fkey""",
    r"""ALTER TABLE tenantry.agent_executions DROP CONSTRAINT agent_executions_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.task_dependencies DROP CONSTRAINT task_dependencies_depends_on_id_fkey""",
    r"""ALTER TABLE tenantry.task_dependencies DROP CONSTRAINT task_dependencies_task_id_fkey""",
    r"""ALTER TABLE tenantry.task_dependencies DROP CONSTRAINT task_dependencies_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.task_comments DROP CONSTRAINT task_comments_agent_id_fkey""",
    r"""ALTER TABLE tenantry.task_comments DROP CONSTRAINT task_comments_author_id_fkey""",
    r"""ALTER TABLE tenantry.task_comments DROP CONSTRAINT task_comments_task_id_fkey""",
    r"""ALTER TABLE tenantry.task_comments DROP CONSTRAINT task_comments_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.task_checkpoints DROP CONSTRAINT task_checkpoints_task_id_fkey""",
    r"""ALTER TABLE tenantry.task_checkpoints DROP CONSTRAINT task_checkpoints_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.self_reviews DROP CONSTRAINT self_reviews_task_id_fkey""",
    r"""ALTER TABLE tenantry.self_reviews DROP CONSTRAINT self_reviews_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.qa_reviews DROP CONSTRAINT qa_reviews_reviewer_agent_id_fkey""",
    r"""ALTER TABLE tenantry.qa_reviews DROP CONSTRAINT qa_reviews_reviewer_user_id_fkey""",
    r"""ALTER TABLE tenantry.qa_reviews DROP CONSTRAINT qa_reviews_task_id_fkey""",
    r"""ALTER TABLE tenantry.qa_reviews DROP CONSTRAINT qa_reviews_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.lessons DROP CONSTRAINT lessons_validated_by_fkey""",
    r"""ALTER TABLE tenantry.lessons DROP CONSTRAINT lessons_task_id_fkey""",
    r"""ALTER TABLE tenantry.lessons DROP CONSTRAINT lessons_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_to_node_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_to_project_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_to_desk_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_to_agent_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_to_task_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_from_node_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_from_project_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_from_desk_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_from_agent_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_from_task_id_fkey""",
    r"""ALTER TABLE tenantry.graph_edges DROP CONSTRAINT graph_edges_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.evidence DROP CONSTRAINT evidence_verified_by_fkey""",
    r"""ALTER TABLE tenantry.evidence DROP CONSTRAINT evidence_project_id_fkey""",
    r"""ALTER TABLE tenantry.evidence DROP CONSTRAINT evidence_task_id_fkey""",
    r"""ALTER TABLE tenantry.evidence DROP CONSTRAINT evidence_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.delegations DROP CONSTRAINT delegations_to_desk_id_fkey""",
    r"""ALTER TABLE tenantry.delegations DROP CONSTRAINT delegations_from_desk_id_fkey""",
    r"""ALTER TABLE tenantry.delegations DROP CONSTRAINT delegations_task_id_fkey""",
    r"""ALTER TABLE tenantry.delegations DROP CONSTRAINT delegations_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.data_sources DROP CONSTRAINT data_sources_knowledge_base_id_fkey""",
    r"""ALTER TABLE tenantry.data_sources DROP CONSTRAINT data_sources_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.artifacts DROP CONSTRAINT artifacts_task_id_fkey""",
    r"""ALTER TABLE tenantry.artifacts DROP CONSTRAINT artifacts_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.approvals DROP CONSTRAINT approvals_user_id_fkey""",
    r"""ALTER TABLE tenantry.approvals DROP CONSTRAINT approvals_task_id_fkey""",
    r"""ALTER TABLE tenantry.approvals DROP CONSTRAINT approvals_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.agent_sessions DROP CONSTRAINT agent_sessions_task_id_fkey""",
    r"""ALTER TABLE tenantry.agent_sessions DROP CONSTRAINT agent_sessions_agent_id_fkey""",
    r"""ALTER TABLE tenantry.agent_sessions DROP CONSTRAINT agent_sessions_desk_id_fkey""",
    r"""ALTER TABLE tenantry.agent_sessions DROP CONSTRAINT agent_sessions_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_assigned_to_desk_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_assigned_to_agent_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_assigned_to_user_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_creator_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_workflow_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_parent_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_project_id_fkey""",
    r"""ALTER TABLE tenantry.tasks DROP CONSTRAINT tasks_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.knowledge_bases DROP CONSTRAINT knowledge_bases_desk_id_fkey""",
    r"""ALTER TABLE tenantry.knowledge_bases DROP CONSTRAINT knowledge_bases_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.projects DROP CONSTRAINT projects_owner_id_fkey""",
    r"""ALTER TABLE tenantry.projects DROP CONSTRAINT projects_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.invitations DROP CONSTRAINT invitations_accepted_by_fkey""",
    r"""ALTER TABLE tenantry.invitations DROP CONSTRAINT invitations_invited_by_fkey""",
    r"""ALTER TABLE tenantry.invitations DROP CONSTRAINT invitations_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.desks DROP CONSTRAINT desks_agent_id_fkey""",
    r"""ALTER TABLE tenantry.desks DROP CONSTRAINT desks_reports_to_id_fkey""",
    r"""ALTER TABLE tenantry.desks DROP CONSTRAINT desks_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.businesses DROP CONSTRAINT businesses_user_id_fkey""",
    r"""ALTER TABLE tenantry.businesses DROP CONSTRAINT businesses_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.api_keys DROP CONSTRAINT api_keys_successor_id_fkey""",
    r"""ALTER TABLE tenantry.api_keys DROP CONSTRAINT api_keys_user_id_fkey""",
    r"""ALTER TABLE tenantry.api_keys DROP CONSTRAINT api_keys_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.workflows DROP CONSTRAINT workflows_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.tenant_usage DROP CONSTRAINT tenant_usage_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.tenant_quotas DROP CONSTRAINT tenant_quotas_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.tenant_holds DROP CONSTRAINT tenant_holds_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.patterns DROP CONSTRAINT patterns_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.outbox_events DROP CONSTRAINT outbox_events_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.memberships DROP CONSTRAINT memberships_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.memberships DROP CONSTRAINT memberships_user_id_fkey""",
    r"""ALTER TABLE tenantry.lock_fences DROP CONSTRAINT lock_fences_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.graph_nodes DROP CONSTRAINT graph_nodes_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.cost_entries DROP CONSTRAINT cost_entries_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.agents DROP CONSTRAINT agents_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.activity_feed DROP CONSTRAINT activity_feed_tenant_id_fkey""",
    r"""ALTER TABLE tenantry.user_identities DROP CONSTRAINT user_identities_user_id_fkey""",
    r"""ALTER TABLE tenantry.tenants DROP CONSTRAINT tenants_owner_user_id_fkey""",
    r"""DROP TABLE tenantry.messages""",
    r"""DROP TABLE tenantry.chunks""",
    r"""DROP TABLE tenantry.task_attachments""",
    r"""DROP TABLE tenantry.evidence_links""",
    r"""DROP TABLE tenantry.documents""",
    r"""DROP TABLE tenantry.conversations""",
    r"""DROP TABLE tenantry.agent_executions""",
    r"""DROP TABLE tenantry.task_dependencies""",
    r"""DROP TABLE tenantry.task_comments""",
    r"""DROP TABLE tenantry.task_checkpoints""",
    r"""DROP TABLE tenantry.self_reviews""",
    r"""DROP TABLE tenantry.qa_reviews""",
    r"""DROP TABLE tenantry.lessons""",
    r"""DROP TABLE tenantry.graph_edges""",
    r"""DROP TABLE tenantry.evidence""",
    r"""DROP TABLE tenantry.delegations""",
    r"""DROP TABLE tenantry.data_sources""",
    r"""DROP TABLE tenantry.artifacts""",
    r"""DROP TABLE tenantry.approvals""",
    r"""DROP TABLE tenantry.agent_sessions""",
    r"""DROP TABLE tenantry.tasks""",
    r"""DROP TABLE tenantry.knowledge_bases""",
    r"""DROP TABLE tenantry.projects""",
    r"""DROP TABLE tenantry.invitations""",
    r"""DROP TABLE tenantry.desks""",
    r"""DROP TABLE tenantry.businesses""",
    r"""DROP TABLE tenantry.api_keys""",
    r"""DROP TABLE tenantry.workflows""",
    r"""DROP TABLE tenantry.tenant_usage""",
    r"""DROP TABLE tenantry.tenant_quotas""",
    r"""DROP TABLE tenantry.tenant_holds""",
    r"""DROP TABLE tenantry.patterns""",
    r"""DROP TABLE tenantry.outbox_events""",
    r"""DROP TABLE tenantry.memberships""",
    r"""DROP TABLE tenantry.lock_fences""",
    r"""DROP TABLE tenantry.graph_nodes""",
    r"""DROP TABLE tenantry.cost_entries""",
    r"""DROP TABLE tenantry.agents""",
    r"""DROP TABLE tenantry.activity_feed""",
    r"""DROP TABLE tenantry.user_identities""",
    r"""DROP TABLE tenantry.tenants""",
    r"""DROP TABLE tenantry.users""",
    r"""DROP TABLE tenantry.sign_in_attempts""",
    r"""DROP TABLE tenantry.seal_keys""",
    r"""DROP TABLE tenantry.platform_seals""",
    r"""DROP TABLE tenantry.platform_log""",
    r"""DROP TABLE tenantry.model_prices""",
    r"""DROP TABLE tenantry.graph_queries""",
    r"""DROP TABLE tenantry.audit_seals""",
    r"""DROP TABLE tenantry.audit_logs""",
    r"""DROP FUNCTION tenantry.messages_by_session(uuid, uuid, uuid, integer, boolean)""",
    r"""DROP FUNCTION tenantry.messages_by_conversation(uuid, uuid, uuid, integer, boolean)""",
    r"""DROP FUNCTION tenantry.messages_append(uuid, uuid, uuid, uuid, text, text, jsonb, text, jsonb, text, integer, integer, numeric, jsonb, timestamp with time zone, timestamp with time zone, uuid, text)""",
    r"""DROP FUNCTION tenantry.messages_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.messages_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.audit_chunks()""",
    r"""DROP FUNCTION tenantry.audit_task_attachments()""",
    r"""DROP FUNCTION tenantry.audit_evidence_links()""",
    r"""DROP FUNCTION tenantry.audit_documents()""",
    r"""DROP FUNCTION tenantry.audit_conversations()""",
    r"""DROP FUNCTION tenantry.agent_executions_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.agent_executions_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.audit_task_dependencies()""",
    r"""DROP FUNCTION tenantry.audit_task_comments()""",
    r"""DROP FUNCTION tenantry.audit_task_checkpoints()""",
    r"""DROP FUNCTION tenantry.audit_self_reviews()""",
    r"""DROP FUNCTION tenantry.audit_qa_reviews()""",
    r"""DROP FUNCTION tenantry.audit_lessons()""",
    r"""DROP FUNCTION tenantry.audit_graph_edges()""",
    r"""DROP FUNCTION tenantry.audit_evidence()""",
    r"""DROP FUNCTION tenantry.audit_delegations()""",
    r"""DROP FUNCTION tenantry.audit_data_sources()""",
    r"""DROP FUNCTION tenantry.audit_artifacts()""",
    r"""DROP FUNCTION tenantry.audit_approvals()""",
    r"""DROP FUNCTION tenantry.audit_agent_sessions()""",
    r"""DROP FUNCTION tenantry.audit_tasks()""",
    r"""DROP FUNCTION tenantry.count_tasks()""",
    r"""DROP FUNCTION tenantry.audit_knowledge_bases()""",
    r"""DROP FUNCTION tenantry.audit_projects()""",
    r"""DROP FUNCTION tenantry.count_projects()""",
    r"""DROP FUNCTION tenantry.audit_invitations()""",
    r"""DROP FUNCTION tenantry.audit_desks()""",
    r"""DROP FUNCTION tenantry.count_desks()""",
    r"""DROP FUNCTION tenantry.audit_businesses()""",
    r"""DROP FUNCTION tenantry.audit_api_keys()""",
    r"""DROP FUNCTION tenantry.audit_workflows()""",
    r"""DROP FUNCTION tenantry.audit_tenant_quotas()""",
    r"""DROP FUNCTION tenantry.audit_tenant_holds()""",
    r"""DROP FUNCTION tenantry.audit_patterns()""",
    r"""DROP FUNCTION tenantry.audit_memberships()""",
    r"""DROP FUNCTION tenantry.count_memberships()""",
    r"""DROP FUNCTION tenantry.audit_graph_nodes()""",
    r"""DROP FUNCTION tenantry.cost_entries_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.cost_entries_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.audit_agents()""",
    r"""DROP FUNCTION tenantry.activity_feed_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.activity_feed_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.audit_tenants()""",
    r"""DROP FUNCTION tenantry.audit_users()""",
    r"""DROP FUNCTION tenantry.audit_seal_keys()""",
    r"""DROP FUNCTION tenantry.audit_model_prices()""",
    r"""DROP FUNCTION tenantry.audit_graph_queries()""",
    r"""DROP FUNCTION tenantry.audit_logs_newest(uuid, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.audit_logs_get(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.check_graph_query()""",
    r"""DROP FUNCTION tenantry.compare_graph(uuid)""",
    r"""DROP FUNCTION tenantry.fill_graph(uuid, text)""",
    r"""DROP FUNCTION tenantry.fill_vertices(uuid, text)""",
    r"""DROP FUNCTION tenantry.keep_graph_graph_edges()""",
    r"""DROP FUNCTION tenantry.keep_graph_graph_nodes()""",
    r"""DROP FUNCTION tenantry.own_label(text, text, text)""",
    r"""DROP FUNCTION tenantry.keep_graph_delegations()""",
    r"""DROP FUNCTION tenantry.keep_graph_task_dependencies()""",
    r"""DROP FUNCTION tenantry.keep_graph_agent_executions()""",
    r"""DROP FUNCTION tenantry.keep_graph_tasks()""",
    r"""DROP FUNCTION tenantry.keep_graph_desks()""",
    r"""DROP FUNCTION tenantry.keep_graph_agents()""",
    r"""DROP FUNCTION tenantry.keep_graph_projects()""",
    r"""DROP FUNCTION tenantry.check_cypher(text, integer)""",
    r"""DROP FUNCTION tenantry.purge_tenant(uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.refuse_pointed_at(uuid)""",
    r"""DROP FUNCTION tenantry.count_tenant_rows(uuid)""",
    r"""DROP FUNCTION tenantry.check_references(uuid)""",
    r"""DROP FUNCTION tenantry.unload_rows(uuid, text, text[], text)""",
    r"""DROP FUNCTION tenantry.load_rows(uuid, text, text[], text)""",
    r"""DROP FUNCTION tenantry.tell_transfer(text, regclass, uuid, bigint)""",
    r"""DROP FUNCTION tenantry.transferable(regclass, uuid)""",
    r"""DROP FUNCTION tenantry.is_arriving(uuid)""",
    r"""DROP FUNCTION tenantry.triggers_again()""",
    r"""DROP FUNCTION tenantry.without_triggers()""",
    r"""DROP FUNCTION tenantry.require_trusted(regclass)""",
    r"""DROP FUNCTION tenantry.tenant_references()""",
    r"""DROP FUNCTION tenantry.tenant_tables()""",
    r"""DROP FUNCTION tenantry.graph_ask(text, integer, jsonb, integer)""",
    r"""DROP FUNCTION tenantry.graph_run(text, jsonb, integer)""",
    r"""DROP FUNCTION tenantry.cypher_rows(text, text, integer, jsonb, integer)""",
    r"""DROP FUNCTION tenantry.compare_label(uuid, text, text, text, text)""",
    r"""DROP FUNCTION tenantry.refuse_other_label()""",
    r"""DROP FUNCTION tenantry.limit_graph_labels()""",
    r"""DROP FUNCTION tenantry.limit_labels(bigint, text)""",
    r"""DROP FUNCTION tenantry.forget_executions(uuid, uuid, uuid)""",
    r"""DROP FUNCTION tenantry.tenants_with_graph()""",
    r"""DROP FUNCTION tenantry.rebuild_graph(uuid)""",
    r"""DROP FUNCTION tenantry.open_graph()""",
    r"""DROP FUNCTION tenantry.graph_ready(uuid)""",
    r"""DROP FUNCTION tenantry.drop_graph_of_tenant()""",
    r"""DROP FUNCTION tenantry.drop_graph(uuid)""",
    r"""DROP FUNCTION tenantry.make_graph(uuid)""",
    r"""DROP FUNCTION tenantry.graph_label(text, text, text)""",
    r"""DROP FUNCTION tenantry.graph_kept(uuid)""",
    r"""DROP FUNCTION tenantry.look_again()""",
    r"""DROP FUNCTION tenantry.graph_missed()""",
    r"""DROP FUNCTION tenantry.graph_lane(uuid)""",
    r"""DROP FUNCTION tenantry.graph_name(uuid)""",
    r"""DROP FUNCTION tenantry.announce_activities()""",
    r"""DROP FUNCTION tenantry.announce_tasks()""",
    r"""DROP FUNCTION tenantry.publish_event(text, jsonb, text)""",
    r"""DROP FUNCTION tenantry.event_lane(uuid, text, text)""",
    r"""DROP FUNCTION tenantry.tenant_statistics(uuid)""",
    r"""DROP FUNCTION tenantry.desk_figures()""",
    r"""DROP FUNCTION tenantry.cost_summary()""",
    r"""DROP FUNCTION tenantry.refresh_all_views()""",
    r"""DROP FUNCTION tenantry.refresh_view(text)""",
    r"""DROP FUNCTION tenantry.data_source_credentials(uuid)""",
    r"""DROP FUNCTION tenantry.search_chunks(text, uuid, integer)""",
    r"""DROP FUNCTION tenantry.search_evidence(text, integer)""",
    r"""DROP FUNCTION tenantry.evidence_tagged(text[], boolean, integer)""",
    r"""DROP FUNCTION tenantry.lessons_tagged(text[], boolean, integer)""",
    r"""DROP FUNCTION tenantry.search_lessons(text, integer)""",
    r"""DROP FUNCTION tenantry.record_lesson_applied(uuid)""",
    r"""DROP FUNCTION tenantry.record_lesson_outcome(uuid, boolean)""",
    r"""DROP FUNCTION tenantry.range_price()""",
    r"""DROP FUNCTION tenantry.price_cost_entry()""",
    r"""DROP FUNCTION tenantry.account_expenses()""",
    r"""DROP FUNCTION tenantry.account_session()""",
    r"""DROP FUNCTION tenantry.book_session(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.time_session()""",
    r"""DROP FUNCTION tenantry.total_executions()""",
    r"""DROP FUNCTION tenantry.time_execution()""",
    r"""DROP FUNCTION tenantry.total_messages()""",
    r"""DROP FUNCTION tenantry.desk_subtree(uuid)""",
    r"""DROP FUNCTION tenantry.settle_desks()""",
    r"""DROP FUNCTION tenantry.place_desk()""",
    r"""DROP FUNCTION tenantry.hold_desks()""",
    r"""DROP FUNCTION tenantry.hold_hierarchy(uuid)""",
    r"""DROP FUNCTION tenantry.answer_delegation()""",
    r"""DROP FUNCTION tenantry.decide_approval()""",
    r"""DROP FUNCTION tenantry.tasks_labelled(text, integer)""",
    r"""DROP FUNCTION tenantry.search_tasks(text, integer)""",
    r"""DROP FUNCTION tenantry.refuse_circular_parents()""",
    r"""DROP FUNCTION tenantry.refuse_circular_dependencies()""",
    r"""DROP FUNCTION tenantry.one_at_a_time(uuid)""",
    r"""DROP FUNCTION tenantry.structure_lock(text, uuid)""",
    r"""DROP FUNCTION tenantry.time_review()""",
    r"""DROP FUNCTION tenantry.govern_task()""",
    r"""DROP FUNCTION tenantry.install_workflows(uuid)""",
    r"""DROP FUNCTION tenantry.check_workflow()""",
    r"""DROP FUNCTION tenantry.workflow_lock(uuid)""",
    r"""DROP FUNCTION tenantry.seal_holds()""",
    r"""DROP FUNCTION tenantry.my_identities()""",
    r"""DROP FUNCTION tenantry.identity_member(text, text)""",
    r"""DROP FUNCTION tenantry.authenticate_key(bytea)""",
    r"""DROP FUNCTION tenantry.detach_sealed(text, text)""",
    r"""DROP FUNCTION tenantry.sealed_between(text, uuid, uuid)""",
    r"""DROP FUNCTION tenantry.sealed_below()""",
    r"""DROP FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.record_platform_entry(text, text, uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.record_event(text, text, uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.record_entry(text, text, uuid, jsonb)""",
    r"""DROP FUNCTION tenantry.refuse_stale_fence()""",
    r"""DROP FUNCTION tenantry.date_tenant_status()""",
    r"""DROP FUNCTION tenantry.open_tenant()""",
    r"""DROP FUNCTION tenantry.refuse_change()""",
    r"""DROP FUNCTION tenantry.refuse_foreign(uuid, text)""",
    r"""DROP FUNCTION tenantry.refuse_unwritable()""",
    r"""DROP FUNCTION tenantry.require_writable(uuid, text)""",
    r"""DROP FUNCTION tenantry.touch_updated_at()""",
    r"""DROP FUNCTION tenantry.detach_period(text, text)""",
    r"""DROP FUNCTION tenantry.move_to_archive(text, text)""",
    r"""DROP FUNCTION tenantry.secure_partition(text, text)""",
    r"""DROP FUNCTION tenantry.partition_gaps(text)""",
    r"""DROP FUNCTION tenantry.drain_default(text, text)""",
    r"""DROP FUNCTION tenantry.move_from_default(text, text, uuid, uuid)""",
    r"""DROP FUNCTION tenantry.add_partition(text, text, timestamp with time zone)""",
    r"""DROP FUNCTION tenantry.uuid_of(bigint)""",
    r"""DROP FUNCTION tenantry.milliseconds_of(uuid)""",
    r"""DROP FUNCTION tenantry.time_of(uuid)""",
    r"""DROP FUNCTION tenantry.uuid_at(timestamp with time zone)""",
    r"""DROP FUNCTION tenantry.acting()""",
    r"""DROP FUNCTION tenantry.is_service()""",
    r"""DROP FUNCTION tenantry.same_context(uuid)""",
    r"""DROP FUNCTION tenantry.set_tenant_context(uuid, uuid)""",
    r"""DROP FUNCTION tenantry.current_user_id()""",
    r"""DROP FUNCTION tenantry.current_tenant_id()""",
    r"""DROP FUNCTION tenantry.uuidv7()""",
    r"""DROP SEQUENCE tenantry.outbox_position""",
)


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)
