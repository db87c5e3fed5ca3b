"""The statements that repositories run and that one-shot functions contain, compiled once.

Both are made from the same text, so that one cannot drift from the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    DefaultClause,
    Executable,
    Integer,
    Table,
    Uuid,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

from tenantry.models.base import Base

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
    #: The same as a call of its one-shot function, for those that have one.
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


@cache
def get(model: type[Base]) -> Statement:
    """One row of the tenant by its id: `$1` the tenant, `$2` the id."""
    c = model.__table__.c
    return compile_statement(
        select(*readable(model)).where(
            c.tenant_id == slot("tenant_id"),
            c.id == slot("id"),
        ),
        one_shot_call(model, "get", 2),
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
    return compile_statement(
        select(*readable(model))
        .where(c.tenant_id == slot("tenant_id"), c.id < below)
        .order_by(c.id.desc())
        .limit(slot("limit", Integer())),
        one_shot_call(model, "newest", 3),
    )
