"""Argon2 with little work: what is asserted is how often it is done, not how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from argon2 import PasswordHasher, Type

import tenantry
from tenantry import Database, passwords
from tenantry.accounts import attempts
from tenantry.accounts.signed_in import SignedIn
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=Type.ID)


@pytest.fixture(autouse=True)
def quick_argon2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_hasher", lambda: QUICK)
    passwords.nobodys_hash.cache_clear()
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.fixture
def long_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name stays locked for as long as a test takes, on the slowest machine."""
    longer = attempts._COUNT.replace("2 ^ least(", "600 + 2 ^ least(")
    assert longer != attempts._COUNT
    monkeypatch.setattr(attempts, "_COUNT", longer)


@pytest.fixture
async def shared(place: Place, valkey_server: KeyValueServer) -> AsyncIterator[Database]:
    """A database with Valkey beside it."""
    settings = place.settings(redis_url=valkey_server.url, redis_timeout=10)
    async with await tenantry.connect(settings=settings) as db:
        yield db


async def until_waiting(root: asyncpg.Connection[Any], work: asyncio.Task[None]) -> None:
    """The work of another transaction stands before a lock."""
    asked = """SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')"""
    while not await root.fetchval(asked):
        assert not work.done(), "it did not wait"
        await asyncio.sleep(0.01)


async def sign_up(db: Database, email: str = "ann@x.org", slug: str = "initech") -> SignedIn:
    return await db.accounts.sign_up(
        email, PASSWORD, name="Ann", tenant_name=slug.title(), slug=slug
    )
