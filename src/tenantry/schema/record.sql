-- Writing to the record other than by triggers.
--
-- An entry's id is always drawn when its transaction has a number: whoever seals the entries before a
-- moment can then tell from the numbers whose transactions may still bring some (see ops/seals). What
-- fires a trigger has given it one; here it is asked for.

-- An event of the application's, in the tenant of the context.
CREATE FUNCTION tenantry.record_event(
    action text, resource_type text, resource_id uuid DEFAULT NULL, details jsonb DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) OWNER TO tenantry_audit;

-- What belongs to no tenant: the use of the service role and its reason, a failed sign-in.
CREATE FUNCTION tenantry.record_platform_event(
    action text, resource_type text, resource_id uuid DEFAULT NULL, details jsonb DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) OWNER TO tenantry_audit;

-- Retention. Below which id everything is sealed, of every tenant and of the platform's log.
CREATE FUNCTION tenantry.sealed_below() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.to_id FROM tenantry.platform_seals AS s ORDER BY s.sequence DESC LIMIT 1
$$;
ALTER FUNCTION tenantry.sealed_below() OWNER TO tenantry_audit;

-- Takes a partition out of the record, into a schema that only the owner reaches, when all of it is
-- sealed; null when it is not. The platform's log says so: that is how `audit verify` tells it from
-- entries that somebody removed.
CREATE FUNCTION tenantry.detach_sealed(parent text, child text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
