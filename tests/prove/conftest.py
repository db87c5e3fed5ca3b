"""One migrated database for everything that a proof leaves as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from tenantry.isolation.attacks import Doors
from tenantry.isolation.subject import Subject, recognise
from tenantry.models import metadata
from tests.fixtures.database import Place, _drop, clone
from tests.fixtures.servers import Server


@pytest.fixture(scope="session")
def proved(template: Server) -> Iterator[Place]:
    place = asyncio.run(clone(template))
    yield place
    asyncio.run(_drop(place))


@pytest.fixture
async def admin(proved: Place) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser in a transaction that is undone."""
    connection = await proved.connection("superuser")
    await connection.execute("BEGIN")
    yield connection
    await connection.close()


@pytest.fixture
async def subject(admin: asyncpg.Connection[Any]) -> Subject:
    return await recognise(admin, metadata)


@pytest.fixture
def doors(proved: Place) -> Doors:
    return Doors({f"tenantry_{role}": proved.url(role) for role in ("app", "readonly")})
