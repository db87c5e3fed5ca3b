"""Requests counted by what became of them."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tenantry.errors import ConfigurationError
from tenantry.web.requests import RequestMetrics


async def _app(scope: Any, receive: Any, send: Any) -> None:
    match scope["path"]:
        case "/broken":
            raise RuntimeError
        case "/slow":
            await asyncio.Event().wait()
    status = 404 if scope["path"] == "/nowhere" else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_requests_by_method_and_status() -> None:
    registry = CollectorRegistry()
    app = RequestMetrics(_app, registry)

    def count(method: str, status: str) -> float | None:
        labels = {"method": method, "status": status}
        return registry.get_sample_value("tenantry_http_request_seconds_count", labels)

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://counted") as http:
        for _ in range(2):
            await http.get("/")
        await http.post("/nowhere")
        await http.get("/broken")
        await http.request("BREW", "/")
    assert count("GET", "200") == 2
    assert count("POST", "404") == 1
    assert count("GET", "500") == 1
    assert count("other", "200") == 1


async def test_who_leaves_is_counted() -> None:
    registry = CollectorRegistry()
    app = RequestMetrics(_app, registry)

    async def nothing(*_: Any) -> Any: ...

    request = asyncio.create_task(
        app({"type": "http", "method": "GET", "path": "/slow"}, nothing, nothing)
    )
    await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    labels = {"method": "GET", "status": "cancelled"}
    assert registry.get_sample_value("tenantry_http_request_seconds_count", labels) == 1


async def test_what_is_no_request_passes() -> None:
    seen = []

    async def app(scope: Any, *_: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any: ...

    counted = RequestMetrics(app, CollectorRegistry())
    for kind in ("lifespan", "websocket"):
        await counted({"type": kind}, nothing, nothing)
    assert seen == ["lifespan", "websocket"]


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match=r"tenantry\[metrics\]"):
        RequestMetrics(_app)
