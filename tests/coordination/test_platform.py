"""What a program asks before it knows a tenant, and without an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast
from uuid import uuid4

import pytest

from tenantry import Database, Rate, sync
from tests.coordination.conftest import coordination_at
from tests.fixtures.servers import KeyValueServer

USER = uuid4()


def database_at(server: KeyValueServer) -> Database:
    """Without a pool: nothing here goes to PostgreSQL."""
    return Database(coordination_at(server.url).settings, cast(Any, None))


@pytest.fixture
async def db(kv_server: KeyValueServer) -> AsyncIterator[Database]:
    database = database_at(kv_server)
    yield database
    await database.coordination.close()


async def test_a_token_finds_its_tenant(db: Database) -> None:
    tenants = [uuid4(), uuid4()]
    made = [await db.tenant(t).user_sessions.create(USER, {"of": str(t)}) for t in tenants]
    for tenant, one in zip(tenants, made, strict=True):
        found = await db.user_session(one.token)
        assert found == one.session
        assert found is not None
        assert found.tenant_id == tenant
    await db.tenant(tenants[0]).user_sessions.revoke_all(USER)
    assert await db.user_session(made[0].token) is None
    assert await db.user_session(made[1].token)


async def test_what_is_no_token_is_nobodys_and_asks_no_server(db: Database) -> None:
    for wrong in ("", "x", "../..", "a" * 66, None, b"x"):
        assert await db.user_session(wrong) is None  # type: ignore[arg-type]
    assert db.coordination.opened() == ()


async def test_the_platform_has_limits_before_a_tenant_is_known(db: Database) -> None:
    address, rate = f"ip {uuid4()}", Rate(1, per=60)
    assert await db.limits.hit(address, rate)
    assert not await db.limits.hit(address, rate)
    assert await db.tenant(uuid4()).limits.hit(address, rate)


@pytest.fixture
def loop(kv_server: KeyValueServer) -> Iterator[sync._Loop]:
    loop = sync._Loop()
    yield loop
    loop.stop()


def test_without_an_event_loop(loop: sync._Loop, kv_server: KeyValueServer) -> None:
    db = sync.Database(loop, database_at(kv_server))
    name, tenant = f"ip {uuid4()}", db.tenant(uuid4())
    assert [db.limits.is_allowed(name, 1) for _ in range(2)] == [True, False]
    assert tenant.limits.hit("x", Rate(2, per=60)).remaining == 1
    made = tenant.user_sessions.create(USER, {"a": 1})
    assert db.user_session(made.token) == made.session
    assert tenant.user_sessions.list(USER) == [made.session]
    assert tenant.user_sessions.delete(made.token) is True
    assert db.user_session(made.token) is None
    loop.run(db._database.coordination.close())
