"""The example platform, served by uvicorn as a newcomer's would be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local.ports import candidates
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform"


@pytest.fixture
def platform(
    place: Place, valkey_server: KeyValueServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Its URL."""
    settings = {
        "DATABASE_URL": place.url("app"),
        "SERVICE_URL": place.url("service"),
        "REDIS_URL": valkey_server.url,
        "REDIS_TIMEOUT": "10",
        "PROFILE": "test",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"TENANTRY_{name}", value)
    port = next(candidates("example", tmp_path, last=None))
    options = [
        "--app-dir",
        str(EXAMPLE),
        "--port",
        str(port),
        "--no-proxy-headers",
        "--log-level",
        "error",
    ]
    with running([sys.executable, "-m", "uvicorn", *options, "app.main:app"], port):
        yield f"http://127.0.0.1:{port}"
