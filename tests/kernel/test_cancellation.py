"""A cancelled task, a time limit or an error at ANY await leaves no connection dirty."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest

from tenantry.errors import TenantryError
from tenantry.kernel import Context, OneShot, Outcome, Pool, Transaction
from tenantry.kernel.context import begin

from .conftest import MakePool, Place, until
from .test_transaction import INSERT, count

ADD = OneShot("SELECT note_add($1, $2)", writes=True)
GET = OneShot("SELECT * FROM note_get($1, $2)")


async def settled(pool: Pool) -> None:
    """All connections are back, and each of them is in no transaction and has no tenant."""
    await until(lambda: not pool.stats.in_use and not pool.stats.opening)
    held = [await pool.acquire() for _ in range(pool.stats.idle)]
    for connection in held:
        assert not connection.raw.is_in_transaction()
        sql = "SELECT coalesce(current_setting('app.tenant_id', true), '')"
        assert await connection.raw.fetchval(sql) == ""
        pool.release(connection)


async def work(pool: Pool, tenant: UUID, dice: random.Random, log: dict[UUID, int]) -> None:
    """One of everything. `log` counts what a transaction claims to have written."""
    kind = dice.randrange(7)
    context = Context(tenant)
    note = str(uuid4())
    if kind == 0:
        await ADD.fetch_value(pool, context, tenant, note)
        log[tenant] += 1
        return
    if kind == 1:
        await GET.fetch_one(pool, context, tenant, uuid4())
        return
    transaction = Transaction(pool, context)
    try:
        async with transaction as t:
            assert await t.fetch_value("SELECT tenant()") == tenant
            await t.execute(INSERT, tenant, note)
            if kind == 2:
                await t.fetch("SELECT pg_sleep(0.003)")
            elif kind == 3:
                try:
                    async with asyncio.timeout(dice.random() / 200), t.savepoint():
                        await t.fetch("SELECT pg_sleep(0.004)")
                except TimeoutError:
                    pass
            elif kind == 4:
                await t.execute_many(INSERT, [(tenant, f"{note}{n}") for n in range(20)])
            elif kind == 5:
                async for _ in t.stream("SELECT generate_series(1, 50)", batch=10):
                    pass
            else:
                raise LookupError
    finally:
        if transaction.outcome is Outcome.COMMITTED:
            log[tenant] += 21 if kind == 4 else 1


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm_of_cancellations(make_pool: MakePool, seed: int) -> None:
    pool = await make_pool(min_size=0, max_size=4, acquire_timeout=60)
    dice = random.Random(seed)  # noqa: S311 - repeatable
    tenants = [uuid4() for _ in range(10)]
    log = dict.fromkeys(tenants, 0)

    async def one(tenant: UUID) -> None:
        task = asyncio.create_task(work(pool, tenant, dice, log))
        for _ in range(dice.choice((0, 1, 1, 2, 3))):
            await asyncio.sleep(dice.random() / 100)
            task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            if "done" in "".join(getattr(error, "__notes__", ())):
                log[tenant] += 1
        except LookupError:
            pass

    for _ in range(15):
        await asyncio.gather(*(one(dice.choice(tenants)) for _ in range(20)))
    await settled(pool)
    assert pool.stats.size <= 4
    for tenant in tenants:
        assert await count(pool, tenant) == log[tenant], "what was claimed is what is there"


async def test_a_cancelled_statement_stops_at_the_server(pool: Pool, place: Place) -> None:
    async def sleep() -> None:
        async with Transaction(pool, Context()) as t:
            await t.fetch("SELECT pg_sleep(30)")

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await settled(pool)
    assert pool.stats.closed == 0
    admin = await place.admin()
    sql = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)' AND state = 'active'"
    assert await admin.fetchval(sql) == 0
    await admin.close()


async def test_cancelled_again_while_it_is_cleaned(pool: Pool) -> None:
    async def sleep() -> None:
        async with Transaction(pool, Context()) as t:
            await t.fetch("SELECT pg_sleep(30)")

    for delay in (0, 0, 0.001, 0.002, 0.005):
        task = asyncio.create_task(sleep())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await settled(pool)


async def test_cancelled_while_an_error_rolls_back(pool: Pool, tenant: UUID) -> None:
    async def fail() -> None:
        async with Transaction(pool, Context(tenant)) as t:
            await t.execute(INSERT, tenant, "a")
            asyncio.get_running_loop().call_soon(task.cancel)
            raise LookupError

    task = asyncio.create_task(fail())
    with pytest.raises((asyncio.CancelledError, LookupError)):
        await task
    await settled(pool)
    assert await count(pool, tenant) == 0


async def test_cancelling_a_bulk_write_never_hangs(pool: Pool, tenant: UUID, place: Place) -> None:
    admin = await place.admin()
    lock = admin.transaction()
    await lock.start()
    await admin.execute("LOCK TABLE notes")

    async def write() -> None:
        async with Transaction(pool, Context(tenant)) as t:
            rows = ((tenant, f"{n}" * 500) for n in range(50_000))
            await t.execute_many(INSERT, rows)

    task = asyncio.create_task(write())
    await asyncio.sleep(0.2)
    task.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task
    await lock.rollback()
    await admin.close()
    await settled(pool)
    assert await count(pool, tenant) == 0


async def test_tasks_of_a_failing_group(pool: Pool, tenant: UUID) -> None:
    async def write(n: int) -> None:
        async with Transaction(pool, Context(tenant)) as t:
            await t.execute(INSERT, tenant, str(n))
            if n == 3:
                raise LookupError
            await t.fetch("SELECT pg_sleep(10)")

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            for n in range(12):
                group.create_task(write(n))
    await settled(pool)
    assert await count(pool, tenant) == 0


async def test_an_abandoned_generator_harms_nobody(pool: Pool) -> None:
    async with Transaction(pool, Context()) as t:
        stream = t.stream("SELECT generate_series(1, 100)", batch=10)
        await anext(stream)
    with pytest.raises(TenantryError):
        for _ in range(20):
            await anext(stream)
    await settled(pool)


async def test_these_tests_would_notice_a_tenant_left_behind(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SET in place of SET LOCAL the checks above fail, as they must."""
    monkeypatch.setattr(
        "tenantry.kernel.transaction.begin",
        lambda *args, **options: begin(*args, **options).replace("SET LOCAL", "SET"),
    )
    async with Transaction(pool, Context(uuid4())) as t:
        await t.fetch("SELECT 1")
    with pytest.raises(AssertionError):
        await settled(pool)
