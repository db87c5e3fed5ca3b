-- Finding out who calls, before any tenant is known.

-- The tenant, owner and scopes of a key, given its hash; nothing for one that is unknown, revoked
-- or expired, or whose tenant is deleted or user inactive, so that no answer tells which it was.
CREATE FUNCTION tenantry.authenticate_key(
    hash bytea,
    OUT api_key_id uuid, OUT tenant_id uuid, OUT user_id uuid, OUT scopes jsonb,
    OUT tenant_status text, OUT expires_at timestamptz, OUT plan text, OUT role text
) RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.id, k.tenant_id, k.user_id, k.scopes, t.status, k.expires_at, t.plan, m.role
    FROM tenantry.api_keys AS k
    JOIN tenantry.tenants AS t ON t.id = k.tenant_id
    LEFT JOIN tenantry.users AS u ON u.id = k.user_id
    LEFT JOIN tenantry.memberships AS m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id
    WHERE k.key_hash = authenticate_key.hash
      AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
      AND t.status <> 'deleted'
      AND coalesce(u.is_active, k.user_id IS NULL)
$$;
ALTER FUNCTION tenantry.authenticate_key(bytea) OWNER TO tenantry_auth;

-- The member of the context's tenant who has this account at an outside provider.
CREATE FUNCTION tenantry.identity_member(provider text, subject text)
RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.user_id
    FROM tenantry.user_identities AS i
    JOIN tenantry.memberships AS m ON m.tenant_id = tenantry.current_tenant_id() AND m.user_id = i.user_id
    WHERE i.provider = identity_member.provider AND i.subject = identity_member.subject
$$;
ALTER FUNCTION tenantry.identity_member(text, text) OWNER TO tenantry_auth;

-- The outside accounts of the user of the context.
CREATE FUNCTION tenantry.my_identities()
RETURNS TABLE (id uuid, provider text, username text, email text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.id, i.provider, i.username, i.email, i.created_at
    FROM tenantry.user_identities AS i
    WHERE i.user_id = tenantry.current_user_id()
$$;
ALTER FUNCTION tenantry.my_identities() OWNER TO tenantry_auth;
