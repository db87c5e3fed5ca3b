"""Lending, waiting, replacing and closing."""

import asyncio
import os
import threading
from typing import NoReturn
from uuid import UUID, uuid4

import pytest

from tenantry.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionLost,
    DatabaseUnavailable,
    PermissionDenied,
    PoolClosed,
    PoolExhausted,
    ReadOnlyServer,
    TenantryError,
    TransactionError,
)
from tenantry.kernel import Context, OneShot, Pool, PoolOptions, Transaction

from .conftest import ROLE, MakePool, Place, until
from .test_transaction import INSERT

CONTEXT = Context()


async def pid(pool: Pool) -> int:
    async with Transaction(pool, CONTEXT) as t:
        value: int = await t.fetch_value("SELECT pg_backend_pid()")
    return value


async def test_the_last_used_connection_is_lent_first(make_pool: MakePool) -> None:
    pool = await make_pool(min_size=3)
    await until(lambda: pool.stats.idle == 3)
    assert len({await pid(pool) for _ in range(10)}) == 1


async def test_waiters_are_served_in_order(make_pool: MakePool) -> None:
    pool = await make_pool(max_size=2)
    served: list[int] = []

    async def use(number: int) -> None:
        connection = await pool.acquire()
        served.append(number)
        await connection.command("SELECT pg_sleep(0.002)")
        pool.release(connection)

    await asyncio.gather(*(use(n) for n in range(60)))
    assert served == list(range(60))
    assert pool.stats.size == 2
    assert pool.stats.waited >= 58


async def test_a_cancelled_waiter_keeps_no_place(make_pool: MakePool) -> None:
    pool = await make_pool(max_size=1)
    held = await pool.acquire()
    waiters = [asyncio.create_task(pool.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    await asyncio.sleep(0)
    pool.release(held)
    # Cancelled in the very moment the connection is handed over.
    waiters[1].cancel()
    got = await waiters[2]
    assert got is held
    assert pool.stats.waiting == 0
    pool.release(got)
    for task in waiters[:2]:
        with pytest.raises(asyncio.CancelledError):
            await task
    assert pool.stats.idle == 1


async def test_exhaustion_says_so(make_pool: MakePool) -> None:
    pool = await make_pool(max_size=1, overflow=1, acquire_timeout=0.05)
    async with Transaction(pool, CONTEXT), Transaction(pool, CONTEXT):
        with pytest.raises(PoolExhausted) as caught:
            await pid(pool)
        assert caught.value.size == 2
        assert pool.stats.exhausted == 1
    assert await pid(pool)


async def test_overflow_goes_when_nobody_waits(make_pool: MakePool) -> None:
    pool = await make_pool(max_size=1, overflow=3)
    held = [await pool.acquire() for _ in range(4)]
    assert pool.stats.size == 4
    for connection in held:
        pool.release(connection)
    await until(lambda: pool.stats.closed == 3)
    assert pool.stats.size == 1


async def test_idle_connections_go_down_to_the_minimum(make_pool: MakePool) -> None:
    pool = await make_pool(min_size=2, idle_timeout=0.02, sweep_interval=0.01)
    held = [await pool.acquire() for _ in range(4)]
    for connection in held:
        pool.release(connection)
    await until(lambda: pool.stats.size == 2)
    await asyncio.sleep(0.1)
    assert pool.stats.size == 2


async def test_connections_have_a_lifetime(make_pool: MakePool) -> None:
    pool = await make_pool(lifetime=0.05, sweep_interval=60)
    first = await pid(pool)
    await asyncio.sleep(0.06)
    await pid(pool)  # it is replaced at its return
    assert await pid(pool) != first


async def test_the_minimum_is_kept_up(make_pool: MakePool, place: Place) -> None:
    pool = await make_pool(min_size=3, sweep_interval=0.02)
    await until(lambda: pool.stats.idle == 3)
    admin = await place.admin()
    await admin.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = $1 AND datname = current_database()",
        ROLE,
    )
    await admin.close()
    await until(lambda: pool.stats.opened == 6)
    assert await pid(pool)


async def test_a_broken_connection_is_replaced_unnoticed(pool: Pool, place: Place) -> None:
    admin = await place.admin()
    victim = await pid(pool)
    await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", victim)
    assert await pid(pool) != victim
    # In the middle of a transaction it cannot be: that is an error which says what to do.
    with pytest.raises(ConnectionLost):
        async with Transaction(pool, CONTEXT) as t:
            victim = await t.fetch_value("SELECT pg_backend_pid()")
            await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", victim)
            await t.fetch("SELECT 1")
    assert await pid(pool) != victim
    await admin.close()


async def test_idling_in_a_transaction_is_limited(make_pool: MakePool) -> None:
    pool = await make_pool(idle_in_transaction_timeout=0.05)
    with pytest.raises(ConnectionLost):
        async with Transaction(pool, CONTEXT) as t:
            await asyncio.sleep(0.3)
            await t.fetch("SELECT 1")
    assert await pid(pool)


async def test_sizes_must_make_sense() -> None:
    for least, most, more in ((3, 2, 0), (0, 0, 0), (1, 2, -1)):
        with pytest.raises(ConfigurationError):
            PoolOptions(min_size=least, max_size=most, overflow=more)


# ---- closing --------------------------------------------------------------------------------------


async def test_close_drains(make_pool: MakePool) -> None:
    pool = await make_pool(max_size=1)
    async with Transaction(pool, CONTEXT) as t:
        await t.fetch("SELECT 1")
        waiter = asyncio.create_task(pid(pool))
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(pool.close())
        with pytest.raises(PoolClosed):
            await waiter
        assert await t.fetch_value("SELECT 2") == 2
        assert not closing.done()
    await closing
    with pytest.raises(PoolClosed):
        await pid(pool)
    assert pool.stats.size == 0
    await pool.close()


async def test_close_cuts_what_does_not_end(make_pool: MakePool) -> None:
    pool = await make_pool()
    with pytest.raises(ConnectionLost):
        async with Transaction(pool, CONTEXT) as t:
            closing = asyncio.create_task(pool.close(timeout=0.05))
            await t.fetch("SELECT pg_sleep(10)")
    await closing
    assert pool.stats.size == 0


async def test_closing_leaves_nothing_on_the_server(make_pool: MakePool, place: Place) -> None:
    pool = await make_pool(min_size=4, application_name="closing")
    await until(lambda: pool.stats.size == 4)
    await pool.close()
    admin = await place.admin()
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closing'"
    await until(lambda: admin.fetchval(f"SELECT ({sql}) = 0"))
    await admin.close()


# ---- where it does not belong ---------------------------------------------------------------------


async def test_another_event_loop_is_told(pool: Pool) -> None:
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            asyncio.run(pid(pool))
        except TransactionError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "event loop" in str(caught[0])


async def test_a_forked_process_is_told(pool: Pool) -> None:
    reader, writer = os.pipe()
    if os.fork() == 0:  # the child has the parent's loop object, as a preforking server has
        asyncio._set_running_loop(pool._loop)
        try:
            pool.take()
        except TransactionError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    assert b"process" in await asyncio.to_thread(os.read, reader, 1000)
    os.close(reader)
    assert await pid(pool)


# ---- connecting -----------------------------------------------------------------------------------


async def test_errors_of_connecting_hide_the_url(make_pool: MakePool, place: Place) -> None:
    secret = "hush-hush"
    cases: list[tuple[str, type[TenantryError]]] = [
        (
            f"postgresql://{ROLE}:{secret}@127.0.0.1:{place.server.port}/{place.name}",
            AuthenticationFailed,
        ),
        (f"postgresql://{ROLE}:{secret}@127.0.0.1:1/x", DatabaseUnavailable),
        (f"postgresql://{ROLE}:{secret}@127.0.0.1:{secret}/x", ConfigurationError),
        (f"mysql://{ROLE}:{secret}@localhost/x", ConfigurationError),
        (place.server.url(ROLE, f"absent_{uuid4().hex}"), DatabaseUnavailable),
        (place.url + ("&" if "?" in place.url else "?") + "sslmode=" + secret, ConfigurationError),
    ]
    for url, kind in cases:
        with pytest.raises(kind) as caught:
            await make_pool(url)
        error: BaseException | None = caught.value
        while error is not None:
            assert secret not in str(error) + repr(error)
            error = error.__cause__
        assert caught.value.__context__ is None or caught.value.__suppress_context__


async def test_a_server_that_stays_silent(make_pool: MakePool) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(DatabaseUnavailable, match="in time"):
        await make_pool(f"postgresql://u@127.0.0.1:{port}/x?sslmode=disable", connect_timeout=0.05)
    silent.close()


async def test_an_unreachable_server_rejects_those_who_wait(
    make_pool: MakePool, place: Place
) -> None:
    """With no connection left, waiting on would be waiting for nothing."""
    pool = await make_pool(max_size=2, acquire_timeout=30)
    good = pool._connector._dsns
    held = await pool.acquire()
    pool._connector._dsns = ["postgresql://u@127.0.0.1:1/x"]
    held.terminate()
    pool.release(held)
    with pytest.raises(DatabaseUnavailable):
        await pid(pool)
    pool._connector._dsns = good
    assert await pid(pool)


async def test_a_server_that_is_away_is_not_stormed(
    make_pool: MakePool, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await make_pool(max_size=8, acquire_timeout=30)
    connector, dials, dialling, most = pool._connector, 0, 0, 0
    good = connector._dial

    async def in_vain(dsn: str) -> NoReturn:
        nonlocal dials, dialling, most
        dials, dialling = dials + 1, dialling + 1
        most = max(most, dialling)
        await asyncio.sleep(0.001)
        dialling -= 1
        raise ConnectionRefusedError

    monkeypatch.setattr(connector, "_dial", in_vain)
    held = await pool.acquire()
    held.terminate()
    pool.release(held)
    with pytest.raises(DatabaseUnavailable):
        await pid(pool)
    for rounds in range(1, 4):
        dials = most = 0
        answers = await asyncio.gather(*(pid(pool) for _ in range(50)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {DatabaseUnavailable}, rounds
        assert (dials, most) == (1, 1)
    monkeypatch.setattr(connector, "_dial", good)
    assert len(await asyncio.gather(*(pid(pool) for _ in range(50)))) == 50


async def test_connections_to_a_server_that_takes_no_writes_are_replaced(
    make_pool: MakePool, place: Place, tenant: UUID
) -> None:
    """As to a former primary behind a proxy. The setting is one of new connections."""
    admin = await place.admin()
    await admin.execute(f"ALTER DATABASE {place.name} SET default_transaction_read_only = on")
    try:
        pool = await make_pool(min_size=3)
        await until(lambda: pool.stats.idle == 3)
    finally:
        await admin.execute("SET default_transaction_read_only = off")
        await admin.execute(f"ALTER DATABASE {place.name} RESET default_transaction_read_only")
        await admin.close()
    with pytest.raises(ReadOnlyServer) as caught:
        async with Transaction(pool, Context(tenant)) as t:
            await t.execute(INSERT, tenant, "a")
    assert caught.value.retryable
    for note in "bcd":
        async with Transaction(pool, Context(tenant)) as t:
            await t.execute(INSERT, tenant, note)
    # Whoever asked for a readonly transaction is told that, and the connections stay.
    opened = pool.stats.opened
    with pytest.raises(PermissionDenied):
        async with Transaction(pool, Context(tenant), readonly=True) as t:
            await t.execute(INSERT, tenant, "e")
    assert await pid(pool)
    assert pool.stats.opened == opened


async def test_a_one_shot_write_finds_that_out_as_well(
    make_pool: MakePool, place: Place, tenant: UUID
) -> None:
    separator = "&" if "?" in place.url else "?"
    pool = await make_pool(f"{place.url}{separator}default_transaction_read_only=on")
    add = OneShot("SELECT note_add($1, $2)", writes=True)
    with pytest.raises(ReadOnlyServer):
        await add.fetch_value(pool, Context(tenant), tenant, "a")


async def test_session_settings(make_pool: MakePool, place: Place) -> None:
    pool = await make_pool(application_name="mine", lock_timeout=3)
    async with Transaction(pool, CONTEXT) as t:
        names = {
            "application_name": "mine",
            "statement_timeout": "30s",
            "idle_in_transaction_session_timeout": "1min",
            "lock_timeout": "3s",
            "jit": "off",
            "client_connection_check_interval": "500ms",
        }
        assert {name: await t.fetch_value(f"SHOW {name}") for name in names} == names
    mark = "&" if "?" in place.url else "?"
    said = await make_pool(f"{place.url}{mark}application_name=urls&statement_timeout=7000")
    async with Transaction(said, CONTEXT) as t:
        assert await t.fetch_value("SHOW application_name") == "urls"
        assert await t.fetch_value("SHOW statement_timeout") == "7s"
