-- Workflows: a template that makes sense, and that tasks can rely on while they stand in it.

-- A change of stages excludes tasks on the move, and they do not exclude each other.
CREATE FUNCTION tenantry.workflow_lock(workflow_id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(workflow_id::text, 20261121);

CREATE FUNCTION tenantry.check_workflow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.check_workflow() OWNER TO tenantry_keeper;

-- The vocabularies that agent platforms use, for one tenant, or for each that has none of them yet.
-- `basic` is a new tenant's default.
CREATE FUNCTION tenantry.install_workflows(tenant uuid DEFAULT NULL) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.install_workflows(uuid) OWNER TO tenantry_keeper;
