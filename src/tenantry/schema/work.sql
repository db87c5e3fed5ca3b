-- What is decided about a task is decided once, whoever asks at the same time.

CREATE FUNCTION tenantry.decide_approval() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Not the whole row: a member who leaves is taken out of the decisions made.
    IF TG_OP = 'UPDATE' AND OLD.decision <> 'pending'
       AND (NEW.decision <> OLD.decision OR NEW.user_id <> OLD.user_id) THEN
        RAISE EXCEPTION 'approval % is % already', OLD.id, OLD.decision
            USING ERRCODE = 'TN004', TABLE = 'approvals', SCHEMA = 'tenantry', COLUMN = 'decision', CONSTRAINT = 'decided_once',
                  DETAIL = jsonb_build_object('decision', OLD.decision);
    END IF;
    NEW.decided_at := CASE WHEN NEW.decision <> 'pending' THEN coalesce(NEW.decided_at, now()) END;
    RETURN NEW;
END
$$;

CREATE FUNCTION tenantry.answer_delegation() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status <> OLD.status AND NOT (
        OLD.status = 'offered' AND NEW.status IN ('accepted', 'declined', 'cancelled')
        OR OLD.status = 'accepted' AND NEW.status IN ('completed', 'cancelled')) THEN
        RAISE EXCEPTION 'delegation % is %, which does not become %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'TN004', TABLE = 'delegations', SCHEMA = 'tenantry', COLUMN = 'status',
                  CONSTRAINT = CASE OLD.status WHEN 'offered' THEN 'delegation_status' ELSE 'decided_once' END,
                  DETAIL = jsonb_build_object('decision', OLD.status);
    END IF;
    NEW.answered_at := CASE WHEN NEW.status <> 'offered' THEN coalesce(NEW.answered_at, now()) END;
    RETURN NEW;
END
$$;
