"""The example platform, served by uvicorn as a newcomer's would be."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local.ports import candidates
from tests.fixtures.database import Place, _drop, clone
from tests.fixtures.servers import KeyValueServer, Server, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform"


@pytest.fixture(scope="module")
def served(template: Server) -> Iterator[Place]:
    """The example's database, for all tests here: each has tenants of its own."""
    with asyncio.Runner() as runner:
        place = runner.run(clone(template))
        yield place
        runner.run(_drop(place))


@pytest.fixture(scope="module")
def platform(
    served: Place, valkey_server: KeyValueServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Its URL."""
    settings = {
        "DATABASE_URL": served.url("app"),
        "SERVICE_URL": served.url("service"),
        "REDIS_URL": valkey_server.url,
        "REDIS_TIMEOUT": "10",
        "PROFILE": "test",
    }
    port = next(candidates("example", tmp_path_factory.mktemp("example"), last=None))
    options = ["--app-dir", str(EXAMPLE), "--port", str(port), "--no-proxy-headers"]
    command = [sys.executable, "-m", "uvicorn", *options, "--log-level", "error", "app.main:app"]
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(f"TENANTRY_{name}", value)
        with running(command, port, timeout_s=120):
            yield f"http://127.0.0.1:{port}"
