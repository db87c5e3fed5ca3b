"""A way to a server that can be shut, or can fall silent, while it is in use."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Door:
    """`url` leads through it."""

    def __init__(self, url: str) -> None:
        self._target = url
        self._port = int(re.search(r":(\d+)/", url)[1])  # type: ignore[index]
        self._server: asyncio.Server | None = None
        self._silent = False
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""
        self._own_port = 0

    async def open(self) -> None:
        self._silent = False
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._own_port)
            self._own_port = self._server.sockets[0].getsockname()[1]
            self.url = self._target.replace(f":{self._port}/", f":{self._own_port}/")

    async def shut(self) -> None:
        """As a server that has stopped."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Drop every connection."""
        for writer in self._open:
            writer.transport.abort()

    def fall_silent(self) -> None:
        """As a server that accepts and never answers."""
        self._silent = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, back}
        with suppress(OSError):
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if not self._silent:
                target.write(data)
        target.transport.abort()


@asynccontextmanager
async def door_to(url: str) -> AsyncIterator[Door]:
    door = Door(url)
    await door.open()
    try:
        yield door
    finally:
        await door.shut()
