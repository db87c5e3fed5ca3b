-- The accounts: what sessions cost, and what expenses are priced at.

-- What a session used stands in the accounts once, however often it is saved. Its own entry, which has
-- its id, holds what its totals have beyond the uses of models that were recorded one by one; expenses
-- that are none, a tool's fee say, are no part of its totals.
CREATE FUNCTION tenantry.book_session(tenant uuid, session uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rest record;
BEGIN
    SELECT greatest(s.input_tokens - u.tokens_in, 0) AS tokens_in, greatest(s.output_tokens - u.tokens_out, 0) AS tokens_out,
           greatest(s.cost_usd - u.cost, 0) AS cost
    INTO rest
    FROM tenantry.agent_sessions AS s, (
        SELECT coalesce(sum(c.input_tokens), 0) AS tokens_in, coalesce(sum(c.output_tokens), 0) AS tokens_out,
               coalesce(sum(c.cost_usd), 0) AS cost
        FROM tenantry.cost_entries AS c
        WHERE c.tenant_id = tenant AND c.session_id = session AND c.id <> session
          AND (c.model <> '' OR c.execution_id IS NOT NULL OR c.input_tokens + c.output_tokens > 0)
    ) AS u
    WHERE s.tenant_id = tenant AND s.id = session;
    IF (rest.tokens_in, rest.tokens_out, rest.cost) = (0, 0, 0)
       AND NOT EXISTS (SELECT FROM tenantry.cost_entries AS c WHERE c.tenant_id = tenant AND c.id = session) THEN
        RETURN;
    END IF;
    INSERT INTO tenantry.cost_entries
        (tenant_id, id, desk_id, agent_id, task_id, session_id, provider, model, input_tokens, output_tokens,
         cost_usd, billing_month, description)
    SELECT tenant, session, s.desk_id, coalesce(s.agent_id, d.agent_id), s.task_id, session,
           coalesce(a.model_provider, d.llm_provider, ''), coalesce(a.model_name, d.llm_model, ''),
           rest.tokens_in, rest.tokens_out, rest.cost,
           date_trunc('month', s.started_at AT TIME ZONE 'UTC')::date, 'session'
    FROM tenantry.agent_sessions AS s
    LEFT JOIN tenantry.desks AS d ON d.tenant_id = s.tenant_id AND d.id = s.desk_id
    LEFT JOIN tenantry.agents AS a ON a.tenant_id = s.tenant_id AND a.id = coalesce(s.agent_id, d.agent_id)
    WHERE s.tenant_id = tenant AND s.id = session
    ON CONFLICT ON CONSTRAINT cost_entries_pkey DO UPDATE
    SET input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd;
END
$$;
ALTER FUNCTION tenantry.book_session(uuid, uuid) OWNER TO tenantry_keeper;

-- When a session has ended, and when its totals change after that.
CREATE FUNCTION tenantry.account_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF NEW.status = 'active'
       OR (TG_OP = 'UPDATE' AND OLD.status <> 'active'
           AND (NEW.cost_usd, NEW.input_tokens, NEW.output_tokens) = (OLD.cost_usd, OLD.input_tokens, OLD.output_tokens)) THEN
        RETURN NULL;
    END IF;
    PERFORM tenantry.book_session(NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.account_session() OWNER TO tenantry_keeper;

-- When what was recorded for a session changes that has ended. The session is held, so that of its end
-- and an expense at the same moment the second sees the first.
CREATE FUNCTION tenantry.account_expenses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    touched jsonb;
    part record;
    stage text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_agg(DISTINCT jsonb_build_object('tenant_id', n.tenant_id, 'id', n.session_id)) INTO touched
        FROM new_rows AS n WHERE n.session_id <> n.id;
    ELSIF TG_OP = 'DELETE' THEN
        -- Nothing is booked anew for a tenant that goes with all it has.
        SELECT jsonb_agg(DISTINCT jsonb_build_object('tenant_id', o.tenant_id, 'id', o.session_id)) INTO touched
        FROM old_rows AS o JOIN tenantry.tenants AS t ON t.id = o.tenant_id WHERE o.session_id <> o.id;
    ELSE
        SELECT jsonb_agg(DISTINCT jsonb_build_object('tenant_id', r.tenant_id, 'id', r.session_id)) INTO touched
        FROM (SELECT n.tenant_id, n.id, n.session_id FROM new_rows AS n
              UNION ALL SELECT o.tenant_id, o.id, o.session_id FROM old_rows AS o) AS r
        WHERE r.session_id <> r.id;
    END IF;
    IF touched IS NULL THEN
        RETURN NULL;
    END IF;
    FOR part IN SELECT r.tenant_id, r.id FROM jsonb_to_recordset(touched) AS r (tenant_id uuid, id uuid) ORDER BY 1, 2 LOOP
        SELECT s.status INTO stage FROM tenantry.agent_sessions AS s
        WHERE s.tenant_id = part.tenant_id AND s.id = part.id FOR NO KEY UPDATE;
        IF stage <> 'active' THEN
            PERFORM tenantry.book_session(part.tenant_id, part.id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.account_expenses() OWNER TO tenantry_keeper;

-- An expense without a cost takes that of its tokens, at the price of the moment its id carries. One of
-- an execution is one of its session.
CREATE FUNCTION tenantry.price_cost_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    moment timestamptz := tenantry.time_of(NEW.id);
BEGIN
    -- An id that is no UUIDv7 tells no time.
    IF moment > now() + interval '2 years' THEN
        moment := now();
    END IF;
    IF NEW.session_id IS NULL AND NEW.execution_id IS NOT NULL THEN
        SELECT e.session_id INTO NEW.session_id FROM tenantry.agent_executions AS e
        WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.execution_id;
    END IF;
    NEW.billing_month := coalesce(NEW.billing_month, date_trunc('month', moment AT TIME ZONE 'UTC')::date);
    IF NEW.cost_usd IS NULL THEN
        SELECT round((NEW.input_tokens * p.input_price + NEW.output_tokens * p.output_price
                      + NEW.cached_tokens * coalesce(p.cached_input_price, p.input_price)) / 1000000, 6)
        INTO NEW.cost_usd
        FROM tenantry.model_prices AS p
        WHERE p.provider = NEW.provider AND p.model = NEW.model
          AND date_trunc('milliseconds', p.valid_from) <= moment AND (p.valid_until IS NULL OR p.valid_until > moment)
        ORDER BY p.valid_from DESC LIMIT 1;
    END IF;
    IF NEW.cost_usd IS NULL THEN
        RAISE EXCEPTION 'no cost given, and no price of that day is known for %/%', NEW.provider, NEW.model
            USING ERRCODE = 'TN004', TABLE = 'cost_entries', SCHEMA = 'tenantry', COLUMN = 'cost_usd', CONSTRAINT = 'price_known';
    END IF;
    RETURN NEW;
END
$$;
ALTER FUNCTION tenantry.price_cost_entry() OWNER TO tenantry_keeper;

-- A model has one price at a time: a new one ends the one before it, and ends where the next begins.
CREATE FUNCTION tenantry.range_price() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.provider || '/' || NEW.model, 20261121));
    UPDATE tenantry.model_prices AS p SET valid_until = NEW.valid_from
    WHERE p.provider = NEW.provider AND p.model = NEW.model AND p.valid_from < NEW.valid_from
      AND (p.valid_until IS NULL OR p.valid_until > NEW.valid_from);
    SELECT least(NEW.valid_until, min(p.valid_from)) INTO NEW.valid_until
    FROM tenantry.model_prices AS p
    WHERE p.provider = NEW.provider AND p.model = NEW.model AND p.valid_from > NEW.valid_from;
    RETURN NEW;
END
$$;
ALTER FUNCTION tenantry.range_price() OWNER TO tenantry_keeper;
