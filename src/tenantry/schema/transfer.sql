-- A tenant as a whole: put in, taken out, and removed for good.
--
-- Rows of an export are history: every rule has been kept when they were written, and every total that
-- triggers keep is one of their columns. So they are put in as replicated rows are, without triggers, and
-- references are checked afterwards, once. The role that may do so owns these functions and nothing
-- else, and they touch one tenant alone.

-- Whatever holds rows of tenants, by what the catalog says: a table is never forgotten. The platform's log
-- is not the tenant's: it is the platform's own record of what it did.
CREATE FUNCTION tenantry.tenant_tables() RETURNS TABLE (relation regclass, owner_column name)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.oid::regclass, a.attname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
        AND a.attname = CASE WHEN c.oid = to_regclass('tenantry.tenants') THEN 'id' ELSE 'tenant_id' END
    JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid AND 'uuid'::regtype IN (y.oid, y.typbasetype)
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND c.oid <> to_regclass('tenantry.platform_log')
      AND NOT (n.nspname = 'tenantry_archive' AND c.relname LIKE 'platform\_log\_%')
    ORDER BY c.oid
$$;

-- Every reference to rows of tenants, and whose the rows on both sides are.
CREATE FUNCTION tenantry.tenant_references() RETURNS TABLE (
    name name, child regclass, child_owner name, parent regclass, parent_owner name, equal text, given text, within boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.conname, c.conrelid::regclass, r.owner_column, c.confrelid::regclass, p.owner_column,
           string_agg(format('p.%I OPERATOR(%I.%s) r.%I', b.attname, n.nspname, o.oprname, a.attname), ' AND '),
           string_agg(format('r.%I IS NOT NULL', a.attname), ' AND '),
           -- The tenant is a part of it, so that it cannot lead to another's.
           bool_or(a.attname = r.owner_column AND b.attname = p.owner_column) IS TRUE
    FROM pg_catalog.pg_constraint AS c
    LEFT JOIN tenantry.tenant_tables() AS r ON r.relation = c.conrelid
    LEFT JOIN tenantry.tenant_tables() AS p ON p.relation = c.confrelid
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey, c.conpfeqop) AS k (child, parent, operator)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.child
    JOIN pg_catalog.pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.parent
    JOIN pg_catalog.pg_operator AS o ON o.oid = k.operator JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
    WHERE c.contype = 'f' AND c.conparentid = 0 AND coalesce(r.relation, p.relation) IS NOT NULL
    GROUP BY c.oid, c.conname, c.conrelid, c.confrelid, r.owner_column, p.owner_column
    ORDER BY c.conname
$$;

-- What is done to a table runs code of its owner (policies, rules, triggers that are always on) with the
-- rights of who does it. So nothing is done to one whose owner does not have these rights already.
CREATE FUNCTION tenantry.require_trusted(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid = relation);
BEGIN
    IF NOT pg_has_role(owner, 'tenantry_transfer', 'MEMBER') THEN
        RAISE EXCEPTION '% belongs to %, whose code would run with the rights of tenantry_transfer', relation, owner::regrole
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', relation::text),
                  HINT = format('ALTER TABLE %s OWNER TO tenantry_owner', relation);
    END IF;
END
$$;
ALTER FUNCTION tenantry.require_trusted(regclass) OWNER TO tenantry_transfer;

-- From here to `triggers_again` nothing but what is written here happens. Needs a grant that
-- `tenantry init` makes as a superuser.
CREATE FUNCTION tenantry.without_triggers() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('session_replication_role', 'replica', true);
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'the role tenantry_transfer may not set session_replication_role'
        USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'grant'),
              HINT = 'Run, as a superuser: GRANT SET ON PARAMETER session_replication_role TO tenantry_transfer';
END
$$;
ALTER FUNCTION tenantry.without_triggers() OWNER TO tenantry_transfer;

CREATE FUNCTION tenantry.triggers_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('session_replication_role', 'origin', true);
END
$$;
ALTER FUNCTION tenantry.triggers_again() OWNER TO tenantry_transfer;

-- Whether this very transaction put the tenant in: only then has it a record to bring along. One whose
-- row was only changed by it looks the same, so nothing of the record may be older.
CREATE FUNCTION tenantry.is_arriving(tenant uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(bool_and(r.xmin = pg_current_xact_id_if_assigned()::xid), false)
           AND EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant)
    FROM (
        SELECT t.xmin FROM tenantry.tenants AS t WHERE t.id = tenant
        UNION ALL
        (SELECT l.xmin FROM tenantry.audit_logs AS l WHERE l.tenant_id = tenant ORDER BY l.id LIMIT 1)
        UNION ALL
        (SELECT l.xmin FROM tenantry.audit_seals AS l WHERE l.tenant_id = tenant ORDER BY l.sequence LIMIT 1)
    ) AS r
$$;
ALTER FUNCTION tenantry.is_arriving(uuid) OWNER TO tenantry_transfer;

-- The column that says whose a row is; refused where there is none, and for the record of a tenant that
-- is here already.
CREATE FUNCTION tenantry.transferable(relation regclass, tenant uuid) RETURNS name
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner_column name;
BEGIN
    SELECT t.owner_column INTO owner_column FROM tenantry.tenant_tables() AS t WHERE t.relation = transferable.relation;
    IF owner_column IS NULL THEN
        RAISE EXCEPTION '% holds no rows of tenants', relation USING ERRCODE = '42P01';
    END IF;
    PERFORM tenantry.require_trusted(relation);
    IF tenantry.is_arriving(tenant) OR relation = to_regclass('tenantry.tenants') THEN
        RETURN owner_column;
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
               WHERE g.tgrelid = relation AND g.tgfoid = to_regprocedure('tenantry.refuse_change()')) THEN
        RAISE EXCEPTION '% is append-only', relation USING ERRCODE = 'TN007';
    END IF;
    IF relation = to_regclass('tenantry.tenant_holds') THEN
        RAISE EXCEPTION 'a hold is put on and released as such' USING ERRCODE = '42501', SCHEMA = 'tenantry', TABLE = 'tenant_holds';
    END IF;
    -- Rows that no trigger sees are put into one that is at work by nobody.
    IF NOT EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant AND t.status = 'suspended') THEN
        RAISE EXCEPTION 'tenant % is neither suspended nor being put in', tenant
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'status');
    END IF;
    RETURN owner_column;
END
$$;
ALTER FUNCTION tenantry.transferable(regclass, uuid) OWNER TO tenantry_transfer;

-- What no trigger sees is on record here: that a tenant came, what record it brought, and any change of one that
-- was there.
CREATE FUNCTION tenantry.tell_transfer(action text, relation regclass, tenant uuid, rows bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF relation IN (to_regclass('tenantry.tenants'), to_regclass('tenantry.audit_logs'), to_regclass('tenantry.audit_seals'))
       OR NOT tenantry.is_arriving(tenant) THEN
        PERFORM tenantry.record_platform_entry(
            action, 'tenants', tenant, jsonb_build_object('table', relation::text, 'rows', rows));
    END IF;
END
$$;
ALTER FUNCTION tenantry.tell_transfer(text, regclass, uuid, bigint) OWNER TO tenantry_transfer;

-- Rows as they are: a JSON array of objects, column -> PostgreSQL's own text for the value. All of this
-- tenant, or none is put in.
CREATE FUNCTION tenantry.load_rows(tenant uuid, relation text, column_names text[], lines text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := relation::regclass;
    owner_column name;
    names text;
    given text;
    loaded bigint;
    foreign_rows bigint;
BEGIN
    IF target = to_regclass('tenantry.tenants') AND EXISTS (SELECT FROM tenantry.tenants AS t WHERE t.id = tenant) THEN
        RAISE EXCEPTION 'tenant % exists', tenant
            USING ERRCODE = '23505', SCHEMA = 'tenantry', TABLE = 'tenants', CONSTRAINT = 'tenants_pkey';
    END IF;
    owner_column := tenantry.transferable(target, tenant);
    SELECT count(*) INTO foreign_rows FROM jsonb_array_elements(lines::jsonb) AS r (line)
    WHERE (r.line ->> owner_column::text)::uuid IS DISTINCT FROM tenant;
    IF foreign_rows > 0 THEN
        RAISE EXCEPTION '% rows for % are not of tenant %', foreign_rows, relation, tenant
            USING ERRCODE = '42501', SCHEMA = 'tenantry', TABLE = relation;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
           string_agg(format('(r.line ->> %L)::%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    INTO names, given
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = target AND a.attname = ANY (column_names) AND a.attnum > 0 AND NOT a.attisdropped;
    IF names IS NULL THEN
        RAISE EXCEPTION '% has none of these columns', relation USING ERRCODE = '42703';
    END IF;
    PERFORM tenantry.without_triggers();
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM jsonb_array_elements($1::jsonb) AS r (line)', target, names, given)
        USING lines;
    GET DIAGNOSTICS loaded = ROW_COUNT;
    PERFORM tenantry.triggers_again();
    PERFORM tenantry.tell_transfer('load', target, tenant, loaded);
    RETURN loaded;
END
$$;
ALTER FUNCTION tenantry.load_rows(uuid, text, text[], text) OWNER TO tenantry_transfer;

-- Takes rows out by their keys, given as rows are to `load_rows`: those that others take the place of.
CREATE FUNCTION tenantry.unload_rows(tenant uuid, relation text, key_names text[], lines text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := relation::regclass;
    owner_column name := tenantry.transferable(relation::regclass, tenant);
    condition text;
    gone bigint;
BEGIN
    SELECT string_agg(format('t.%I = (r.line ->> %L)::%s', a.attname, a.attname, format_type(a.atttypid, a.atttypmod)), ' AND ')
    INTO condition
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = target AND a.attname = ANY (key_names) AND a.attnum > 0 AND NOT a.attisdropped;
    IF target = to_regclass('tenantry.tenants') OR condition IS NULL THEN
        RAISE EXCEPTION 'rows of % are not taken out one by one', relation USING ERRCODE = '42501', TABLE = relation;
    END IF;
    PERFORM tenantry.without_triggers();
    EXECUTE format('DELETE FROM %s AS t USING jsonb_array_elements($1::jsonb) AS r (line) WHERE t.%I = $2 AND %s',
                   target, owner_column, condition)
        USING lines, tenant;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM tenantry.triggers_again();
    PERFORM tenantry.tell_transfer('unload', target, tenant, gone);
    RETURN gone;
END
$$;
ALTER FUNCTION tenantry.unload_rows(uuid, text, text[], text) OWNER TO tenantry_transfer;

-- Every reference of the tenant's rows leads somewhere, as it would have been asked row by row.
CREATE FUNCTION tenantry.check_references(tenant uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reference record;
    missing bigint;
BEGIN
    FOR reference IN SELECT * FROM tenantry.tenant_references() AS r WHERE r.child_owner IS NOT NULL
    LOOP
        PERFORM tenantry.require_trusted(reference.child), tenantry.require_trusted(reference.parent);
        EXECUTE format('SELECT count(*) FROM %s AS r WHERE r.%I = $1 AND %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
                       reference.child, reference.child_owner, reference.given, reference.parent, reference.equal)
            INTO missing USING tenant;
        IF missing > 0 THEN
            RAISE EXCEPTION '% rows of % point at what is not there', missing, reference.child
                USING ERRCODE = '23503', SCHEMA = 'tenantry', CONSTRAINT = reference.name,
                      TABLE = split_part(reference.child::text, '.', 2);
        END IF;
    END LOOP;
END
$$;
ALTER FUNCTION tenantry.check_references(uuid) OWNER TO tenantry_transfer;

-- How many rows of the tenant there are in each table that has any.
CREATE FUNCTION tenantry.count_tenant_rows(tenant uuid) RETURNS TABLE (relation text, rows bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held record;
BEGIN
    FOR held IN SELECT t.relation, t.owner_column FROM tenantry.tenant_tables() AS t LOOP
        relation := held.relation::text;
        PERFORM tenantry.require_trusted(held.relation);
        BEGIN
            EXECUTE format('SELECT count(*) FROM %s WHERE %I = $1', held.relation, held.owner_column) INTO rows USING tenant;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'whether % holds rows of the tenant cannot be seen', held.relation
                USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', held.relation::text),
                      HINT = format('GRANT SELECT, DELETE ON %s TO tenantry_transfer, with a policy if it has row security.', held.relation);
        END;
        IF rows > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
ALTER FUNCTION tenantry.count_tenant_rows(uuid) OWNER TO tenantry_transfer;

-- That nothing which stays points at what goes: rows of tables that are no tenant's, or of another's.
CREATE FUNCTION tenantry.refuse_pointed_at(tenant uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reference record;
    pointing bigint;
BEGIN
    FOR reference IN SELECT * FROM tenantry.tenant_references() AS r WHERE r.parent_owner IS NOT NULL AND NOT r.within LOOP
        PERFORM tenantry.require_trusted(reference.child);
        EXECUTE format('SELECT count(*) FROM %s AS r JOIN %s AS p ON %s WHERE p.%I = $1', reference.child, reference.parent,
                       reference.equal, reference.parent_owner)
                || CASE WHEN reference.child_owner IS NULL THEN '' ELSE format(' AND r.%I IS DISTINCT FROM $1', reference.child_owner) END
            INTO pointing USING tenant;
        IF pointing > 0 THEN
            RAISE EXCEPTION '% rows of % point at rows of the tenant, and are not its own', pointing, reference.child
                USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'reference', 'table', reference.child::text),
                      HINT = format('Remove those rows first, or give %s a tenant_id.', reference.child);
        END IF;
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'whether rows of % point at the tenant cannot be seen', reference.child
        USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', reference.child::text),
              HINT = format('GRANT SELECT ON %s TO tenantry_transfer, with a policy if it has row security.', reference.child);
END
$$;
ALTER FUNCTION tenantry.refuse_pointed_at(uuid) OWNER TO tenantry_transfer;

-- Removes all that a tenant has: every table, partition, month taken out of the record, and its graph.
-- It has to be deleted, so that nobody writes; nothing may hold it; and its record is sealed to its end, so
-- that what the certificate in the platform's log says of the last seal covers every entry. Of one that was
-- purged it removes what came late: from who had begun before and wrote nothing but an entry.
CREATE FUNCTION tenantry.purge_tenant(tenant uuid, facts jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    going record;
    earlier jsonb;
    held record;
    last_seal record;
    line record;
    now_between record;
    obstacle text;
    gone bigint;
    removed jsonb := '{}';
    certificate jsonb;
BEGIN
    -- Under an older snapshot a hold that was put on since would not be seen.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a tenant is purged by a transaction that is READ COMMITTED, not %', current_setting('transaction_isolation')
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'isolation');
    END IF;
    SELECT t.id, t.slug, t.status INTO going FROM tenantry.tenants AS t WHERE t.id = tenant FOR UPDATE;
    IF NOT FOUND THEN
        SELECT l.details INTO earlier FROM tenantry.platform_log AS l
        WHERE l.action = 'purge' AND l.resource_type = 'tenants' AND l.resource_id = tenant ORDER BY l.id DESC LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no tenant %', tenant USING ERRCODE = 'TN014',
                DETAIL = jsonb_build_object('reason', 'unknown');
        END IF;
        SELECT tenant AS id, earlier ->> 'slug' AS slug, 'deleted' AS status INTO going;
    END IF;
    SELECT s.to_id, s.sequence, s.hash, s.root INTO last_seal FROM tenantry.audit_seals AS s
    WHERE s.tenant_id = tenant ORDER BY s.sequence DESC LIMIT 1;
    obstacle := CASE
        WHEN EXISTS (SELECT FROM tenantry.tenant_holds AS h WHERE h.tenant_id = tenant) THEN 'held'
        WHEN going.status <> 'deleted' THEN 'status'
        WHEN earlier IS NULL AND EXISTS (SELECT FROM tenantry.audit_logs AS l WHERE l.tenant_id = tenant
                     AND (last_seal.to_id IS NULL OR l.id >= last_seal.to_id)) THEN 'unsealed' END;
    IF obstacle IS NOT NULL THEN
        RAISE EXCEPTION '%', CASE obstacle
            WHEN 'held' THEN format('tenant %s is under a legal hold', going.slug)
            WHEN 'status' THEN format('tenant %s is %s: only a deleted one is purged', going.slug, going.status)
            ELSE format('the record of tenant %s is not sealed to its end', going.slug) END
            USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', obstacle),
                  HINT = CASE obstacle
                      WHEN 'held' THEN '`tenantry tenant holds` says why, and `tenantry tenant release` ends it.'
                      WHEN 'status' THEN 'Run `tenantry tenant delete` first.'
                      ELSE 'Run `tenantry audit seal --tenant …`, or purge again.' END;
    END IF;
    PERFORM tenantry.refuse_pointed_at(tenant);
    PERFORM tenantry.drop_graph(tenant);
    PERFORM tenantry.without_triggers();
    -- The record goes last: who still wrote has ended when its rows are gone, and its entries are seen.
    FOR held IN
        SELECT t.relation, t.owner_column FROM tenantry.tenant_tables() AS t
        ORDER BY t.relation::text IN ('tenantry.audit_logs', 'tenantry.audit_seals'), t.relation::text
    LOOP
        PERFORM tenantry.require_trusted(held.relation);
        BEGIN
            EXECUTE format('DELETE FROM %s WHERE %I = $1', held.relation, held.owner_column) USING tenant;
            GET DIAGNOSTICS gone = ROW_COUNT;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'rows of % cannot be removed', held.relation
                USING ERRCODE = 'TN014', DETAIL = jsonb_build_object('reason', 'table', 'table', held.relation::text),
                      HINT = format('GRANT SELECT, DELETE ON %s TO tenantry_transfer, with a policy if it has row security.', held.relation);
        END;
        IF gone > 0 THEN
            removed := removed || jsonb_build_object(held.relation::text, gone);
        END IF;
    END LOOP;
    PERFORM tenantry.triggers_again();
    IF earlier IS NOT NULL AND removed = '{}' THEN
        RETURN earlier;
    END IF;
    certificate := facts || jsonb_build_object(
        'tenant_id', tenant, 'slug', going.slug, 'tables', removed, 'by', session_user,
        'rows', (SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(removed)),
        'last_seal', CASE WHEN last_seal.sequence IS NOT NULL THEN jsonb_build_object(
            'sequence', last_seal.sequence, 'hash', encode(last_seal.hash, 'hex'), 'root', encode(last_seal.root, 'hex')) END);
    -- What the platform's log says of months that were taken out counted this tenant's seals too.
    FOR line IN
        SELECT DISTINCT ON (l.details ->> 'from_id') l.id, l.details FROM tenantry.platform_log AS l
        WHERE l.action = 'detach' AND l.resource_type = 'audit_logs' ORDER BY l.details ->> 'from_id', l.id DESC
    LOOP
        SELECT * INTO now_between FROM tenantry.sealed_between(
            'audit_logs', (line.details ->> 'from_id')::uuid, (line.details ->> 'to_id')::uuid);
        CONTINUE WHEN now_between.digest = line.details ->> 'digest';
        PERFORM tenantry.record_platform_entry('detach', 'audit_logs', NULL,
            jsonb_build_object('told', line.id) || line.details || jsonb_build_object(
                'entries', now_between.sealed, 'seals', now_between.seals, 'digest', now_between.digest));
    END LOOP;
    PERFORM tenantry.record_platform_entry('purge', 'tenants', tenant, certificate);
    RETURN certificate;
END
$$;
ALTER FUNCTION tenantry.purge_tenant(uuid, jsonb) OWNER TO tenantry_transfer;
