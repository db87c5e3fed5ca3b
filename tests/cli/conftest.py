"""A project folder for each test, and a database of its own behind it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tenantry.config.seeds import SEED_NAMES
from tenantry.local import LocalServers
from tenantry.schema.roles import LOGINS
from tests.fixtures.database import Place
from tests.fixtures.servers import in_memory

from .helpers import Cli


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project that is the current folder; no variable of this machine counts."""
    for name in os.environ:
        if name.startswith("TENANTRY_") or name.removesuffix("_FILE") in SEED_NAMES:
            monkeypatch.delenv(name)
    folder = Path(tempfile.mkdtemp(prefix="tt-cli-", dir=in_memory()))
    folder.chmod(0o755)  # root's servers run as another account
    (folder / "tenantry.toml").touch()
    monkeypatch.chdir(folder)
    yield folder
    LocalServers(folder / ".tenantry").down()
    shutil.rmtree(folder)


def use(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `tenantry init` would have written for this database."""
    monkeypatch.setenv("TENANTRY_DATABASE_URL", place.url("app"))
    for role in ("owner", "service", "readonly"):
        monkeypatch.setenv(f"TENANTRY_{role.upper()}_URL", place.url(role))


@pytest.fixture
def cli(project: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a migrated database, by way of its URLs."""
    use(place, monkeypatch)
    return Cli(project, [quote(place.server.password(role), safe="") for role in LOGINS])
