-- Whether the context is what the kernel sealed. Under the plain context nobody asks.

-- The service role, its members and the owner need no seal: they reach every tenant anyway, and no
-- request of a tenant's runs as them. The message is expiry|tenant|user|actor, so that none of them can be
-- changed alone; a transaction that began before the expiry may go on after it.
CREATE FUNCTION tenantry.seal_holds() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    context text := coalesce(current_setting('app.tenant_id', true), '')
        || '|' || coalesce(current_setting('app.user_id', true), '')
        || '|' || coalesce(current_setting('app.actor', true), '');
    seal text[] := string_to_array(current_setting('app.seal', true), '.');
    mac bytea;
BEGIN
    IF context = '||' OR session_user = 'tenantry_owner' OR tenantry.is_service() THEN
        RETURN true;
    END IF;
    SELECT sha256(k.outer_pad || sha256(k.inner_pad || convert_to(seal[2] || '|' || context, 'UTF8')))
    INTO mac FROM tenantry.seal_keys AS k WHERE k.name = seal[1];
    -- Hashed once more, so that the time a comparison takes tells nothing of the mac.
    IF sha256(mac) IS DISTINCT FROM sha256(decode(
        CASE WHEN seal[3] ~ '^[0-9a-f]{64}$' THEN seal[3] ELSE '' END, 'hex'))
    THEN
        RAISE EXCEPTION 'the context is not sealed' USING ERRCODE = 'TN009',
            HINT = 'Set TENANTRY_CONTEXT=sealed and the TENANTRY_SEAL_KEYS of this database.';
    END IF;
    IF to_timestamp(seal[2]::bigint) < transaction_timestamp() THEN
        RAISE EXCEPTION 'the seal of the context has expired' USING ERRCODE = 'TN009',
            HINT = 'Compare the clocks of the application and the database.';
    END IF;
    RETURN true;
END
$$;
ALTER FUNCTION tenantry.seal_holds() OWNER TO tenantry_auth;
