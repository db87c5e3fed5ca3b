-- The graph: one of Apache AGE for each tenant, made when it is first asked, and kept by triggers from
-- then on. Nothing here needs the extension before it is called.

CREATE FUNCTION tenantry.graph_name(tenant uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'tg_' || replace(tenant::text, '-', '');

-- Who writes what a graph is made of holds this shared, and who makes or drops a graph holds it alone:
-- so no write falls between the reading of the tables and the first trigger that finds the graph. There
-- are 1024, so that work on many tenants does not fill the server's table of locks.
CREATE FUNCTION tenantry.graph_lane(tenant uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashtextextended('graph', 20261121) & -1024) | (hashtextextended(tenant::text, 20261121) & 1023);

-- A snapshot that is older than the graph, or than a vertex in it, cannot keep it. Where each statement
-- has its own, none is: an edge then waits for a vertex that a later trigger would have brought.
CREATE FUNCTION tenantry.graph_missed() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'could not serialize access: the tenant''s graph has changed meanwhile'
            USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;

-- Reads what others have changed in the catalog: what a session remembers of it may be older than the
-- advisory lock it has waited for. Locking an object does that, always; locking a relation, or a query,
-- only when the transaction has not locked it before.
CREATE FUNCTION tenantry.look_again() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_get_object_address('schema', '{pg_catalog}', '{}');
END
$$;

-- The tenant's graph, if it has one, held against its making and dropping until the transaction ends.
CREATE FUNCTION tenantry.graph_kept(tenant uuid) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Makes the table of a label ('v'ertices or 'e'dges) when it is first needed.
CREATE FUNCTION tenantry.graph_label(graph text, label text, kind text) RETURNS void
LANGUAGE plpgsql SET search_path = ag_catalog, pg_catalog, pg_temp SET client_min_messages = warning AS $$
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
$$;

-- Under the lane's lock, held alone.
CREATE FUNCTION tenantry.make_graph(tenant uuid) RETURNS void
LANGUAGE plpgsql SET search_path = ag_catalog, pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    graph text := tenantry.graph_name(tenant);
BEGIN
    PERFORM ag_catalog.create_graph(graph::name);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO tenantry_graph_reader', graph);
    EXECUTE format('GRANT SELECT ON %1$I._ag_label_vertex, %1$I._ag_label_edge TO tenantry_graph_reader', graph);
    PERFORM tenantry.fill_graph(tenant, graph);
END
$$;

-- Whether there was one.
CREATE FUNCTION tenantry.drop_graph(tenant uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
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
$$;
ALTER FUNCTION tenantry.drop_graph(uuid) OWNER TO tenantry_graph;

-- Drops the graph of a tenant that is being removed, before its rows go one table after the other.
CREATE FUNCTION tenantry.drop_graph_of_tenant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenantry.drop_graph(OLD.id);
    RETURN OLD;
END
$$;
ALTER FUNCTION tenantry.drop_graph_of_tenant() OWNER TO tenantry_graph;

-- The tenant's graph, made now if it has none.
CREATE FUNCTION tenantry.graph_ready(tenant uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.graph_ready(uuid) OWNER TO tenantry_graph;

-- The graph of the tenant of the context, made now if it has none: before a question with a time limit.
CREATE FUNCTION tenantry.open_graph() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tenantry.current_tenant_id() IS NULL THEN
        RAISE EXCEPTION 'a graph needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    PERFORM tenantry.graph_ready(tenantry.current_tenant_id());
END
$$;
ALTER FUNCTION tenantry.open_graph() OWNER TO tenantry_graph;

-- For the service role: makes the tenant's graph anew from its tables.
CREATE FUNCTION tenantry.rebuild_graph(tenant uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenantry.drop_graph(tenant);
    PERFORM tenantry.graph_ready(tenant);
END
$$;
ALTER FUNCTION tenantry.rebuild_graph(uuid) OWNER TO tenantry_graph;

-- For the service role: which tenants have a graph.
CREATE FUNCTION tenantry.tenants_with_graph() RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT t.id FROM tenantry.tenants AS t
        WHERE to_regnamespace(tenantry.graph_name(t.id)) IS NOT NULL ORDER BY t.id;
END
$$;
ALTER FUNCTION tenantry.tenants_with_graph() OWNER TO tenantry_graph;

-- For the service role: takes executions from one id to another out of a tenant's graph, when their rows
-- were taken out of the table, which calls no trigger. How many there were.
CREATE FUNCTION tenantry.forget_executions(tenant uuid, since uuid, until uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.forget_executions(uuid, uuid, uuid) OWNER TO tenantry_graph;

-- ---- a tenant's own vertices and edges -----------------------------------------------------------

-- Of the labels of its tables, and of those of its graph, which keeps what was emptied.
CREATE FUNCTION tenantry.limit_labels(used bigint, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most constant integer := 50;
BEGIN
    IF used > most THEN
        RAISE EXCEPTION 'a tenant has up to % labels of its own in its graph', most
            USING ERRCODE = 'TN003', HINT = hint,
                  DETAIL = jsonb_build_object('quota', 'graph_labels', 'limit', most, 'used', most);
    END IF;
END
$$;

-- Every label is a table, so a tenant has only so many of its own.
CREATE FUNCTION tenantry.limit_graph_labels() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.limit_graph_labels() OWNER TO tenantry_keeper;

-- Refuses another label for what is there: its edges lead to it by its label.
CREATE FUNCTION tenantry.refuse_other_label() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.label IS DISTINCT FROM OLD.label THEN
        RAISE EXCEPTION 'a label stays: remove it and make another'
            USING ERRCODE = 'TN004', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                  COLUMN = 'label', CONSTRAINT = 'label_stays';
    END IF;
    RETURN NEW;
END
$$;

-- ---- whether a graph is what its tables say ------------------------------------------------------

-- What a label should hold (`wanted`, of the tenant $1 and the label $2) and what it does hold.
CREATE FUNCTION tenantry.compare_label(
    tenant uuid, graph text, label text, kind text, wanted text, OUT missing bigint, OUT surplus bigint
) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- ---- asking --------------------------------------------------------------------------------------

-- Rows of a question as texts. Errors of the question are told as its own; whatever ends the statement
-- from outside is not.
CREATE FUNCTION tenantry.cypher_rows(graph text, question text, width integer, params jsonb, most integer)
RETURNS SETOF text[]
LANGUAGE plpgsql SET search_path = ag_catalog, pg_catalog, pg_temp AS $$
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
$$;

-- A question that the platform has named, of the graph of the tenant of the context.
CREATE FUNCTION tenantry.graph_run(question text, params jsonb, most integer) RETURNS SETOF text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.graph_run(text, jsonb, integer) OWNER TO tenantry_graph_reader;

-- A question of the caller's own, whose text must be as the parser writes it. Tenants may call this
-- only where the feature `graph-questions` is enabled.
CREATE FUNCTION tenantry.graph_ask(question text, width integer, params jsonb, most integer) RETURNS SETOF text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION tenantry.graph_ask(text, integer, jsonb, integer) OWNER TO tenantry_graph_reader;
