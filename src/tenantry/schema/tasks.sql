-- Tasks: which moves are allowed is the workflow's to say, and nobody gets round it.

CREATE FUNCTION tenantry.govern_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    flow record;
    category text;
    before text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state_category END;
    lacking text[];
BEGIN
    -- Other systems' words for the same things.
    NEW.type := CASE NEW.type WHEN 'bug' THEN 'bugfix' WHEN 'documentation' THEN 'docs' ELSE NEW.type END;
    IF TG_OP = 'UPDATE' AND NEW.status = OLD.status AND NEW.workflow_id = OLD.workflow_id THEN
        RETURN NEW;
    END IF;
    IF NEW.workflow_id IS NULL THEN
        SELECT w.id INTO NEW.workflow_id FROM tenantry.workflows AS w
        WHERE w.tenant_id = NEW.tenant_id AND w.is_default;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(tenantry.workflow_lock(NEW.workflow_id));
    SELECT w.name, w.stages, w.transition_rules, w.initial_stage, w.qa_pipeline INTO flow
    FROM tenantry.workflows AS w WHERE w.tenant_id = NEW.tenant_id AND w.id = NEW.workflow_id;
    IF NOT FOUND THEN
        RETURN NEW;  -- the foreign key will say so
    END IF;
    NEW.status := coalesce(NEW.status, flow.initial_stage);
    NEW.title := coalesce(nullif(NEW.title, ''), nullif(left(split_part(NEW.prompt, E'\n', 1), 200), ''));
    SELECT s ->> 'category' INTO category
    FROM jsonb_array_elements(flow.stages) AS s WHERE s ->> 'name' = NEW.status;
    IF category IS NULL THEN
        RAISE EXCEPTION 'workflow % has no stage %', flow.name, NEW.status
            USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'status', CONSTRAINT = 'workflow_stage';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.workflow_id = OLD.workflow_id THEN
        IF NOT coalesce(flow.transition_rules -> OLD.status ? NEW.status, false) THEN
            RAISE EXCEPTION 'workflow % does not allow % -> %; from there: %', flow.name, OLD.status, NEW.status,
                coalesce(flow.transition_rules ->> OLD.status, 'nothing')
                USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'status', CONSTRAINT = 'workflow_transition';
        END IF;
        -- Back to work is always open; forward only past every review asked for since it came here.
        IF category IN ('done', 'review') AND flow.qa_pipeline ? OLD.status THEN
            lacking := ARRAY(
                SELECT needed FROM jsonb_array_elements_text(flow.qa_pipeline -> OLD.status) AS needed
                WHERE coalesce((
                    SELECT r.verdict FROM tenantry.qa_reviews AS r
                    WHERE r.tenant_id = NEW.tenant_id AND r.task_id = NEW.id AND r.stage = needed
                      AND r.reviewed_at >= OLD.status_changed_at
                    ORDER BY r.reviewed_at DESC, r.id DESC LIMIT 1), '') <> 'passed');
            IF cardinality(lacking) > 0 THEN
                RAISE EXCEPTION '% cannot be left: not passed: %', OLD.status, array_to_string(lacking, ', ')
                    USING ERRCODE = 'TN004', TABLE = 'tasks', SCHEMA = 'tenantry', COLUMN = 'status', CONSTRAINT = 'workflow_review';
            END IF;
        END IF;
    END IF;
    NEW.state_category := category;
    NEW.status_changed_at := clock_timestamp();
    IF category = 'active' AND NEW.started_at IS NULL THEN
        NEW.started_at := now();
    END IF;
    IF category IN ('done', 'failed') THEN
        NEW.completed_at := CASE WHEN before IN ('done', 'failed') THEN OLD.completed_at ELSE now() END;
    ELSE
        NEW.completed_at := NULL;
    END IF;
    RETURN NEW;
END
$$;
ALTER FUNCTION tenantry.govern_task() OWNER TO tenantry_keeper;

-- Of two that would close a circle together, the second waits for the first and then sees it.
CREATE FUNCTION tenantry.structure_lock(what text, tenant uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(what || tenant::text, 20261121);

CREATE FUNCTION tenantry.refuse_circular_dependencies() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    circle uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(tenantry.structure_lock('dependencies', t.tenant_id))
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
$$;
ALTER FUNCTION tenantry.refuse_circular_dependencies() OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.refuse_circular_parents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    circle boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(tenantry.structure_lock('parents', NEW.tenant_id));
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
$$;
ALTER FUNCTION tenantry.refuse_circular_parents() OWNER TO tenantry_keeper;

-- Searching goes through functions: under row security an operator that is not leakproof, as @@ is
-- not, cannot use its index. The tenant is filtered inside, and the text is a parameter.
CREATE FUNCTION tenantry.search_tasks(query text, many integer DEFAULT 50)
RETURNS TABLE (id uuid, rank real) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT t.id, ts_rank(t.search, q) AS rank
    FROM tenantry.tasks AS t, websearch_to_tsquery('english', query) AS q
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.search @@ q
    ORDER BY rank DESC, t.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.search_tasks(text, integer) OWNER TO tenantry_search;
