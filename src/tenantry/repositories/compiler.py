"""Statements of one model, compiled by SQLAlchemy once for each shape and kept."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    column,
    delete,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql

from tenantry import ids
from tenantry.errors import InvalidInput, InvalidRows
from tenantry.kernel.codecs import Whole
from tenantry.models.base import Base, TenantRow
from tenantry.schema import statements
from tenantry.schema.statements import Statement, compile_statement, readable, slot

M = TypeVar("M", bound=Base)
Criteria = tuple[ColumnElement[bool], ...]
Where = list[ColumnElement[bool]]
Values = dict[str, Any]
#: A statement and the values its parameters take, by name.
Prepared = tuple[Statement, Values]
#: From a moment on, and before one.
_BOUNDS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "since": operator.ge,
    "until": operator.lt,
}


#: What the driver takes for a column of a type.
_TAKEN: dict[type[Any], tuple[type[Any], ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    bytes: (bytes,),
    float: (float, int),
    Decimal: (Decimal, int, float, str),
    UUID: (UUID, str),
    datetime: (datetime,),
}


class Batch(NamedTuple):
    """Rows that give the same columns, and where they stood among those given."""

    statement: Statement
    values: Values
    places: list[int]


class Compiler(Generic[M]):
    """SQL of one model. The parameter `tenant_id` of scoped ones is the caller's to fill."""

    def __init__(self, model: type[M], key: str = "id") -> None:
        self.model = model
        self.key = key
        self.scoped = issubclass(model, TenantRow)
        self._kept: dict[Any, Statement] = {}

    @cached_property
    def table(self) -> Table:
        return cast(Table, self.model.__table__)

    @cached_property
    def columns(self) -> list[Column[Any]]:
        return readable(self.model)

    @cached_property
    def _by_name(self) -> dict[str, Column[Any]]:
        """By column and by attribute name: the attribute of a column `metadata` is `metadata_`."""
        attributes = {a.key: a.columns[0] for a in self.model.__mapper__.column_attrs}
        return {**{c.name: c for c in self.table.columns}, **cast(Any, attributes)}

    @cached_property
    def load(self) -> Callable[[Iterable[Any]], M]:
        """Row -> instance, without the ORM's loading machinery: 2 µs a row where that takes 34."""
        model, new = self.model, object.__new__
        key_of = {a.columns[0]: a.key for a in self.model.__mapper__.column_attrs}
        keys = tuple(key_of[c] for c in self.columns)

        def load(row: Iterable[Any]) -> M:
            instance = new(model)
            instance.__dict__.update(zip(keys, row, strict=True))
            return instance

        return load

    # ---- reading ----------------------------------------------------------------------------

    @cached_property
    def get(self) -> Statement:
        if self.scoped:
            return statements.get(self.model)
        return compile_statement(select(*self.columns).where(self._id))

    def page(self, criteria: Criteria, filters: Values, order: str, after: bool) -> Prepared:
        def build(where: Where) -> Select[Any]:
            key, start = self.table.c[self.key], slot("page_after")
            if after:
                where = [*where, key < start if order == "newest" else key > start]
            ordered = key.desc() if order == "newest" else key.asc()
            limit = slot("page_limit", Integer())
            return select(*self.columns).where(*where).order_by(ordered).limit(limit)

        return self.filtered(("page", order, after), build, criteria, filters)

    def count(self, criteria: Criteria, filters: Values) -> Prepared:
        def build(where: Where) -> Select[Any]:
            return select(func.count()).select_from(self.table).where(*where)

        return self.filtered(("count",), build, criteria, filters)

    def exists(self, criteria: Criteria, filters: Values) -> Prepared:
        def build(where: Where) -> Select[Any]:
            return select(select(true()).select_from(self.table).where(*where).exists())

        return self.filtered(("exists",), build, criteria, filters)

    def found(self, function: str, parameters: Mapping[str, Any]) -> Statement:
        """The rows whose ids a function of the schema returns, in its order."""

        def build() -> Select[Any]:
            call = getattr(func.tenantry, function)(*(slot(n, t) for n, t in parameters.items()))
            ids = call.table_valued("id", with_ordinality="ordinality", name="found")
            both = self.table.join(ids, ids.c.id == self.table.c.id)
            found = select(*self.columns).select_from(both).where(*self._tenant)
            return found.order_by(ids.c.ordinality)

        return self._keep(("found", function), build)

    # ---- writing ----------------------------------------------------------------------------

    def insert(self, values: Values) -> Prepared:
        columns = self._chosen(values)

        def build() -> Any:
            return insert(self.table).values(self._bound(columns)).returning(*self.columns)

        return self._keep(("insert", *columns), build), _by_column(columns, values)

    def append(self, values: Values) -> list[Any]:
        """Arguments of the statement for one row, in the order of the columns that may be given."""
        places, arguments = self._places, [None] * len(self._appendable)
        try:
            for name, value in values.items():
                arguments[places[name]] = value
        except KeyError as error:
            (column,) = self._chosen(error.args)
            raise InvalidInput(
                f"{column.name} is kept by the database.", field=column.name
            ) from None
        return arguments

    def upsert(self, on: tuple[str, ...], values: Values) -> Prepared:
        columns, targets = self._chosen(values), self._chosen(on)
        if missing := [t.name for t in targets if t not in columns]:
            raise InvalidInput(f"upsert needs a value for {missing[0]!r}.", field=missing[0])

        def build() -> Any:
            statement = postgresql.insert(self.table).values(self._bound(columns))
            keys = [self.table.c.tenant_id, *targets] if self.scoped else list(targets)
            changed = [c for c in columns if c not in targets and not c.primary_key] or targets
            return statement.on_conflict_do_update(
                index_elements=keys, set_={c.name: statement.excluded[c.name] for c in changed}
            ).returning(*self.columns)

        return self._keep(("upsert", on, *columns), build), _by_column(columns, values)

    def update(
        self, changes: Values, only_if: Values | None = None, unless: Values | None = None
    ) -> Prepared:
        """`only_if` and `unless` say on which values of the row it depends."""
        only_if, unless = only_if or {}, unless or {}
        columns, so, other = map(self._chosen, (changes, only_if, unless))
        if not columns:
            raise InvalidInput("update needs at least one column to change.")

        def build() -> Any:
            new = {c.name: slot(f"new_{c.name}", c.type) for c in columns}
            depends = [c == slot(f"if_{c.name}", c.type) for c in so]
            depends += [c != slot(f"not_{c.name}", c.type) for c in other]
            where = [*self._tenant, self._id, *depends]
            return update(self.table).where(*where).values(new).returning(*self.columns)

        values = {
            **_by_column(columns, changes, "new_"),
            **_by_column(so, only_if, "if_"),
            **_by_column(other, unless, "not_"),
        }
        return self._keep(("update", columns, so, other), build), values

    @cached_property
    def delete(self) -> Statement:
        return compile_statement(delete(self.table).where(*self._tenant, self._id))

    def insert_many(self, rows: Sequence[Mapping[str, Any]]) -> list[Batch]:
        """One statement for each set of columns: a column left out takes its default."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, row in enumerate(rows):
            groups.setdefault(tuple(sorted(row)), []).append(place)
        faults: dict[int, str] = {}
        for names, places in groups.items():
            try:
                self._chosen(names)
            except InvalidInput as error:
                faults.update(dict.fromkeys(places, str(error)))
        if faults:
            errors = [{"index": place, "reason": faults[place]} for place in sorted(faults)]
            raise InvalidRows(errors, of=len(rows))
        return [self._batch(names, places, rows) for names, places in groups.items()]

    def misfit(self, row: Mapping[str, Any]) -> str | None:
        """What a driver would not take, by the name of its column."""
        for name, value in row.items():
            taken = _TAKEN.get(self._by_name[name].type.python_type)
            if value is None or taken is None or isinstance(value, taken):
                continue
            wanted = " or ".join(kind.__name__ for kind in taken)
            return f"{name} must be {wanted}, not {type(value).__name__}."
        return None

    def _batch(
        self, names: tuple[str, ...], places: list[int], rows: Sequence[Mapping[str, Any]]
    ) -> Batch:
        columns = self._chosen(names)
        values: Values = {
            f"many_{c.name}": [_element(c, rows[place][name]) for place in places]
            for c, name in zip(columns, names, strict=True)
        }
        values["many"] = len(places)
        statement = self._keep(("insert many", *columns), lambda: self._insert_arrays(columns))
        return Batch(statement, values, places)

    def _insert_arrays(self, columns: tuple[Column[Any], ...]) -> Any:
        """COPY is refused on tables with row security; arrays are as fast for what a caller holds."""
        if columns:
            arrays = [slot(f"many_{c.name}", ARRAY(c.type)) for c in columns]
            given = func.unnest(*arrays).table_valued(
                *(column(c.name, c.type) for c in columns), with_ordinality="place", name="given"
            )
        else:
            many = slot("many", Integer())
            given = func.generate_series(1, many).table_valued("place", name="given")
        source = given.render_derived()
        tenant = self._bound(()).items()
        names = [*(name for name, _ in tenant), *(c.name for c in columns)]
        chosen = [*(value for _, value in tenant), *(source.c[c.name] for c in columns)]
        ordered = select(*chosen).select_from(source).order_by(source.c.place)
        return insert(self.table).from_select(names, ordered).returning(*self.columns)

    # ---- parts ------------------------------------------------------------------------------

    @cached_property
    def _tenant(self) -> Where:
        if not self.scoped:
            return []
        return [self.table.c.tenant_id == slot("tenant_id")]

    @cached_property
    def _appendable(self) -> list[Column[Any]]:
        return statements.appendable(self.model)

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where an argument goes that is given by its column's or its attribute's name."""
        place = {c.name: n for n, c in enumerate(self._appendable)}
        return {name: place[c.name] for name, c in self._by_name.items() if c.name in place}

    @cached_property
    def _id(self) -> ColumnElement[bool]:
        return self.table.c[self.key] == slot("row_id")

    def _bound(self, columns: Iterable[Column[Any]]) -> dict[str, Any]:
        tenant = {"tenant_id": slot("tenant_id")} if self.scoped else {}
        return {**tenant, **{c.name: slot(c.name, c.type) for c in columns}}

    def _chosen(self, names: Iterable[str]) -> tuple[Column[Any], ...]:
        """The columns of these names; the tenant is the scope's to say, never the caller's."""
        chosen = tuple(self._by_name.get(name) for name in names)
        for name, col in zip(names, chosen, strict=True):
            if col is None or (self.scoped and col.name == "tenant_id"):
                near = difflib.get_close_matches(name, self._by_name, n=1)
                raise InvalidInput(
                    f"{self.table.name} has no column {name!r} to be given.",
                    field=name,
                    hint=f"Did you mean {near[0]!r}?" if near and near[0] != name else "",
                )
        return cast(tuple[Column[Any], ...], chosen)

    def filtered(
        self,
        shape: tuple[Any, ...],
        build: Callable[[Where], Any],
        criteria: Criteria,
        filters: Values,
    ) -> Prepared:
        """Equality filters are kept by their shape; a caller's own criteria are compiled each time.

        `since` and `until` become bounds of the id, which carries the row's time: of a partitioned
        table, only the partitions of that time are looked into.
        """
        where, key = list(self._tenant), list(shape)
        values: Values = {}
        for name, value in filters.items():
            if name in _BOUNDS:
                if value is not None:
                    bound = slot(f"id_{name}")
                    where.append(_BOUNDS[name](self.table.c.id, bound))
                    values[f"id_{name}"] = _first_id(name, value)
                    key.append(name)
                continue
            (col,) = self._chosen((name,))
            if value is None:
                where.append(col.is_(None))
                key.append((col.name, None))
            elif isinstance(value, (list, tuple, set, frozenset)):
                where.append(col == func.any(slot(f"if_{name}", ARRAY(col.type))))
                values[f"if_{name}"] = list(value)
                key.append((col.name, "any"))
            elif isinstance(value, bool) and isinstance(col.type, Boolean):
                # In the statement, where a partial index can be found by it.
                where.append(col if value else ~col)
                key.append((col.name, value))
            else:
                where.append(col == slot(f"if_{name}", col.type))
                values[f"if_{name}"] = value
                key.append((col.name, "is"))
        if criteria:
            return compile_statement(build([*where, *criteria])), values
        return self._keep(tuple(key), lambda: build(where)), values

    def _keep(self, key: tuple[Any, ...], build: Callable[[], Any]) -> Statement:
        statement = self._kept.get(key)
        if statement is None:
            statement = self._kept[key] = compile_statement(build())
        return statement


def _first_id(name: str, moment: datetime) -> UUID:
    """The smallest id of a moment."""
    try:
        return ids.lower_bound(moment)
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput(f"{name} is a datetime with a timezone.", field=name) from None


def _element(column: Column[Any], value: Any) -> Any:
    """A value as it goes into an array of its column's type."""
    return Whole(value) if isinstance(column.type, JSON) and isinstance(value, list) else value


def _by_column(columns: tuple[Column[Any], ...], values: Values, prefix: str = "") -> Values:
    return {f"{prefix}{c.name}": v for c, v in zip(columns, values.values(), strict=True)}
