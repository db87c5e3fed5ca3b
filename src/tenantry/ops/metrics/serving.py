"""`/metrics` by HTTP, served by prometheus-client's own server in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import start_http_server

from tenantry.errors import InvalidInput
from tenantry.observing.exposition import Reading
from tenantry.ops.figures import Source

from .scrape import Kept, look, registry

#: Seconds that figures are good for.
KEEP_S: Final = 5.0


@asynccontextmanager
async def serving(
    source: Source, host: str, port: int, *, keep: float = KEEP_S
) -> AsyncIterator[int]:
    """For the length of the block; gives the port, which is any free one for 0."""
    loop = asyncio.get_running_loop()

    def seen() -> Sequence[Reading]:
        return asyncio.run_coroutine_threadsafe(look(source), loop).result()

    try:
        server, thread = start_http_server(port, host, registry(Kept(seen, keep)))
    except (OSError, OverflowError) as error:
        raise InvalidInput(
            f"{host}:{port} cannot be listened on: {error}.", field="serve"
        ) from error
    try:
        yield server.server_port
    finally:
        # In a thread: a scrape under way needs this loop for its end.
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        await asyncio.to_thread(thread.join)
