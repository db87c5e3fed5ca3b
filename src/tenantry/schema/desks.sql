-- Desks: the path from the top, whoever moves a desk.

-- One change of a tenant's hierarchy at a time, and held before the first row is: whoever moves a
-- subtree locks its rows too. Work without a tenant (the service role's) holds every hierarchy.
CREATE FUNCTION tenantry.hold_hierarchy(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
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
$$;
ALTER FUNCTION tenantry.hold_hierarchy(uuid) OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.hold_desks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    PERFORM tenantry.hold_hierarchy(tenantry.current_tenant_id());
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.hold_desks() OWNER TO tenantry_keeper;

-- A desk's place, from that of the one it reports to. Labels are ids, so that the path of a desk is
-- its chain of command.
CREATE FUNCTION tenantry.place_desk() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
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
$$;
ALTER FUNCTION tenantry.place_desk() OWNER TO tenantry_keeper;

-- What a statement leaves behind, whichever rows it touched and in which order: no circle, and the
-- path of every desk in the subtrees it moved.
CREATE FUNCTION tenantry.settle_desks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
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
$$;
ALTER FUNCTION tenantry.settle_desks() OWNER TO tenantry_keeper;

-- The operators of ltree are not leakproof either.
CREATE FUNCTION tenantry.desk_subtree(top uuid)
RETURNS TABLE (id uuid, depth integer) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT d.id, public.nlevel(d.path) - public.nlevel(t.path)
    FROM tenantry.desks AS t
    JOIN tenantry.desks AS d ON d.tenant_id = t.tenant_id AND d.path OPERATOR(public.<@) t.path
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.id = top
    ORDER BY d.path
$$;
ALTER FUNCTION tenantry.desk_subtree(uuid) OWNER TO tenantry_search;
