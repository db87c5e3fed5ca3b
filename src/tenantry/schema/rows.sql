-- Rules that hold for rows whoever writes them. A trigger function that reads or writes tables is
-- SECURITY DEFINER under a role that may do just that: what a foreign-key cascade fires runs as the
-- table's owner on some server versions and as the caller on others, and neither sees every row.

-- Who may write the column (the service role, for history it loads) may say another time.
CREATE FUNCTION tenantry.touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at = OLD.updated_at THEN
        NEW.updated_at := pg_catalog.now();
    END IF;
    RETURN NEW;
END
$$;

-- For functions of those that see every tenant.
CREATE FUNCTION tenantry.require_writable(tenant uuid, relation text) RETURNS void LANGUAGE plpgsql AS $$
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
$$;

-- A suspended or deleted tenant is read, never written. Work without a tenant passes when it is the
-- service role's, or a user's on what is theirs.
CREATE FUNCTION tenantry.refuse_unwritable() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.refuse_unwritable() OWNER TO tenantry_keeper;

-- Row security asks about a new row only after the triggers before it have. One of those that looks
-- at other rows of its tenant calls this first, lest what it says of them reach another tenant.
CREATE FUNCTION tenantry.refuse_foreign(tenant uuid, relation text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tenant IS DISTINCT FROM tenantry.current_tenant_id()
       AND NOT tenantry.is_service() AND current_setting('is_superuser') = 'off' THEN
        RAISE EXCEPTION 'a row of another tenant is not added to %', relation
            USING ERRCODE = '42501', TABLE = relation, SCHEMA = 'tenantry';
    END IF;
END
$$;
ALTER FUNCTION tenantry.refuse_foreign(uuid, text) OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'TN007', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
$$;

-- Every tenant has its quotas and its counters from its first moment.
CREATE FUNCTION tenantry.open_tenant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO tenantry.tenant_quotas (tenant_id) VALUES (NEW.id);
    INSERT INTO tenantry.tenant_usage (tenant_id) VALUES (NEW.id);
    PERFORM tenantry.install_workflows(NEW.id);
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.open_tenant() OWNER TO tenantry_keeper;

-- The dates follow the status, so that they cannot disagree with it.
CREATE FUNCTION tenantry.date_tenant_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.suspended_at := CASE WHEN NEW.status = 'suspended' THEN coalesce(OLD.suspended_at, now()) END;
    NEW.deleted_at := CASE WHEN NEW.status = 'deleted' THEN coalesce(OLD.deleted_at, now()) END;
    RETURN NEW;
END
$$;
