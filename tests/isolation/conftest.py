"""One world for all tests that leave nothing in it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator

import pytest

from tests.fixtures.database import Place, _drop, clone, made_once
from tests.fixtures.servers import Server
from tests.migrations.own import own_models

from .world import World, build, tables

_WORLD = "tenantry_world"


@pytest.fixture(scope="session")
def world(template: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Made once for each server, and cloned: what it holds is kept beside it."""
    contents = template.servers.home / f"{_WORLD}.pickle"

    async def make(server: Server) -> None:
        revisions = tmp_path_factory.mktemp("world") / "revisions"
        made = await build(Place(server, _WORLD), revisions)
        contents.write_bytes(pickle.dumps((made.acme, made.beta)))

    with own_models():
        made_once(template, _WORLD, make)
        place = asyncio.run(clone(template, of=_WORLD))
        acme, beta = pickle.loads(contents.read_bytes())  # noqa: S301 - our own
        world = World(place, acme, beta, tables())
    yield world
    asyncio.run(_drop(place))
