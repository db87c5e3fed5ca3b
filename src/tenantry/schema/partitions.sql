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
-- inherit (row security, triggers), and attaches it: PARTITION OF would lock readers out meanwhile.
CREATE FUNCTION tenantry.add_partition(parent text, period text, moment timestamptz)
RETURNS text LANGUAGE plpgsql SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
    start timestamptz := date_trunc(period, moment);
    stop timestamptz := date_trunc(period, moment) + ('1 ' || period)::interval;
    child text := parent || to_char(start, CASE period WHEN 'week' THEN '_iyyy"w"iw' ELSE '_yyyy_mm' END);
BEGIN
    IF to_regclass('tenantry.' || quote_ident(child)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE tenantry.%I (LIKE tenantry.%I INCLUDING ALL)', child, parent);
    PERFORM tenantry.secure_partition(child, parent);
    EXECUTE format('ALTER TABLE tenantry.%I ATTACH PARTITION tenantry.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, child, tenantry.uuid_at(start), tenantry.uuid_at(stop));
    RETURN child;
END
$$;

-- Nobody is granted anything on a partition; row security is on all the same, so that a grant made
-- by mistake opens nothing.
CREATE FUNCTION tenantry.secure_partition(child text, parent text)
RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
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
