from __future__ import annotations

import asyncio

import pytest

from tests.fixtures.database import Place
from tests.fixtures.servers import Server

from .live import Live, read

_READ: dict[str, Live] = {}


@pytest.fixture
def live(template: Server, request: pytest.FixtureRequest) -> Live:
    """The catalog of a migrated database, read once on each server. Not to be changed."""
    if template.kind not in _READ:
        _READ[template.kind] = asyncio.run(_read(request.getfixturevalue("place")))
    return _READ[template.kind]


async def _read(place: Place) -> Live:
    connection = await place.connection("superuser")
    try:
        return await read(connection)
    finally:
        await connection.close()
