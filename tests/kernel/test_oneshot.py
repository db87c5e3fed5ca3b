"""One-round-trip calls, retries and health."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tenantry.errors import (
    AlreadyExists,
    CommitOutcomeUnknown,
    InvalidInput,
    SerializationFailure,
    StatementTimeout,
    TenantryError,
)
from tenantry.kernel import Context, OneShot, Pool, Transaction, check, run

from .conftest import MakePool, Place
from .test_cancellation import settled
from .test_transaction import count

ADD = OneShot("SELECT note_add($1, $2)", writes=True)
GET = OneShot("SELECT * FROM note_get($1, $2)")


async def test_write_and_read(pool: Pool, context: Context, tenant: UUID) -> None:
    note = await ADD.fetch_value(pool, context, tenant, "a")
    row = await GET.fetch_one(pool, context, tenant, note)
    assert row is not None
    assert (row["id"], row["body"]) == (note, "a")
    assert [r["body"] for r in await GET.fetch(pool, context, tenant, note)] == ["a"]
    assert await GET.fetch(pool, context, uuid4(), note) == []
    assert await GET.fetch_one(pool, context, tenant, uuid4()) is None
    with pytest.raises(AlreadyExists):
        await ADD.fetch_value(pool, context, tenant, "a")
    await settled(pool)
    assert pool.stats.closed == pool.stats.cleaned == 0


async def test_a_statement_that_leaves_a_transaction_open(pool: Pool, context: Context) -> None:
    await OneShot("BEGIN").fetch(pool, context)
    await settled(pool)


async def test_session_state_goes_with_the_connection(pool: Pool, context: Context) -> None:
    await OneShot("SET search_path = pg_temp").fetch(pool, context)
    await settled(pool)
    async with Transaction(pool, context) as t:
        assert "public" in await t.fetch_value("SHOW search_path")


async def test_cancelled_reads(pool: Pool, context: Context) -> None:
    slow = OneShot("SELECT pg_sleep(5)")
    for delay in (0, 0, 0.001, 0.01, 0.05):
        task = asyncio.create_task(slow.fetch(pool, context))
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(StatementTimeout):
        await slow.fetch(pool, context, timeout=0.05)
    await settled(pool)


async def test_a_write_without_an_answer_in_time(make_pool: MakePool, context: Context) -> None:
    slow = OneShot("SELECT pg_sleep(5)", writes=True)
    pool = await make_pool(commit_grace=0.05)
    task = asyncio.create_task(slow.fetch(pool, context))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(CommitOutcomeUnknown):
        await task
    with pytest.raises(CommitOutcomeUnknown):
        await slow.fetch(pool, context, timeout=0.05)
    await settled(pool)


async def test_a_changed_result_is_planned_anew(pool: Pool, context: Context, place: Place) -> None:
    admin = await place.admin()
    await admin.execute("DROP TABLE IF EXISTS shifting; CREATE TABLE shifting (a int)")
    await admin.execute("GRANT SELECT ON shifting TO kernel_app; INSERT INTO shifting VALUES (1)")
    read = OneShot("SELECT * FROM shifting")
    assert [dict(r) for r in await read.fetch(pool, context)] == [{"a": 1}]
    await admin.execute("ALTER TABLE shifting ADD b text")
    assert [dict(r) for r in await read.fetch(pool, context)] == [{"a": 1, "b": None}]
    await admin.close()


# ---- retries --------------------------------------------------------------------------------------


async def test_colliding_transactions_are_run_again(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    """Two read the same count and write by it; run one after the other the sum comes out right."""
    both = asyncio.Barrier(2)
    tries: list[int] = []

    async def add(number: int) -> None:
        async def body(t: Transaction) -> None:
            n = await t.fetch_value("SELECT count(*) FROM notes")
            tries.append(number)
            if len(tries) <= 2:
                await both.wait()
            await t.execute("INSERT INTO notes (tenant_id, body) VALUES ($1, $2)", tenant, str(n))

        await run(lambda: Transaction(pool, context, isolation="serializable"), body, delay=0.001)

    await asyncio.gather(add(1), add(2))
    async with Transaction(pool, context) as t:
        rows = await t.fetch("SELECT body FROM notes ORDER BY body")
    assert [row["body"] for row in rows] == ["0", "1"]
    assert len(tries) == 3


async def failing(pool: Pool, context: Context, error: TenantryError, attempts: int) -> int:
    calls = 0

    async def body(_: Transaction) -> None:
        nonlocal calls
        calls += 1
        raise error

    with pytest.raises(type(error)):
        await run(lambda: Transaction(pool, context), body, attempts=attempts, delay=0.001)
    return calls


async def test_only_what_may_help_is_retried(pool: Pool, context: Context) -> None:
    assert await failing(pool, context, SerializationFailure("x"), 3) == 3
    assert await failing(pool, context, CommitOutcomeUnknown("x"), 3) == 1
    assert await failing(pool, context, InvalidInput("x"), 3) == 1
    assert await failing(pool, context, SerializationFailure("x"), 1) == 1
    with pytest.raises(InvalidInput):
        await run(lambda: Transaction(pool, context), lambda t: t.fetch("SELECT 1"), attempts=0)


async def test_a_deadlock_is_resolved(pool: Pool, context: Context, tenant: UUID) -> None:
    for body in ("a", "b"):
        await ADD.fetch_value(pool, context, tenant, body)
    both = asyncio.Barrier(2)
    first = True

    async def touch(one: str, two: str) -> None:
        async def body(t: Transaction) -> None:
            nonlocal first
            sql = "UPDATE notes SET tags = '[]' WHERE body = $1"
            await t.execute(sql, one)
            if first:
                await both.wait()
                first = False
            await t.execute(sql, two)

        await run(lambda: Transaction(pool, context), body, delay=0.001)

    await asyncio.gather(touch("a", "b"), touch("b", "a"))
    assert await count(pool, tenant) == 2


# ---- health ---------------------------------------------------------------------------------------


async def test_health(pool: Pool, place: Place) -> None:
    health = await check(pool)
    assert health.ok
    assert health.replica is False
    assert health.pooler is False
    assert int(health.server_version.split(".")[0]) == place.server.major
    assert health.latency_ms is not None
    assert health.to_dict()["pool"]["size"] == 1
    await pool.close()
    sick = await check(pool)
    assert not sick.ok
    assert sick.error == "pool_closed"
