-- Totals that are kept with the rows they sum: set-based, and always in the order of ids, so that
-- two writers that touch the same rows wait for each other instead of deadlocking.

CREATE FUNCTION tenantry.total_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    part record;
    at_an_end boolean;
    in_sessions bigint := 0;
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- One at a time is how most come: there is nothing to group, and no order to keep.
        SELECT n.tenant_id, n.conversation_id, n.session_id, n.id, n.input_tokens, n.output_tokens, n.cost_usd,
               EXISTS (SELECT FROM new_rows OFFSET 1) AS several
        INTO part FROM new_rows AS n LIMIT 1;
        IF NOT part.several THEN
            UPDATE tenantry.conversations AS c
            SET message_count = c.message_count + 1,
                first_message_id = least(c.first_message_id, part.id),
                last_message_id = greatest(c.last_message_id, part.id)
            WHERE c.tenant_id = part.tenant_id AND c.id = part.conversation_id;
            IF part.session_id IS NOT NULL THEN
                UPDATE tenantry.agent_sessions AS s
                SET message_count = s.message_count + 1,
                    first_message_id = least(s.first_message_id, part.id),
                    last_message_id = greatest(s.last_message_id, part.id),
                    input_tokens = s.input_tokens + part.input_tokens,
                    output_tokens = s.output_tokens + part.output_tokens, cost_usd = s.cost_usd + part.cost_usd
                WHERE s.tenant_id = part.tenant_id AND s.id = part.session_id;
            END IF;
            RETURN NULL;
        END IF;
        FOR part IN
            SELECT n.tenant_id, n.conversation_id AS id, count(*) AS many, count(n.session_id) AS in_sessions,
                   min(n.id::text)::uuid AS oldest, max(n.id::text)::uuid AS newest
            FROM new_rows AS n GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            in_sessions := in_sessions + part.in_sessions;
            UPDATE tenantry.conversations AS c
            SET message_count = c.message_count + part.many,
                first_message_id = least(c.first_message_id, part.oldest),
                last_message_id = greatest(c.last_message_id, part.newest)
            WHERE c.tenant_id = part.tenant_id AND c.id = part.id;
        END LOOP;
        IF in_sessions = 0 THEN
            RETURN NULL;
        END IF;
        FOR part IN
            SELECT n.tenant_id, n.session_id AS id, count(*) AS many,
                   min(n.id::text)::uuid AS oldest, max(n.id::text)::uuid AS newest,
                   sum(n.input_tokens) AS tokens_in, sum(n.output_tokens) AS tokens_out, sum(n.cost_usd) AS cost
            FROM new_rows AS n WHERE n.session_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.agent_sessions AS s
            SET message_count = s.message_count + part.many,
                first_message_id = least(s.first_message_id, part.oldest),
                last_message_id = greatest(s.last_message_id, part.newest),
                input_tokens = s.input_tokens + part.tokens_in, output_tokens = s.output_tokens + part.tokens_out,
                cost_usd = s.cost_usd + part.cost
            WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
        END LOOP;
    ELSIF TG_OP = 'UPDATE' THEN
        IF EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n USING (tenant_id, id)
                   WHERE (o.conversation_id, o.session_id) IS DISTINCT FROM (n.conversation_id, n.session_id)) THEN
            RAISE EXCEPTION 'a message stays in its conversation and its session'
                USING ERRCODE = 'TN004', TABLE = 'messages', SCHEMA = 'tenantry', CONSTRAINT = 'messages_stay';
        END IF;
        FOR part IN
            SELECT n.tenant_id, n.session_id AS id, sum(n.input_tokens - o.input_tokens) AS tokens_in,
                   sum(n.output_tokens - o.output_tokens) AS tokens_out, sum(n.cost_usd - o.cost_usd) AS cost
            FROM old_rows AS o JOIN new_rows AS n USING (tenant_id, id)
            WHERE n.session_id IS NOT NULL
              AND (o.input_tokens, o.output_tokens, o.cost_usd) <> (n.input_tokens, n.output_tokens, n.cost_usd)
            GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.agent_sessions AS s
            SET input_tokens = s.input_tokens + part.tokens_in, output_tokens = s.output_tokens + part.tokens_out,
                cost_usd = s.cost_usd + part.cost
            WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
        END LOOP;
    ELSE
        -- Which message is at an end now is asked once the parent's row is ours: whoever adds one waits.
        FOR part IN
            SELECT o.tenant_id, o.conversation_id AS id, count(*) AS many, array_agg(o.id) AS gone
            FROM old_rows AS o WHERE o.conversation_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.conversations AS c SET message_count = c.message_count - part.many
            WHERE c.tenant_id = part.tenant_id AND c.id = part.id
            RETURNING c.first_message_id = ANY (part.gone) OR c.last_message_id = ANY (part.gone) INTO at_an_end;
            IF at_an_end THEN
                UPDATE tenantry.conversations AS c
                SET first_message_id = (SELECT m.id FROM tenantry.messages AS m
                                        WHERE m.tenant_id = part.tenant_id AND m.conversation_id = part.id
                                        ORDER BY m.id LIMIT 1),
                    last_message_id = (SELECT m.id FROM tenantry.messages AS m
                                       WHERE m.tenant_id = part.tenant_id AND m.conversation_id = part.id
                                       ORDER BY m.id DESC LIMIT 1)
                WHERE c.tenant_id = part.tenant_id AND c.id = part.id;
            END IF;
        END LOOP;
        FOR part IN
            SELECT o.tenant_id, o.session_id AS id, count(*) AS many, array_agg(o.id) AS gone,
                   sum(o.input_tokens) AS tokens_in, sum(o.output_tokens) AS tokens_out, sum(o.cost_usd) AS cost
            FROM old_rows AS o WHERE o.session_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        LOOP
            UPDATE tenantry.agent_sessions AS s
            SET message_count = s.message_count - part.many, input_tokens = s.input_tokens - part.tokens_in,
                output_tokens = s.output_tokens - part.tokens_out, cost_usd = s.cost_usd - part.cost
            WHERE s.tenant_id = part.tenant_id AND s.id = part.id
            RETURNING s.first_message_id = ANY (part.gone) OR s.last_message_id = ANY (part.gone) INTO at_an_end;
            IF at_an_end THEN
                UPDATE tenantry.agent_sessions AS s
                SET first_message_id = (SELECT m.id FROM tenantry.messages AS m
                                        WHERE m.tenant_id = part.tenant_id AND m.session_id = part.id
                                        ORDER BY m.id LIMIT 1),
                    last_message_id = (SELECT m.id FROM tenantry.messages AS m
                                       WHERE m.tenant_id = part.tenant_id AND m.session_id = part.id
                                       ORDER BY m.id DESC LIMIT 1)
                WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.total_messages() OWNER TO tenantry_keeper;

-- An execution's own figures: when it ended and how long it took, unless the caller knows better.
CREATE FUNCTION tenantry.time_execution() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF NEW.agent_id IS NOT NULL AND NEW.agent_type IS NULL THEN
        SELECT a.agent_type INTO NEW.agent_type FROM tenantry.agents AS a
        WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.agent_id;
    END IF;
    IF NEW.status IN ('pending', 'running') THEN
        NEW.completed_at := NULL;
        NEW.duration_ms := NULL;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.duration_ms = OLD.duration_ms
       AND (NEW.started_at, NEW.completed_at) IS DISTINCT FROM (OLD.started_at, OLD.completed_at) THEN
        NEW.duration_ms := NULL;  -- it was that of the former times
    END IF;
    NEW.completed_at := coalesce(
        NEW.completed_at, NEW.started_at + NEW.duration_ms * interval '1 millisecond', clock_timestamp());
    NEW.duration_ms := coalesce(
        NEW.duration_ms, greatest(0, round(extract(epoch FROM NEW.completed_at - NEW.started_at) * 1000)));
    RETURN NEW;
END
$$;
ALTER FUNCTION tenantry.time_execution() OWNER TO tenantry_keeper;

-- What executions add to their agents' records and their sessions' totals: the difference between
-- before and after, whatever happened to them. An agent's record counts what has ended. Sessions come
-- first, as they do when a task goes with all it has.
CREATE FUNCTION tenantry.total_executions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    part record;
    source text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT 1 AS sign, n.* FROM new_rows AS n'
        WHEN 'DELETE' THEN 'SELECT -1 AS sign, o.* FROM old_rows AS o'
        ELSE 'SELECT 1 AS sign, n.* FROM new_rows AS n UNION ALL SELECT -1, o.* FROM old_rows AS o'
    END;
BEGIN
    FOR part IN EXECUTE format(
        $sum$
        SELECT * FROM (
            SELECT e.tenant_id, e.session_id AS id, sum(e.sign * e.input_tokens) AS tokens_in,
                   sum(e.sign * e.output_tokens) AS tokens_out, sum(e.sign * e.cost_usd) AS cost
            FROM (%s) AS e WHERE e.session_id IS NOT NULL GROUP BY 1, 2
        ) AS p WHERE (p.tokens_in, p.tokens_out, p.cost) <> (0, 0, 0) ORDER BY 1, 2
        $sum$, source)
    LOOP
        UPDATE tenantry.agent_sessions AS s
        SET input_tokens = s.input_tokens + part.tokens_in, output_tokens = s.output_tokens + part.tokens_out,
            cost_usd = s.cost_usd + part.cost
        WHERE s.tenant_id = part.tenant_id AND s.id = part.id;
    END LOOP;
    FOR part IN EXECUTE format(
        $sum$
        SELECT * FROM (
            SELECT e.tenant_id, e.agent_id AS id, sum(e.sign) AS many,
                   coalesce(sum(e.sign) FILTER (WHERE e.status = 'success'), 0) AS good,
                   coalesce(sum(e.sign) FILTER (WHERE e.duration_ms IS NOT NULL), 0) AS timed,
                   coalesce(sum(e.sign * e.duration_ms::bigint), 0) AS spent
            FROM (%s) AS e
            WHERE e.agent_id IS NOT NULL AND e.status NOT IN ('pending', 'running')
            GROUP BY 1, 2
        ) AS p WHERE (p.many, p.good, p.timed, p.spent) <> (0, 0, 0, 0) ORDER BY 1, 2
        $sum$, source)
    LOOP
        UPDATE tenantry.agents AS a
        SET execution_count = a.execution_count + part.many,
            success_count = a.success_count + part.good,
            timed_count = a.timed_count + part.timed,
            total_execution_ms = a.total_execution_ms + part.spent,
            success_rate = (a.success_count + part.good)::float8 / nullif(a.execution_count + part.many, 0),
            avg_execution_time_ms = (a.total_execution_ms + part.spent)::float8 / nullif(a.timed_count + part.timed, 0)
        WHERE a.tenant_id = part.tenant_id AND a.id = part.id;
    END LOOP;
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.total_executions() OWNER TO tenantry_keeper;

-- A session's end and how long it took.
CREATE FUNCTION tenantry.time_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'active' THEN
        NEW.ended_at := NULL;
        NEW.duration_ms := NULL;
    ELSE
        NEW.ended_at := coalesce(NEW.ended_at, clock_timestamp());
        NEW.duration_ms := greatest(0, round(extract(epoch FROM NEW.ended_at - NEW.started_at) * 1000));
    END IF;
    RETURN NEW;
END
$$;
