-- Only a superuser can make an event trigger, so this is the one part that managed servers lack;
-- there `tenantry prove` finds what this would have refused.

CREATE SCHEMA IF NOT EXISTS tenantry_guard;

CREATE OR REPLACE FUNCTION tenantry_guard.refuse_open_tables() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    open_table text;
    touched oid[];
BEGIN
    -- Most of a schema's commands neither grant nor make a table, and asking takes milliseconds. A
    -- graph is made by twenty commands of a role that owns graphs and nothing else.
    IF tg_tag IN ('CREATE FUNCTION', 'ALTER FUNCTION', 'CREATE POLICY', 'CREATE TRIGGER', 'CREATE INDEX', 'REVOKE')
       OR tg_tag LIKE 'DROP %' OR current_user = 'tenantry_graph' THEN
        RETURN;
    END IF;
    -- These open none but their own table and what inherits from it; any other may open any table, and
    -- with ten thousand graphs there are seventy thousand.
    IF tg_tag IN ('CREATE TABLE', 'ALTER TABLE') THEN
        touched := ARRAY(
            WITH RECURSIVE t (oid) AS (
                SELECT d.objid FROM pg_catalog.pg_event_trigger_ddl_commands() AS d
                UNION
                SELECT i.inhrelid FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid)
            SELECT t.oid FROM t);
    END IF;
    SELECT format('%I.%I', n.nspname, c.relname) INTO open_table
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    CROSS JOIN (VALUES ('tenantry_app'), ('tenantry_readonly')) AS r (role)
    WHERE c.relkind IN ('r', 'p')
      AND (touched IS NULL OR c.oid = ANY (touched))
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
      AND (pg_catalog.has_any_column_privilege(r.role, c.oid, 'SELECT, INSERT, UPDATE')
           OR pg_catalog.has_table_privilege(r.role, c.oid, 'DELETE, TRUNCATE'))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'table % has a tenant_id and is granted to the application without forced row security', open_table
            USING ERRCODE = 'TN006', DETAIL = jsonb_build_object('table', open_table),
                  HINT = 'ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY and add its policies before granting it.';
    END IF;
END
$$;

DROP EVENT TRIGGER IF EXISTS tenantry_refuse_open_tables;

-- For every command: CREATE SCHEMA, for one, can hold a CREATE TABLE and a GRANT.
CREATE EVENT TRIGGER tenantry_refuse_open_tables ON ddl_command_end
    EXECUTE FUNCTION tenantry_guard.refuse_open_tables();
-- Also where session_replication_role spares other triggers: the owner is a member of the role that may set it.
ALTER EVENT TRIGGER tenantry_refuse_open_tables ENABLE ALWAYS;
