"""Applications behind the door, driven without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest

import tenantry
from tenantry import Database
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer
from tests.web.issuer import Stage, staging


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staging() as one:
        yield one


@pytest.fixture
async def shared_db(place: Place, valkey_server: KeyValueServer) -> AsyncIterator[Database]:
    """With Valkey: sessions and limits."""
    settings = place.settings(redis_url=valkey_server.url, redis_timeout=10)
    async with await tenantry.connect(settings=settings) as database:
        yield database


def client(app: object, address: str = "127.0.0.1", **options: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 1))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="https://platform.test", **options)  # type: ignore[arg-type]


def some_address() -> str:
    """In a network of its own: limits by address are kept on a server that tests share."""
    found = uuid4().hex
    return f"2001:db8:{found[:4]}:{found[4:8]}::1"
