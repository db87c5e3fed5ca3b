"""Graphs that are made, dropped and made anew while others write and ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import pytest

from tenantry import Database
from tenantry.errors import DeadlockDetected, GraphUnavailable, SerializationFailure
from tenantry.handles import Tenant as Handle
from tenantry.handles import TenantTransaction
from tenantry.ops import graphs
from tests.fixtures.database import Place, make_tenant

from .following import assert_follows, has_graph

pytestmark = pytest.mark.postgres("wheel")
T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[Any]"
OPEN = "SELECT tenantry.open_graph()"


async def waiting(root: Connection, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Work that has begun, and waits for a lock."""
    before = await _waiters(root)
    task = asyncio.create_task(work)
    while await _waiters(root) <= before:
        assert not task.done(), f"it did not wait: {task}"
        await asyncio.sleep(0.005)
    return task


async def _waiters(root: Connection) -> int:
    count: int = await root.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    return count


@pytest.fixture
async def other(graphs: Place) -> AsyncIterator[Connection]:
    """Somebody else, who makes and drops graphs in transactions of their own."""
    connection = await graphs.connection("superuser")
    yield connection
    await connection.close()


@pytest.fixture
async def acme_id(gdb: Database) -> UUID:
    return (await make_tenant(gdb, "acme")).id


@pytest.fixture
def t(gdb: Database, acme_id: UUID) -> Handle:
    return gdb.tenant(acme_id)


async def test_a_writer_that_waited_for_the_making_finds_the_graph(
    gdb: Database, t: Handle, root: Connection
) -> None:
    """Also when its session remembers that there is none."""
    async with t as writer:
        # It looks for the graph, and lets go of it again.
        with pytest.raises(ZeroDivisionError):
            async with writer.savepoint():
                await writer.tasks.create(title="before")
                raise ZeroDivisionError
        async with gdb.tenant(t.tenant_id) as maker:
            await maker.fetch(OPEN)
            making = await waiting(root, writer.tasks.create(title="meanwhile"))
        await making
    assert await has_graph(root, t.tenant_id)
    await assert_follows(root, t.tenant_id)


async def test_the_making_waits_for_writers(t: Handle, gdb: Database, root: Connection) -> None:
    async with t as writer:
        task = await writer.tasks.create(title="not committed yet")
        making = await waiting(root, gdb.tenant(t.tenant_id).fetch(OPEN))
        await writer.tasks.create(title="its part", parent_id=task.id)
    await making
    await assert_follows(root, t.tenant_id)


@pytest.mark.parametrize("deed", ["graph_ready", "rebuild_graph", "drop_graph"])
async def test_writers_wait_for_the_making_and_the_dropping(
    t: Handle, root: Connection, other: Connection, deed: str
) -> None:
    """Whatever comes of it."""
    for keeps in (True, False):
        old, gone = [await t.tasks.create(title=title) for title in ("old", "gone")]
        await t.fetch(OPEN)
        if deed == "graph_ready":
            await other.execute("SELECT tenantry.drop_graph($1)", t.tenant_id)
        before = await has_graph(root, t.tenant_id)
        transaction = other.transaction()
        await transaction.start()
        await other.execute(f"SELECT tenantry.{deed}($1)", t.tenant_id)
        works: list[asyncio.Task[Any]] = [
            await waiting(root, t.tasks.create(title="meanwhile")),
            await waiting(root, t.tasks.update(old.id, title="changed")),
            await waiting(root, t.tasks.delete(gone.id)),
        ]
        await (transaction.commit() if keeps else transaction.rollback())
        await asyncio.gather(*works)
        assert await has_graph(root, t.tenant_id) == (deed != "drop_graph" if keeps else before)
        await t.fetch(OPEN)
        await assert_follows(root, t.tenant_id)


async def test_who_asks_waits_for_the_making_anew_and_keeps_it_waiting(
    gdb: Database, t: Handle, root: Connection, other: Connection
) -> None:
    for title in ("one", "two"):
        await t.tasks.create(title=title)
    question = "MATCH (t:Task) RETURN count(*) AS n"
    assert (await t.graph.ask(question)).scalars() == [2]
    async with other.transaction():
        await other.execute("SELECT tenantry.rebuild_graph($1)", t.tenant_id)
        asking = await waiting(root, t.graph.ask(question))
    assert (await asking).scalars() == [2]
    async with t as reader:
        assert (await reader.graph.ask(question)).scalars() == [2]
        making = await waiting(
            root, other.execute("SELECT tenantry.rebuild_graph($1)", t.tenant_id)
        )
        assert (await reader.graph.ask(question)).scalars() == [2]
    await making
    # What a session remembers of a graph that is gone is not asked.
    assert (await t.graph.ask(question)).scalars() == [2]
    await other.execute("SELECT tenantry.drop_graph($1)", t.tenant_id)
    assert (await t.graph.ask(question)).scalars() == [2]


async def test_first_questions_at_once_make_one_graph(t: Handle, root: Connection) -> None:
    await t.tasks.create(title="one")
    question = "MATCH (t:Task) RETURN t.title AS title"
    answers = await asyncio.gather(*(t.graph.ask(question) for _ in range(6)))
    assert [answer.scalars() for answer in answers] == [["one"]] * 6
    await assert_follows(root, t.tenant_id)


async def test_a_label_is_made_once(gdb: Database, t: Handle, root: Connection) -> None:
    await t.fetch(OPEN)
    async with t as first:
        a = await first.graph.put_node("Service")
        await first.graph.put_edge("USES", a, a)
        node = await waiting(root, gdb.tenant(t.tenant_id).graph.put_node("Service"))
    b = await node
    await assert_follows(root, t.tenant_id)
    await asyncio.gather(
        *(t.graph.put_node(f"Label{n % 3}") for n in range(9)),
        *(t.graph.put_edge(f"EDGE_{n % 3}", a, b) for n in range(9)),
        *(t.tasks.create(title="also a label's first") for _ in range(3)),
    )
    await assert_follows(root, t.tenant_id)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_an_old_snapshot_cannot_keep_a_newer_graph(
    gdb: Database, t: Handle, root: Connection, other: Connection, isolation: Any
) -> None:
    """It is told to begin again, and whoever does so succeeds."""
    task = await t.tasks.create(title="one")
    old = gdb.tenant(t.tenant_id, isolation=isolation)

    works: list[Callable[[TenantTransaction], Awaitable[Any]]] = [
        lambda w: w.tasks.create(title="two"),
        lambda w: w.tasks.update(task.id, title="changed"),
        lambda w: w.graph.put_edge("USES", task, task),
        lambda w: w.graph.ask("MATCH (t:Task) RETURN t.id AS id"),
    ]

    async def attempts(deed: str) -> None:
        for work in works:
            with pytest.raises(SerializationFailure) as caught:
                async with old as w:
                    await w.tasks.get(task.id)
                    await other.execute(f"SELECT tenantry.{deed}($1)", t.tenant_id)
                    await work(w)
            assert caught.value.retryable
            await assert_follows(root, t.tenant_id)
            if deed == "graph_ready":
                await other.execute("SELECT tenantry.drop_graph($1)", t.tenant_id)

    await attempts("graph_ready")
    # It sees the graph before, which has the same name.
    await t.fetch(OPEN)
    await attempts("rebuild_graph")
    await old.tasks.update(task.id, title="again")
    assert (await old.graph.ask("MATCH (t:Task) RETURN t.title AS x")).scalars() == ["again"]
    await assert_follows(root, t.tenant_id)
    # Nor can it make one: what others have written since is not in its snapshot.
    await other.execute("SELECT tenantry.drop_graph($1)", t.tenant_id)
    with pytest.raises(GraphUnavailable) as refused:
        await old.graph.ask("MATCH (t:Task) RETURN t.title AS x")
    assert refused.value.reason == "isolation"


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_writers_of_one_snapshot_each_keep_the_graph_or_begin_again(
    gdb: Database, t: Handle, root: Connection, isolation: Any
) -> None:
    await t.fetch(OPEN)
    tasks = [(await t.tasks.create(title=f"T{n}")).id for n in range(4)]

    async def work(n: int) -> None:
        with suppress(SerializationFailure, DeadlockDetected):
            async with gdb.tenant(t.tenant_id, isolation=isolation) as w:
                await w.tasks.update(tasks[n % 4], title=f"by {n}", parent_id=None)
                new = await w.tasks.create(title=f"new {n}", parent_id=tasks[(n + 1) % 4])
                await w.dependencies.create(task_id=new.id, depends_on_id=tasks[n % 4])
                await w.tasks.update(tasks[(n + 1) % 4], title=f"then by {n}")

    await asyncio.gather(*(work(n) for n in range(8)))
    await assert_follows(root, t.tenant_id)


async def test_calls_of_one_statement_outlive_a_deadlock(
    t: Handle, root: Connection, other: Connection
) -> None:
    """One that keeps the graph waits for a label of the maker's, who waits for it to end."""
    await t.fetch(OPEN)
    await other.execute("SET deadlock_timeout = '10min'")
    async with other.transaction():
        await other.execute(
            "INSERT INTO tenantry.graph_nodes (tenant_id, label) VALUES ($1, 'First')", t.tenant_id
        )
        putting = await waiting(root, t.graph.put_node("Second"))
        await other.execute("SELECT tenantry.rebuild_graph($1)", t.tenant_id)
        assert not putting.done()
    await putting
    assert len(await t.graph.nodes.list()) == 2
    await assert_follows(root, t.tenant_id)


async def test_a_making_that_is_killed_leaves_nothing(
    gdb: Database, t: Handle, root: Connection, other: Connection, graphs: Place
) -> None:
    await t.tasks.create(title="one")
    maker = await graphs.connection("superuser")
    # It has made the graph and half of its labels, and waits for a table it is to read.
    hold = other.transaction()
    await hold.start()
    await other.execute("LOCK TABLE tenantry.task_dependencies IN ACCESS EXCLUSIVE MODE")
    making = await waiting(root, maker.execute("SELECT tenantry.graph_ready($1)", t.tenant_id))
    await root.execute("SELECT pg_terminate_backend($1)", maker.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, ConnectionError)):
        await making
    await hold.rollback()
    assert not await has_graph(root, t.tenant_id)
    assert await root.fetchval("SELECT count(*) FROM ag_catalog.ag_graph") == 0
    assert await root.fetchval("SELECT count(*) FROM ag_catalog.ag_label") == 0
    assert (await t.graph.ask("MATCH (t:Task) RETURN t.title AS x")).scalars() == ["one"]
    await assert_follows(root, t.tenant_id)


async def test_much_at_once_over_several_tenants(
    gdb: Database, root: Connection, other: Connection
) -> None:
    """Writers, who asks first, makings anew, dropping, and the service role."""
    tenants = [(await make_tenant(gdb, f"t{n}")).id for n in range(3)]

    async def write(tenant: UUID, n: int) -> None:
        t = gdb.tenant(tenant)
        task = await t.tasks.create(title=f"{n}")
        await t.tasks.update(task.id, title=f"{n}!")
        with suppress(SerializationFailure, DeadlockDetected):
            async with t as tx:
                part = await tx.tasks.create(title="part", parent_id=task.id)
                await tx.dependencies.create(task_id=task.id, depends_on_id=part.id)
        if n % 3 == 0:
            await t.tasks.delete(task.id)

    async def ask(tenant: UUID) -> None:
        for _ in range(4):
            await gdb.tenant(tenant).graph.ask("MATCH (t:Task) RETURN t.title AS x")

    async def unsettle() -> None:
        for deed in ("rebuild_graph", "drop_graph", "rebuild_graph", "drop_graph"):
            for tenant in tenants:
                with suppress(asyncpg.DeadlockDetectedError):
                    await other.execute(f"SELECT tenantry.{deed}($1)", tenant)

    async def serve() -> None:
        for n in range(5):
            async with gdb.service("work on all") as s:
                await s.execute("UPDATE tenantry.tasks SET title = title || '.', priority = 'low'")
                await s.execute(
                    "INSERT INTO tenantry.agents (tenant_id, name, agent_type)"
                    " SELECT id, 'all ' || $1::text, 'x' FROM tenantry.tenants"
                    " ON CONFLICT DO NOTHING",
                    str(n),
                )

    async def retried(work: Any) -> None:
        """What is not one statement is the caller's to run again."""
        while True:
            with suppress(SerializationFailure, DeadlockDetected):
                await work()
                return

    await asyncio.gather(
        *(retried(lambda t=t, n=n: write(t, n)) for t in tenants for n in range(6)),
        *(retried(lambda t=t: ask(t)) for t in tenants),
        unsettle(),
        retried(serve),
    )
    for tenant in tenants:
        await gdb.tenant(tenant).fetch(OPEN)
    await assert_follows(root, *tenants)


async def test_no_graph_is_made_of_a_tenant_that_was_removed_meanwhile(
    t: Handle, gdb: Database, root: Connection
) -> None:
    """Nobody would know of it any more."""
    await t.tasks.create(title="one")
    async with gdb.service("they left") as s:
        assert await s.tenants.delete(t.tenant_id)
        asking = await waiting(root, t.fetch(OPEN))
    with pytest.raises(GraphUnavailable) as caught:
        await asking
    assert caught.value.reason == "tenant"
    assert await root.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^tg_'") == 0


async def test_a_graph_is_there_while_it_is_compared(
    t: Handle, gdb: Database, root: Connection, other: Connection
) -> None:
    await t.tasks.create(title="one")
    await t.fetch(OPEN)
    async with other.transaction():
        compared = await other.fetch("SELECT * FROM tenantry.compare_graph($1)", t.tenant_id)
        dropping = await waiting(root, graphs.drop(await gdb.serving("drop"), t.tenant_id))
    assert compared
    assert await dropping
