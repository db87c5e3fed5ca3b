"""Every test of coordination runs on Valkey 9 and on Redis 7."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from tenantry import Settings
from tenantry.coordination import Cache, Coordination, Share
from tests.fixtures.servers import KeyValueServer


@pytest.fixture(scope="session", params=["valkey", "redis"])
def kv_server(request: pytest.FixtureRequest) -> KeyValueServer:
    """One server of each kind. It is shared: use tenants of your own, and never FLUSHALL."""
    server: KeyValueServer = request.getfixturevalue(f"{request.param}_server")
    return server


def coordination_at(url: str, **settings: object) -> Coordination:
    """What a program with this server would have open."""
    return Coordination(
        Settings.model_validate(
            {
                "profile": "test",
                "redis_url": url,
                "database_url": "postgresql://u:p@localhost/db",
                **settings,
            }
        )
    )


@pytest.fixture
async def coordination(kv_server: KeyValueServer) -> AsyncIterator[Coordination]:
    opened = coordination_at(kv_server.url)
    yield opened
    await opened.close()


@pytest.fixture
def cache(coordination: Coordination) -> Cache:
    """That of a tenant of the test's own."""
    return cache_of(coordination)


def cache_of(coordination: Coordination, tenant_id: UUID | None = None) -> Cache:
    return Cache(Share.of(coordination, tenant_id or uuid4()))
