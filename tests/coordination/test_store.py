"""Calls end in time, errors are ours, and answers go to those who asked."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from uuid import uuid4

import pytest

from tenantry.coordination import Coordination, Keys
from tenantry.coordination.script import Script
from tenantry.coordination.store import Store
from tenantry.errors import CoordinationError, CoordinationUnavailable, TransactionError
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.topologies import PASSWORD, kv_node

from .conftest import coordination_at
from .door import door_to

_LINES = ("port {port}", f"requirepass {PASSWORD}", "pidfile {folder}/pid", "daemonize no")


def _key(name: str = "x") -> str:
    return Keys(uuid4()).name("lock", name)


async def test_commands_scripts_and_batches(coordination: Coordination) -> None:
    store, key = coordination.lasting, _key()
    assert await store.command("SET", key, b"\x00\xff") in (b"OK", True)
    assert await store.command("GET", key) == b"\x00\xff"
    double = Script.__new__(Script)
    double.text, double.digest = "return {KEYS[1], ARGV[1]}", "0" * 40
    # A server that does not know the digest is sent the script.
    assert await store.script(double, [key], "a") == [key.encode(), b"a"]
    assert await store.commands([("GET", key), ("DEL", key), ("GET", key)]) == [
        b"\x00\xff",
        1,
        None,
    ]


async def test_a_refusal_is_ours_and_hides_the_password(coordination: Coordination) -> None:
    store, key = coordination.lasting, _key()
    await store.command("SET", key, "text")
    with pytest.raises(CoordinationError) as caught:
        await store.command("LPUSH", key, 1)
    assert caught.value.store == "redis"
    assert "WRONGTYPE" in str(caught.value)
    # The server is well: what follows is not held back.
    assert await store.command("DEL", key) == 1


async def test_answers_never_go_astray_when_callers_are_cancelled(
    coordination: Coordination,
) -> None:
    store, key = coordination.lasting, _key()
    values = [f"{n}".encode() for n in range(50)]
    await asyncio.gather(*(store.command("SET", f"{key}{n}", v) for n, v in enumerate(values)))

    async def read(n: int) -> bytes | None:
        return await store.command("GET", f"{key}{n}")  # type: ignore[no-any-return]

    for round_ in range(40):
        tasks = [asyncio.create_task(read(n)) for n in range(50)]
        await asyncio.sleep(0 if round_ % 2 else 0.001)
        for task in tasks[round_ % 3 :: 3]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for value, answer in zip(values, answers, strict=True):
            assert isinstance(answer, asyncio.CancelledError) or answer == value
    await store.commands([("DEL", f"{key}{n}") for n in range(50)])


async def test_many_callers_share_few_connections(kv_server: KeyValueServer) -> None:
    coordination = coordination_at(kv_server.url, redis_max_connections=3)
    try:
        key = _key()
        answers = await asyncio.gather(
            *(coordination.lasting.command("INCR", key) for _ in range(200))
        )
        assert sorted(answers) == list(range(1, 201))
        await coordination.lasting.command("DEL", key)
    finally:
        await coordination.close()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_a_server_that_stops_answering_and_goes_on(kind: str) -> None:
    with kv_node(kind, _LINES) as node:
        url = f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0"
        store = Store("redis", url, connections=4, timeout=0.5)
        assert await store.command("PING")
        pid = int((node.folder / "pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                failures = await asyncio.gather(
                    *(store.command("PING") for _ in range(20)), return_exceptions=True
                )
        finally:
            os.kill(pid, signal.SIGCONT)
        assert all(isinstance(f, CoordinationUnavailable) for f in failures)
        assert store.stats.away_since
        async with asyncio.timeout(20):
            while True:
                with suppress(CoordinationUnavailable):
                    assert await store.command("PING")
                    break
        assert store.stats.away_since is None
        await store.close()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_a_server_that_is_away_is_left_alone_for_a_moment_and_comes_back(kind: str) -> None:
    with kv_node(kind, _LINES) as node:
        url = f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0"
        store = Store("redis", url, connections=4, timeout=1)
        await store.command("PING")
        config = node.folder / "server.conf"
    for _ in range(10):
        with pytest.raises(CoordinationUnavailable) as caught:
            await store.command("PING")
        assert PASSWORD not in repr(caught.value) + str(caught.value.to_dict())
    assert store.stats.spared
    assert not config.exists()
    with kv_node(kind, _LINES, port=node.port):
        async with asyncio.timeout(20):
            while True:
                with suppress(CoordinationUnavailable):
                    assert await store.command("PING")
                    break
                await asyncio.sleep(0.05)
    await store.close()


async def test_a_wrong_password_is_told_without_it(kv_server: KeyValueServer) -> None:
    store = Store(
        "redis", f"redis://:not-it@127.0.0.1:{kv_server.port}/0", connections=1, timeout=5
    )
    with pytest.raises(CoordinationError, match="refused the login") as caught:
        await store.command("PING")
    assert "not-it" not in repr(caught.value) + repr(store)
    await store.close()


async def test_a_server_that_never_answers_is_left_alone_too(kv_server: KeyValueServer) -> None:
    async with door_to(kv_server.url) as door:
        store = Store("redis", door.url, connections=4, timeout=0.2)
        await store.command("PING")
        door.fall_silent()

        async def told() -> str:
            try:
                return str(await store.command("PING"))
            except CoordinationUnavailable as error:
                return error.message

        # Calls that run out of time together may be this program's fault, and are one sign.
        assert all("in time" in said for said in await asyncio.gather(*(told() for _ in range(4))))
        assert ["in time" in await told() for _ in range(3)] == [True, True, False]
        assert store.stats.spared == 1
        # Then one call finds out for all whether it is back.
        for _ in range(2):
            store._try_again_at = time.monotonic()
            both = await asyncio.gather(*(told() for _ in range(5)))
            assert sum("in time" in said for said in both) == 1
        await door.open()
        store._try_again_at = time.monotonic()
        assert await told() == await told() == "True"
        assert (store.stats.away_since, store._try_again_at, store._timeouts) == (None, 0, 0)
        await store.close()


async def test_a_refusal_is_an_answer_to_who_finds_out(coordination: Coordination) -> None:
    store = coordination.lasting
    await store.command("PING")
    store._try_again_at = time.monotonic()
    with pytest.raises(CoordinationError):
        await store.command("NO-SUCH-COMMAND")
    assert await store.command("PING")


async def test_an_error_in_a_batch_quotes_none_of_its_values(coordination: Coordination) -> None:
    store, key = coordination.lasting, _key()
    with pytest.raises(CoordinationError) as caught:
        await store.commands([("SET", key, "text", "EX", 9), ("LPUSH", key, "secret-value")])
    assert "WRONGTYPE" in str(caught.value)
    assert "secret-value" not in str(caught.value) + str(caught.value.__cause__)
    await store.command("DEL", key)


def test_another_event_loop_or_a_forked_process_is_told(kv_server: KeyValueServer) -> None:
    store = Store("redis", kv_server.url, connections=4, timeout=10)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(store.command("PING"))
    with pytest.raises(TransactionError, match="another event loop or process"):
        asyncio.run(store.command("PING"))
    if os.fork() == 0:  # the child has the parent's loop object, as a preforking server has
        answer = 1
        with suppress(BaseException):
            try:
                loop.run_until_complete(store.command("PING"))
            except TransactionError:
                answer = 0
        os._exit(answer)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    assert loop.run_until_complete(store.command("PING"))
    loop.run_until_complete(store.close())
    loop.close()
