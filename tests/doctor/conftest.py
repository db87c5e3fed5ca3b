"""A clinic on a database of the test's own, and one on a server of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import cli, project
from tests.cli.helpers import Cli
from tests.fixtures.database import Place
from tests.fixtures.servers import _FOLDER, Server

from .clinic import Clinic
from .ward import Ward, WardClinic, made_ward

__all__ = ["cli", "project"]


@pytest.fixture
def clinic(place: Place, cli: Cli) -> Clinic:
    return Clinic(place, cli)


@pytest.fixture(scope="session")
def whole_ward(postgres_server: Server) -> Iterator[Ward]:
    """One for all tests: each leaves it as it was."""
    with made_ward(postgres_server.kind) as ward:
        yield ward


@pytest.fixture
async def ward(
    whole_ward: Ward, project: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WardClinic]:
    home = whole_ward.server.servers.home
    monkeypatch.setenv("TENANTRY_HOME", str(home))
    monkeypatch.setenv(_FOLDER, str(home.parent))  # for standbys
    monkeypatch.setenv("TENANTRY_BACKUP_STORE", str(project / "backups"))
    if whole_ward.pg_bin:
        monkeypatch.setenv("TENANTRY_PG_BIN", str(whole_ward.pg_bin))
    made = WardClinic(whole_ward, Cli(project))
    made.settings["backup_store"] = str(project / "backups")
    yield made
    await whole_ward.as_it_was()
