"""The guide to adopting runs as printed, on a database that Tenantry has never seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.fixtures.database import Place
from tests.fixtures.servers import Server

from .blocks import DOCS
from .conftest import administrator
from .reader import Reader

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def shop(template: Server) -> Iterator[Place]:
    """An empty database by the guide's name. Whatever it makes for the whole server goes again."""
    shop = Place(template, "shop")
    _run(template, "DROP DATABASE IF EXISTS shop WITH (FORCE)", "CREATE DATABASE shop")
    yield shop
    _run(template, "DROP DATABASE shop WITH (FORCE)", "DROP ROLE IF EXISTS shop_web")


def test_it_runs_as_printed(shop: Place, tmp_path: Path, programs: tuple[Path, ...]) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "admin-url.txt").write_text(shop.url("superuser"))
    # The server's roles are shared with other tests, and keep their passwords.
    passwords = {
        f"TENANTRY_{role.upper()}_PASSWORD": shop.server.password(f"tenantry_{role}")
        for role in ("app", "owner", "service", "readonly")
    }
    with Reader(folder, passwords, administrator(shop), programs) as reader:
        assert reader.follow(DOCS / "adopting.md")


def _run(server: Server, *statements: str) -> None:
    async def work() -> None:
        admin = await asyncpg.connect(server.superuser_url)
        try:
            for statement in statements:
                await admin.execute(statement)
        finally:
            await admin.close()

    asyncio.run(work())
