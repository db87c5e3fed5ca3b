BEGIN;

DO $$$$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '$pooler') THEN
        CREATE ROLE $pooler;
    END IF;
END $$$$;
-- It has no password: it comes over a socket as its account, or shows a certificate.
ALTER ROLE $pooler LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT
    CONNECTION LIMIT 10 PASSWORD NULL;
GRANT CONNECT ON DATABASE $database TO $pooler;

CREATE SCHEMA IF NOT EXISTS $pooler;
REVOKE ALL ON SCHEMA $pooler FROM PUBLIC;
GRANT USAGE ON SCHEMA $pooler TO $pooler;

-- The roles that come through the pooler and no other, and none whose password has expired: PgBouncer
-- up to 1.24.0 would let those in.
CREATE OR REPLACE FUNCTION $pooler.password_of(login text)
RETURNS TABLE (usename name, passwd text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$$$
    SELECT rolname, rolpassword FROM pg_catalog.pg_authid
    WHERE rolname = login AND rolcanlogin AND rolname IN ($roles)
      AND (rolvaliduntil IS NULL OR rolvaliduntil > now())
$$$$;
REVOKE ALL ON FUNCTION $pooler.password_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION $pooler.password_of(text) TO $pooler;

COMMIT;
