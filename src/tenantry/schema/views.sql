-- Figures for dashboards, refreshed when told. They hold every tenant's rows and row security does not
-- cover them, so nobody is granted them: a tenant reads its own through functions.

CREATE MATERIALIZED VIEW tenantry.tenant_cost_summary AS
SELECT c.tenant_id, c.billing_month, c.provider, c.model, count(*) AS entries,
       sum(c.input_tokens) AS input_tokens, sum(c.output_tokens) AS output_tokens, sum(c.cost_usd) AS cost_usd
FROM tenantry.cost_entries AS c
GROUP BY c.tenant_id, c.billing_month, c.provider, c.model
WITH NO DATA;

CREATE UNIQUE INDEX tenant_cost_summary_key ON tenantry.tenant_cost_summary (tenant_id, billing_month, provider, model);

CREATE MATERIALIZED VIEW tenantry.desk_performance AS
SELECT d.tenant_id, d.id AS desk_id, d.code, d.title,
       count(DISTINCT t.id) FILTER (WHERE t.state_category = 'done') AS tasks_completed,
       count(DISTINCT t.id) FILTER (WHERE t.state_category NOT IN ('done', 'failed')) AS tasks_open,
       count(DISTINCT t.id) FILTER (WHERE t.state_category = 'failed') AS tasks_failed,
       (SELECT count(*) FROM tenantry.agent_sessions AS s WHERE s.tenant_id = d.tenant_id AND s.desk_id = d.id) AS sessions,
       (SELECT avg(s.duration_ms) FROM tenantry.agent_sessions AS s WHERE s.tenant_id = d.tenant_id AND s.desk_id = d.id) AS avg_session_ms,
       (SELECT coalesce(sum(c.cost_usd), 0) FROM tenantry.cost_entries AS c WHERE c.tenant_id = d.tenant_id AND c.desk_id = d.id) AS cost_usd
FROM tenantry.desks AS d
LEFT JOIN tenantry.tasks AS t ON t.tenant_id = d.tenant_id AND t.assigned_to_desk_id = d.id
GROUP BY d.tenant_id, d.id, d.code, d.title
WITH NO DATA;

CREATE UNIQUE INDEX desk_performance_key ON tenantry.desk_performance (tenant_id, desk_id);

-- Without blocking readers, but for the first time.
CREATE FUNCTION tenantry.refresh_view(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

CREATE FUNCTION tenantry.refresh_all_views() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT tenantry.refresh_view(m.matviewname::text) FROM pg_catalog.pg_matviews AS m
    WHERE m.schemaname = 'tenantry' ORDER BY m.matviewname
$$;

CREATE FUNCTION tenantry.cost_summary()
RETURNS TABLE (billing_month date, provider text, model text, entries bigint, input_tokens numeric, output_tokens numeric, cost_usd numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.billing_month, v.provider, v.model, v.entries, v.input_tokens, v.output_tokens, v.cost_usd
    FROM tenantry.tenant_cost_summary AS v
    WHERE v.tenant_id = tenantry.current_tenant_id()
    ORDER BY 1, 2, 3
$$;

CREATE FUNCTION tenantry.desk_figures()
RETURNS TABLE (desk_id uuid, code text, title text, tasks_completed bigint, tasks_open bigint, tasks_failed bigint,
               sessions bigint, avg_session_ms numeric, cost_usd numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.desk_id, v.code, v.title, v.tasks_completed, v.tasks_open, v.tasks_failed, v.sessions, v.avg_session_ms, v.cost_usd
    FROM tenantry.desk_performance AS v
    WHERE v.tenant_id = tenantry.current_tenant_id()
    ORDER BY v.code
$$;

-- Live. Row security holds inside; the tenant is named all the same, since the service role sees all.
CREATE FUNCTION tenantry.tenant_statistics(tenant uuid DEFAULT tenantry.current_tenant_id())
RETURNS TABLE (users bigint, projects bigint, desks bigint, agents bigint, tasks bigint, tasks_open bigint,
               tasks_completed bigint, tasks_failed bigint, sessions bigint, executions bigint, messages bigint,
               lessons bigint, evidence bigint, knowledge_bases bigint, documents bigint,
               cost_this_month numeric, cost_total numeric)
LANGUAGE sql STABLE AS $$
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
$$;

ALTER FUNCTION tenantry.refresh_view(text) OWNER TO tenantry_views;
ALTER FUNCTION tenantry.refresh_all_views() OWNER TO tenantry_views;
ALTER FUNCTION tenantry.cost_summary() OWNER TO tenantry_views;
ALTER FUNCTION tenantry.desk_figures() OWNER TO tenantry_views;
ALTER MATERIALIZED VIEW tenantry.tenant_cost_summary OWNER TO tenantry_views;
ALTER MATERIALIZED VIEW tenantry.desk_performance OWNER TO tenantry_views;
