"""The probes, asked as load balancers and Prometheus ask them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from litestar import Litestar
from litestar.handlers import asgi
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Mount

import tenantry
from tenantry import Database
from tenantry.errors import ConfigurationError, InvalidInput
from tenantry.observing.prometheus import PrometheusMetrics
from tenantry.ops import readiness
from tenantry.ops.setup import init
from tenantry.schema.roles import LOGINS
from tenantry.web.probes import Probes
from tests.fixtures.database import Place
from tests.fixtures.servers import Server
from tests.fixtures.standbys import held_still, kill
from tests.fixtures.wire import Wire, tap
from tests.kernel.conftest import until
from tests.migrations.clusters import own_cluster

_CALLS = {"kind": "one_shot", "outcome": "ok", "role": "app", "server": "primary"}


def client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://probed")


def probing(db: Any, **options: Any) -> Probes:
    """With patience: a machine that runs tests is busy."""
    return Probes(db, **{"timeout": 20, **options})


@pytest.fixture
async def wire(place: Place) -> AsyncIterator[Wire]:
    async with tap(
        place.url("app"), f"{place.server.socket_dir}/.s.PGSQL.{place.server.port}"
    ) as wire:
        yield wire


# ---- what each path says ------------------------------------------------------------------------


async def test_ready_and_alive(db: Database) -> None:
    async with client(probing(db)) as http:
        alive = await http.get("/health/live")
        assert (alive.status_code, alive.json()) == (200, {"live": True})
        answer = await http.get("/health/ready")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == alive.headers["cache-control"] == "no-store"
    assert "retry-after" not in answer.headers
    told = answer.json()
    assert told["ready"] is True
    assert [part["name"] for part in told["parts"]] == ["database", "migrations", "partitions"]
    assert all(part["latency_ms"] > 0 for part in told["parts"])


async def test_not_ready(place: Place) -> None:
    async with await tenantry.connect(settings=place.settings()) as db:
        connection = await place.connection("superuser")
        await connection.execute("UPDATE tenantry.schema_version SET version_num = '0000'")
        await connection.close()
        async with client(probing(db)) as http:
            answer = await http.get("/health/ready")
            assert (await http.get("/health/live")).status_code == 200
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["cache-control"] == "no-store"
    assert {p["name"]: p["error"] for p in answer.json()["parts"]} == {
        "database": "", "migrations": "behind", "partitions": "",
    }  # fmt: skip


async def test_methods_and_paths(db: Database) -> None:
    async with client(probing(db, metrics=CollectorRegistry())) as http:
        for path in ("/health/live", "/health/ready", "/metrics"):
            got, head = await http.get(path), await http.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert dict(head.headers) == {**got.headers, "content-length": str(len(got.content))}
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
                refused = await http.request(method, path)
                assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        for path in ("/", "/health", "/health/live/x", "/healthz", "//metrics", "/metrics.json"):
            assert (await http.get(path)).status_code == 404
            assert (await http.post(path)).status_code == 404


async def test_which_requests_are_its_own(db: Database) -> None:
    """For a middleware that lets them by."""
    probes = probing(db, metrics=False)
    http = {"type": "http", "root_path": ""}
    assert probes.handles({**http, "path": "/health/ready"})
    assert not probes.handles({**http, "path": "/health"})
    assert not probes.handles({**http, "path": "/metrics"})
    assert not probes.handles({"type": "websocket", "path": "/health/ready"})


async def test_alive_touches_nothing() -> None:
    def gone() -> Database:
        raise AssertionError

    async with client(probing(gone, metrics=False)) as http:
        assert (await http.get("/health/live")).status_code == 200


async def test_before_there_is_a_database(db: Database) -> None:
    app = FastAPI()
    later: dict[str, Database] = {}
    for probes in (
        probing(lambda: None),
        probing(lambda: app.state.db),
        probing(lambda: later["db"], keep=0),
    ):
        async with client(probes) as http:
            answer = await http.get("/health/ready")
            assert answer.status_code == 503
            assert answer.json()["parts"][0]["error"] == "not_connected"
    later["db"] = db
    async with client(probes) as http:
        assert (await http.get("/health/ready")).status_code == 200


def test_a_part_that_does_not_exist(db: Database) -> None:
    with pytest.raises(InvalidInput, match="databse"):
        probing(db, require=("databse",))


# ---- how often the servers are asked ------------------------------------------------------------


async def test_many_ask_and_one_is_asked(place: Place, wire: Wire) -> None:
    # With one connection, which knows its statements: or it would depend on who asks by which.
    settings = place.settings(database_url=wire.url, pool_max=1)
    async with await tenantry.connect(settings=settings) as db:
        await readiness.readiness(db, timeout=20)
        wire.reset()
        await readiness.readiness(db, timeout=20)
        once = wire.round_trips
        assert once == 4
        wire.reset()
        probes = probing(db, keep=60)
        async with client(probes) as http:
            answers = await asyncio.gather(*(http.get("/health/ready") for _ in range(50)))
            assert {answer.status_code for answer in answers} == {200}
            assert wire.round_trips == once
            assert (await http.get("/health/ready")).json() == answers[0].json()
            assert wire.round_trips == once
            again = probing(db, keep=0)
            await again.ready()
            await again.ready()
            assert wire.round_trips == 3 * once


async def test_who_goes_away_leaves_the_others_waiting(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes, go, asked = probing(db), asyncio.Event(), 0

    async def slow(*_: Any, **__: Any) -> readiness.Readiness:
        nonlocal asked
        asked += 1
        await go.wait()
        return readiness.Readiness(())

    monkeypatch.setattr("tenantry.web.probes.readiness", slow)
    first, second = (asyncio.create_task(probes.ready()) for _ in range(2))
    await until(lambda: asked)
    first.cancel()
    go.set()
    assert (await second).ok
    assert first.cancelled()
    assert asked == 1


# ---- the end ------------------------------------------------------------------------------------


async def test_draining(place: Place, wire: Wire) -> None:
    async with await tenantry.connect(settings=place.settings(database_url=wire.url)) as db:
        probes = probing(db)
        probes.draining = True
        wire.reset()
        async with client(probes) as http:
            answer = await http.get("/health/ready")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json() == {"ready": False, "draining": True, "parts": []}
            assert (await http.get("/health/live")).status_code == 200
        assert wire.round_trips == 0


async def test_the_end_of_the_lifespan_drains(db: Database) -> None:
    probes, sent = probing(db), []
    coming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append((message["type"], probes.draining))

    await probes({"type": "lifespan"}, receive, send)
    assert sent == [("lifespan.startup.complete", False), ("lifespan.shutdown.complete", True)]


# ---- in frameworks ------------------------------------------------------------------------------


def _starlette(probes: Probes) -> Any:
    return Starlette(routes=[Mount("/internal", app=probes)])


def _fastapi(probes: Probes) -> Any:
    app = FastAPI()
    app.mount("/internal", probes)
    return app


def _litestar(probes: Probes) -> Any:
    return Litestar([asgi("/internal", is_mount=True, copy_scope=True)(probes)])


def _behind_a_prefix(probes: Probes) -> Any:
    """As uvicorn's --root-path has it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await probes({**scope, "root_path": "/internal"}, receive, send)

    return app


@pytest.mark.parametrize("mounted", [_starlette, _fastapi, _litestar, _behind_a_prefix])
async def test_mounted(db: Database, mounted: Callable[[Probes], Any]) -> None:
    async with client(mounted(probing(db, metrics=CollectorRegistry()))) as http:
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert (await http.get(f"/internal{path}")).status_code == 200, path
            assert (await http.post(f"/internal{path}")).status_code == 405
        assert (await http.get("/internal/other")).status_code == 404
        assert (await http.get("/other")).status_code == 404


# ---- metrics ------------------------------------------------------------------------------------


async def test_metrics_in_the_format_that_is_asked_for(place: Place) -> None:
    registry = CollectorRegistry()
    async with await tenantry.connect(
        settings=place.settings(), observe=[PrometheusMetrics(registry)]
    ) as db:
        await db.authenticate_key("tnt_unknown")
        before = registry.get_sample_value("tenantry_operation_seconds_count", _CALLS)
        assert before
        async with client(probing(db, metrics=registry)) as http:
            assert (await http.get("/health/ready")).status_code == 200
            plain = await http.get("/metrics")
            accept = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
            opened = await http.get("/metrics", headers=accept)
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.headers["cache-control"] == "no-store"
    assert opened.headers["content-type"].startswith("application/openmetrics-text")
    assert opened.text.endswith("# EOF\n")
    # What the probes ask is not the program's work.
    at = ",".join(f'{name}="{value}"' for name, value in _CALLS.items())
    for text in (plain.text, opened.text):
        assert f"tenantry_operation_seconds_count{{{at}}} {before}" in text


async def test_metrics_may_be_left_out(db: Database) -> None:
    async with client(probing(db, metrics=False)) as http:
        assert (await http.get("/metrics")).status_code == 404


def test_metrics_without_their_library(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match=r"tenantry\[metrics\]"):
        probing(db)
    probing(db, metrics=False)


# ---- a server that comes and goes ---------------------------------------------------------------


async def test_a_server_that_dies_hangs_and_comes_back(postgres_server: Server) -> None:
    with own_cluster(postgres_server.kind) as server:
        place = Place(server, "probed")
        await init(server.superuser_url, place.name, {r: server.password(r) for r in LOGINS})
        settings = place.settings(migrate="off", connect_timeout=0.5)
        async with await tenantry.connect(settings=settings) as db:
            # The schema is not what this is about.
            probes = probing(db, require=("database",), timeout=0.5, keep=0)
            async with client(probes) as http:

                async def database() -> tuple[int, str]:
                    answer = await http.get("/health/ready")
                    for secret in (server.password("tenantry_app"), str(server.socket_dir)):
                        assert secret not in answer.text
                    assert (await http.get("/health/live")).status_code == 200
                    return answer.status_code, answer.json()["parts"][0]["error"]

                async def back() -> bool:
                    return await database() == (200, "")

                assert await back()
                with held_still(server):
                    assert await database() == (503, "no_answer")
                await until(back)
                await asyncio.to_thread(kill, server)
                assert (await database())[0] == 503
                assert (await database())[1] in {"database_unavailable", "no_answer"}
                await asyncio.to_thread(server.servers.up, valkey=False)
                await until(back)
