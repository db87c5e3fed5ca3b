"""WebSockets and long answers, over a real server, in each framework."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import fastapi
import httpx
import pytest
import websockets
from litestar import Litestar, get
from litestar import WebSocket as LitestarSocket
from litestar import websocket as litestar_websocket
from litestar.middleware import DefineMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tenantry import Database
from tenantry.errors import PoolExhausted, QuotaExceeded, TenantryError
from tenantry.models import Tenant
from tenantry.web import TenantryMiddleware, current_tenant
from tenantry.web.fastapi import CurrentCaller, require_scope
from tenantry.web.fastapi import Tenant as CurrentTenant
from tests.fixtures.database import Place, make_tenant, make_user

from .conftest import client
from .served import opening, served

Connect = Callable[[], Any]


async def _slug() -> str:
    return (await current_tenant().account.get()).slug


# ---- the same, three times --------------------------------------------------------------------


def _starlette(connect: Connect) -> Any:
    async def talk(socket: WebSocket) -> None:
        await socket.accept("tenants" if "tenants" in socket.scope["subprotocols"] else None)
        async for word in socket.iter_text():
            await socket.send_json([await _slug(), word])

    app = Starlette(routes=[WebSocketRoute("/talk", talk)])
    app.add_middleware(TenantryMiddleware, db=connect, recheck=0.0)
    return app


def _fastapi(connect: Connect) -> Any:
    app = fastapi.FastAPI()

    @app.websocket("/talk", dependencies=[require_scope("tasks:read")])
    async def talk(socket: fastapi.WebSocket, t: CurrentTenant, caller: CurrentCaller) -> None:
        await socket.accept("tenants" if "tenants" in socket.scope["subprotocols"] else None)
        async for word in socket.iter_text():
            account = await t.account.get()
            assert account.id == caller.tenant_id
            await socket.send_json([account.slug, word])

    app.add_middleware(TenantryMiddleware, db=connect, recheck=0.0)
    return app


@litestar_websocket("/talk")
async def _talk(socket: LitestarSocket[Any, Any, Any]) -> None:
    wanted = socket.scope["subprotocols"]
    await socket.accept(subprotocols="tenants" if "tenants" in wanted else None)
    async for word in socket.iter_data("text"):
        await socket.send_json([await _slug(), word])


def _litestar(connect: Connect) -> Any:
    return TenantryMiddleware(Litestar([_talk]), connect, recheck=0.0)


@pytest.mark.parametrize("make", [_starlette, _fastapi, _litestar])
async def test_a_websocket_is_its_callers(
    place: Place, shared_db: Database, make: Callable[[Connect], Any]
) -> None:
    db = shared_db
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    ann = await make_user(db, "ann@x.org", acme)
    keys = [await db.tenant(t.id).api_keys.create(name="k", scopes=["*"]) for t in (acme, beta)]
    token = (await db.tenant(acme.id).user_sessions.create(ann.id)).token
    app = make(opening(place, redis_url=db.settings.redis_url, redis_timeout=10))
    with served(app) as port:
        url = f"ws://127.0.0.1:{port}/talk"

        # Who may not is told why, before there is a WebSocket.
        cookie = {"cookie": f"__Host-session={token}"}
        for headers, status, code in (
            ({}, 401, "not_authenticated"),
            ({"x-api-key": "tnt_" + "x" * 43}, 401, "not_authenticated"),
            ({"sec-websocket-protocol": f"bearer, {keys[0].secret}"}, 401, "not_authenticated"),
            ({**cookie, "origin": "https://evil.test"}, 403, "origin_refused"),
            ({**cookie, "origin": "null"}, 403, "origin_refused"),
            ({**cookie, "sec-fetch-site": "cross-site"}, 403, "origin_refused"),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await websockets.connect(url, additional_headers=headers)
            answer = refused.value.response
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert json.loads(answer.body)["code"] == code
        # Nor is a key taken from where addresses are logged.
        with pytest.raises(InvalidStatus):
            await websockets.connect(
                f"{url}?api_key={keys[0].secret}&access_token={keys[0].secret}"
            )

        here = {**cookie, "origin": f"http://127.0.0.1:{port}"}
        shown = [{"x-api-key": keys[0].secret}, {"x-api-key": keys[1].secret}, here]
        open_ = [
            await websockets.connect(url, additional_headers=h, subprotocols=["tenants"])  # type: ignore[list-item]
            for h in shown
        ]
        assert [socket.subprotocol for socket in open_] == ["tenants"] * 3
        for word in ("one", "two"):
            for socket, slug in zip(open_, ("acme", "beta", "acme"), strict=True):
                await socket.send(word)
                assert json.loads(await socket.recv()) == [slug, word]
        # What let them in is taken back, and they are closed; another's goes on.
        await db.tenant(acme.id).api_keys.revoke(keys[0].key.id)
        await db.tenant(acme.id).user_sessions.delete(token)
        for socket, ended in zip(open_, (True, False, True), strict=True):
            await socket.send("three")
            if not ended:
                assert json.loads(await socket.recv()) == ["beta", "three"]
                continue
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
            assert socket.close_code == 1008
        await open_[1].close()


# ---- what goes wrong in one -------------------------------------------------------------------


async def test_errors_in_a_websocket_close_it(place: Place, db: Database, acme: Tenant) -> None:
    key = (await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])).secret

    async def missing() -> None:
        await current_tenant().projects.get(uuid4())

    async def fail(socket: WebSocket) -> None:
        how = socket.query_params["how"]
        if how == "refused":
            raise QuotaExceeded("No more.", quota="max_projects", limit=1, used=1)
        await socket.accept()
        if how == "busy":
            raise PoolExhausted(size=1, waited_s=1.0)
        if how == "ours":
            raise TenantryError("Something else.")
        async with asyncio.TaskGroup() as group:
            group.create_task(missing())

    app = Starlette(routes=[WebSocketRoute("/fail", fail)])
    app.add_middleware(TenantryMiddleware, db=opening(place))
    with served(app) as port:
        url, shown = f"ws://127.0.0.1:{port}/fail", {"x-api-key": key}
        with pytest.raises(InvalidStatus) as refused:
            await websockets.connect(f"{url}?how=refused", additional_headers=shown)
        assert refused.value.response.status_code == 402
        for how, code in (("group", 1008), ("busy", 1013), ("ours", 1011)):
            socket = await websockets.connect(f"{url}?how={how}", additional_headers=shown)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == code


class _Server:
    """One that cannot answer a handshake but by closing it."""

    def __init__(self, *words: str) -> None:
        self.heard: list[dict[str, Any]] = [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": word} for word in words),
            {"type": "websocket.disconnect", "code": 1001},
        ]
        self.said: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return self.heard.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.said.append(message)

    async def ask(self, app: Any, **headers: str) -> None:
        sent = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
        scope = {
            "type": "websocket", "asgi": {"version": "3.0"}, "path": "/talk", "headers": sent,
            "client": ("127.0.0.1", 1), "query_string": b"", "scheme": "ws", "subprotocols": [],
        }  # fmt: skip
        await app(scope, self.receive, self.send)


async def test_a_server_that_can_only_close_does(db: Database) -> None:
    server = _Server()
    await server.ask(TenantryMiddleware(_never, db))
    assert server.said == [{"type": "websocket.close", "code": 1008}]


async def _never(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("must not run")


async def test_a_refusal_stays(db: Database, acme: Tenant) -> None:
    """Also for an application that overlooks what its `send` raises."""
    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])
    raised: list[TenantryError] = []

    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await db.tenant(acme.id).api_keys.revoke(made.key.id)
        await asyncio.sleep(0.2)
        for word in "abc":
            try:
                await send({"type": "websocket.send", "text": word})
            except TenantryError as error:
                raised.append(error)
        assert [(await receive())["type"] for _ in range(2)] == ["websocket.disconnect"] * 2
        await send({"type": "websocket.close"})

    server = _Server("one", "two")
    # Looked at once: the second and third word are long before the next time.
    door = TenantryMiddleware(stubborn, db, recheck=0.2)
    await server.ask(door, x_api_key=made.secret)
    assert [m["type"] for m in server.said] == ["websocket.accept", "websocket.close"]
    assert server.said[1]["code"] == 1008
    assert len(raised) == 3


async def test_a_handshake_that_was_denied_is_over(db: Database, acme: Tenant) -> None:
    """What goes wrong behind it is the application's, and no server is told to close what is not open."""

    async def denying(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        start = {"type": "websocket.http.response.start", "status": 400, "headers": []}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": b"no"})
        raise KeyError

    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])
    server = _Server()
    with pytest.raises(KeyError):
        await server.ask(TenantryMiddleware(denying, db), x_api_key=made.secret)
    assert [m["type"].rpartition(".")[2] for m in server.said] == ["start", "body"]


async def test_an_upload_ends_with_its_key(db: Database, acme: Tenant) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])
    taken: list[bytes] = []

    async def take(request: Request) -> Response:
        async for part in request.stream():
            taken.extend([part])
        return Response()

    async def parts() -> Any:
        for number in range(5):
            if number == 2:
                await db.tenant(acme.id).api_keys.revoke(made.key.id)
            yield b"%d" % number

    app = Starlette(routes=[Route("/take", take, methods=["POST"])])
    app.add_middleware(TenantryMiddleware, db=db, recheck=0.0)
    async with client(app) as http:
        answer = await http.post("/take", content=parts(), headers={"x-api-key": made.secret})
    assert answer.status_code == 401
    assert taken == [b"0", b"1"]


async def test_several_errors_at_once_are_one_answer(db: Database, acme: Tenant) -> None:
    async def raising(request: Request) -> Response:
        async def missing() -> None:
            await current_tenant().projects.get(uuid4())

        async def other() -> None:
            raise {"ours": TenantryError("Something."), "bug": KeyError("x")}[name]

        name = request.query_params["name"]
        async with asyncio.TaskGroup() as group:
            group.create_task(missing())
            if name != "one":
                group.create_task(other())
                await asyncio.sleep(1)
        return Response()

    app = Starlette(routes=[Route("/raising", raising)])
    app.add_middleware(TenantryMiddleware, db=db)
    key = (await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])).secret
    async with client(app, headers={"x-api-key": key}) as http:
        assert (await http.get("/raising?name=one")).status_code == 404
        assert (await http.get("/raising?name=ours")).status_code == 500
        with pytest.raises(ExceptionGroup):
            await http.get("/raising?name=bug")
    # One that is not ours makes it a fault like any other, which names its request.
    silent = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=silent, base_url="https://platform.test") as http:
        answer = await http.get("/raising?name=bug", headers={"x-api-key": key})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


# ---- streams over a real server ---------------------------------------------------------------


@pytest.mark.parametrize("http", ["h11", "httptools"])
async def test_a_stream_breaks_off_when_its_key_is_revoked(
    place: Place, db: Database, acme: Tenant, http: str
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])

    async def each() -> Any:
        for number in range(200):
            yield f"{await _slug()} {number}\n"
            await asyncio.sleep(0.01)

    app = Starlette(routes=[Route("/all", lambda _: StreamingResponse(each()))])
    app.add_middleware(TenantryMiddleware, db=opening(place), recheck=0.05)
    lines: list[str] = []
    with served(app, http=http) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web:
            # Not as if it had come to its end.
            with pytest.raises(httpx.RemoteProtocolError):
                async with web.stream("GET", "/all", headers={"x-api-key": made.secret}) as answer:
                    async for line in answer.aiter_lines():
                        lines.append(line)
                        if len(lines) == 3:
                            await db.tenant(acme.id).api_keys.revoke(made.key.id)
    assert 3 <= len(lines) < 150
    assert all(line.startswith("acme ") for line in lines)


# ---- Litestar ---------------------------------------------------------------------------------


@get("/who")
async def _who() -> dict[str, str]:
    return {"tenant": await _slug()}


@get("/missing")
async def _missing() -> str:
    return str(await current_tenant().projects.get(UUID(int=1)))


@get("/open")
async def _open() -> str:
    return "open"


def _pass_on(_: Any, error: TenantryError) -> Any:
    raise error


@pytest.mark.parametrize("way", ["around", "within"])
async def test_litestar(db: Database, acme: Tenant, way: str) -> None:
    """Around it, or as a middleware of its own. Its errors are the door's to answer if they get there."""
    passing: Any = {TenantryError: _pass_on}
    options = {"db": db, "public": ["/open"]}
    routes = [_who, _missing, _open]
    app: Any
    if way == "around":
        app = TenantryMiddleware(Litestar(routes, exception_handlers=passing), **options)  # type: ignore[arg-type]
    else:
        door: Any = TenantryMiddleware
        within = [DefineMiddleware(door, **options)]
        app = Litestar(routes, middleware=within, exception_handlers=passing)
    key = (await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])).secret
    async with client(app) as http:
        shown = {"x-api-key": key}
        assert (await http.get("/who", headers=shown)).json() == {"tenant": "acme"}
        assert (await http.get("/open")).text == "open"
        # It takes these for the same path as others; the door does not.
        for path in ("/who", "/open/../who", "//open//../who", "/who/"):
            assert (await http.get(path)).status_code == 401
        answer = await http.get("/missing", headers=shown)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
