-- The outbox: an event is a row of the transaction that tells of it, and is sent from there.

-- Nobody but the functions below: its pace tells how busy other tenants are.
CREATE SEQUENCE tenantry.outbox_position;
GRANT USAGE ON SEQUENCE tenantry.outbox_position TO tenantry_keeper;

-- The lock of a key. A tenant has 2048 of them, so that no transaction fills the server's table of locks:
-- 256 for the keys of a topic, and 8 classes of topics. Keys that share one wait for each other now and
-- then. Whose lock it is comes of the tenant's id alone: no topic can be chosen so as to meet another's.
CREATE FUNCTION tenantry.event_lane(tenant uuid, topic text, key text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashtextextended(tenant::text, 20261121) & -2048)
    | ((hashtextextended(topic, 20261121) & 7) << 8)
    | (hashtextextended(key, 20261121) & 255);

-- Publishes in the tenant of the context, and returns the event's id. With a key the position is drawn
-- under a lock that is kept until the transaction has ended: who draws the next one for this key does
-- so after that, and so positions of a key follow the order of commits, and whoever sees one of them
-- sees all that came before. Without a key there is no lock and no order.
CREATE FUNCTION tenantry.publish_event(topic text, payload jsonb, key text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant uuid := tenantry.current_tenant_id();
    event uuid := tenantry.uuidv7();
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'an event needs a tenant context' USING ERRCODE = 'TN008';
    END IF;
    IF publish_event.key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(tenantry.event_lane(tenant, publish_event.topic, publish_event.key));
    END IF;
    INSERT INTO tenantry.outbox_events (tenant_id, id, topic, key, payload, position)
    VALUES (tenant, event, publish_event.topic, publish_event.key, publish_event.payload,
            nextval('tenantry.outbox_position'));
    RETURN event;
END
$$;
ALTER FUNCTION tenantry.publish_event(text, jsonb, text) OWNER TO tenantry_keeper;

-- The events below are told where the feature `events` is enabled, which makes the triggers. They say
-- what changed and not all there is, so that they stay small. A tenant that is being removed has none:
-- what its cascades change is its end.

-- Topic `tasks`, with the task's id as the key: it was created, or came to another stage or assignee.
CREATE FUNCTION tenantry.announce_tasks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- No lock: nobody else knows this key before this transaction has committed.
        INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position)
        SELECT n.tenant_id, 'tasks', n.id::text,
               jsonb_build_object('event', 'created', 'task_id', n.id, 'project_id', n.project_id,
                   'title', left(n.title, 200), 'type', n.type, 'priority', n.priority,
                   'status', n.status, 'state_category', n.state_category,
                   'assigned_to_user_id', n.assigned_to_user_id,
                   'assigned_to_agent_id', n.assigned_to_agent_id,
                   'assigned_to_desk_id', n.assigned_to_desk_id),
               nextval('tenantry.outbox_position')
        FROM new_rows AS n
        WHERE EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = n.tenant_id);
        RETURN NULL;
    END IF;
    changed := ARRAY(
        SELECT n.id FROM old_rows AS o
        JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
        JOIN tenantry.tenants AS t ON t.id = n.tenant_id
        WHERE n.status <> o.status
           OR n.assigned_to_user_id IS DISTINCT FROM o.assigned_to_user_id
           OR n.assigned_to_agent_id IS DISTINCT FROM o.assigned_to_agent_id
           OR n.assigned_to_desk_id IS DISTINCT FROM o.assigned_to_desk_id);
    IF cardinality(changed) = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(l.lane) FROM (
        SELECT DISTINCT tenantry.event_lane(n.tenant_id, 'tasks', n.id::text) AS lane
        FROM new_rows AS n WHERE n.id = ANY (changed) ORDER BY 1) AS l;
    INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position)
    SELECT n.tenant_id, 'tasks', n.id::text,
           jsonb_build_object('event', 'changed', 'task_id', n.id, 'project_id', n.project_id,
               'status', n.status, 'state_category', n.state_category,
               'assigned_to_user_id', n.assigned_to_user_id,
               'assigned_to_agent_id', n.assigned_to_agent_id,
               'assigned_to_desk_id', n.assigned_to_desk_id,
               'before', jsonb_build_object('status', o.status, 'state_category', o.state_category,
                   'assigned_to_user_id', o.assigned_to_user_id,
                   'assigned_to_agent_id', o.assigned_to_agent_id,
                   'assigned_to_desk_id', o.assigned_to_desk_id)),
           nextval('tenantry.outbox_position')
    FROM old_rows AS o JOIN new_rows AS n ON n.tenant_id = o.tenant_id AND n.id = o.id
    WHERE n.id = ANY (changed);
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.announce_tasks() OWNER TO tenantry_keeper;

-- Topic `activities`, with the task's id as the key of those about a task.
CREATE FUNCTION tenantry.announce_activities() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(l.lane) FROM (
        SELECT DISTINCT tenantry.event_lane(n.tenant_id, 'activities', n.task_id::text) AS lane
        FROM new_rows AS n WHERE n.task_id IS NOT NULL ORDER BY 1) AS l;
    INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position)
    SELECT n.tenant_id, 'activities', n.task_id::text,
           jsonb_build_object('event', 'created', 'activity_id', n.id,
               'activity_type', left(n.activity_type, 200), 'summary', left(n.summary, 500),
               'project_id', n.project_id, 'task_id', n.task_id, 'user_id', n.user_id,
               'agent_id', n.agent_id, 'is_public', n.is_public),
           nextval('tenantry.outbox_position')
    FROM (SELECT * FROM new_rows ORDER BY id) AS n
    WHERE EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = n.tenant_id);
    RETURN NULL;
END
$$;
ALTER FUNCTION tenantry.announce_activities() OWNER TO tenantry_keeper;
