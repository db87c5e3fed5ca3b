"""The statements that repositories run, compiled once; the hot ones also in a one-shot form.

Both forms are made from the same query, so that one cannot drift from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    DefaultClause,
    Executable,
    Integer,
    Select,
    Table,
    Uuid,
    bindparam,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

from tenantry.models.base import Base, Partitioned

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_quote = _DIALECT.identifier_preparer.quote
_HIGHEST = text("'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for `$1, $2, …` and the names of its parameters in that order."""

    sql: str
    parameters: tuple[str, ...]
    #: Values that came with the statement (those of a caller's own criteria).
    constants: Mapping[str, Any]
    #: The same as one that brings its context along, for those that have such a form.
    one_shot: str | None = None

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        constants = self.constants
        return [values[n] if n in values else constants[n] for n in self.parameters]


def slot(name: str, type_: TypeEngine[Any] | None = None) -> BindParameter[Any]:
    """A place for an argument, a UUID unless said otherwise."""
    # With a value of None it need not be filled while the statement is compiled.
    return bindparam(name, None, type_=type_ or Uuid())


def compile_statement(statement: Executable, one_shot: str | None = None) -> Statement:
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    return Statement(
        sql="\n".join(line.rstrip() for line in compiled.string.splitlines()),
        parameters=tuple(compiled.positiontup or ()),
        constants=dict(compiled.params),
        one_shot=one_shot,
    )


def readable(model: type[Base]) -> list[Column[Any]]:
    """A model's columns but for its secrets and what is there to be searched alone."""
    table: Table = model.__table__  # type: ignore[assignment]
    return [c for c in table.columns if not (c.info.get("secret") or c.info.get("hidden"))]


def one_shot_call(model: type[Base], name: str, parameters: int) -> str:
    columns = ", ".join(_quote(c.name) for c in readable(model))
    places = ", ".join(f"${n}" for n in range(1, parameters + 1))
    return f"SELECT {columns} FROM tenantry.{model.__tablename__}_{name}({places})"


#: A row with the tenant, made by entering its context until the statement's end.
_ENTER = text(r"""
    SELECT CASE coalesce(pg_catalog.current_setting('app.tenant_id', true), '')
        WHEN '' THEN
            nullif(pg_catalog.set_config('app.tenant_id', :tenant_id\:\:text, true), '')\:\:uuid
        ELSE tenantry.same_context(:tenant_id)
    END AS tenant_id
    OFFSET 0""").bindparams(slot("tenant_id"))


def _hot(
    model: type[Base], name: str, rows_of: Callable[[ColumnElement[Any]], Select[Any]]
) -> Statement:
    """A read that is run often: as it is within a transaction, and as one that needs none."""
    within = compile_statement(rows_of(slot("tenant_id")))
    if issubclass(model, Partitioned):
        alone = one_shot_call(model, name, len(within.parameters))
    else:
        # OFFSET 0 keeps both parts from being merged: the context is entered, then rows are read.
        # Should a planner ever turn that around, row security finds nothing, and never another's.
        entered = _ENTER.columns(column("tenant_id", Uuid())).subquery("entered")
        found = rows_of(entered.c.tenant_id).offset(literal_column("0")).lateral("found")
        alone = compile_statement(select(found).select_from(entered.join(found, true()))).sql
    return replace(within, one_shot=alone)


@cache
def get(model: type[Base]) -> Statement:
    """One row of the tenant by its id: `$1` the tenant, `$2` the id."""
    c = model.__table__.c
    return _hot(
        model,
        "get",
        lambda tenant: select(*readable(model)).where(c.tenant_id == tenant, c.id == slot("id")),
    )


@cache
def append(model: type[Base]) -> Statement:
    """One new row: `$1` the tenant, then every column that may be given, null for its default.

    As a one-shot function it takes the user and the actor of the context after those.
    """
    table: Table = model.__table__  # type: ignore[assignment]
    columns = appendable(model)
    values: dict[str, Any] = {c.name: _given_or_default(c) for c in columns}
    return compile_statement(
        insert(table)
        .values({"tenant_id": slot("tenant_id"), **values})
        .returning(*readable(model)),
        one_shot_call(model, "append", len(columns) + 3),
    )


def appendable(model: type[Base]) -> list[Column[Any]]:
    """What may be given for a new row, besides its tenant."""
    table: Table = model.__table__  # type: ignore[assignment]
    return [c for c in table.columns if not c.info.get("kept") and c.name != "tenant_id"]


def _given_or_default(column: Column[Any]) -> Any:
    given = slot(column.name, column.type)
    if not isinstance(column.server_default, DefaultClause):
        return given
    default = column.server_default.arg
    return func.coalesce(
        given, literal(default, literal_execute=True) if isinstance(default, str) else default
    )


@cache
def newest(model: type[Base]) -> Statement:
    """A page, newest first: `$1` the tenant, `$2` the id to start below (or null), `$3` how many."""
    c = model.__table__.c
    below = func.coalesce(slot("before"), _HIGHEST)
    return _hot(
        model,
        "newest",
        lambda tenant: (
            select(*readable(model))
            .where(c.tenant_id == tenant, c.id < below)
            .order_by(c.id.desc())
            .limit(slot("limit", Integer()))
        ),
    )
