"""FastAPI's dependencies, its own errors, and what the OpenAPI tells of both."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Response, WebSocket
from pydantic import BaseModel, Field, SecretStr
from starlette.exceptions import WebSocketException
from starlette.types import Message

from tenantry import Database, models
from tenantry.errors import InvalidInput, QuotaExceeded
from tenantry.models import Tenant as TenantRow
from tenantry.web import Caller, SessionCookie, TenantryMiddleware
from tenantry.web.fastapi import (
    CurrentCaller,
    CurrentUser,
    CurrentVisit,
    Db,
    ReadonlyTenant,
    Tenant,
    get_caller,
    problems,
    require_role,
    require_scope,
)
from tests.fixtures.database import make_user

from .conftest import client

router = APIRouter()


class Project(BaseModel):
    id: UUID
    name: str


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Given(BaseModel):
    password: SecretStr
    numbers: list[int] = []
    id: UUID | None = None
    pet: Annotated[Cat | Dog | None, Field(discriminator="kind")] = None


@router.get(
    "/projects", response_model=list[Project], dependencies=[require_scope("projects:read")]
)
async def projects(t: Tenant) -> list[models.Project]:
    return await t.projects.list()


@router.post("/projects", dependencies=[require_scope("projects:write")])
async def make(t: Tenant, name: str) -> UUID:
    return (await t.projects.create(name=name)).id


@router.post("/readonly")
async def write_anyway(t: ReadonlyTenant) -> None:
    await t.projects.create(name="X")


@router.get("/me")
async def me(user: CurrentUser) -> str:
    return user.email


@router.get("/admins", dependencies=[require_role("admin")])
async def admins(caller: CurrentCaller, visit: CurrentVisit, db: Db) -> bool:
    return visit.caller is caller and db is visit.database


@router.get("/over")
async def over(_: Tenant) -> None:
    raise QuotaExceeded("Too many.", quota="max_projects", limit=1, used=1)


@router.get("/http/{status}")
async def http(status: int) -> None:
    details: dict[int, Any] = {418: "I am a teapot", 409: {"of": "things"}}
    raise HTTPException(status, details.get(status), {"X-Why": "so"})


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("hunter2")


@router.post("/given")
async def given(_: Given) -> None: ...


@router.websocket("/socket/{number}")
async def socket(websocket: WebSocket, number: int, t: Tenant) -> None:
    await websocket.accept()
    await websocket.send_text((await t.account.get()).slug)


@router.websocket("/writers", dependencies=[require_scope("chat:write")])
async def writers(websocket: WebSocket) -> None:
    raise WebSocketException(1000)


def _app(db: Database, **options: Any) -> FastAPI:
    app, inner = FastAPI(), FastAPI()
    app.add_middleware(TenantryMiddleware, db=db, **options)
    for each in (app, inner):
        each.include_router(router)
        problems(each)
    app.mount("/inner", inner)
    return app


async def _key(db: Database, tenant: TenantRow, *scopes: str, **values: Any) -> dict[str, str]:
    made = await db.tenant(tenant.id).api_keys.create(
        name="k", scopes=list(scopes or ("*",)), **values
    )
    return {"authorization": f"Bearer {made.secret}"}


@pytest.mark.parametrize("place_", ["", "/inner"])
async def test_what_a_route_asks_for(
    db: Database, acme: TenantRow, beta: TenantRow, place_: str
) -> None:
    ann = await make_user(db, "ann@x.org", acme, role="viewer")
    await db.tenant(acme.id).projects.create(name="Apollo")
    async with client(_app(db)) as http:
        every = await _key(db, acme)
        (row,) = (await http.get(f"{place_}/projects", headers=every)).json()
        assert row.keys() == {"id", "name"}
        other = await http.get(f"{place_}/projects", headers=await _key(db, beta))
        assert other.json() == []

        async def refused(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
            answer = await http.request(method, place_ + path, headers=headers)
            assert answer.status_code == 403, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            body: dict[str, Any] = answer.json()
            assert body["instance"].endswith(answer.headers["x-request-id"])
            return body

        reading = await _key(db, acme, "projects:read")
        body = await refused("POST", "/projects?name=X", reading)
        assert (body["code"], body["scope"]) == ("not_allowed", "projects:write")
        # The role counts where there is one, and a key without a user has none.
        viewer = await _key(db, acme, user_id=ann.id)
        assert (await refused("POST", "/projects?name=X", viewer))["scope"] == "projects:write"
        assert (await refused("GET", "/admins", viewer))["role"] == "admin"
        assert (await refused("GET", "/admins", every))["role"] == "admin"
        assert (await refused("GET", "/me", every))["code"] == "not_allowed"
        assert (await http.get(f"{place_}/me", headers=viewer)).json() == "ann@x.org"

        boss = await make_user(db, "bo@x.org", acme, role="owner")
        owner = await _key(db, acme, user_id=boss.id)
        assert (await http.get(f"{place_}/admins", headers=owner)).json() is True

        answer = await http.post(f"{place_}/readonly", headers=every)
        assert answer.status_code in (403, 503)
        answer = await http.get(f"{place_}/over", headers=every)
        assert (answer.status_code, answer.json()["code"]) == (402, "quota_exceeded")


def test_a_misspelt_right_is_found_at_once() -> None:
    for wrong in ("tasks.write", "Tasks:write", "", "tasks:write:all"):
        with pytest.raises(InvalidInput):
            require_scope(wrong)
    with pytest.raises(InvalidInput):
        require_role("boss")


async def test_what_fastapi_refuses_is_a_problem_too(db: Database, acme: TenantRow) -> None:
    app = _app(db)
    async with client(app) as http:
        http.headers.update(await _key(db, acme))
        sent: list[Any] = [
            {"password": ["hunter2"]},
            {"password": {"hunter2": 1}, "id": "zzhunter2"},
            {"password": "x", "pet": {"kind": "hunter2"}},
        ]
        for body in sent:
            answer = await http.post("/given", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["errors"]
            assert "hunter2" not in answer.text
            assert "`z`" not in answer.text
        answer = await http.post("/given", content=b'{"password": hunter2', headers=_JSON)
        assert answer.status_code == 422
        assert "hunter2" not in answer.text
        # As much as is wrong, the answer is short.
        answer = await http.post("/given", json={"password": "x", "numbers": ["x"] * 1000})
        assert len(answer.json()["errors"]) == 20

        for status, code, detail in (
            (418, "im_a_teapot", "I am a teapot"),
            (404, "not_found", None),
            (409, "conflict", None),
        ):
            answer = await http.get(f"/http/{status}")
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["x-why"] == "so"
            assert answer.json()["code"] == code
            assert answer.json().get("detail") == detail
        assert answer.json()["errors"] == {"of": "things"}
        assert (await http.get("/http/304")).content == b""
        answer = await http.get("/nowhere")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        answer = await http.delete("/me")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
        assert all(name == name.lower() for name, _ in answer.headers.raw)

        # The server is told of it all the same.
        silent = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=silent, base_url="https://platform.test") as other:
            answer = await other.get("/broken", headers=http.headers)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "hunter2" not in answer.text


_JSON = {"content-type": "application/json"}


async def test_a_websocket_has_its_tenant(db: Database, acme: TenantRow) -> None:
    app = _app(db)
    every = await _key(db, acme)
    for place_ in ("", "/inner"):
        opened, said = await _talk(app, f"{place_}/socket/1", every)
        assert (opened["type"], said["text"]) == ("websocket.accept", "acme")
        # Refused before it is accepted, whether by the door, the route or FastAPI.
        for path, headers in (
            (f"{place_}/socket/1", {}),
            (f"{place_}/socket/hunter2", every),
            (f"{place_}/writers", await _key(db, acme, "chat:read")),
        ):
            (closed,) = await _talk(app, path, headers)
            assert closed["type"] == "websocket.close"
            assert "hunter2" not in str(closed)


async def _talk(app: FastAPI, path: str, headers: dict[str, str]) -> list[Message]:
    """What is sent to a client that only connects."""
    got: list[Message] = []
    connected = False

    async def receive() -> Message:
        nonlocal connected
        if connected:
            await asyncio.sleep(60)
        connected = True
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        got.append(message)

    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "wss",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("platform.test", 443), "subprotocols": [],
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    return [m for m in got if m["type"] != "websocket.close" or len(got) == 1]


async def test_the_openapi_tells_all(db: Database) -> None:
    app = _app(db, cookie=SessionCookie("crumb", secure=False))
    assert app.openapi() == app.openapi()
    told = app.openapi()
    assert told["components"]["securitySchemes"]["session"]["name"] == "crumb"
    assert not {"HTTPValidationError", "ValidationError"} & told["components"]["schemas"].keys()
    for path in told["paths"].values():
        for operation in path.values():
            assert {"401", "402", "403", "404", "409", "422", "429", "503", "504"} <= set(
                operation["responses"]
            )
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert answer["content"].keys() == {"application/problem+json"}
    security = told["paths"]["/projects"]["get"]["security"]
    assert [*map(set, security)] == [{"bearer"}, {"key"}, {"session"}]


async def test_a_declaration_of_ones_own_stays(db: Database) -> None:
    app = FastAPI()

    @app.get("/", responses={404: {"description": "No such page", "content": {"text/html": {}}}})
    async def page() -> Response:
        return Response()

    problems(app)
    told = app.openapi()["paths"]["/"]["get"]["responses"]["404"]
    assert (told["description"], told["content"]) == ("No such page", {"text/html": {}})


async def test_a_model_of_ones_own_may_be_called_a_problem(db: Database) -> None:
    app = FastAPI()

    class Problem(BaseModel):
        solved: bool

    # As if it were written above: this module's annotations are texts.
    @app.get("/", response_model=Problem)
    async def page() -> Response:
        return Response()

    problems(app)
    assert app.openapi() == app.openapi()
    told = app.openapi()
    assert told["components"]["schemas"]["Problem"]["properties"].keys() == {"solved"}
    answers = told["paths"]["/"]["get"]["responses"]
    named = answers["404"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert "code" in told["components"]["schemas"][named.rpartition("/")[2]]["properties"]


async def test_an_upload_whose_key_is_revoked_is_not_unreadable(
    db: Database, acme: TenantRow
) -> None:
    """FastAPI takes all that happens while it reads a body for a body that cannot be read."""
    app = FastAPI()
    app.add_middleware(TenantryMiddleware, db=db, recheck=0.0)
    problems(app)

    @app.post("/take")
    async def take(given: dict[str, int]) -> None: ...

    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])

    async def parts() -> Any:
        yield b'{"a":'
        await db.tenant(acme.id).api_keys.revoke(made.key.id)
        yield b"1}"

    async with client(app, headers={"x-api-key": made.secret, **_JSON}) as http:
        answer = await http.post("/take", content=parts())
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_routes_can_be_tested_without_the_door(acme: TenantRow) -> None:
    app = FastAPI()
    app.include_router(router)
    problems(app)

    @app.get("/can", dependencies=[require_scope("tasks:write")])
    async def can(caller: CurrentCaller) -> str:
        return caller.by

    may = Caller(tenant_id=acme.id, scopes=("tasks:*",), by="key")
    app.dependency_overrides[get_caller] = lambda: may
    async with client(app) as http:
        assert (await http.get("/can")).json() == "key"
        answer = await http.get("/projects")
        assert (answer.status_code, answer.json()["scope"]) == (403, "projects:read")
