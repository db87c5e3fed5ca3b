"""What a transaction promises, on real servers."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenantry.errors import (
    AlreadyExists,
    InvalidInput,
    LockTimeout,
    PermissionDenied,
    QueryError,
    ReferenceNotFound,
    SchemaChanged,
    StatementTimeout,
    TransactionAborted,
    TransactionClosed,
    TransactionError,
)
from tenantry.kernel import Actor, Context, Outcome, Pool, Transaction

from .conftest import MakePool, Place

INSERT = "INSERT INTO notes (tenant_id, body) VALUES ($1, $2)"
COUNT = "SELECT count(*) FROM notes WHERE tenant_id = $1"


async def count(pool: Pool, tenant: UUID) -> int:
    async with Transaction(pool, Context(tenant), readonly=True) as t:
        value: int = await t.fetch_value(COUNT, tenant)
    return value


def unhurt(pool: Pool) -> bool:
    """No connection was lost or had to be cleaned."""
    return pool.stats.closed == 0 and pool.stats.cleaned == 0 and pool.stats.in_use == 0


async def test_work_is_committed(pool: Pool, context: Context, tenant: UUID) -> None:
    async with Transaction(pool, context) as t:
        assert await t.execute(INSERT, tenant, "a") == 1
        assert await t.fetch_value(COUNT, tenant) == 1
        row = await t.fetch_one("SELECT body FROM notes")
        assert row is not None
        assert row["body"] == "a"
        assert await t.fetch_one("SELECT body FROM notes WHERE false") is None
        assert await t.fetch_value("SELECT body FROM notes WHERE false") is None
        assert await t.execute("UPDATE notes SET body = 'b'") == 1
        assert [r["body"] for r in await t.fetch("SELECT body FROM notes")] == ["b"]
    assert t.outcome is Outcome.COMMITTED
    assert await count(pool, tenant) == 1
    assert unhurt(pool)


async def test_an_error_rolls_everything_back(pool: Pool, context: Context, tenant: UUID) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Transaction(pool, context) as t:
            await t.execute(INSERT, tenant, "a")
            raise ZeroDivisionError
    assert t.outcome is Outcome.ROLLED_BACK
    assert await count(pool, tenant) == 0
    assert pool.stats.closed == 0


async def test_another_tenant_sees_nothing(pool: Pool, context: Context, tenant: UUID) -> None:
    async with Transaction(pool, context) as t:
        await t.execute(INSERT, tenant, "a")
    async with Transaction(pool, Context(uuid4())) as t:
        assert await t.fetch("SELECT * FROM notes WHERE tenant_id = $1", tenant) == []
    with pytest.raises(PermissionDenied, match="another tenant"):
        async with Transaction(pool, Context(uuid4())) as t:
            await t.execute(INSERT, tenant, "b")


# ---- misuse -------------------------------------------------------------------------------------


async def test_a_handle_is_used_inside_its_block_and_once(pool: Pool, context: Context) -> None:
    t = Transaction(pool, context)
    with pytest.raises(TransactionClosed):
        await t.fetch("SELECT 1")
    async with t:
        pass
    with pytest.raises(TransactionClosed):
        await t.fetch("SELECT 1")
    with pytest.raises(TransactionClosed):
        async with t:
            pass
    assert unhurt(pool)


async def test_two_tasks_cannot_share_one(pool: Pool, context: Context) -> None:
    async with Transaction(pool, context) as t:
        slow = asyncio.create_task(t.fetch("SELECT pg_sleep(0.2)"))
        await asyncio.sleep(0.05)
        with pytest.raises(TransactionError, match="Another task"):
            await t.fetch("SELECT 1")
        await slow
        assert await t.fetch_value("SELECT 1") == 1
    assert unhurt(pool)


async def test_a_statement_still_running_at_the_end_is_an_error(
    pool: Pool, context: Context
) -> None:
    with pytest.raises(TransactionError, match="still open"):
        async with Transaction(pool, context) as t:
            slow = asyncio.create_task(t.fetch("SELECT pg_sleep(5)"))
            await asyncio.sleep(0.05)
    with pytest.raises(TransactionError):
        await slow
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SELECT 1") == 1


async def test_a_swallowed_error_is_never_a_success(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    with pytest.raises(TransactionAborted, match="savepoint") as caught:
        async with Transaction(pool, context) as t:
            await t.execute(INSERT, tenant, "a")
            with suppress(AlreadyExists):
                await t.execute(INSERT, tenant, "a")
    assert isinstance(caught.value.__cause__, AlreadyExists)
    assert t.outcome is Outcome.ROLLED_BACK
    assert await count(pool, tenant) == 0


async def test_a_swallowed_cancellation_is_never_a_success(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    with pytest.raises(TransactionAborted):
        async with Transaction(pool, context) as t:
            await t.execute(INSERT, tenant, "a")
            try:
                async with asyncio.timeout(0.05):
                    await t.fetch("SELECT pg_sleep(5)")
            except TimeoutError:
                pass
    assert await count(pool, tenant) == 0


async def test_two_statements_in_one_string_are_refused(pool: Pool, context: Context) -> None:
    with pytest.raises(QueryError):
        async with Transaction(pool, context) as t:
            await t.execute("SELECT 1; COMMIT")


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "ROLLBACK",
        "COMMIT AND CHAIN",
        "ROLLBACK AND CHAIN",
        "BEGIN",
        "START TRANSACTION",
        "ABORT",
        "END",
        "/* quiet */ commit",
    ],
)
@pytest.mark.parametrize("method", ["execute", "fetch", "fetch_one", "fetch_value"])
async def test_a_statement_cannot_end_the_transaction(
    pool: Pool, context: Context, sql: str, method: str
) -> None:
    with pytest.raises(TransactionError, match="ended or replaced"):
        async with Transaction(pool, context) as t:
            try:
                await getattr(t, method)(sql)
            finally:
                with pytest.raises(TransactionAborted):
                    await t.fetch("SELECT 1")
    assert pool.stats.closed == 1
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SELECT tenant()") == context.tenant_id


async def test_executing_many_cannot_end_it_either(pool: Pool, context: Context) -> None:
    with pytest.raises(TransactionError, match="ended or replaced"):
        async with Transaction(pool, context) as t:
            await t.execute_many("COMMIT", [()])


async def test_swallowing_that_error_does_not_help(pool: Pool, context: Context) -> None:
    with pytest.raises(TransactionError, match="ended or replaced"):
        async with Transaction(pool, context) as t:
            with suppress(TransactionError):
                await t.execute("COMMIT")


# ---- sessions -----------------------------------------------------------------------------------

PERSISTENT = [
    "SET app.tenant_id = '{other}'",
    "SET search_path = pg_temp",
    "SELECT set_config('app.tenant_id', '{other}', false)",
    "SELECT set_config('search_path', 'pg_temp', false)",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ALL",
    "PREPARE leak AS SELECT 1",
    "CREATE TEMP TABLE leak (x int)",
    "CREATE TEMP TABLE leak AS SELECT 1",
    "SELECT 1 AS x INTO TEMPORARY leak",
    "LISTEN leak",
    "DECLARE leak CURSOR WITH HOLD FOR SELECT 1",
    "SELECT pg_advisory_lock(42)",
    "SELECT pg_try_advisory_lock_shared(42)",
    "DO $$ BEGIN PERFORM set_config('search_path', 'pg_temp', false); END $$",
]


@pytest.mark.parametrize("sql", PERSISTENT)
async def test_what_outlives_a_transaction_goes_with_its_connection(
    pool: Pool, context: Context, sql: str
) -> None:
    async with Transaction(pool, context) as t:
        pid = await t.fetch_value("SELECT pg_backend_pid()")
        await t.execute(sql.format(other=uuid4()))
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SELECT pg_backend_pid()") != pid
        assert await t.fetch_value("SELECT tenant()") == context.tenant_id


@pytest.mark.parametrize("method", ["execute_many", "stream"])
async def test_whatever_method_ran_it(pool: Pool, context: Context, method: str) -> None:
    async with Transaction(pool, context) as t:
        pid = await t.fetch_value("SELECT pg_backend_pid()")
        if method == "execute_many":
            await t.execute_many("SET search_path = pg_temp", [()])
        else:
            sql = "SELECT set_config('search_path', 'pg_temp', false)"
            assert [r[0] async for r in t.stream(sql)] == ["pg_temp"]
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SELECT pg_backend_pid()") != pid


@pytest.mark.parametrize(
    "sql",
    [
        "SET LOCAL lock_timeout = '1s'",
        "SELECT set_config('lock_timeout', '1s', true)",
        "SAVEPOINT mine",
        "SELECT pg_advisory_xact_lock(42)",
        "SET CONSTRAINTS ALL DEFERRED",
    ],
)
async def test_what_ends_with_the_transaction_keeps_the_connection(
    pool: Pool, context: Context, sql: str
) -> None:
    async with Transaction(pool, context) as t:
        await t.execute(sql)
    assert unhurt(pool)


async def test_a_session_value_nobody_saw_cannot_become_a_tenant(
    pool: Pool, context: Context
) -> None:
    """The explicit SET LOCALs, '' included, win over whatever the session holds."""
    connection = await pool.acquire()
    for name in ("tenant_id", "user_id"):
        await connection.raw.execute(f"SET app.{name} = '{uuid4()}'")
    await connection.raw.execute("SET app.actor = 'forged'")
    pool.release(connection)
    sql = """SELECT current_setting('app.tenant_id') || current_setting('app.user_id')
                 || current_setting('app.actor')"""
    async with Transaction(pool, Context()) as t:
        assert await t.fetch_value(sql) == ""
        assert await t.fetch("SELECT * FROM notes") == []
    async with Transaction(pool, context, readonly=True) as t:
        assert await t.fetch_value(sql) == str(context.tenant_id)


async def test_context_ends_with_the_transaction(pool: Pool, context: Context) -> None:
    async with Transaction(pool, Context(context.tenant_id, uuid4(), Actor(kind="user"))) as t:
        assert await t.fetch_value("SELECT current_setting('app.actor')") != ""
    connection = await pool.acquire()
    for name in ("tenant_id", "user_id", "actor"):
        assert await connection.raw.fetchval(f"SELECT current_setting('app.{name}', true)") == ""
    pool.release(connection)


# ---- savepoints -----------------------------------------------------------------------------------


async def test_a_savepoint_fails_by_itself(pool: Pool, context: Context, tenant: UUID) -> None:
    async with Transaction(pool, context) as t:
        await t.execute(INSERT, tenant, "a")
        with pytest.raises(AlreadyExists):
            async with t.savepoint():
                await t.execute(INSERT, tenant, "b")
                async with t.savepoint():
                    await t.execute(INSERT, tenant, "c")
                await t.execute(INSERT, tenant, "a")
        async with t.savepoint():
            await t.execute(INSERT, tenant, "d")
            with pytest.raises(KeyError):
                async with t.savepoint():
                    await t.execute(INSERT, tenant, "e")
                    raise KeyError
    async with Transaction(pool, context) as t:
        rows = await t.fetch("SELECT body FROM notes ORDER BY body")
    assert [row["body"] for row in rows] == ["a", "d"]
    assert unhurt(pool)


async def test_a_savepoint_survives_a_time_limit(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    async with Transaction(pool, context) as t:
        await t.execute(INSERT, tenant, "a")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), t.savepoint():
                await t.execute(INSERT, tenant, "b")
                await t.fetch("SELECT pg_sleep(5)")
        with pytest.raises(StatementTimeout):
            async with t.savepoint():
                await t.fetch("SELECT pg_sleep(5)", timeout=0.05)
        await t.execute(INSERT, tenant, "c")
    assert await count(pool, tenant) == 2
    assert unhurt(pool)


async def test_an_error_swallowed_inside_a_savepoint_is_told(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    async with Transaction(pool, context) as t:
        await t.execute(INSERT, tenant, "a")
        with pytest.raises(TransactionAborted):
            async with t.savepoint():
                with suppress(AlreadyExists):
                    await t.execute(INSERT, tenant, "a")
        await t.execute(INSERT, tenant, "b")
    assert await count(pool, tenant) == 2


async def test_a_commit_inside_a_savepoint_is_not_forgiven(pool: Pool, context: Context) -> None:
    with pytest.raises(TransactionError):
        async with Transaction(pool, context) as t:
            try:
                async with t.savepoint():
                    await t.execute("COMMIT AND CHAIN")
            except TransactionError:
                pass
            await t.fetch("SELECT 1")


async def test_a_savepoint_that_cannot_be_undone_ends_the_transaction(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    with pytest.raises(TransactionError):
        async with Transaction(pool, context) as t:
            with suppress(LookupError):
                async with t.savepoint():
                    await t.execute(INSERT, tenant, "half")
                    slow = asyncio.create_task(t.fetch("SELECT pg_sleep(0.2)"))
                    await asyncio.sleep(0.05)
                    raise LookupError
            await slow
    assert await count(pool, tenant) == 0


async def test_savepoints_nest(pool: Pool, context: Context) -> None:
    with pytest.raises(TransactionError, match="overlapped"):
        async with Transaction(pool, context) as t:
            outer = await t.savepoint().__aenter__()
            await t.savepoint().__aenter__()
            await outer.__aexit__(None, None, None)


# ---- limits and refusals ------------------------------------------------------------------------


async def test_time_limits(make_pool: MakePool, context: Context) -> None:
    pool = await make_pool(statement_timeout=0.1)
    with pytest.raises(StatementTimeout):
        async with Transaction(pool, context) as t:
            await t.fetch("SELECT pg_sleep(5)")
    async with Transaction(pool, context, statement_timeout=30) as t:
        assert await t.fetch_value("SHOW statement_timeout") == "30s"
    with pytest.raises(StatementTimeout):
        async with Transaction(pool, context) as t:
            await t.fetch("SELECT pg_sleep(5)", timeout=0.01)
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SHOW statement_timeout") == "100ms"


async def test_lock_timeout(make_pool: MakePool, context: Context, tenant: UUID) -> None:
    pool = await make_pool(lock_timeout=0.05)
    async with Transaction(pool, context) as t:
        await t.execute(INSERT, tenant, "a")
    async with Transaction(pool, context) as one:
        await one.execute("UPDATE notes SET body = 'b'")
        with pytest.raises(LockTimeout):
            async with Transaction(pool, context) as two:
                await two.execute("UPDATE notes SET body = 'c'")


async def test_readonly_is_the_servers_word(pool: Pool, context: Context, tenant: UUID) -> None:
    with pytest.raises(PermissionDenied, match="read-only"):
        async with Transaction(pool, context, readonly=True) as t:
            await t.execute(INSERT, tenant, "a")
    assert t.readonly


async def test_isolation_and_deferrable(pool: Pool, context: Context) -> None:
    async with Transaction(
        pool, context, isolation="serializable", readonly=True, deferrable=True
    ) as t:
        assert await t.fetch_value("SHOW transaction_isolation") == "serializable"
        assert await t.fetch_value("SHOW transaction_deferrable") == "on"


async def test_a_rule_deferred_to_commit_is_translated(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    with pytest.raises(ReferenceNotFound) as caught:
        async with Transaction(pool, context) as t:
            await t.execute("SET CONSTRAINTS ALL DEFERRED")
            await t.execute(
                "INSERT INTO notes (tenant_id, parent_id) VALUES ($1, $2)", tenant, uuid4()
            )
    assert caught.value.constraint == "notes_parent_fk"
    assert t.outcome is Outcome.ROLLED_BACK
    assert await count(pool, tenant) == 0
    assert pool.stats.closed == 0


async def test_wrong_arguments_are_told_without_their_values(
    pool: Pool, context: Context, tenant: UUID
) -> None:
    for args in [(tenant, object()), (tenant,), ("secret-value", "a")]:
        with pytest.raises(InvalidInput) as caught:
            async with Transaction(pool, context) as t:
                await t.execute(INSERT, *args)
        assert "secret-value" not in str(caught.value)
    assert pool.stats.closed == 0


# ---- many rows ------------------------------------------------------------------------------------


async def test_execute_many_and_stream(pool: Pool, context: Context, tenant: UUID) -> None:
    async with Transaction(pool, context) as t:
        await t.execute_many(INSERT, [(tenant, f"{n:04}") for n in range(1000)])
        seen = []
        async for row in t.stream("SELECT body FROM notes ORDER BY body", batch=300):
            seen.append(row["body"])
            if len(seen) == 10:
                assert await t.fetch_value(COUNT, tenant) == 1000
        assert seen == [f"{n:04}" for n in range(1000)]
        async for row in t.stream("SELECT $1::int AS x", 5):
            assert row["x"] == 5
            break
    assert await count(pool, tenant) == 1000
    assert unhurt(pool)


async def test_execute_many_is_whole_or_nothing(pool: Pool, context: Context, tenant: UUID) -> None:
    with pytest.raises(AlreadyExists):
        async with Transaction(pool, context) as t:
            await t.execute_many(INSERT, [(tenant, "a"), (tenant, "b"), (tenant, "a")])
    with pytest.raises(InvalidInput):
        async with Transaction(pool, context) as t:
            await t.execute_many(INSERT, [(tenant, "a"), (tenant, 5)])
    assert await count(pool, tenant) == 0


# ---- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [{"a": [1, 2.5, None, "ü"]}, [], "text", 5, True, {"nested": {"deep": ["x"]}}, 2**70],
)
async def test_json_is_python(pool: Pool, context: Context, value: Any) -> None:
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SELECT $1::jsonb", value) == value
        assert await t.fetch_value("SELECT $1::json", value) == value
        assert await t.fetch_value("SELECT $1::jsonb[]", [{"x": value}]) == [{"x": value}]


async def test_json_writes_uuids_and_moments(pool: Pool, context: Context) -> None:
    agent, moment = uuid4(), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    async with Transaction(pool, context) as t:
        got = await t.fetch_value("SELECT $1::jsonb", {"id": agent, "at": moment})
    assert got == {"id": str(agent), "at": "2026-01-02T03:04:05+00:00"}
    with pytest.raises(InvalidInput):
        async with Transaction(pool, context) as t:
            await t.fetch_value("SELECT $1::jsonb", {"bad": object()})
    with pytest.raises(InvalidInput):
        async with Transaction(pool, context) as t:
            await t.fetch_value("SELECT $1::jsonb", {"nul": "\0"})


async def test_times_are_utc(pool: Pool, context: Context) -> None:
    async with Transaction(pool, context) as t:
        assert await t.fetch_value("SHOW timezone") == "UTC"


# ---- schema changes -----------------------------------------------------------------------------


async def test_a_changed_table_asks_for_another_run(
    make_pool: MakePool, context: Context, place: Place
) -> None:
    pool = await make_pool(max_size=1)
    admin = await place.admin()
    await admin.execute("DROP TABLE IF EXISTS moving; CREATE TABLE moving (a int)")
    await admin.execute("GRANT SELECT ON moving TO kernel_app")

    async def read() -> list[str]:
        async with Transaction(pool, context) as t:
            await t.fetch("SELECT * FROM moving")
            return list(
                (await t.fetch("SELECT * FROM (SELECT 1) x LEFT JOIN moving ON true"))[0].keys()
            )

    assert await read() == ["?column?", "a"]
    await admin.execute("ALTER TABLE moving ADD b text")
    with pytest.raises(SchemaChanged):
        await read()
    assert await read() == ["?column?", "a", "b"]
    await admin.close()


async def test_a_changed_type_costs_the_connection(
    make_pool: MakePool, context: Context, place: Place
) -> None:
    pool = await make_pool(max_size=1)
    admin = await place.admin()
    await admin.execute(
        "DROP TABLE IF EXISTS boxes; DROP TYPE IF EXISTS size; CREATE TYPE size AS (x int, y int);"
        "CREATE TABLE boxes AS SELECT (1, 2)::size AS size; GRANT SELECT ON boxes TO kernel_app"
    )

    async def read() -> Any:
        async with Transaction(pool, context) as t:
            return await t.fetch_value("SELECT size FROM boxes")

    assert len(await read()) == 2
    await admin.execute("ALTER TYPE size ADD ATTRIBUTE z int; UPDATE boxes SET size = (1, 2, 3)")
    with pytest.raises(SchemaChanged):
        await read()
    assert len(await read()) == 3
    await admin.close()


async def test_the_statement_cache_has_a_limit(make_pool: MakePool, context: Context) -> None:
    pool = await make_pool(max_size=1, statement_cache=10)
    for _ in range(2):
        async with Transaction(pool, context) as t:
            for n in range(50):
                assert await t.fetch_value(f"SELECT {n}") == n
            assert await t.fetch_value(f"SELECT '{'x' * 20_000}'") == "x" * 20_000
            kept = await t.fetch_value("SELECT count(*) FROM pg_prepared_statements")
    assert kept <= 12


async def test_a_search_path_changed_inside_a_function_is_seen(
    pool: Pool, context: Context, place: Place
) -> None:
    if place.server.major < 18:
        return  # older servers do not report it
    admin = await place.admin()
    await admin.execute(
        "CREATE OR REPLACE FUNCTION hidden() RETURNS text LANGUAGE sql AS"
        " $$ SELECT set_config('search_path', 'pg_temp', false) $$"
    )
    await admin.close()
    async with Transaction(pool, context) as t:
        await t.fetch("SELECT hidden()")
    async with Transaction(pool, context) as t:
        assert "public" in await t.fetch_value("SHOW search_path")
