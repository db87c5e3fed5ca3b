-- On 18 the server's own; before that a function of the same layout: 48 bits of milliseconds, the
-- fraction of the millisecond in the next 12, so that ids of one session never run backwards.
DO $do$
BEGIN
    IF to_regprocedure('pg_catalog.uuidv7()') IS NOT NULL THEN
        EXECUTE 'CREATE OR REPLACE FUNCTION tenantry.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
                 RETURN pg_catalog.uuidv7()';
    ELSE
        EXECUTE $fallback$
        CREATE OR REPLACE FUNCTION tenantry.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
        RETURN (
            SELECT encode(
                substring(int8send(m.us / 1000) FROM 3)
                || int2send((28672 + (m.us % 1000) * 4096 / 1000)::int2)
                || set_byte(r.bits, 0, (get_byte(r.bits, 0) & 63) | 128),
                'hex')::uuid
            FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS us) AS m,
                 (SELECT substring(uuid_send(gen_random_uuid()) FROM 9) AS bits) AS r
        )
        $fallback$;
    END IF;
END
$do$
