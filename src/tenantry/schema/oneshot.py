"""Reads of partitioned tables in one round trip: functions that bring their own context.

(Those of other tables are statements that enter it themselves: see `statements`.) Each refuses to run inside another tenant's context, sets its own for the statement, and restores
what was there. It runs with the caller's rights, so row security holds inside as it does outside.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import asyncpg

from tenantry.models.base import Partitioned, TenantRow, model_of

from .roles import TENANT_ROLES
from .statements import Statement, get, newest, readable

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
#: Name of the function's last part -> (its statement, the types of its parameters).
ONE_SHOTS = {"get": (get, "uuid, uuid"), "newest": (newest, "uuid, uuid, bigint")}


def one_shots(table: Table) -> Iterator[str]:
    model = model_of(table)
    if not (issubclass(model, TenantRow) and issubclass(model, Partitioned)):
        return
    if not model.__access__.select:
        return
    columns = ", ".join(
        f"{c.name} {c.type.compile(dialect=_DIALECT).lower()}" for c in readable(model)
    )
    for name, (statement, parameters) in ONE_SHOTS.items():
        function = f"tenantry.{table.name}_{name}"
        yield _function(function, parameters, columns, statement(model))
        yield f"GRANT EXECUTE ON FUNCTION {function}({parameters}) TO {', '.join(TENANT_ROLES)}"


def _function(name: str, parameters: str, columns: str, statement: Statement) -> str:
    # A generic plan: otherwise every call plans all partitions anew. Only a function can ask for it.
    return f"""CREATE FUNCTION {name}({parameters}) RETURNS TABLE ({columns})
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    before text := coalesce(pg_catalog.current_setting('app.tenant_id', true), '');
    during text;
BEGIN
    IF before <> '' AND before::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    during := pg_catalog.set_config('app.tenant_id', $1::text, true);
    RETURN QUERY
    {statement.sql};
    during := pg_catalog.set_config('app.tenant_id', before, true);
END
$$"""
