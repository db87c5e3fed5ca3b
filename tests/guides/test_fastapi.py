"""The guide to FastAPI and the door's reference run as printed."""

from __future__ import annotations

from runpy import run_path

import pytest

from tests.fixtures.servers import KeyValueServer

from .blocks import DOCS
from .reader import Reader

pytestmark = pytest.mark.postgres("wheel")


def test_the_guide(reader: Reader, valkey_server: KeyValueServer) -> None:
    reader.environment["TENANTRY_REDIS_URL"] = valkey_server.url
    reader.environment["TENANTRY_REDIS_TIMEOUT"] = "10"
    # Starlette would rather have httpx's successor, which is not among what Tenantry asks for yet.
    reader.environment["PYTHONWARNINGS"] = "ignore:Using `httpx` with"
    assert reader.follow(DOCS / "fastapi.md")


def test_the_reference(reader: Reader) -> None:
    assert reader.follow(DOCS / "web.md")
    app = run_path(str(reader.folder / "door.py"))["app"]
    # The options are looked at when the first request comes.
    app.build_middleware_stack()
