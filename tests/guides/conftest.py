"""A reader with a database of their own, as `tenantry init` and `tenantry migrate up` leave one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenantry.local.processes import wait_until
from tests.fixtures.database import Place

from .reader import Reader
from .warm import SHIM


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ...]]:
    """Folders of programs before all others: a `tenantry` that is quick to start, unless TENANTRY_SOAK=1."""
    if os.environ.get("TENANTRY_SOAK") == "1":
        yield ()
        return
    folder = tmp_path_factory.mktemp("bin")
    door = folder / "door"
    shim = folder / "tenantry"
    shim.write_text(SHIM.format(python=sys.executable, path=str(door)))
    shim.chmod(0o755)
    warm = Path(__file__).with_name("warm.py")
    with subprocess.Popen([sys.executable, str(warm), str(door)], cwd="/") as server:
        try:
            assert wait_until(lambda: door.exists() or server.poll() is not None, timeout_s=60)
            yield (folder,)
        finally:
            server.terminate()


@pytest.fixture
def reader(place: Place, tmp_path: Path, programs: tuple[Path, ...]) -> Iterator[Reader]:
    folder = tmp_path / "shop"
    folder.mkdir()
    environment = {
        "TENANTRY_DATABASE_URL": place.url("app"),
        "TENANTRY_OWNER_URL": place.url("owner"),
        "TENANTRY_SERVICE_URL": place.url("service"),
        "TENANTRY_READONLY_URL": place.url("readonly"),
        "TENANTRY_ADMIN_URL": place.url("superuser"),
    }
    with Reader(folder, environment, administrator(place), programs) as someone:
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
