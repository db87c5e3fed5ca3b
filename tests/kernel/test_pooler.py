"""The same promises through PgBouncer in transaction mode."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tenantry.errors import AlreadyExists
from tenantry.kernel import Context, OneShot, Pool, Transaction, check
from tests.fixtures.servers import Pooler

from .conftest import ROLE, MakePool, Place
from .test_cancellation import settled
from .test_transaction import INSERT, count


@pytest.fixture
async def bounced(
    place: Place,
    make_pool: MakePool,
    pgbouncer: Callable[..., Pooler],
    request: pytest.FixtureRequest,
) -> Pool:
    settings = {"default_pool_size": "2", **getattr(request, "param", {})}
    pooler = pgbouncer(place.server, {ROLE: place.server.password(ROLE)}, settings)
    return await make_pool(pooler.url(ROLE, place.name), max_size=6, statement_timeout=20)


IGNORED = {
    "ignore_startup_parameters": "statement_timeout,idle_in_transaction_session_timeout,jit,"
    "lock_timeout,client_connection_check_interval"
}


@pytest.mark.parametrize("bounced", [{}, IGNORED], indirect=True, ids=["refusing", "ignoring"])
async def test_it_is_found_out(bounced: Pool, context: Context) -> None:
    assert bounced.pooled
    assert (await check(bounced)).pooler
    async with Transaction(bounced, context) as t:
        # What the startup message could not carry, BEGIN does.
        assert await t.fetch_value("SHOW statement_timeout") == "20s"
        assert await t.fetch_value("SHOW idle_in_transaction_session_timeout") == "1min"


async def test_a_direct_connection_is_not_mistaken(pool: Pool) -> None:
    assert not pool.pooled


async def test_statements_do_not_depend_on_the_server_behind(bounced: Pool) -> None:
    async def one(tenant: UUID) -> None:
        context = Context(tenant)
        for n in range(10):
            async with Transaction(bounced, context) as t:
                await t.execute(INSERT, tenant, str(n))
                assert await t.fetch_value("SELECT tenant()") == tenant
                assert await t.fetch_value("SELECT count(*) FROM notes") == n + 1
                async for row in t.stream("SELECT body FROM notes", batch=2):
                    assert row["body"]
            with pytest.raises(AlreadyExists):
                async with Transaction(bounced, context) as t, t.savepoint():
                    await t.execute(INSERT, tenant, str(n))

    await asyncio.gather(*(one(uuid4()) for _ in range(12)))
    await settled(bounced)


async def test_a_one_shot_becomes_a_transaction(
    bounced: Pool, context: Context, tenant: UUID
) -> None:
    add = OneShot("SELECT note_add($1, $2)", writes=True)
    get = OneShot("SELECT * FROM note_get($1, $2)")
    note = await add.fetch_value(bounced, context, tenant, "a")
    row = await get.fetch_one(bounced, context, tenant, note)
    assert row is not None
    assert row["body"] == "a"


async def test_cancellations_leave_nothing(bounced: Pool) -> None:
    tenant = uuid4()

    async def write(n: int) -> None:
        async with Transaction(bounced, Context(tenant)) as t:
            await t.execute(INSERT, tenant, str(n))
            await t.fetch("SELECT pg_sleep(1)")

    tasks = [asyncio.create_task(write(n)) for n in range(12)]
    for number, task in enumerate(tasks):
        await asyncio.sleep(0.01 * (number % 3))
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    await settled(bounced)
    assert await count(bounced, tenant) == 0


async def test_a_session_value_left_at_the_server_is_overridden(bounced: Pool) -> None:
    """PgBouncer hands the server connection on as it is: only the explicit SET LOCALs help."""
    connection = await bounced.acquire()
    await connection.raw.execute(f"SET app.tenant_id = '{uuid4()}'")
    bounced.release(connection)
    for _ in range(5):
        async with Transaction(bounced, Context()) as t:
            assert await t.fetch_value("SELECT tenant()") is None
