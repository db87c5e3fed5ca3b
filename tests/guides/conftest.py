"""A reader with a database of their own, as `tenantry init` and `tenantry migrate up` leave one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.database import Place

from .reader import Reader


@pytest.fixture
def reader(place: Place, tmp_path: Path) -> Iterator[Reader]:
    folder = tmp_path / "shop"
    folder.mkdir()
    environment = {
        "TENANTRY_DATABASE_URL": place.url("app"),
        "TENANTRY_OWNER_URL": place.url("owner"),
        "TENANTRY_SERVICE_URL": place.url("service"),
        "TENANTRY_READONLY_URL": place.url("readonly"),
        "TENANTRY_ADMIN_URL": place.url("superuser"),
    }
    with Reader(folder, environment, administrator(place)) as someone:
        yield someone


def administrator(place: Place) -> Callable[[str], str]:
    """Runs statements as the superuser; rows of a question are printed as `psql -At` would."""

    async def work(sql: str) -> str:
        admin = await place.connection("superuser")
        try:
            if not sql.upper().startswith("SELECT"):
                await admin.execute(sql)
                return ""
            rows = await admin.fetch(sql)
        finally:
            await admin.close()
        return "".join("|".join(map(str, row)) + "\n" for row in rows)

    return lambda sql: asyncio.run(work(sql))
