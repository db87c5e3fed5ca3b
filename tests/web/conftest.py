"""Applications behind the door, driven without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

import tenantry
from tenantry import Database
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer


@pytest.fixture
async def shared_db(place: Place, valkey_server: KeyValueServer) -> AsyncIterator[Database]:
    """With Valkey: sessions and limits."""
    settings = place.settings(redis_url=valkey_server.url, redis_timeout=10)
    async with await tenantry.connect(settings=settings) as database:
        yield database


def client(app: object, **options: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="https://platform.test", **options)  # type: ignore[arg-type]
