"""A database whose tenants have graphs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.ops import features
from tests.fixtures.database import Place


@pytest.fixture
async def graphs(place: Place) -> Place:
    """The feature is enabled here, with questions of tenants' own. Only the wheel has it."""
    for feature in ("graph", "graph-questions"):
        await features.enable(place.settings(), feature, admin_url=place.url("superuser"))
    return place


@pytest.fixture
async def gdb(graphs: Place) -> AsyncIterator[Database]:
    async with await tenantry.connect(settings=graphs.settings()) as database:
        yield database


@pytest.fixture
async def root(graphs: Place) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await graphs.connection("superuser")
    yield connection
    await connection.close()
