"""Each guide's code runs as printed, from its first block to its last."""

from __future__ import annotations

import pytest

from .blocks import DOCS
from .reader import Reader

pytestmark = pytest.mark.postgres("wheel")


@pytest.mark.parametrize("page", ["tables.md", "sync.md", "sqlalchemy.md"])
def test_it_runs_as_printed(page: str, reader: Reader) -> None:
    assert reader.follow(DOCS / page)
