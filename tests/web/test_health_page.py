"""docs/health.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

import tenantry
from tenantry.web.probes import Probes
from tests.fixtures.database import Place

_PAGE = (Path(__file__).parents[2] / "docs/health.md").read_text("utf-8")


@pytest.mark.postgres("wheel")
async def test_its_code_runs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prometheus_client.REGISTRY", CollectorRegistry())
    monkeypatch.setenv("TENANTRY_DATABASE_URL", place.url("app"))
    names: dict[str, Any] = {}
    mounting, requiring, counting = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
    for block in (mounting, counting):
        exec(block, names)  # noqa: S102 - our own page
    app = names["app"]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://probed") as http:
        early = await http.get("/internal/health/ready")
        assert (early.status_code, early.json()["parts"][0]["error"]) == (503, "not_connected")
        async with names["lifespan"](app):
            assert (await http.get("/internal/health/ready")).status_code == 200
            text = (await http.get("/internal/metrics")).text
            assert "tenantry_pool_connections" in text
            assert 'tenantry_http_request_seconds_count{method="GET",status="200"} 1.0' in text
            exec(requiring, names | {"db": app.state.db})  # noqa: S102 - our own page


async def test_its_parts_and_words_are_those_of_the_code(place: Place) -> None:
    settings = place.settings(
        migrate="off", redis_url="redis://127.0.0.1:1", redis_timeout=0.2, replica_urls=(place.url("app"),)
    )  # fmt: skip
    async with await tenantry.connect(settings=settings) as db:
        found = await Probes(db, metrics=False, timeout=20).ready()
    for part in found.parts:
        assert f"`{part.name}`" in _PAGE
        assert not part.error or f"`{part.error}`" in _PAGE
