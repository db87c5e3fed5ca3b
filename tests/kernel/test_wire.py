"""What goes over the wire, and what is said when it breaks."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from tenantry.errors import CommitOutcomeUnknown, ConnectionLost, StatementTimeout
from tenantry.kernel import Context, OneShot, Outcome, Pool, Transaction
from tests.fixtures.wire import Fault, Wire, tap

from .conftest import MakePool, Place, until
from .test_transaction import INSERT, count

READ = "SELECT body FROM notes WHERE tenant_id = $1"
GET = OneShot("SELECT * FROM note_get($1, $2)")
ADD = OneShot("SELECT note_add($1, $2)", writes=True)


@pytest.fixture
async def wire(place: Place) -> AsyncIterator[Wire]:
    async with tap(place.url, place.socket) as wire:
        yield wire


@pytest.fixture
async def wired(wire: Wire, make_pool: MakePool, context: Context) -> Pool:
    """A pool of one connection through the proxy, with its statements prepared."""
    pool = await make_pool(wire.url, max_size=1, commit_grace=1.0)
    assert context.tenant_id is not None
    async with Transaction(pool, context) as t:
        await t.fetch(READ, context.tenant_id)
        with pytest.raises(ZeroDivisionError):
            async with t.savepoint():
                await t.execute(INSERT, context.tenant_id, "x")
                raise ZeroDivisionError
    await GET.fetch_one(pool, context, context.tenant_id, uuid4())
    wire.reset()
    return pool


async def test_a_read_takes_three_round_trips(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    async with Transaction(wired, context) as t:
        await t.fetch(READ, tenant)
    assert wire.round_trips == 3
    assert wire.sql == [
        f"BEGIN; SET LOCAL app.tenant_id = '{tenant}'; SET LOCAL app.user_id = ''"
        "; SET LOCAL app.actor = ''",
        READ,
        "COMMIT",
    ]


async def test_on_citus_a_one_shot_goes_out_as_set_local_too(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    """Its nodes are sent the text of SET LOCAL, and nothing of set_config()."""
    wired.distributed = True
    await GET.fetch_one(wired, context, tenant, uuid4())
    assert wire.round_trips == 3
    assert f"; SET LOCAL app.tenant_id = '{tenant}'" in wire.sql[0]


async def test_a_one_shot_takes_one(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    await GET.fetch_one(wired, context, tenant, uuid4())
    assert wire.round_trips == 1
    assert wire.sql == [GET.sql]


async def test_rolling_back_takes_one_more(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Transaction(wired, context) as t:
            await t.fetch(READ, tenant)
            raise ZeroDivisionError
    assert wire.round_trips == 3
    assert wire.sql[-1] == "ROLLBACK"


async def test_a_savepoint_takes_two(wired: Pool, wire: Wire, context: Context) -> None:
    async with Transaction(wired, context) as t:
        wire.reset()
        async with t.savepoint():
            pass
        assert wire.round_trips == 2


async def test_a_thousand_rows_go_together(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    async with Transaction(wired, context) as t:
        await t.execute(INSERT, tenant, "first")
        wire.reset()
        await t.execute_many(INSERT, [(tenant, str(n)) for n in range(1000)])
    assert wire.round_trips == 2


async def test_opening_a_connection_asks_nothing_more(wire: Wire, make_pool: MakePool) -> None:
    await make_pool(wire.url, pgbouncer="no")
    assert wire.round_trips == 0


# ---- broken connections -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_lost_during_commit_is_unknown(
    wired: Pool, wire: Wire, tenant: UUID, make_pool: MakePool, fault: Fault
) -> None:
    context = Context(tenant)
    wire.fail("COMMIT", fault)
    with pytest.raises(CommitOutcomeUnknown) as caught:
        async with Transaction(wired, context) as t:
            await t.execute(INSERT, tenant, "a")
    assert not caught.value.retryable
    assert t.outcome is Outcome.UNKNOWN
    # It had happened in one case and not in the other: unknown is the only true answer.
    assert await count(await make_pool(), tenant) == (1 if fault == "after" else 0)


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_lost_during_a_statement_is_lost(
    wired: Pool, wire: Wire, tenant: UUID, make_pool: MakePool, fault: Fault
) -> None:
    context = Context(tenant)
    wire.fail("INSERT", fault)
    with pytest.raises(ConnectionLost) as caught:
        async with Transaction(wired, context) as t:
            await t.execute(INSERT, tenant, "a")
    assert caught.value.retryable
    assert t.outcome is Outcome.ROLLED_BACK
    assert await count(await make_pool(), tenant) == 0
    assert await count(wired, tenant) == 0


async def test_lost_between_statements_is_lost(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    with pytest.raises(ConnectionLost):
        async with Transaction(wired, context) as t:
            await t.execute(INSERT, tenant, "a")
            wire.cut()
            await asyncio.sleep(0.05)
    assert t.outcome is Outcome.ROLLED_BACK
    assert await count(wired, tenant) == 0


async def test_lost_while_idle_is_not_noticed(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    wire.cut()
    await asyncio.sleep(0.05)
    assert await count(wired, tenant) == 0
    wire.fail("BEGIN", "before")
    assert await count(wired, tenant) == 0
    wire.fail(GET.sql, "before")
    assert await GET.fetch_one(wired, context, tenant, uuid4()) is None


async def test_a_one_shot_write_that_breaks_is_unknown(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    wire.fail(ADD.sql, "after")
    with pytest.raises(CommitOutcomeUnknown):
        await ADD.fetch_value(wired, context, tenant, "a")
    assert await count(wired, tenant) == 1


async def test_lost_while_many_rows_are_sent(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    async def cut() -> None:
        await asyncio.sleep(0.05)
        wire.cut()

    with pytest.raises(ConnectionLost):
        async with Transaction(wired, context) as t:
            cutter = asyncio.create_task(cut())
            await t.execute_many(INSERT, ((tenant, f"{n}" * 2000) for n in range(100_000)))
    await cutter
    assert await count(wired, tenant) == 0


# ---- a cancelled caller -------------------------------------------------------------------------


async def test_a_cancel_during_commit_waits_for_the_outcome(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    wire.fail("COMMIT", "delay", seconds=0.2)
    transaction = Transaction(wired, context)

    async def write() -> None:
        async with transaction as t:
            await t.execute(INSERT, tenant, "a")

    task = asyncio.create_task(write())
    await until(lambda: "COMMIT" in wire.sql)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert transaction.outcome is Outcome.COMMITTED
    assert "committed" in "".join(caught.value.__notes__)
    assert wire.cancels == 0
    assert await count(wired, tenant) == 1
    assert wired.stats.closed == 0


async def test_a_commit_without_answer_is_unknown_after_the_grace(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    wire.fail("COMMIT", "delay", seconds=5)

    async def write() -> None:
        async with Transaction(wired, context) as t:
            await t.execute(INSERT, tenant, "a")

    task = asyncio.create_task(write())
    await until(lambda: "COMMIT" in wire.sql)
    task.cancel()
    with pytest.raises(CommitOutcomeUnknown):
        await task
    assert await count(wired, tenant) == 1


async def test_a_cancelled_one_shot_write_is_seen_through(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    wire.fail(ADD.sql, "delay", seconds=0.2)
    task = asyncio.create_task(ADD.fetch_value(wired, context, tenant, "a"))
    await until(lambda: ADD.sql in wire.sql)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert "done" in "".join(caught.value.__notes__)
    assert await count(wired, tenant) == 1


async def test_a_rollback_without_answer_costs_the_connection_not_the_caller(
    wire: Wire, make_pool: MakePool, context: Context, tenant: UUID
) -> None:
    pool = await make_pool(wire.url, max_size=1, cleanup_timeout=0.1)
    wire.fail("ROLLBACK", "delay", seconds=5)
    with pytest.raises(ZeroDivisionError):
        async with Transaction(pool, context) as t:
            await t.execute(INSERT, tenant, "a")
            raise ZeroDivisionError
    assert pool.stats.closed == 1
    assert await count(pool, tenant) == 0


async def test_an_answer_too_late_for_a_timeout(
    wired: Pool, wire: Wire, context: Context, tenant: UUID
) -> None:
    wire.fail(READ, "delay", seconds=0.3)
    with pytest.raises(StatementTimeout):
        async with Transaction(wired, context) as t:
            await t.fetch(READ, tenant, timeout=0.1)
    assert await count(wired, tenant) == 0
    assert wire.cancels == 1
