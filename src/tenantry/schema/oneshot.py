"""Reads of partitioned tables in one round trip: functions that bring their own context.

(Those of other tables are statements that enter it themselves: see `statements`.) Each refuses to run
inside another tenant's context, sets its own for the statement, and restores what was there. It runs
with the caller's rights, so row security holds inside as it does outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import asyncpg

from tenantry.models.base import Appended, Partitioned, TenantRow, model_of
from tenantry.models.columns import LTree

from .roles import APP, TENANT_ROLES
from .statements import Statement, append, appendable, get, newest, readable

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_quote = _DIALECT.identifier_preparer.quote
#: Name of the function's last part -> (its statement, the types of its parameters).
ONE_SHOTS = {"get": (get, "uuid, uuid"), "newest": (newest, "uuid, uuid, bigint")}


def one_shots(table: Table) -> Iterator[str]:
    model = model_of(table)
    if not (issubclass(model, TenantRow) and issubclass(model, Partitioned)):
        return
    if not model.__access__.select:
        return
    columns = columns_read(model)
    for name, (statement, parameters) in ONE_SHOTS.items():
        function = f"tenantry.{table.name}_{name}"
        yield in_context(function, parameters, columns, _query(statement(model)))
        yield f"GRANT EXECUTE ON FUNCTION {function}({parameters}) TO {', '.join(TENANT_ROLES)}"
    if issubclass(model, Appended):
        given = [_type_read(c) for c in appendable(model)]
        parameters = ", ".join(["uuid", *given, "uuid", "text"])
        function = f"tenantry.{table.name}_append"
        acting = {"app.user_id": len(given) + 2, "app.actor": len(given) + 3}
        yield in_context(function, parameters, columns, _query(append(model)), acting)
        yield f"GRANT EXECUTE ON FUNCTION {function}({parameters}) TO {APP}"


def _query(statement: Statement) -> str:
    return f"RETURN QUERY\n    {statement.sql};"


def columns_read(model: type[TenantRow]) -> str:
    return ", ".join(f"{_quote(c.name)} {_type_read(c)}" for c in readable(model))


def _type_read(column: Column[Any]) -> str:
    """The type a column is read as: a path of labels comes as text."""
    return (
        "text" if isinstance(column.type, LTree) else column.type.compile(dialect=_DIALECT).lower()
    )


def in_context(  # noqa: PLR0917
    name: str,
    parameters: str,
    columns: str,
    body: str,
    acting: Mapping[str, int] | None = None,
    variables: str = "",
) -> str:
    """A function whose body runs in the context of the tenant in `$1`, and in no other's.

    `acting` are the settings besides the tenant's, and the parameters that hold them.
    """
    declared: list[str] = []
    into: list[str] = []
    back: list[str] = []
    for setting, n in {"app.tenant_id": 1, **(acting or {})}.items():
        before, given = f"before_{setting.removeprefix('app.')}", f"coalesce(${n}::text, '')"
        declared.append(
            f"{before} text := coalesce(pg_catalog.current_setting('{setting}', true), '');"
        )
        # To set it costs more than to see that it stands already.
        for lines, value in ((into, given), (back, before)):
            lines.append(
                f"IF {before} <> {given} THEN"
                f" during := pg_catalog.set_config('{setting}', {value}, true); END IF;"
            )
    # Planned once: otherwise every call plans all partitions anew, and only a function can ask for it.
    # For an insert there is nothing to choose, and the setting has its price.
    planning = "" if acting else " SET plan_cache_mode = force_generic_plan"
    line = "\n    "
    return f"""CREATE FUNCTION {name}({parameters}) RETURNS TABLE ({columns})
LANGUAGE plpgsql{planning} AS $$
#variable_conflict use_column
DECLARE
    {line.join(declared)}
    during text;{variables}
BEGIN
    IF before_tenant_id <> '' AND before_tenant_id::pg_catalog.uuid IS DISTINCT FROM $1 THEN
        RAISE EXCEPTION 'called for tenant % in the context of another', $1 USING ERRCODE = 'TN002';
    END IF;
    {line.join(into)}
    {body}
    {line.join(back)}
END
$$"""
