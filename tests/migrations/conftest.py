"""A runner of migrations for the database of the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tests.fixtures.database import Place


@pytest.fixture
def migrator(place: Place) -> Migrator:
    return Migrator(place.url("owner"), metadata)


@pytest.fixture
def empty_migrator(empty_place: Place) -> Migrator:
    return Migrator(empty_place.url("owner"), metadata)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For revisions of the application's own."""
    return tmp_path / "migrations"
