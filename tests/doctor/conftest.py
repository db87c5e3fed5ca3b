"""A clinic on a database of the test's own."""

from __future__ import annotations

import pytest

from tests.cli.conftest import cli, project
from tests.cli.helpers import Cli
from tests.fixtures.database import Place

from .clinic import Clinic

__all__ = ["cli", "project"]


@pytest.fixture
def clinic(place: Place, cli: Cli) -> Clinic:
    return Clinic(place, cli)
