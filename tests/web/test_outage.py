"""Servers that go away under load: those who ask are told when to come back, and nobody has to
restart the program when they are there again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import tenantry
from tenantry import Database, Rate
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.setup import init
from tenantry.schema.roles import LOGINS
from tenantry.web import RateLimits, TenantryMiddleware, current_tenant
from tests.coordination.door import door_to
from tests.fixtures.database import Place, make_tenant, make_user
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.standbys import held_still, kill
from tests.migrations.clusters import own_cluster

from .conftest import client
from .issuer import until
from .served import opening, served

#: A request may wait for a connection, and then for its statements; never for longer.
_TIMES = {"acquire_timeout": 1.0, "connect_timeout": 1.0, "statement_timeout": 2.0}
_DEADLINE = 30.0


async def _read(_: Request) -> Response:
    # What only reads has no COMMIT whose outcome could be unknown.
    return JSONResponse((await current_tenant(readonly=True).account.get()).slug)


async def _write(request: Request) -> Response:
    await current_tenant().projects.create(name=request.query_params["m"])
    return JSONResponse("written", 201)


async def _both(request: Request) -> Response:
    async with current_tenant() as t:
        await t.projects.create(name=request.query_params["m"])
        await t.projects.list(limit=1)
    return JSONResponse("written", 201)


_ROUTES = [
    Route("/read", _read),
    Route("/write", _write, methods=["POST"]),
    Route("/both", _both, methods=["POST"]),
]


def _app(db: Any, **options: Any) -> Starlette:
    app = Starlette(routes=_ROUTES)
    app.add_middleware(TenantryMiddleware, db=db, **options)
    return app


class Load:
    """Requests without a pause, and what became of them."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.seen: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.written: set[str] = set()

    async def run(self, way: str) -> None:
        while True:
            name = uuid4().hex
            method = "GET" if way == "/read" else "POST"
            async with asyncio.timeout(_DEADLINE):
                answer = await self.http.request(method, way, params={"m": name})
            self.seen[answer.status_code] += 1
            if answer.status_code == 201:
                self.written.add(name)
            elif answer.status_code != 200 and not self._right(way, answer):
                self.wrong.append(f"{way} {answer.status_code} {answer.headers} {answer.text}")
            await asyncio.sleep(0.01)

    def _right(self, way: str, answer: httpx.Response) -> bool:
        if answer.headers["content-type"] != "application/problem+json":
            return False
        code = answer.json()["code"]
        if answer.status_code == 503:
            return int(answer.headers["retry-after"]) > 0
        # A write whose COMMIT nobody answered, and a statement that a server held up.
        unknown = way != "/read" and (answer.status_code, code) == (500, "commit_outcome_unknown")
        return unknown or (answer.status_code, code) == (504, "statement_timeout")

    async def until(self, *statuses: int) -> None:
        """Until each way has been answered with one of these since now."""
        before = sum(self.seen[status] for status in statuses)
        await until(lambda: sum(self.seen[status] for status in statuses) >= before + 8)

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        ways = ["/read", "/read", "/write", "/both"] * 2
        tasks = [asyncio.create_task(self.run(way)) for way in ways]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


@pytest.fixture
def own_place() -> Iterator[Place]:
    """On a server of its own, which keeps what it has promised."""
    with own_cluster("wheel", {}) as server:
        yield Place(server, "away")


async def test_the_database_goes_and_comes_back(own_place: Place) -> None:
    server = own_place.server
    await init(server.superuser_url, own_place.name, {r: server.password(r) for r in LOGINS})
    await Migrator(own_place.url("owner"), metadata).up()
    async with await tenantry.connect(settings=own_place.settings()) as db:
        acme = await make_tenant(db, "acme")
        key = (await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])).secret

    with served(_app(opening(own_place, pool_max=4, **_TIMES))) as port:
        url, shown = f"http://127.0.0.1:{port}", {"x-api-key": key}
        async with httpx.AsyncClient(base_url=url, headers=shown, timeout=None) as http:  # noqa: S113 - Load has one
            load = Load(http)
            async with load.going():
                await load.until(200, 201)
                for go in (server.servers.down, lambda: kill(server)):
                    await asyncio.to_thread(go)
                    await load.until(503)
                    await asyncio.to_thread(server.servers.up, valkey=False)
                    await load.until(200, 201)
                with held_still(server):
                    await load.until(503, 504)
                await load.until(200, 201)
    assert load.wrong == []
    # All that was said to be written is.
    connection = await own_place.connection("superuser")
    names = await connection.fetch("SELECT name FROM tenantry.projects")
    await connection.close()
    assert load.written <= {row["name"] for row in names}


async def test_valkey_goes_and_comes_back(
    place: Place, shared_db: Database, valkey_server: KeyValueServer
) -> None:
    acme = await make_tenant(shared_db, "acme")
    ann = await make_user(shared_db, "ann@x.org", acme)
    t = shared_db.tenant(acme.id)
    by_key = {"x-api-key": (await t.api_keys.create(name="k", scopes=["*"])).secret}
    by_session = {"cookie": f"__Host-session={(await t.user_sessions.create(ann.id)).token}"}
    by_nothing = {"x-api-key": "tnt_" + "x" * 43}
    limits = RateLimits(tenant=Rate(10_000, per=60), failures=Rate(10_000, per=60))
    async with door_to(valkey_server.url) as door:
        for away, by_limits in (("open", 200), ("closed", 503)):
            settings = place.settings(
                redis_url=door.url, redis_timeout=1, limits_when_away=away, **_TIMES
            )
            async with (
                await tenantry.connect(settings=settings) as db,
                client(_app(db)) as free,
                client(_app(db, limits=limits)) as limited,
            ):
                for there in (True, False, True):
                    await (door.open() if there else door.shut())
                    if there:
                        await _until_answered(free, by_session)
                    answers = [
                        await free.get("/read", headers=by_key),
                        await free.get("/read", headers=by_session),
                        await limited.get("/read", headers=by_key),
                        await limited.get("/read", headers=by_nothing),
                    ]
                    wanted = [200, 200, 200, 401]
                    if not there:
                        wanted = [200, 503, by_limits, 401 if away == "open" else 503]
                    assert [a.status_code for a in answers] == wanted
                    for answer in answers:
                        if answer.status_code == 503:
                            assert int(answer.headers["retry-after"]) > 0
                            assert answer.json()["code"] == "coordination_unavailable"


async def _until_answered(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """For a moment after a failure the server is not asked again."""
    for _ in range(600):
        if (await http.get("/read", headers=headers)).status_code != 503:
            return
        await asyncio.sleep(0.05)


async def test_a_pool_that_is_used_up(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    key = (await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])).secret
    settings = place.settings(**{**_TIMES, "pool_max": 1, "acquire_timeout": 0.1})
    async with (
        await tenantry.connect(settings=settings) as small,
        client(_app(small), headers={"x-api-key": key}) as http,
    ):
        async with small.tenant(acme.id) as t:
            await t.projects.list(limit=1)
            answer = await http.get("/read")
            assert (answer.status_code, answer.json()["code"]) == (503, "pool_exhausted")
            assert answer.headers["retry-after"] == "1"
        assert (await http.get("/read")).status_code == 200
