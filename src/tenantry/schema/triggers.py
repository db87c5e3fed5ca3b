"""The triggers of a table, and the functions generated for it, from what its model is."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table

from tenantry.models.base import AppendOnly, Audited, Counted, Timestamped, Totalled, model_of

from .access import is_guarded
from .audit import audit_function, recorded
from .roles import AUDIT, KEEPER

#: Event -> the transition tables its triggers see.
TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def triggers(table: Table) -> Iterator[str]:
    model, name = model_of(table), table.name
    on = f"ON tenantry.{name}"
    if issubclass(model, Timestamped):
        yield (
            f"CREATE TRIGGER touch_updated_at BEFORE UPDATE {on}"
            " FOR EACH ROW EXECUTE FUNCTION tenantry.touch_updated_at()"
        )
    if is_guarded(table):
        written = ""
        if issubclass(model, Totalled):
            # The totals are nobody's to write: a rule keeps them, after a statement that was asked.
            given = (c.name for c in table.columns if not c.info.get("kept"))
            written = f" OF {', '.join(given)}"
        yield (
            f"CREATE TRIGGER refuse_unwritable BEFORE INSERT OR DELETE OR UPDATE{written} {on}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_unwritable()"
        )
    if issubclass(model, AppendOnly):
        for trigger, events in (
            ("refuse_change", "UPDATE OR DELETE"),
            ("refuse_truncate", "TRUNCATE"),
        ):
            yield (
                f"CREATE TRIGGER {trigger} BEFORE {events} {on}"
                " FOR EACH STATEMENT EXECUTE FUNCTION tenantry.refuse_change()"
            )
    if issubclass(model, Counted):
        yield from _count(table, model)
    if issubclass(model, Audited):
        yield audit_function(table)
        yield f"ALTER FUNCTION tenantry.audit_{name}() OWNER TO {AUDIT}"
        if issubclass(model, Totalled):
            chosen = {k: v for k, v in TRANSITIONS.items() if k != "UPDATE"}
            yield from _statement_triggers(table, "audit", chosen)
            # Rows to compare cost more to hand to a trigger than all the rest of adding to a total,
            # unless columns say when it is called: then they come one by one.
            yield (
                f"CREATE TRIGGER audit_update AFTER UPDATE OF {', '.join(recorded(table))} {on}"
                f" FOR EACH ROW EXECUTE FUNCTION tenantry.audit_{name}()"
            )
        else:
            yield from _statement_triggers(table, "audit", TRANSITIONS)
    for rule in model.__rules__:
        if rule.set_based:
            chosen = {event: TRANSITIONS[event] for event in rule.on.split()}
            yield from _statement_triggers(table, rule.function, chosen, function=rule.function)
        else:
            yield (
                f"CREATE TRIGGER {rule.function} {rule.on} {on}"
                f" FOR EACH {rule.each} EXECUTE FUNCTION tenantry.{rule.function}()"
            )


def _statement_triggers(
    table: Table, verb: str, events: dict[str, str], *, function: str | None = None
) -> Iterator[str]:
    for event, transition in events.items():
        yield (
            f"CREATE TRIGGER {verb}_{event.lower()} AFTER {event} ON tenantry.{table.name}"
            f" REFERENCING {transition} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION tenantry.{function or f'{verb}_{table.name}'}()"
        )


def _count(table: Table, model: type[Counted]) -> Iterator[str]:
    """Counters and quotas move with the rows, set-based, in the order of the tenants' ids."""
    usage, quota = model.__usage__, model.__quota__
    yield f"""CREATE FUNCTION tenantry.count_{table.name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change record;
    used bigint;
    allowed bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR change IN SELECT r.tenant_id, count(*) AS n FROM old_rows AS r GROUP BY 1 ORDER BY 1 LOOP
            UPDATE tenantry.tenant_usage AS u SET {usage} = u.{usage} - change.n
            WHERE u.tenant_id = change.tenant_id;
        END LOOP;
        RETURN NULL;
    END IF;
    FOR change IN SELECT r.tenant_id, count(*) AS n FROM new_rows AS r GROUP BY 1 ORDER BY 1 LOOP
        UPDATE tenantry.tenant_usage AS u SET {usage} = u.{usage} + change.n
        FROM tenantry.tenant_quotas AS q
        WHERE u.tenant_id = change.tenant_id AND q.tenant_id = u.tenant_id
        RETURNING u.{usage}, q.{quota} INTO used, allowed;
        IF used > allowed THEN
            RAISE EXCEPTION 'quota {quota} of tenant % exceeded', change.tenant_id
                USING ERRCODE = 'TN003', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                      DETAIL = jsonb_build_object('quota', '{quota}', 'limit', allowed,
                                                  'used', used - change.n, 'tenant_id', change.tenant_id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$"""
    yield f"ALTER FUNCTION tenantry.count_{table.name}() OWNER TO {KEEPER}"
    yield from _statement_triggers(
        table, "count", {k: v for k, v in TRANSITIONS.items() if k != "UPDATE"}
    )
