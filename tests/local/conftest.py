"""Homes of a test's own: made in a short public place, their servers stopped afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenantry.local import LocalServers
from tenantry.local import home as home_module
from tests.fixtures.servers import in_memory

FAST = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can enter. Homes found in it are stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tt-", dir=in_memory()))
    folder.chmod(0o755)
    yield folder
    for state in folder.rglob("state.json"):
        LocalServers(state.parent).down()
    shutil.rmtree(folder)


@pytest.fixture
def system_data(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for /var/lib/tenantry."""
    folder = place / "system"
    monkeypatch.setattr(home_module, "SYSTEM_DATA", folder)
    return folder


@pytest.fixture
def make(place: Path) -> Callable[..., LocalServers]:
    """`make("name", port=…)`: servers of a home by that name."""

    def servers(name: str = "home", **options: object) -> LocalServers:
        return LocalServers(place / name, **{"settings": FAST, **options})  # type: ignore[arg-type]

    return servers
