-- Partitions by ranges of the UUIDv7 id, whose first 48 bits are milliseconds.

-- The smallest id of a moment.
CREATE FUNCTION tenantry.uuid_at(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex((extract(epoch FROM moment) * 1000)::int8), 12, '0') || repeat('0', 20))::uuid;

-- The moment an id carries.
CREATE FUNCTION tenantry.time_of(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::int8 / 1000.0);

CREATE FUNCTION tenantry.milliseconds_of(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint;

-- The smallest id of a millisecond.
CREATE FUNCTION tenantry.uuid_of(milliseconds bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex(greatest(milliseconds, 0)), 12, '0') || repeat('0', 20))::uuid;

-- Makes the partition of `parent` that holds `moment`, with everything a partition does not
-- inherit (row security, triggers), moves there what the default partition holds of it, and attaches
-- it: PARTITION OF would lock readers out meanwhile. Returns its name, or null if it is there.
CREATE FUNCTION tenantry.add_partition(parent text, period text, moment timestamptz)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    start timestamptz := date_trunc(period, moment);
    lower uuid := tenantry.uuid_at(start);
    upper uuid := tenantry.uuid_at(start + ('1 ' || period)::interval);
    child text := parent || to_char(start, CASE period WHEN 'week' THEN '_iyyy"w"iw' ELSE '_yyyy_mm' END);
    referenced text;
BEGIN
    IF to_regclass('tenantry.' || quote_ident(child)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- What attaching locks, in the order in which writers come to it.
    FOR referenced IN
        SELECT DISTINCT c.confrelid::regclass::text FROM pg_catalog.pg_constraint AS c
        WHERE c.contype = 'f' AND c.conrelid = to_regclass('tenantry.' || quote_ident(parent)) ORDER BY 1
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', referenced);
    END LOOP;
    EXECUTE format('LOCK TABLE ONLY tenantry.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
    EXECUTE format('CREATE TABLE tenantry.%I (LIKE tenantry.%I INCLUDING ALL)', child, parent);
    PERFORM tenantry.move_from_default(parent, child, lower, upper);
    PERFORM tenantry.secure_partition(child, parent);
    EXECUTE format('ALTER TABLE tenantry.%I ATTACH PARTITION tenantry.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, child, lower, upper);
    RETURN child;
END
$$;

-- Rows of the default partition that another one is being made for. They go over as they are, in one
-- statement, while nobody else reaches the table: no trigger sees them again, and those that keep a
-- record append-only stand aside for this alone. It takes the owner, who may alter tables anyway.
CREATE FUNCTION tenantry.move_from_default(parent text, child text, lower uuid, upper uuid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := quote_ident(parent || '_default');
    columns text;
    moved bigint;
BEGIN
    IF to_regclass('tenantry.' || rest) IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = to_regclass('tenantry.' || rest) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
    EXECUTE format('ALTER TABLE tenantry.%s NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER', rest);
    EXECUTE format(
        'WITH moved AS (DELETE FROM tenantry.%1$s WHERE id >= %2$L AND id < %3$L RETURNING %4$s)'
        ' INSERT INTO tenantry.%5$I (%4$s) SELECT %4$s FROM moved', rest, lower, upper, columns, child);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE tenantry.%s FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER', rest);
    IF moved > 0 THEN
        PERFORM tenantry.record_platform_event('move', parent, NULL, jsonb_build_object('partition', child, 'rows', moved));
    END IF;
END
$$;

-- Makes the partition for the oldest row of the default one. Ids of times that nothing happens at, as
-- those that are no UUIDv7 carry, stay. Returns null when there is no more to do.
CREATE FUNCTION tenantry.drain_default(parent text, period text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := quote_ident(parent || '_default');
    oldest uuid;
    made text;
BEGIN
    EXECUTE format('ALTER TABLE tenantry.%s NO FORCE ROW LEVEL SECURITY', rest);
    EXECUTE format('SELECT id FROM tenantry.%s WHERE id >= %L AND id < %L ORDER BY id LIMIT 1', rest,
                   tenantry.uuid_at('2000-01-01T00:00Z'), tenantry.uuid_at(now() + interval '2 years')) INTO oldest;
    EXECUTE format('ALTER TABLE tenantry.%s FORCE ROW LEVEL SECURITY', rest);
    IF oldest IS NULL THEN
        RETURN NULL;
    END IF;
    made := tenantry.add_partition(parent, period, tenantry.time_of(oldest));
    IF made IS NULL THEN
        RAISE EXCEPTION 'the partition of % for % is there and not attached', parent, tenantry.time_of(oldest)
            USING ERRCODE = '42P07';
    END IF;
    RETURN made;
END
$$;

-- The ranges of ids that no partition but the default one holds; null is no bound.
CREATE FUNCTION tenantry.partition_gaps(parent text)
RETURNS TABLE (lower uuid, upper uuid) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH bounds AS (
        SELECT parts[1]::uuid AS starts, parts[2]::uuid AS stops
        FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid,
             regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) AS parts
        WHERE i.inhparent = to_regclass('tenantry.' || quote_ident(parent)) AND parts IS NOT NULL
    )
    SELECT lag(b.stops) OVER (ORDER BY b.starts), b.starts FROM bounds AS b
    UNION ALL
    SELECT max(b.stops::text)::uuid, NULL FROM bounds AS b
    ORDER BY 1 NULLS FIRST
$$;

-- Nobody is granted anything on a partition; row security is on all the same, so that a grant made
-- by mistake opens nothing.
CREATE FUNCTION tenantry.secure_partition(child text, parent text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    guard record;
BEGIN
    EXECUTE format('ALTER TABLE tenantry.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', child);
    FOR guard IN
        SELECT t.tgname, f.proname, t.tgtype
        FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
        WHERE t.tgrelid = to_regclass('tenantry.' || quote_ident(parent)) AND NOT t.tgisinternal
          AND f.proname = 'refuse_change'
    LOOP
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE %s ON tenantry.%I FOR EACH STATEMENT EXECUTE FUNCTION tenantry.%I()',
            guard.tgname,
            CASE WHEN guard.tgtype & 32 <> 0 THEN 'TRUNCATE' ELSE 'UPDATE OR DELETE' END,
            child, guard.proname);
    END LOOP;
END
$$;

-- Takes a partition out of its table, into a schema that only the owner reads. Returns its name there.
CREATE FUNCTION tenantry.move_to_archive(parent text, child text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept text := child;
    time integer := 1;
    index record;
BEGIN
    CREATE SCHEMA IF NOT EXISTS tenantry_archive;
    EXECUTE format('ALTER TABLE tenantry.%I DETACH PARTITION tenantry.%I', parent, child);
    -- Rows of a time that was taken out before have come since: they are a table beside that one.
    WHILE to_regclass(format('tenantry_archive.%I', kept)) IS NOT NULL LOOP
        time := time + 1;
        kept := child || '_' || time;
    END LOOP;
    IF kept <> child THEN
        EXECUTE format('ALTER TABLE tenantry.%I RENAME TO %I', child, kept);
        FOR index IN
            SELECT c.oid, c.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = to_regclass(format('tenantry.%I', kept))
        LOOP
            EXECUTE format('ALTER INDEX tenantry.%I RENAME TO %I', index.relname, left(index.relname, 50) || '_' || index.oid);
        END LOOP;
    END IF;
    EXECUTE format('ALTER TABLE tenantry.%I SET SCHEMA tenantry_archive', kept);
    EXECUTE format('CREATE POLICY owner ON tenantry_archive.%I FOR SELECT TO tenantry_owner USING (true)', kept);
    -- A tenant that is purged is purged from there too; the platform's log is not the tenant's.
    IF parent <> 'platform_log' THEN
        GRANT USAGE ON SCHEMA tenantry_archive TO tenantry_transfer;
        EXECUTE format('CREATE POLICY transfer ON tenantry_archive.%I TO tenantry_transfer USING (true)', kept);
        EXECUTE format('GRANT SELECT, DELETE ON tenantry_archive.%I TO tenantry_transfer', kept);
    END IF;
    RETURN kept;
END
$$;

-- The same of anything but the record. What sums up its rows stays as it was. Executions are in graphs
-- too: the comment says so until those are done.
CREATE FUNCTION tenantry.detach_period(parent text, child text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bounds text[];
    kept text;
BEGIN
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) INTO bounds
    FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('tenantry.' || quote_ident(parent)) AND c.relname = child;
    IF bounds IS NULL OR parent IN ('audit_logs', 'platform_log') THEN
        RAISE EXCEPTION '% is no partition that may be taken out', child USING ERRCODE = '42P01';
    END IF;
    kept := tenantry.move_to_archive(parent, child);
    IF parent = 'agent_executions' THEN
        EXECUTE format('COMMENT ON TABLE tenantry_archive.%I IS %L', kept, 'graphs still hold it');
    END IF;
    PERFORM tenantry.record_platform_entry('detach', parent, NULL, jsonb_build_object(
        'partition', child, 'from_id', bounds[1], 'to_id', bounds[2], 'by', session_user,
        'archive', 'tenantry_archive.' || kept));
    RETURN 'tenantry_archive.' || kept;
END
$$;
