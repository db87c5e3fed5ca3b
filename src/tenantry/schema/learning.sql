-- Lessons: how well they serve, and how to find them.

-- The newest outcome weighs a fifth.
CREATE FUNCTION tenantry.record_lesson_outcome(lesson uuid, success boolean) RETURNS double precision
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    outcome double precision := CASE WHEN success THEN 1 ELSE 0 END;
    rate double precision;
BEGIN
    UPDATE tenantry.lessons AS l SET success_rate = coalesce(l.success_rate * 0.8 + outcome * 0.2, outcome)
    WHERE l.tenant_id = tenantry.current_tenant_id() AND l.id = lesson
    RETURNING l.success_rate INTO rate;
    RETURN rate;
END
$$;
ALTER FUNCTION tenantry.record_lesson_outcome(uuid, boolean) OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.record_lesson_applied(lesson uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    times bigint;
BEGIN
    UPDATE tenantry.lessons AS l SET application_count = l.application_count + 1
    WHERE l.tenant_id = tenantry.current_tenant_id() AND l.id = lesson
    RETURNING l.application_count INTO times;
    RETURN times;
END
$$;
ALTER FUNCTION tenantry.record_lesson_applied(uuid) OWNER TO tenantry_keeper;

CREATE FUNCTION tenantry.search_lessons(query text, many integer DEFAULT 20)
RETURNS TABLE (id uuid, rank real) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.id, ts_rank(l.search, q) AS rank
    FROM tenantry.lessons AS l, websearch_to_tsquery('english', query) AS q
    WHERE l.tenant_id = tenantry.current_tenant_id() AND l.search @@ q
    ORDER BY rank DESC, l.application_count DESC, l.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.search_lessons(text, integer) OWNER TO tenantry_search;

-- Any of the tags (`every` false) or all of them, likewise for evidence.
CREATE FUNCTION tenantry.lessons_tagged(wanted text[], every boolean DEFAULT false, many integer DEFAULT 50)
RETURNS TABLE (id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Each branch has its own use of the index, and the other is not entered.
    SELECT t.id FROM (
        SELECT l.id, l.confidence FROM tenantry.lessons AS l
        WHERE l.tenant_id = tenantry.current_tenant_id() AND every AND l.tags ?& wanted
        UNION ALL
        SELECT l.id, l.confidence FROM tenantry.lessons AS l
        WHERE l.tenant_id = tenantry.current_tenant_id() AND NOT every AND l.tags ?| wanted
    ) AS t
    ORDER BY t.confidence DESC, t.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.lessons_tagged(text[], boolean, integer) OWNER TO tenantry_search;

CREATE FUNCTION tenantry.evidence_tagged(wanted text[], every boolean DEFAULT false, many integer DEFAULT 50)
RETURNS TABLE (id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Each branch has its own use of the index, and the other is not entered.
    SELECT t.id FROM (
        SELECT e.id, e.credibility_score FROM tenantry.evidence AS e
        WHERE e.tenant_id = tenantry.current_tenant_id() AND every AND e.tags ?& wanted
        UNION ALL
        SELECT e.id, e.credibility_score FROM tenantry.evidence AS e
        WHERE e.tenant_id = tenantry.current_tenant_id() AND NOT every AND e.tags ?| wanted
    ) AS t
    ORDER BY t.credibility_score DESC, t.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.evidence_tagged(text[], boolean, integer) OWNER TO tenantry_search;

CREATE FUNCTION tenantry.search_evidence(query text, many integer DEFAULT 20)
RETURNS TABLE (id uuid, rank real) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.id, ts_rank(e.search, q) AS rank
    FROM tenantry.evidence AS e, websearch_to_tsquery('english', query) AS q
    WHERE e.tenant_id = tenantry.current_tenant_id() AND e.search @@ q
    ORDER BY rank DESC, e.credibility_score DESC, e.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.search_evidence(text, integer) OWNER TO tenantry_search;

CREATE FUNCTION tenantry.search_chunks(query text, base uuid DEFAULT NULL, many integer DEFAULT 20)
RETURNS TABLE (id uuid, rank real) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.id, ts_rank(c.search, q) AS rank
    FROM websearch_to_tsquery('english', query) AS q,
         tenantry.chunks AS c JOIN tenantry.documents AS d ON d.tenant_id = c.tenant_id AND d.id = c.document_id
    WHERE c.tenant_id = tenantry.current_tenant_id() AND c.search @@ q
      AND (base IS NULL OR d.knowledge_base_id = base)
    ORDER BY rank DESC, c.id DESC
    LIMIT least(many, 1000)
$$;
ALTER FUNCTION tenantry.search_chunks(text, uuid, integer) OWNER TO tenantry_search;

-- What a data source signs in with, as it is kept: encrypted. Who asked is on record.
CREATE FUNCTION tenantry.data_source_credentials(source uuid) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept bytea;
BEGIN
    SELECT s.credentials INTO kept FROM tenantry.data_sources AS s
    WHERE s.tenant_id = tenantry.current_tenant_id() AND s.id = source;
    IF kept IS NOT NULL THEN
        PERFORM tenantry.record_entry('read_credentials', 'data_sources', source);
    END IF;
    RETURN kept;
END
$$;
ALTER FUNCTION tenantry.data_source_credentials(uuid) OWNER TO tenantry_auth;
