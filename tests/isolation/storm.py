"""Many tenants' work at once on few connections, with everything that goes wrong in real life."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from tenantry import Database, Tenant, TenantTransaction
from tenantry.errors import (
    CommitOutcomeUnknown,
    TransactionAborted,
    TransactionClosed,
    TransactionError,
)
from tenantry.kernel import Context, OneShot
from tenantry.models import Project
from tests.fixtures.database import Place

from . import deeds
from .books import Book, Deliberate, Draft, Leak, Stage
from .inspection import leftovers, recount

H = TypeVar("H", bound=deeds.Handle)

_WORKERS = 24
_BURST = 2500
_EVERYTHING = select(Project)
_UNSCOPED = OneShot("SELECT name FROM tenantry.projects")


@dataclass
class Storm:
    """`run` does the given number of operations and fills `faults`."""

    db: Database
    place: Place
    books: list[Book]
    seed: int
    faults: list[str] = field(default_factory=list)
    operations: int = 0
    #: How often each kind of turn, operation and ending came about.
    happened: Counter[str] = field(default_factory=Counter)
    #: Two tenants' blocks in one task take two connections: not everybody may wait for a second.
    _nesting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def run(self, operations: int) -> None:
        rngs = [Random(f"{self.seed}/{number}") for number in range(_WORKERS)]  # noqa: S311
        while self.operations < operations and not self.faults:
            limit = min(operations, self.operations + _BURST)
            await asyncio.gather(*(self._work(rng, limit) for rng in rngs))
            self.faults += await leftovers(self.db, self.place)
        if not self.faults:
            self.faults += await recount(self.place, self.books)

    def report(self) -> str:
        """What a failed run prints; the seed repeats its choices."""
        shown = "\n".join(self.faults[:10])
        return (
            f"seed {self.seed}, {self.operations} operations, {len(self.faults)} faults:\n{shown}"
        )

    # ---- workers ------------------------------------------------------------------------------

    async def _work(self, rng: Random, limit: int) -> None:
        while self.operations < limit and not self.faults:
            books = self._take(rng)
            try:
                await self._turn(rng, [self._draft(book, rng) for book in books])
            finally:
                for book in books:
                    book.taken = False

    def _take(self, rng: Random) -> list[Book]:
        books = rng.sample([book for book in self.books if not book.taken], 2)
        for book in books:
            book.taken = True
        return books

    def _draft(self, book: Book, rng: Random) -> Draft:
        return Draft(book, [other for other in self.books if other is not book], rng)

    async def _turn(self, rng: Random, drafts: list[Draft]) -> None:
        (turn,) = rng.choices(tuple(_TURNS), tuple(_TURNS.values()))
        interrupted = turn in _INTERRUPTED and rng.random() < 0.15
        limit = rng.random() * 0.01 if interrupted and rng.random() < 0.3 else None
        task = asyncio.create_task(self._limited(turn, drafts, limit))
        if interrupted:
            await _interrupt(task, rng)
        (error,) = await asyncio.gather(task, return_exceptions=True)
        self.happened[turn.__name__] += 1
        self.happened[type(error).__name__] += 1
        if error is not None and not self._expected(error, interrupted, drafts):
            self.faults.append("".join(traceback.format_exception(error)))
        for draft in drafts:
            await self._settle(draft)

    async def _limited(self, turn: Turn, drafts: list[Draft], seconds: float | None) -> None:
        async with asyncio.timeout(seconds):
            await turn(self, drafts)

    def _expected(self, error: BaseException, interrupted: bool, drafts: list[Draft]) -> bool:
        if isinstance(error, (asyncio.CancelledError, TimeoutError, CommitOutcomeUnknown)):
            return interrupted
        if isinstance(error, TransactionAborted):
            return any(draft.doomed for draft in drafts)
        # SQL of one's own that says COMMIT ends the block, and is told so.
        if type(error) is TransactionError or isinstance(error, TransactionClosed):
            return any(draft.stage is Stage.ENDING for draft in drafts)
        return isinstance(error, Deliberate)

    async def _settle(self, draft: Draft) -> None:
        """Find out what became of it; often also when that is known."""
        book, outcomes = draft.book, draft.outcomes
        if len(outcomes) == 1 and draft.rng.random() < 0.8:
            if draft.stage is Stage.DONE:
                book.rows, book.ids = draft.rows, draft.ids
            return
        rows = await self.db.tenant(book.id).fetch(
            "SELECT name, description, id FROM tenantry.projects"
        )
        book.rows = {name: description for name, description, _ in rows}
        book.ids = {name: key for name, _, key in rows}
        if book.rows not in outcomes:
            self.faults.append(f"{book.tag} has {book.rows}, and should have one of {outcomes}")

    # ---- turns --------------------------------------------------------------------------------

    async def _call(self, drafts: list[Draft]) -> None:
        """One operation on a handle used directly."""
        draft = drafts[0]
        draft.stage = Stage.ENDING
        await self._do(draft.rng.choice(deeds.DEEDS), self._handle(draft), draft)
        draft.stage = Stage.DONE

    async def _read(self, drafts: list[Draft]) -> None:
        draft = drafts[0]
        async with self.db.tenant(draft.book.id, readonly=True) as t:
            for _ in range(draft.rng.randint(1, 4)):
                await self._do(draft.rng.choice(deeds.READS), t, draft)

    async def _block(self, drafts: list[Draft]) -> None:
        draft = drafts[0]
        async with self._handle(draft) as t:
            await self._steps(t, draft, depth=0)
            if draft.rng.random() < 0.06 and not draft.doomed:
                await self._do(deeds.meddle, t, draft)
            _leave(draft)
        draft.stage = Stage.DONE

    async def _nested(self, drafts: list[Draft]) -> None:
        """Two tenants' blocks in one task, used in turn."""
        outer, inner = drafts
        async with self._nesting, self._handle(outer) as a:
            await self._steps(a, outer, depth=1)
            async with self._handle(inner) as b:
                for _ in range(2):
                    await self._do(outer.rng.choice(deeds.DEEDS), a, outer)
                    await self._do(inner.rng.choice(deeds.DEEDS), b, inner)
                _leave(inner)
            inner.stage = Stage.DONE
            await self._steps(a, outer, depth=1)
            _leave(outer)
        outer.stage = Stage.DONE

    async def _service(self, drafts: list[Draft]) -> None:
        draft = drafts[0]
        async with self.db.service("a storm") as s:
            self.operations += 2
            rows = await s.fetch(
                "SELECT t.slug, p.name FROM tenantry.projects AS p"
                " JOIN tenantry.tenants AS t ON t.id = p.tenant_id"
            )
            for slug, name in rows:
                if name.partition(":")[0] != slug:
                    raise Leak(f"{name} belongs to {slug}")
            name, description = draft.book.text(), draft.book.text()
            draft.rows[name] = description
            mine = s.tenant(draft.book.id).projects
            draft.project(await mine.create(name=name, description=description))
            _leave(draft)
        draft.stage = Stage.DONE

    async def _session(self, drafts: list[Draft]) -> None:
        """The ORM; its own transactions begin in the tenant's context too."""
        draft = drafts[0]
        async with self.db.session(draft.book.id) as session:
            self.operations += 2
            draft.projects((await session.scalars(_EVERYTHING)).all())
            await session.rollback()
            name, description = draft.book.text(), draft.book.text()
            session.add(Project(name=name, description=description))
            draft.rows[name] = description
            await session.flush()
            draft.projects((await session.scalars(_EVERYTHING)).all())
            draft.stage = Stage.ENDING
            await session.commit()
            draft.stage = Stage.DONE

    async def _without_context(self, _: list[Draft]) -> None:
        """What the kernel runs for nobody in particular sees nothing of anybody."""
        self.operations += 1
        if rows := await _UNSCOPED.fetch(self.db._pool, Context()):
            raise Leak(f"without a context, {rows[0]['name']} was seen")

    # ---- steps --------------------------------------------------------------------------------

    def _handle(self, draft: Draft) -> Tenant:
        return self.db.tenant(draft.book.id)

    async def _steps(self, t: TenantTransaction, draft: Draft, depth: int) -> None:
        for _ in range(draft.rng.randint(1, 5)):
            roll = draft.rng.random()
            if roll < 0.12 and depth < 2:
                await self._savepoint(t, draft, depth + 1)
            elif roll < 0.25:
                await self._do(draft.rng.choice(deeds.IN_BLOCKS), t, draft)
            else:
                await self._do(draft.rng.choice(deeds.DEEDS), t, draft)

    async def _savepoint(self, t: TenantTransaction, draft: Draft, depth: int) -> None:
        kept, ids, doomed = dict(draft.rows), dict(draft.ids), draft.doomed
        try:
            async with t.savepoint():
                await self._steps(t, draft, depth)
                if draft.rng.random() < 0.4:
                    raise Deliberate
        except (Deliberate, TransactionAborted) as error:
            if doomed or (isinstance(error, TransactionAborted) and not draft.doomed):
                raise
            # The ids too: a row removed and made anew inside has its old one again.
            draft.rows, draft.ids, draft.doomed = kept, ids, False

    async def _do(self, deed: Callable[[H, Draft], Awaitable[None]], t: H, draft: Draft) -> None:
        self.operations += 1
        self.happened[deed.__name__] += 1
        await deed(t, draft)


Turn = Callable[[Storm, list[Draft]], Awaitable[None]]
_TURNS: dict[Turn, int] = {
    Storm._call: 30,
    Storm._block: 40,
    Storm._read: 8,
    Storm._nested: 10,
    Storm._service: 2,
    Storm._session: 4,
    Storm._without_context: 4,
}
#: The ORM's COMMIT is not seen through when its caller is cancelled, so its outcome stays open.
_INTERRUPTED = frozenset(_TURNS) - {Storm._session}


def _leave(draft: Draft) -> None:
    """The end of a block: an error sometimes, else a COMMIT."""
    if draft.rng.random() < 0.1:
        raise Deliberate
    if not draft.doomed:
        draft.stage = Stage.ENDING


async def _interrupt(task: asyncio.Task[None], rng: Random) -> None:
    """Cancel at some point, and sometimes again while the first cancellation is dealt with."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        if rng.random() < 0.5:
            for _ in range(rng.randint(0, 30)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(rng.random() * 0.015)
        task.cancel()


async def open_books(place: Place, tenants: int) -> list[Book]:
    """Tenants with one member each, all of it marked with the tenant's tag."""
    connection = await place.connection("service")
    books = []
    try:
        async with connection.transaction():
            for number in range(tenants):
                tag = f"t{number:02}"
                key: UUID = await connection.fetchval(
                    "INSERT INTO tenantry.tenants (name, slug, status)"
                    " VALUES ($1 || ':', $1, 'active') RETURNING id",
                    tag,
                )
                await connection.execute(
                    "WITH made AS (INSERT INTO tenantry.users (email, name)"
                    " VALUES ($2 || '@example.com', $2 || ':user') RETURNING id)"
                    " INSERT INTO tenantry.memberships (tenant_id, user_id) SELECT $1, id FROM made",
                    key, tag,
                )  # fmt: skip
                books.append(Book(tag, key))
    finally:
        await connection.close()
    return books
