"""Steps of a few tenants' transactions in any order: small enough to be shrunk to a cause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tenantry
from tenantry import Database, TenantryError, TenantTransaction
from tests.coordination import soak
from tests.fixtures.database import Place

from .books import Book
from .inspection import leftovers
from .storm import open_books

_TENANTS, _CONNECTIONS = 3, 2


class Worker:
    """One task with at most one block open; each step waits until it is done."""

    def __init__(self, db: Database, books: list[Book]) -> None:
        self.db = db
        self.books = books
        self.book = books[0]
        self.stack: AsyncExitStack | None = None
        self.t: TenantTransaction | None = None

    async def open(self, tenant: int) -> None:
        if self.t is None:
            self.book, self.stack = self.books[tenant], AsyncExitStack()
            self.t = await self.stack.enter_async_context(self.db.tenant(self.book.id))

    async def read(self, tenant: int) -> None:
        """In the open block, or else as a call of its own."""
        book = self.books[tenant] if self.t is None else self.book
        handle = self.t or self.db.tenant(book.id)
        for row in await handle.fetch("SELECT tenant_id, name FROM tenantry.projects"):
            assert (row["tenant_id"], row["name"].partition(":")[0]) == (book.id, book.tag)
        for project in await handle.projects.list():
            assert (project.tenant_id, project.name.partition(":")[0]) == (book.id, book.tag)

    async def write(self, tenant: int) -> None:
        book = self.books[tenant] if self.t is None else self.book
        await (self.t or self.db.tenant(book.id)).projects.create(name=f"{book.tag}:{uuid4()}")

    async def savepoint(self, _: int) -> None:
        if self.t is not None and self.stack is not None:
            await self.stack.enter_async_context(self.t.savepoint())

    async def fail(self, _: int) -> None:
        if self.t is not None:
            await self.t.fetch("SELECT 1 / 0")

    async def meddle(self, tenant: int) -> None:
        """The end of what this block may say for itself: its context is another's from here on."""
        if self.t is not None:
            await self.t.execute(f"SET app.tenant_id = '{self.books[tenant].id}'")
            await self.close(tenant)

    async def cancel(self, _: int) -> None:
        if self.t is not None:
            task = asyncio.create_task(self.t.fetch("SELECT pg_sleep(5)"))
            await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._leave(asyncio.CancelledError())

    async def crash(self, _: int) -> None:
        if self.t is not None:
            await self._leave(ZeroDivisionError())

    async def close(self, _: int) -> None:
        await self._leave(None)

    async def _leave(self, error: BaseException | None) -> None:
        stack, self.stack, self.t = self.stack, None, None
        if stack is not None:
            with suppress(TenantryError):
                await stack.__aexit__(type(error) if error else None, error, None)


Step = Callable[[Worker, int], Awaitable[None]]
_STEPS: tuple[Step, ...] = (
    Worker.open, Worker.open, Worker.read, Worker.read, Worker.write, Worker.savepoint,
    Worker.fail, Worker.meddle, Worker.cancel, Worker.crash, Worker.close,
)  # fmt: skip
#: Which worker takes which step, for which tenant.
_SCRIPTS = st.lists(
    st.tuples(
        st.integers(0, _CONNECTIONS - 1), st.sampled_from(_STEPS), st.integers(0, _TENANTS - 1)
    ),
    max_size=25,
)


@pytest.mark.postgres("wheel")
async def test_any_order_of_steps_shows_each_its_own(place: Place) -> None:
    books = await open_books(place, _TENANTS)
    # Who waits for a lock of the other's block waits for what comes after him in the script.
    options = place.settings(pool_max=_CONNECTIONS + 1, statement_timeout=0.5)
    async with await tenantry.connect(settings=options) as db:
        loop = asyncio.get_running_loop()

        @given(_SCRIPTS)
        @settings(
            max_examples=soak(50, 100),
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        def play(script: list[tuple[int, Step, int]]) -> None:
            asyncio.run_coroutine_threadsafe(_play(db, place, books, script), loop).result()

        # Hypothesis is synchronous, and everything here lives in this loop.
        await asyncio.to_thread(play)


async def _play(
    db: Database, place: Place, books: list[Book], script: list[tuple[int, Step, int]]
) -> None:
    workers = [Worker(db, books) for _ in range(_CONNECTIONS)]
    for number, step, tenant in script:
        with suppress(TenantryError):
            await step(workers[number], tenant)
    for worker in workers:
        await worker.close(0)
    assert await leftovers(db, place) == []
