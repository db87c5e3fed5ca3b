-- A row that shows the fence of whoever wrote it last goes by this: a holder who lost his lock has an
-- older one than the holder after him, and is refused. For any table with a column `fence bigint`.
CREATE FUNCTION tenantry.refuse_stale_fence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(NEW.fence, -1) < OLD.fence THEN
        RAISE EXCEPTION 'a later holder of the lock has written already'
            USING ERRCODE = 'TN010', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA, COLUMN = 'fence',
                  HINT = 'Nothing of this was written. Take the lock again, and read again what it guards.',
                  DETAIL = jsonb_build_object('fence', NEW.fence, 'newest', OLD.fence);
    END IF;
    RETURN NEW;
END
$$;
