"""Where a repository's statements run: in an open transaction, or each in one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from tenantry.errors import DeadlockDetected, SchemaChanged, SerializationFailure
from tenantry.kernel import retry
from tenantry.kernel.context import Context, Isolation
from tenantry.kernel.oneshot import OneShot
from tenantry.kernel.pool import Pool
from tenantry.kernel.position import Place
from tenantry.kernel.reading import ReplicaTransaction, fetch_near
from tenantry.kernel.replica import Replica
from tenantry.kernel.replicas import Replicas
from tenantry.kernel.transaction import Transaction
from tenantry.keyring import Keyring
from tenantry.schema.statements import Statement

T = TypeVar("T")
Row = asyncpg.Record
#: What a call returns that only passes another's coroutine on.
Answer = Coroutine[Any, Any, T]
_one_shot = cache(OneShot)
#: What the server undid, in favour of another transaction or for a table that changed meanwhile.
_UNDONE = (DeadlockDetected, SerializationFailure, SchemaChanged)
_SET_TENANT = "SELECT set_config('app.tenant_id', $1, true)"


class Bound:
    """In a transaction. `tenant_id` is what repositories name, whatever role runs them."""

    __slots__ = ("_transaction", "execute", "fetch", "keyring", "tenant_id")

    def __init__(self, transaction: Transaction, tenant_id: UUID | None, keyring: Keyring) -> None:
        self._transaction = transaction
        self.tenant_id = tenant_id
        self.keyring = keyring
        self.fetch = transaction.fetch
        self.execute = transaction.execute

    def call(self, hot: Statement, *args: Any) -> Answer[Sequence[Row]]:
        return self.fetch(hot.sql, *args)

    async def append(self, hot: Statement, *args: Any) -> Row:
        (row,) = await self.fetch(hot.sql, *args)
        return row

    async def within(self, sql: str, *args: Any) -> Sequence[Row]:
        """For functions that go by the tenant of the context, which the service role has not."""
        if self._transaction.context.tenant_id is not None:
            return await self.fetch(sql, *args)
        await self.fetch(_SET_TENANT, str(self.tenant_id))
        rows = await self.fetch(sql, *args)
        await self.fetch(_SET_TENANT, "")
        return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Bound]:
        yield self

    @asynccontextmanager
    async def atomic(self) -> AsyncIterator[Bound]:
        """A block that fails by itself: the transaction can go on."""
        async with self._transaction.savepoint():
            yield self


class EachItsOwn:
    """Outside any transaction: each call opens and commits one, the hot ones in one round trip."""

    __slots__ = ("_context", "_isolation", "_pool", "_readonly", "keyring", "tenant_id")

    def __init__(
        self,
        pool: Pool,
        context: Context,
        *,
        readonly: bool,
        isolation: Isolation | None,
        keyring: Keyring,
    ) -> None:
        self._pool = pool
        self._context = context
        self._readonly = readonly
        self._isolation = isolation
        self.tenant_id = context.tenant_id
        self.keyring = keyring

    def open(self) -> Transaction:
        return Transaction(
            self._pool, self._context, readonly=self._readonly, isolation=self._isolation
        )

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        return await self._alone(lambda transaction: transaction.fetch(sql, *args))

    async def fetch_one(self, sql: str, *args: Any) -> Row | None:
        return await self._alone(lambda transaction: transaction.fetch_one(sql, *args))

    async def execute(self, sql: str, *args: Any) -> int:
        return await self._alone(lambda transaction: transaction.execute(sql, *args))

    async def _alone(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """One statement is all there is to it, so when the server undid it in favour of another
        transaction, nobody need know: it is run again."""
        return await retry.run(self.open, work, on=_UNDONE, watch=self._pool.watch)

    def call(self, hot: Statement, *args: Any) -> Answer[Sequence[Row]]:
        if hot.one_shot is None:
            return self.fetch(hot.sql, *args)
        return _one_shot(hot.one_shot).fetch(self._pool, self._context, *args)

    async def append(self, hot: Statement, *args: Any) -> Row:
        if hot.one_shot is None or self._readonly or self._isolation:
            (row,) = await self.fetch(hot.sql, *args)
            return row
        context = self._context
        actor = context.actor.encoded if context.actor is not None else ""
        call = _one_shot(hot.one_shot, writes=True)
        try:
            (row,) = await call.fetch(self._pool, context, *args, context.user_id, actor)
        except _UNDONE as error:
            if self._pool.watch is not None:
                self._pool.watch.retried(error)
            (row,) = await self.fetch(hot.sql, *args)
        return row

    async def within(self, sql: str, *args: Any) -> Sequence[Row]:
        return await self.fetch(sql, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Bound]:
        async with self.open() as transaction:
            yield Bound(transaction, self.tenant_id, self.keyring)

    atomic = transaction


class OnReplicas(EachItsOwn):
    """As that, for readonly work where there are replicas. A call that one of them fails is run
    again on another, and at last on the primary: it has written nothing."""

    __slots__ = ("_after", "_replicas")

    def __init__(
        self,
        replicas: Replicas,
        context: Context,
        *,
        after: Place,
        isolation: Isolation | None,
        keyring: Keyring,
    ) -> None:
        super().__init__(
            replicas.primary, context, readonly=True, isolation=isolation, keyring=keyring
        )
        self._replicas = replicas
        self._after = after

    def open(self, avoid: set[Replica] | None = None) -> Transaction:
        return ReplicaTransaction(
            self._replicas,
            self._context,
            after=self._after,
            isolation=self._isolation,
            avoid=avoid,
        )

    async def _alone(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        avoid: set[Replica] = set()
        attempts = len(self._replicas) + 3
        return await retry.run(
            lambda: self.open(avoid), work, attempts=attempts, watch=self._pool.watch
        )

    def call(self, hot: Statement, *args: Any) -> Answer[Sequence[Row]]:
        if hot.one_shot is None:
            return self.fetch(hot.sql, *args)
        call = _one_shot(hot.one_shot)
        return fetch_near(self._replicas, call, self._context, *args, after=self._after)
