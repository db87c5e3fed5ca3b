"""One world for all tests that leave nothing in it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from tests.fixtures.database import Place, _drop
from tests.fixtures.servers import Server
from tests.migrations.own import own_models

from .world import World, build


@pytest.fixture(scope="session")
def world(template: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = Place(template, f"w_{uuid.uuid4().hex[:16]}")
    with own_models():
        world = asyncio.run(build(place, tmp_path_factory.mktemp("world") / "revisions"))
    yield world
    asyncio.run(_drop(place))
