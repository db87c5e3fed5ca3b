"""Two hundred requests at a time, of twenty tenants: whatever becomes of each, none works for another.

With TENANTRY_SOAK=1 there are more rounds, on both of uvicorn's parsers.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

import tenantry
from tenantry import Database
from tenantry.errors import VisitOver
from tenantry.web import TenantryMiddleware, Tokens, current_caller, current_tenant, visit_of
from tests.fixtures.database import Place, make_tenant, make_user
from tests.fixtures.servers import KeyValueServer

from .issuer import until
from .served import served

_SOAK = os.environ.get("TENANTRY_SOAK") == "1"
_ROUNDS = 20 if _SOAK else 2
_TENANTS, _AT_ONCE = 20, 200
_SECRET = token_urlsafe(48)


# ---- the application --------------------------------------------------------------------------


async def _slug() -> str:
    """Of whom the code that asks works for, by all the ways there are to know."""
    tenant_id = current_caller().tenant_id
    account = await current_tenant().account.get()
    assert account.id == tenant_id
    return account.slug


def _tenant_id() -> str:
    return str(current_caller().tenant_id)


async def _read(request: Request) -> Response:
    slugs = set(await asyncio.gather(_slug(), _slug(), asyncio.create_task(_slug())))
    seen = {str(visit_of(request.scope).caller.tenant_id), await run_in_threadpool(_tenant_id)}
    seen.add(str((await current_tenant(readonly=True).account.get()).id))
    [slug], [tenant] = slugs, seen
    return JSONResponse({"tenant": slug, "id": tenant})


async def _write(request: Request) -> Response:
    await current_tenant().projects.create(name=request.query_params["m"])
    return JSONResponse({"tenant": await _slug()}, 201)


async def _both(request: Request) -> Response:
    marker = request.query_params["m"]
    async with current_tenant() as t:
        await t.projects.create(name=f"{marker} one")
        await asyncio.sleep(0.01)
        await t.projects.create(name=f"{marker} two")
    return JSONResponse({"tenant": await _slug()}, 201)


async def _torn(request: Request) -> Response:
    async with current_tenant() as t:
        await t.projects.create(name=f"{request.query_params['m']} never")
        await t.projects.get(uuid4())
    return JSONResponse({})


async def _stream(_: Request) -> Response:
    async def each() -> Any:
        for _ in range(12):
            yield f"{await _slug()}\n"
            await asyncio.sleep(0.002)

    return StreamingResponse(each())


_LATE: list[asyncio.Task[None]] = []


async def _late(slug: str) -> None:
    """Goes on when its request is over, and finds that out."""
    while True:
        await asyncio.sleep(0.05)
        try:
            assert await _slug() == slug
        except VisitOver:
            return


async def _later(request: Request) -> Response:
    async def after() -> None:
        await asyncio.sleep(0.01)
        assert request.query_params["m"].startswith(f"{await _slug()} ")
        await current_tenant().projects.create(name=f"{request.query_params['m']} later")

    _LATE.append(asyncio.create_task(_late(await _slug())))
    return JSONResponse({"tenant": await _slug()}, 202, background=BackgroundTask(after))


async def _talk(socket: WebSocket) -> None:
    await socket.accept()
    async for word in socket.iter_text():
        await socket.send_json({"tenant": await _slug(), "word": word})


async def _between(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Runs the application in another task."""
    before = _tenant_id()
    answer = await call_next(request)
    assert _tenant_id() == before
    return answer


def _app(connect: Callable[[], Any]) -> Starlette:
    app = Starlette(
        routes=[
            Route("/read", _read),
            Route("/write", _write, methods=["POST"]),
            Route("/both", _both, methods=["POST"]),
            Route("/torn", _torn, methods=["POST"]),
            Route("/stream", _stream),
            Route("/later", _later, methods=["POST"]),
            WebSocketRoute("/talk", _talk),
        ]
    )
    app.add_middleware(BaseHTTPMiddleware, dispatch=_between)
    tokens = [Tokens(issuer="i", audience="a", secret=_SECRET)]
    app.add_middleware(TenantryMiddleware, db=connect, tokens=tokens, recheck=0.005)
    return app


# ---- those who use it -------------------------------------------------------------------------


@dataclass
class Crowd:
    port: int
    http: httpx.AsyncClient
    chance: random.Random
    #: Each tenant's id and credentials.
    tenants: dict[str, tuple[UUID, list[dict[str, str]]]]
    done: Counter[str] = field(default_factory=Counter)
    #: What must be there, and nothing of what must not, by tenant.
    acknowledged: set[tuple[str, str]] = field(default_factory=set)

    async def one(self) -> None:
        slug = self.chance.choice(list(self.tenants))
        tenant_id, shown = self.tenants[slug]
        headers = self.chance.choice(shown)
        kinds = [self.read, self.write, self.both, self.torn, self.stream, self.later, self.talk]
        kind = self.chance.choice([*kinds, self.nobody])
        patience = self.chance.choice([0.002, 0.02, 0.1, 60, 60, 60])
        marker = f"{slug} {uuid4().hex}"
        try:
            async with asyncio.timeout(patience):
                await kind(slug, tenant_id, headers, marker)
                self.done[kind.__name__] += 1
        except TimeoutError:
            assert patience < 60, f"{kind.__name__} hung"
            self.done["gone"] += 1

    async def asked(self, slug: str, way: str, status: int, **options: Any) -> dict[str, Any]:
        method = "GET" if way == "/read" else "POST"
        answer = await self.http.request(method, way, **options)
        assert answer.status_code == status, answer.text
        said: dict[str, Any] = answer.json()
        assert status == 404 or said["tenant"] == slug
        return said

    async def read(self, slug: str, id: UUID, headers: dict[str, str], _: str) -> None:
        assert (await self.asked(slug, "/read", 200, headers=headers))["id"] == str(id)

    async def write(self, slug: str, _: UUID, headers: dict[str, str], marker: str) -> None:
        await self.asked(slug, "/write", 201, headers=headers, params={"m": marker})
        self.acknowledged.add((slug, marker))

    async def both(self, slug: str, _: UUID, headers: dict[str, str], marker: str) -> None:
        await self.asked(slug, "/both", 201, headers=headers, params={"m": marker})
        self.acknowledged |= {(slug, f"{marker} one"), (slug, f"{marker} two")}

    async def torn(self, slug: str, _: UUID, headers: dict[str, str], marker: str) -> None:
        await self.asked(slug, "/torn", 404, headers=headers, params={"m": marker})

    async def later(self, slug: str, _: UUID, headers: dict[str, str], marker: str) -> None:
        await self.asked(slug, "/later", 202, headers=headers, params={"m": marker})
        self.acknowledged.add((slug, f"{marker} later"))

    async def stream(self, slug: str, _: UUID, headers: dict[str, str], __: str) -> None:
        stop = self.chance.choice([1, 3, 99])
        async with self.http.stream("GET", "/stream", headers=headers) as answer:
            assert answer.status_code == 200
            number = 0
            async for line in answer.aiter_lines():
                assert line == slug
                number += 1
                if number == stop:
                    return
            assert number == 12

    async def talk(self, slug: str, _: UUID, headers: dict[str, str], marker: str) -> None:
        url = f"ws://127.0.0.1:{self.port}/talk"
        async with websockets.connect(url, additional_headers=headers, open_timeout=60) as socket:
            for _number in range(3):
                await socket.send(marker)
                said = await socket.recv()
                assert f'"tenant":"{slug}"' in str(said)
                assert marker in str(said)

    async def nobody(self, *_: Any) -> None:
        for headers in ({}, {"x-api-key": "tnt_" + "x" * 43}):
            answer = await self.http.get("/read", headers=headers)
            assert answer.status_code == 401


async def _credentials(db: Database, slug: str) -> tuple[UUID, list[dict[str, str]]]:
    tenant = await make_tenant(db, slug)
    user = await make_user(db, f"{slug}@x.org", tenant, role="admin")
    t = db.tenant(tenant.id)
    key = await t.api_keys.create(name="k", scopes=["*"])
    session = await t.user_sessions.create(user.id)
    token = Tokens(issuer="i", audience="a", secret=_SECRET).issue(tenant.id, user.id, ["*"])
    return tenant.id, [
        {"x-api-key": key.secret},
        {"cookie": f"__Host-session={session.token}", "sec-fetch-site": "same-origin"},
        {"authorization": f"Bearer {token}"},
    ]


@pytest.mark.parametrize("http", ["h11", "httptools"] if _SOAK else ["httptools"])
async def test_no_context_ever_crosses(
    place: Place, shared_db: Database, valkey_server: KeyValueServer, http: str
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    slugs = [f"tenant-{number}" for number in range(_TENANTS)]
    tenants = dict(zip(slugs, [await _credentials(shared_db, slug) for slug in slugs], strict=True))
    opened: list[Database] = []
    settings = place.settings(
        redis_url=valkey_server.url, redis_timeout=30, pool_max=6, acquire_timeout=60
    )

    async def connect() -> Database:
        opened.append(await tenantry.connect(settings=settings))
        return opened[-1]

    _LATE.clear()
    limits = httpx.Limits(max_connections=None)
    with served(_app(connect), http=http) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
            crowd = Crowd(port, client, random.Random(seed), tenants)  # noqa: S311
            for _ in range(_ROUNDS):
                async with asyncio.TaskGroup() as group:
                    for _ in range(_AT_ONCE):
                        group.create_task(crowd.one())
        [database] = opened
        # All that was begun comes to its end, and leaves nothing behind.
        await until(lambda: all(task.done() for task in _LATE))
        await until(lambda: all(p.idle == p.size for _, p in database.stats().pools))
        assert _LATE
        assert [task.exception() for task in _LATE] == [None] * len(_LATE)
        left = await _unfinished(place)
    assert left == 0
    assert len(crowd.done) == 9, crowd.done
    assert sum(crowd.done.values()) == _ROUNDS * _AT_ONCE

    there: set[tuple[str, str]] = set()
    for slug, (tenant_id, _) in tenants.items():
        async with shared_db.tenant(tenant_id) as t:
            rows = await t.fetch("SELECT name FROM tenantry.projects WHERE name LIKE 'tenant-%'")
        there |= {(slug, row["name"]) for row in rows}
    # Each row is where the marker says that it was asked for, and all that was promised is there.
    assert [row for row in there if not row[1].startswith(f"{row[0]} ")] == []
    assert crowd.acknowledged <= there
    assert not any(name.endswith(" never") for _, name in there)
    ones = {name.removesuffix(" one") for _, name in there if name.endswith(" one")}
    assert ones == {name.removesuffix(" two") for _, name in there if name.endswith(" two")}


async def _unfinished(place: Place) -> int:
    connection = await place.connection("superuser")
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename LIKE 'tenantry%' AND state <> 'idle'"
        )
    finally:
        await connection.close()
    return int(found)
