"""What there is to tell of the schema, as plain data (and so as JSON)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from sqlalchemy import Column, Computed, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.schema import CreateIndex

from tenantry.models.base import TenantRow, model_of
from tenantry.models.columns import Vocabulary

from . import rules
from .sql import Function, View, functions, views

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
#: The order in which people meet the groups; an application's own come last.
_ORDER = (
    "identity", "projects", "workflows", "tasks", "work", "agents", "conversations", "quality",
    "knowledge", "accounting", "audit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    name: str
    type: str
    required: bool
    default: str
    #: The only words it takes, if it is limited to some.
    words: tuple[str, ...]
    #: What else holds of its values.
    check: str
    #: `table.column` it refers to, and what happens when that row goes.
    references: str
    on_delete: str
    #: Written by triggers alone.
    kept: bool
    #: Never read back, logged or audited.
    secret: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class IndexFacts:
    name: str
    method: str
    unique: bool
    columns: str
    where: str
    serves: str


@dataclass(frozen=True, slots=True)
class TableFacts:
    name: str
    purpose: str
    #: Whether its rows are a tenant's.
    scoped: bool
    columns: tuple[ColumnFacts, ...]
    key: tuple[str, ...]
    indexes: tuple[IndexFacts, ...]
    row_security: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    purpose: str
    tables: tuple[TableFacts, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    groups: tuple[Group, ...]
    views: tuple[View, ...]
    functions: tuple[Function, ...]


def describe(metadata: MetaData) -> Schema:
    """Everything that the models of this metadata mean."""
    told = {f.name: f.meaning for f in functions(metadata)}
    modules: dict[str, list[Table]] = {}
    for table in metadata.tables.values():
        modules.setdefault(model_of(table).__module__, []).append(table)
    groups = [
        Group(
            module.rpartition(".")[2].replace("_", " ").capitalize(),
            _first_line(import_module(module).__doc__),
            tuple(_table(table, told) for table in tables),
        )
        for module, tables in sorted(modules.items(), key=lambda pair: _place(pair[0]))
    ]
    callable_by_somebody = tuple(f for f in functions(metadata) if f.callers)
    return Schema(tuple(groups), tuple(views()), callable_by_somebody)


def _place(module: str) -> tuple[int, str]:
    name = module.removeprefix("tenantry.models.")
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), module)


def _table(table: Table, told: dict[str, str]) -> TableFacts:
    model = model_of(table)
    return TableFacts(
        name=table.name,
        purpose=_first_line(model.__dict__.get("__doc__")),
        scoped=issubclass(model, TenantRow),
        columns=tuple(_column(c) for c in table.columns),
        key=tuple(c.name for c in table.primary_key.columns),
        indexes=tuple(_indexes(table)),
        row_security=rules.row_security(table),
        rules=tuple(rules.kept_by_the_database(table, told)),
    )


def _column(column: Column[object]) -> ColumnFacts:
    references, on_delete = _reference(column)
    type_ = column.type.compile(dialect=_DIALECT).lower().removeprefix("public.")
    return ColumnFacts(
        name=column.name,
        type=type_.replace("timestamp with time zone", "timestamptz"),
        required=not column.nullable,
        default=_default(column),
        words=column.type.words if isinstance(column.type, Vocabulary) else (),
        check=column.info.get("check") or "",
        references=references,
        on_delete=on_delete,
        kept=bool(column.info.get("kept")),
        secret=bool(column.info.get("secret")),
        meaning=column.comment or "",
    )


def _default(column: Column[object]) -> str:
    given = column.server_default
    if given is None:
        return ""
    if isinstance(given, Computed):
        return str(given.sqltext)
    text = getattr(given, "arg", "")
    compiled = text if isinstance(text, str) else str(text.compile(dialect=_DIALECT))
    return compiled.removesuffix("::jsonb").replace("tenantry.", "").strip("'")


def _reference(column: Column[object]) -> tuple[str, str]:
    """The one that names this column last: before it stands the tenant."""
    for constraint in column.table.constraints:
        if isinstance(constraint, ForeignKeyConstraint) and constraint.column_keys[-1:] == [
            column.name
        ]:
            target = constraint.elements[-1].target_fullname.removeprefix("tenantry.")
            return target, (constraint.ondelete or "no action").partition(" (")[0].lower()
    return "", ""


def _indexes(table: Table) -> Iterator[IndexFacts]:
    """Those of unique rules too, which are indexes like others to a query."""
    for rule in rules.unique_rules(table):
        columns = ", ".join(c.name for c in rule.columns)
        yield IndexFacts(str(rule.name), "btree", True, columns, "", "one of a kind")
    for index in sorted(table.indexes, key=lambda i: str(i.name)):
        ddl = str(CreateIndex(index).compile(dialect=_DIALECT))
        body, _, where = ddl.partition(" USING ")[2].partition(" WHERE ")
        if not body:
            body, _, where = ddl.partition(f"{table.name} ")[2].partition(" WHERE ")
        method = str(index.dialect_options["postgresql"]["using"] or "btree")
        columns = body.removeprefix(method).strip().removeprefix("(").removesuffix(")")
        yield IndexFacts(
            str(index.name), method, bool(index.unique), columns, where,
            rules.serves(table, index, method),
        )  # fmt: skip


def _first_line(doc: str | None) -> str:
    return inspect.cleandoc(doc).partition("\n\n")[0].replace("\n", " ") if doc else ""
