"""Channels: heard by who listens, gaps told, nothing of another tenant's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest

from tenantry.coordination import Coordination, Events, Gap, Message, Share
from tenantry.errors import CoordinationUnavailable, InvalidInput
from tests.coordination.conftest import coordination_at
from tests.fixtures.servers import KeyValueServer
from tests.kernel.conftest import until


@pytest.fixture
def events(coordination: Coordination) -> Callable[[], Events]:
    return lambda: Events(Share.of(coordination, uuid4()))


async def test_who_listens_hears(events: Callable[[], Events]) -> None:
    mine, other = events(), events()
    async with mine.listen("board", "news") as heard, other.listen("board") as elsewhere:
        assert await mine.shout("board", {"n": 1}) == 1
        assert await mine.shout("news", [2]) == 1
        assert await mine.shout("nobody", None) == 0
        assert await anext(heard) == Message("board", {"n": 1})
        assert await anext(heard) == Message("news", [2])
        await other.shout("board", "theirs")
        assert await anext(elsewhere) == Message("board", "theirs")
    with pytest.raises(InvalidInput):
        mine.listen()


@pytest.mark.parametrize("name", ["*", "[a-z]oard", "\\*", "x:y}:channel:z"])
async def test_a_channels_name_is_no_pattern(events: Callable[[], Events], name: str) -> None:
    mine, other = events(), events()
    async with mine.listen(name, "board") as heard:
        await other.shout("board", 1)
        await other.shout(name, 2)
        await mine.shout(name, 3)
        assert await anext(heard) == Message(name, 3)


async def test_a_slow_listener_loses_the_oldest_and_is_told(events: Callable[[], Events]) -> None:
    mine = events()
    async with mine.listen("board", buffer=3) as heard:
        for n in range(10):
            await mine.shout("board", n)
        await until(lambda: heard._missed == 7)
        assert await anext(heard) == Gap(7)
        assert [await anext(heard) for _ in range(3)] == [Message("board", n) for n in (7, 8, 9)]


async def test_closing_ends_the_loop(events: Callable[[], Events]) -> None:
    heard = events().listen("board")
    async with heard:
        waiting = asyncio.ensure_future(anext(heard, None))
        await asyncio.sleep(0)
    assert await waiting is None


class Gate:
    """A TCP door to the server that can be shut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.open = True
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Gate:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, back}
        await asyncio.gather(_pump(reader, back), _pump(there, writer), return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


@pytest.fixture
async def gate(kv_server: KeyValueServer) -> AsyncIterator[tuple[Gate, Any]]:
    async with Gate(kv_server.port) as gate:
        opened = coordination_at(kv_server.url.replace(f":{kv_server.port}", f":{gate.port}"))
        yield gate, Events(Share.of(opened, uuid4()))
        await opened.close()


async def test_a_lost_connection_is_a_gap(gate: tuple[Gate, Events]) -> None:
    door, mine = gate
    async with mine.listen("board") as heard:
        door.cut()
        assert await anext(heard) == Gap(None)
        assert await mine.shout("board", 1) == 1
        assert await anext(heard) == Message("board", 1)


async def test_a_server_that_stays_away_is_an_error(gate: tuple[Gate, Events]) -> None:
    door, mine = gate
    async with mine.listen("board", patience=0.3) as heard:
        door.open = False
        door.cut()
        with pytest.raises(CoordinationUnavailable) as caught:
            await anext(heard)
        assert caught.value.hint
    with pytest.raises(CoordinationUnavailable):
        await anext(mine.listen("board", patience=0.1))
