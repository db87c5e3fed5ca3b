-- The context of a transaction: which tenant, which user, which actor.
-- (`current_tenant_id()` and `current_user_id()` stand in sealing.py, since there are two kinds.)

-- For programs that are not written in Python. Never survives the transaction.
CREATE FUNCTION tenantry.set_tenant_context(tenant_id uuid, user_id uuid DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('app.tenant_id', coalesce(tenant_id::text, ''), true),
            pg_catalog.set_config('app.user_id', coalesce(user_id::text, ''), true),
            pg_catalog.set_config('app.actor', '', true);
END
$$;

-- For the statements that bring their context along, when there is one already: they serve the same
-- tenant, however it is written, and no other.
CREATE FUNCTION tenantry.same_context(tenant_id uuid) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    IF tenant_id IS DISTINCT FROM tenantry.current_tenant_id() THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', tenant_id
            USING ERRCODE = 'TN002';
    END IF;
    RETURN tenant_id;
END
$$;

-- Whether who logged in works across tenants: a member of the service role. Not one that is also the
-- application's, which the floor of its policies holds to a tenant.
CREATE FUNCTION tenantry.is_service() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.pg_has_role(session_user, 'tenantry_service', 'MEMBER')
    AND NOT pg_catalog.pg_has_role(session_user, 'tenantry_app', 'MEMBER')
    AND NOT pg_catalog.pg_has_role(session_user, 'tenantry_readonly', 'MEMBER');

-- Who is acting, as the record will say it. The kernel sends base64url of JSON.
CREATE FUNCTION tenantry.acting(
    OUT kind text, OUT user_id uuid, OUT agent_id uuid, OUT api_key_id uuid, OUT request_id text,
    OUT ip_address inet, OUT user_agent text, OUT reason text
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    sent text := pg_catalog.current_setting('app.actor', true);
    actor jsonb;
BEGIN
    user_id := tenantry.current_user_id();
    -- The application writes for somebody; a statement that emptied its context midway would not say
    -- for whom.
    IF user_id IS NULL AND coalesce(sent, '') = '' AND tenantry.current_tenant_id() IS NULL
       AND pg_catalog.pg_has_role(session_user, 'tenantry_app', 'MEMBER')
       AND NOT pg_catalog.pg_has_role(session_user, 'tenantry_service', 'MEMBER') THEN
        RAISE EXCEPTION 'a change needs a context' USING ERRCODE = 'TN008';
    END IF;
    IF sent <> '' THEN
        actor := convert_from(decode(translate(sent, '-_', '+/'), 'base64'), 'UTF8')::jsonb;
        kind := actor ->> 'kind';
        agent_id := actor ->> 'agent_id';
        api_key_id := actor ->> 'api_key_id';
        request_id := actor ->> 'request_id';
        ip_address := actor ->> 'ip';
        user_agent := actor ->> 'user_agent';
        reason := actor ->> 'reason';
    END IF;
    kind := coalesce(kind, CASE
        WHEN tenantry.is_service() THEN 'service'
        WHEN user_id IS NOT NULL THEN 'user'
        ELSE 'system'
    END);
END
$$;
