from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.config import UnknownSetting
from tenantry.config.seeds import SEED_NAMES


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A folder of its own, and none of this machine's variables."""
    for name in os.environ:
        if name.startswith("TENANTRY_") or name.removesuffix("_FILE") in SEED_NAMES:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownSetting)
        yield
