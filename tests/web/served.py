"""Applications behind a real server, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

import tenantry
from tenantry import Database
from tests.fixtures.database import Place


@contextmanager
def served(app: Any, **config: Any) -> Iterator[int]:
    """Its port. The application's lifespan is told, and a server that does not start is an error."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    settings = {"log_level": "critical", "lifespan": "on", "proxy_headers": False, **config}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=2, **settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        assert not thread.is_alive(), "the server did not stop"


def opening(place: Place, **settings: Any) -> Callable[[], Any]:
    """What opens the database in the server's own loop."""

    async def connect() -> Database:
        return await tenantry.connect(settings=place.settings(**settings))

    return connect


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def spoken(port: int, raw: bytes) -> bytes:
    """All that the server answers to these bytes, up to where it closes or says no more."""
    async with connected(port) as (reader, writer):
        writer.write(raw)
        got = b""
        try:
            async with asyncio.timeout(10):
                while part := await reader.read(65536):
                    got += part
        except (TimeoutError, ConnectionError):
            pass
        return got
