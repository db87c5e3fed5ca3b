"""Where a repository's statements run: in an open transaction, or each in one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from tenantry.kernel.context import Context, Isolation
from tenantry.kernel.oneshot import OneShot
from tenantry.kernel.pool import Pool
from tenantry.kernel.transaction import Transaction
from tenantry.schema.statements import Statement

T = TypeVar("T")
Row = asyncpg.Record
#: What a call returns that only passes another's coroutine on.
Answer = Coroutine[Any, Any, T]
_one_shot = cache(OneShot)


class Bound:
    """In a transaction. `tenant_id` is what repositories name, whatever role runs them."""

    __slots__ = ("execute", "fetch", "tenant_id")

    def __init__(self, transaction: Transaction, tenant_id: UUID | None) -> None:
        self.tenant_id = tenant_id
        self.fetch = transaction.fetch
        self.execute = transaction.execute

    def call(self, hot: Statement, *args: Any) -> Answer[Sequence[Row]]:
        return self.fetch(hot.sql, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Bound]:
        yield self


class EachItsOwn:
    """Outside any transaction: each call opens and commits one, the hot ones in one round trip."""

    __slots__ = ("_context", "_isolation", "_pool", "_readonly", "tenant_id")

    def __init__(
        self, pool: Pool, context: Context, *, readonly: bool, isolation: Isolation | None
    ) -> None:
        self._pool = pool
        self._context = context
        self._readonly = readonly
        self._isolation = isolation
        self.tenant_id = context.tenant_id

    def open(self) -> Transaction:
        return Transaction(
            self._pool, self._context, readonly=self._readonly, isolation=self._isolation
        )

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        async with self.open() as transaction:
            return await transaction.fetch(sql, *args)

    async def fetch_one(self, sql: str, *args: Any) -> Row | None:
        async with self.open() as transaction:
            return await transaction.fetch_one(sql, *args)

    async def execute(self, sql: str, *args: Any) -> int:
        async with self.open() as transaction:
            return await transaction.execute(sql, *args)

    def call(self, hot: Statement, *args: Any) -> Answer[Sequence[Row]]:
        if hot.one_shot is None:
            return self.fetch(hot.sql, *args)
        return _one_shot(hot.one_shot).fetch(self._pool, self._context, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Bound]:
        async with self.open() as transaction:
            yield Bound(transaction, self.tenant_id)
