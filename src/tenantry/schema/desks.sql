-- Desks: the path from the top, whoever moves a desk.

-- A desk's place, from the place of the one it reports to. Labels are ids, so that the path of a
-- desk is its chain of command.
CREATE FUNCTION tenantry.place_desk() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    label text := replace(NEW.id::text, '-', '');
    above public.ltree;
BEGIN
    PERFORM pg_advisory_xact_lock(tenantry.structure_lock('desks', NEW.tenant_id));
    IF NEW.reports_to_id IS NULL THEN
        NEW.path := label::public.ltree;
        RETURN NEW;
    END IF;
    SELECT d.path INTO above FROM tenantry.desks AS d
    WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.reports_to_id;
    IF NEW.reports_to_id = NEW.id OR above OPERATOR(public.~) ('*.' || label || '.*')::public.lquery THEN
        RAISE EXCEPTION 'desk % would report to itself', NEW.code
            USING ERRCODE = 'TN005', TABLE = 'desks', SCHEMA = 'tenantry', COLUMN = 'reports_to_id', CONSTRAINT = 'no_circular_reporting';
    END IF;
    NEW.path := coalesce(above OPERATOR(public.||) label, label::public.ltree);
    RETURN NEW;
END
$$;
ALTER FUNCTION tenantry.place_desk() OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.move_subtree() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    UPDATE tenantry.desks AS d
    SET path = NEW.path OPERATOR(public.||) public.subpath(d.path, public.nlevel(OLD.path))
    WHERE d.tenant_id = NEW.tenant_id AND d.id <> NEW.id
      AND d.path OPERATOR(public.<@) OLD.path;
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.move_subtree() OWNER TO tenantry_keeper;

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
