-- Tasks: which moves are allowed is the workflow's to say, and nobody gets round it.

CREATE FUNCTION tenantry.govern_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.govern_task() OWNER TO tenantry_keeper;

-- When a verdict fell, by the server's clock unless given: what opens a stage with a pipeline are
-- the verdicts since the task came there.
CREATE FUNCTION tenantry.time_review() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.verdict = 'pending' THEN
        NEW.reviewed_at := NULL;
    ELSIF NEW.reviewed_at IS NULL
       OR TG_OP = 'UPDATE' AND NEW.verdict <> OLD.verdict AND NEW.reviewed_at = OLD.reviewed_at THEN
        NEW.reviewed_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION tenantry.structure_lock(what text, tenant uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(what || tenant::text, 20261121);

-- Of two that would close a circle together, the second waits for the first and then sees it. Where
-- it cannot, because its snapshot is older, the changed row refuses it as not serializable.
CREATE FUNCTION tenantry.one_at_a_time(tenant uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE tenantry.tenant_usage AS u SET current_tasks = u.current_tasks WHERE u.tenant_id = tenant;
$$;
ALTER FUNCTION tenantry.one_at_a_time(uuid) OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.refuse_circular_dependencies() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.refuse_circular_dependencies() OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.refuse_circular_parents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.refuse_circular_parents() OWNER TO tenantry_keeper;

-- Searching goes through functions: under row security an operator that is not leakproof, as @@ is
-- not, cannot use its index. The tenant is filtered inside, and the text is a parameter.
CREATE FUNCTION tenantry.search_tasks(query text, many integer DEFAULT 50)
RETURNS TABLE (id uuid, rank real) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, ts_rank(t.search, q) AS rank
    FROM tenantry.tasks AS t, websearch_to_tsquery('english', query) AS q
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.search @@ q
    ORDER BY rank DESC, t.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.search_tasks(text, integer) OWNER TO tenantry_search;

-- Planned for each label anew: a rare one is found in another way than one that most tasks have.
CREATE FUNCTION tenantry.tasks_labelled(label text, many integer DEFAULT 50)
RETURNS TABLE (id uuid) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY SELECT t.id FROM tenantry.tasks AS t
    WHERE t.tenant_id = tenantry.current_tenant_id() AND t.labels ? label
    ORDER BY t.id DESC
    LIMIT least(many, 1000);
END
$$;
ALTER FUNCTION tenantry.tasks_labelled(text, integer) OWNER TO tenantry_search;
