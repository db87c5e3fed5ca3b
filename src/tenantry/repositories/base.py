"""Typed data access to one table: compiled once from its model, run by the kernel.

A repository knows its model and a `Scope`, the place its statements run in: a transaction, or a
handle that gives each call its own. It always names the tenant itself, besides row security: that
is what lets the planner use a big tenant's statistics, and Citus find the one shard.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, ClassVar, Generic, Literal, ParamSpec, Protocol, Self, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement
from sqlalchemy.types import TypeEngine

from tenantry.errors import InvalidInput, NotFound
from tenantry.keyring import Keyring
from tenantry.models.base import Appended, Base
from tenantry.schema.statements import Statement, append, newest

from .bulk import create_many
from .compiler import Compiler

M = TypeVar("M", bound=Base)
P = ParamSpec("P")
Row = asyncpg.Record
Order = Literal["newest", "oldest"]

MAX_LIMIT = 10_000


class Scope(Protocol):
    """Where a repository's statements run."""

    @property
    def tenant_id(self) -> UUID | None: ...
    @property
    def keyring(self) -> Keyring: ...
    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]: ...
    async def execute(self, sql: str, *args: Any) -> int: ...
    async def call(self, hot: Statement, *args: Any) -> Sequence[Row]: ...
    async def append(self, hot: Statement, *args: Any) -> Row: ...
    async def within(self, sql: str, *args: Any) -> Sequence[Row]: ...
    def transaction(self) -> AbstractAsyncContextManager[Self]: ...
    def atomic(self) -> AbstractAsyncContextManager[Self]: ...


class Page(list[M]):
    """A page of rows; `next` is what to pass as `after` for the following one, None at the end."""

    next: UUID | None = None


class Creates(Generic[P, M]):
    """`create` with the parameters of the model's own constructor, for editors and type checkers."""

    def __init__(self, model: Callable[P, M]) -> None:
        del model

    def __get__(
        self, instance: Repository[M], owner: type[Repository[M]]
    ) -> Callable[P, Coroutine[Any, Any, M]]:
        return instance._create


class Upserts(Generic[P, M]):
    """The same for a verb that changes the row instead, where one has the same `on` columns."""

    def __init__(self, model: Callable[P, M], *on: str) -> None:
        del model
        self._on = on

    def __get__(
        self, instance: Repository[M], owner: type[Repository[M]]
    ) -> Callable[P, Coroutine[Any, Any, M]]:
        return partial(instance.upsert, on=self._on)


class Repository(Generic[M]):
    """The rows of one table that a scope can see. Subclasses say which, and add their own verbs."""

    model: ClassVar[type[Base]]
    #: The column that tells rows apart within the scope.
    key: ClassVar[str] = "id"
    _compiler: ClassVar[Compiler[Any]]
    _scoped: ClassVar[bool]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "model" in cls.__dict__:
            cls._compiler = Compiler(cls.model, cls.key)
            cls._scoped = cls._compiler.scoped

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    # ---- reading ----------------------------------------------------------------------------

    async def get(self, id: UUID) -> M:
        """The row; `NotFound` when the tenant has none of that id."""
        rows = await self._by_id(id)
        if not rows:
            raise NotFound(self.model.__tablename__, id)
        return self._load(rows[0])

    async def find(self, id: UUID) -> M | None:
        """The row, or None."""
        rows = await self._by_id(id)
        return self._load(rows[0]) if rows else None

    async def list(
        self,
        *criteria: ColumnElement[bool],
        limit: int = 50,
        after: UUID | None = None,
        order: Order = "newest",
        **filters: Any,
    ) -> Page[M]:
        """A page of rows, by id. `list(status="active")`, `list(Project.name.like("A%"))`;
        `since=` and `until=` are the times that ids carry."""
        if not 0 < limit <= MAX_LIMIT:
            raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}.", field="limit")
        if self._scoped and not criteria and not filters and order == "newest":
            rows = await self._scope.call(
                newest(self.model), self._scope.tenant_id, after, limit + 1
            )
        else:
            prepared = self._compiler.page(criteria, filters, order, after is not None)
            rows = await self._fetch(*prepared, page_after=after, page_limit=limit + 1)
        page = Page(self._compiler.load(row) for row in rows[:limit])
        if len(rows) > limit:
            page.next = page[-1].id
        return page

    async def iterate(
        self,
        *criteria: ColumnElement[bool],
        batch: int = 500,
        order: Order = "oldest",
        **filters: Any,
    ) -> AsyncIterator[M]:
        """Every matching row, fetched in pages."""
        after: UUID | None = None
        while True:
            page = await self.list(*criteria, limit=batch, after=after, order=order, **filters)
            for row in page:
                yield row
            if page.next is None:
                return
            after = page.next

    async def count(self, *criteria: ColumnElement[bool], **filters: Any) -> int:
        rows = await self._fetch(*self._compiler.count(criteria, filters))
        return int(rows[0][0])

    async def exists(self, *criteria: ColumnElement[bool], **filters: Any) -> bool:
        rows = await self._fetch(*self._compiler.exists(criteria, filters))
        return bool(rows[0][0])

    # ---- writing ----------------------------------------------------------------------------

    async def _create(self, *_: Any, **values: Any) -> M:
        if issubclass(self.model, Appended):
            given = self._compiler.append(values)
            return self._load(
                await self._scope.append(append(self.model), self._scope.tenant_id, *given)
            )
        return await self._one(*self._compiler.insert(values))

    async def create_many(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[M]:
        """All rows or none, in one statement for each set of columns given; in the given order.

        `InvalidRows` names those that are wrong. Inside a transaction, that can go on after it.
        """
        return await create_many(self._scope, self._compiler, rows)

    async def update(self, id: UUID, **changes: Any) -> M:
        """Change some columns of one row."""
        rows = await self._fetch(*self._compiler.update(changes), row_id=id)
        if not rows:
            raise NotFound(self.model.__tablename__, id)
        return self._load(rows[0])

    async def upsert(self, *, on: str | Sequence[str], **values: Any) -> M:
        """Insert, or change the row that has the same `on` columns (a unique rule of the table)."""
        columns = (on,) if isinstance(on, str) else tuple(on)
        return await self._one(*self._compiler.upsert(columns, values))

    async def delete(self, id: UUID) -> bool:
        """Whether there was such a row."""
        statement = self._compiler.delete
        key = {"tenant_id": self._scope.tenant_id, "row_id": id}
        return await self._scope.execute(statement.sql, *statement.arguments(key)) > 0

    # ---- parts ------------------------------------------------------------------------------

    def _by_id(self, id: UUID) -> Coroutine[Any, Any, Sequence[Row]]:
        key = (self._scope.tenant_id, id) if self._scoped else (id,)
        return self._scope.call(self._compiler.get, *key)

    async def _update_if(
        self,
        id: UUID,
        changes: dict[str, Any],
        *,
        only_if: dict[str, Any] | None = None,
        unless: dict[str, Any] | None = None,
    ) -> M | None:
        """Change the row if it still has these values, and not those; None when it has not. Of
        several that try at once, one finds it so."""
        prepared = self._compiler.update(changes, only_if, unless)
        rows = await self._fetch(*prepared, row_id=id)
        return self._load(rows[0]) if rows else None

    async def _fetch(
        self, statement: Statement, values: dict[str, Any], **more: Any
    ) -> Sequence[Row]:
        values = {**values, **more, "tenant_id": self._scope.tenant_id}
        return await self._scope.fetch(statement.sql, *statement.arguments(values))

    async def _found(self, function: str, **given: tuple[Any, TypeEngine[Any]]) -> Sequence[M]:
        """The rows that a function of the schema finds, in its order: what is searched under row
        security has no use of an index otherwise. `given` are its arguments with their types."""
        statement = self._compiler.found(function, {n: t for n, (_, t) in given.items()})
        values = {n: v for n, (v, _) in given.items()} | {"tenant_id": self._scope.tenant_id}
        rows = await self._scope.within(statement.sql, *statement.arguments(values))
        return [self._load(row) for row in rows]

    async def _one(self, statement: Statement, values: dict[str, Any]) -> M:
        (row,) = await self._fetch(statement, values)
        return self._load(row)

    def _load(self, row: Row | tuple[Any, ...]) -> M:
        instance: M = self._compiler.load(row)
        return instance
