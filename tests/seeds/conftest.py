from __future__ import annotations

import pytest

from tests.fixtures.database import Place

from .live import Live, read


@pytest.fixture
async def live(place: Place) -> Live:
    """The catalog of a migrated database."""
    connection = await place.connection("superuser")
    try:
        return await read(connection)
    finally:
        await connection.close()
