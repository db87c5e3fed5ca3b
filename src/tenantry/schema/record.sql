-- Writing to the record other than by triggers.
--
-- An entry's id is always drawn when its transaction has a number: whoever seals the entries before a
-- moment can then tell from the numbers whose transactions may still bring some (see ops/seals). What
-- fires a trigger has given it one; here it is asked for.

-- An entry in the tenant of the context, whatever state that is in.
CREATE FUNCTION tenantry.record_entry(
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
    SELECT tenant, entry, record_entry.action, record_entry.resource_type, record_entry.resource_id,
           record_entry.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$$;
ALTER FUNCTION tenantry.record_entry(text, text, uuid, jsonb) OWNER TO tenantry_audit;

-- An event of the application's, in the tenant of the context. Of a suspended tenant the platform still
-- records some; the application writes nothing for it.
CREATE FUNCTION tenantry.record_event(
    action text, resource_type text, resource_id uuid DEFAULT NULL, details jsonb DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tenantry.current_tenant_id() IS NOT NULL AND NOT tenantry.is_service() THEN
        PERFORM tenantry.require_writable(tenantry.current_tenant_id(), 'audit_logs');
    END IF;
    RETURN tenantry.record_entry(action, resource_type, resource_id, details);
END
$$;
ALTER FUNCTION tenantry.record_event(text, text, uuid, jsonb) OWNER TO tenantry_audit;

-- What belongs to no tenant, by those whose word for it counts: what was taken out, and who is gone.
CREATE FUNCTION tenantry.record_platform_entry(
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
    SELECT entry, tenantry.current_tenant_id(), record_platform_entry.action,
           record_platform_entry.resource_type, record_platform_entry.resource_id,
           record_platform_entry.details, a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id,
           a.ip_address, a.user_agent, a.reason
    FROM tenantry.acting() AS a;
    RETURN entry;
END
$$;
ALTER FUNCTION tenantry.record_platform_entry(text, text, uuid, jsonb) OWNER TO tenantry_audit;

-- The use of the service role and its reason, a failed sign-in. Not what only the database itself can know to
-- be true: a tenant's certificate, a month that retention took out.
CREATE FUNCTION tenantry.record_platform_event(
    action text, resource_type text, resource_id uuid DEFAULT NULL, details jsonb DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF action IN ('detach', 'purge', 'load', 'unload') THEN
        RAISE EXCEPTION 'an entry % of the platform''s log is written by what it tells of', action USING ERRCODE = '42501',
            SCHEMA = 'tenantry', TABLE = 'platform_log';
    END IF;
    RETURN tenantry.record_platform_entry(action, resource_type, resource_id, details);
END
$$;
ALTER FUNCTION tenantry.record_platform_event(text, text, uuid, jsonb) OWNER TO tenantry_audit;

-- Retention. Below which id everything is sealed, of every tenant and of the platform's log.
CREATE FUNCTION tenantry.sealed_below() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.to_id FROM tenantry.platform_seals AS s ORDER BY s.sequence DESC LIMIT 1
$$;
ALTER FUNCTION tenantry.sealed_below() OWNER TO tenantry_audit;

-- What the seals say of the entries from one id on and below another: how many they are, under how many
-- seals, and a hash of those; and how many are there.
CREATE FUNCTION tenantry.sealed_between(
    parent text, lower uuid, upper uuid, OUT sealed bigint, OUT seals bigint, OUT digest text, OUT there bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.sealed_between(text, uuid, uuid) OWNER TO tenantry_audit;

-- Takes a partition out of the record, into a schema that only the owner reaches, when all of it is
-- sealed; null when it is not. The platform's log says so, with what the seals say of it: that is how
-- `audit verify` tells it from entries that somebody removed.
CREATE FUNCTION tenantry.detach_sealed(parent text, child text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
