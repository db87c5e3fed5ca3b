"""The door: every request has its tenant, or gets no further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tenantry import Database, Rate
from tenantry.errors import NotAuthenticated, QuotaExceeded, VisitOver
from tenantry.models import Tenant
from tenantry.web import (
    RateLimits,
    SessionCookie,
    TenantryMiddleware,
    current_caller,
    current_tenant,
    current_visit,
    visit_of,
)
from tenantry.web.tokens import Tokens
from tests.fixtures.database import make_tenant, make_user

from .conftest import client, some_address

_NEVER = "must not run"


async def _who(request: Request) -> Response:
    caller = visit_of(request.scope).caller
    account = await current_tenant().account.get()
    return JSONResponse(
        {
            "tenant": account.slug,
            "user": str(caller.user_id) if caller.user_id else None,
            "by": caller.by,
            "scopes": caller.scopes,
            "same": caller is current_caller(),
        }
    )


async def _make(request: Request) -> Response:
    project = await current_tenant().projects.create(name=request.query_params["name"])
    return JSONResponse({"id": str(project.id)}, 201)


def _app(db: Database, *routes: Route, **options: Any) -> Starlette:
    app = Starlette(
        routes=[
            Route("/who", _who),
            Route("/projects", _make, methods=["POST"]),
            Route("/open", lambda _: JSONResponse("open")),
            *routes,
        ]
    )
    app.add_middleware(TenantryMiddleware, db=db, **{"public": ["/open"], **options})
    return app


async def _key(db: Database, tenant: Tenant, **values: Any) -> dict[str, str]:
    made = await db.tenant(tenant.id).api_keys.create(name="k", scopes=["*"], **values)
    return {"authorization": f"Bearer {made.secret}"}


async def test_a_key_opens_its_tenant(db: Database, acme: Tenant, beta: Tenant) -> None:
    async with client(_app(db)) as http:
        for tenant in (acme, beta, acme):
            answer = await http.get("/who", headers=await _key(db, tenant))
            assert answer.status_code == 200
            assert answer.json()["tenant"] == tenant.slug
            assert answer.json()["same"] is True
            assert answer.headers["cache-control"] == "no-store"
            assert len(answer.headers["x-request-id"]) == 32


async def test_nothing_gets_in_without_credentials(db: Database, acme: Tenant) -> None:
    ran = False

    async def never(_: Request) -> Response:
        nonlocal ran
        ran = True
        return Response(_NEVER)

    async with client(_app(db, Route("/never", never))) as http:
        good = (await _key(db, acme))["authorization"]
        shown: list[dict[str, str]] = [
            {},
            {"authorization": good[:-1] + ("A" if good[-1] != "A" else "B")},
            {"authorization": "Bearer tnt_" + "x" * 43},
            {"authorization": "Basic dXNlcjpwYXNz"},
            {"cookie": "__Host-session=AAAA.BBBB"},
            {"authorization": "Bearer a.b.c"},
        ]
        answers = [await http.get("/never", headers=headers) for headers in shown]
        assert not ran
        assert {answer.status_code for answer in answers} == {401}
        for answer in answers:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
        # No answer tells which it was.
        bodies = [{**a.json(), "instance": ""} for a in answers]
        assert all(body == bodies[0] for body in bodies)
        assert (await http.get("/open")).json() == "open"


async def test_who_did_it_is_on_record(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    headers = {
        **await _key(db, acme, user_id=ann.id),
        "user-agent": "robot/1",
        "x-forwarded-for": "1.2.3.4",
        "x-request-id": "mine",
    }
    async with client(_app(db)) as http:
        made = (await http.post("/projects?name=A", headers=headers)).json()["id"]
        [entry] = await db.tenant(acme.id).audit.of("projects", made)
    assert (entry.actor_kind, entry.user_id, entry.user_agent) == ("api_key", ann.id, "robot/1")
    # Nobody said that the peer may speak for others.
    assert str(entry.ip_address) == "127.0.0.1"
    assert entry.request_id != "mine"


async def test_the_door_answers_probes_itself(db: Database) -> None:
    async with client(_app(db)) as http:
        assert (await http.get("/health/live")).json() == {"live": True}
        ready = await http.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        # Metrics only where they are asked for.
        assert (await http.get("/metrics")).status_code == 401
    async with client(_app(db, metrics=True)) as http:
        assert (await http.get("/metrics")).status_code == 200
    async with client(_app(db, probes=False)) as http:
        assert (await http.get("/health/live")).status_code == 401


async def test_a_suspended_tenant_is_told_so_and_a_deleted_one_is_nobody(
    db: Database, acme: Tenant
) -> None:
    headers = await _key(db, acme)
    async with client(_app(db)) as http:
        async with db.service("unpaid") as s:
            await s.tenants.suspend(acme.id)
        answer = await http.get("/who", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
        async with db.service("gone") as s:
            await s.tenants.soft_delete(acme.id)
        assert (await http.get("/who", headers=headers)).status_code == 401


async def test_errors_of_the_application_are_problems(db: Database, acme: Tenant) -> None:
    async def missing(_: Request) -> Response:
        return JSONResponse(str(await current_tenant().projects.get(uuid4())))

    async def over(_: Request) -> Response:
        raise QuotaExceeded("Too many.", quota="max_projects", limit=1, used=1)

    routes = [Route("/missing", missing), Route("/over", over)]
    async with client(_app(db, *routes)) as http:
        headers = await _key(db, acme)
        answer = await http.get("/missing", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        answer = await http.get("/over", headers=headers)
        assert (answer.status_code, answer.json()["quota"]) == (402, "max_projects")
        assert answer.json()["instance"].endswith(answer.headers["x-request-id"])


async def test_a_context_ends_with_its_request(db: Database, acme: Tenant) -> None:
    later: list[asyncio.Task[str]] = []
    told: list[str] = []
    go = asyncio.Event()

    async def after() -> None:
        told.append((await current_tenant().account.get()).slug)

    async def late() -> str:
        await go.wait()
        try:
            current_tenant()
        except VisitOver:
            return "over"
        return "open"

    async def begin(_: Request) -> Response:
        later.append(asyncio.create_task(late()))
        return JSONResponse("begun", background=BackgroundTask(after))

    async with client(_app(db, Route("/begin", begin))) as http:
        await http.get("/begin", headers=await _key(db, acme))
    # What the request still does after its answer is its own; what goes on by itself is not.
    assert told == ["acme"]
    go.set()
    assert await later[0] == "over"
    # The request ran in this very task.
    with pytest.raises(VisitOver):
        current_visit()


async def test_a_session_is_a_users(shared_db: Database) -> None:
    db = shared_db
    acme = await make_tenant(db, "acme")
    ann = await make_user(db, "ann@x.org", acme, role="viewer")

    async def enter(request: Request) -> Response:
        cookie = await visit_of(request.scope).sign_in(acme.id, ann.id)
        return Response(headers={"set-cookie": cookie})

    async def leave(request: Request) -> Response:
        cookie = await visit_of(request.scope).sign_out()
        return Response(headers={"set-cookie": cookie})

    routes = [Route("/in", enter, methods=["POST"]), Route("/out", leave, methods=["POST"])]
    app = _app(db, *routes, public=["POST /in"])
    async with client(app) as http:
        # A token that somebody put there beforehand is not taken over.
        planted = (await db.tenant(acme.id).user_sessions.create(ann.id)).token
        cookies = {"cookie": f"__Host-session={planted}"}
        answer = await http.post("/in", headers=cookies)
        token = answer.cookies["__Host-session"]
        assert token != planted
        assert await db.user_session(planted) is None
        set_cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=Lax"} <= set(set_cookie.split("; "))

        found = (await http.get("/who")).json()
        assert (found["tenant"], found["user"], found["by"]) == ("acme", str(ann.id), "session")

        # Another site's page cannot make the browser act.
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.test"},
            {"origin": "null"},
        ):
            answer = await http.post("/projects?name=A", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
        answer = await http.post("/projects?name=A", headers={"origin": "https://platform.test"})
        assert answer.status_code == 201

        async with db.service("put out") as s:
            await s.execute("DELETE FROM tenantry.memberships WHERE user_id = $1", ann.id)
        assert (await http.get("/who")).status_code == 401
        async with db.service("back") as s:
            await s.tenant(acme.id).memberships.create(user_id=ann.id)
        assert (await http.get("/who")).status_code == 200
        answer = await http.post("/out", headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 200
        assert await db.user_session(token) is None
        assert (
            await http.get("/who", headers={"cookie": f"__Host-session={token}"})
        ).status_code == 401


async def test_limits_are_told_and_kept(shared_db: Database) -> None:
    acme, beta = await make_tenant(shared_db, "acme"), await make_tenant(shared_db, "beta")
    limits = RateLimits(tenant=Rate(3, per=60), caller=Rate(2, per=60), failures=Rate(2, per=60))
    async with client(_app(shared_db, limits=limits), some_address()) as http:
        one, two = await _key(shared_db, acme), await _key(shared_db, acme)
        answers = [await http.get("/who", headers=h) for h in (one, one, one, two, two)]
        assert [a.status_code for a in answers] == [200, 200, 429, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"tenant";q=3;w=60, "caller";q=2;w=60'
        assert answers[1].headers["ratelimit"].startswith('"caller";r=0;t=')
        assert answers[2].headers["ratelimit"].startswith('"caller";r=0;t=')
        assert int(answers[4].headers["retry-after"]) > 0
        assert (await http.get("/who", headers=await _key(shared_db, beta))).status_code == 200
        wrong = {"authorization": "Bearer tnt_" + "x" * 43}
        answers = [await http.get("/who", headers=wrong) for _ in range(3)]
        assert [a.status_code for a in answers] == [401, 401, 429]


async def test_what_is_public_is_limited_by_address(shared_db: Database) -> None:
    limits = RateLimits(public=Rate(2, per=60))
    one, two = (httpx.ASGITransport(_app(shared_db, limits=limits), client=(ip, 1)) for ip in (
        some_address(), some_address()))  # fmt: skip
    async with httpx.AsyncClient(transport=one, base_url="https://platform.test") as http:
        answers = [await http.get("/open") for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert int(answers[2].headers["retry-after"]) > 0
    async with httpx.AsyncClient(transport=two, base_url="https://platform.test") as http:
        assert (await http.get("/open")).status_code == 200


async def test_a_fault_of_the_applications_own_says_which_request_it_was(
    db: Database, acme: Tenant
) -> None:
    async def fault(_: Request) -> Response:
        raise ZeroDivisionError("of no caller's business")

    app = _app(db, Route("/fault", fault))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://platform.test") as http:
        answer = await http.get("/fault", headers=await _key(db, acme))
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert answer.json()["instance"].endswith(answer.headers["x-request-id"])
        assert "business" not in answer.text
    with pytest.raises(ZeroDivisionError):
        async with client(app) as http:
            await http.get("/fault", headers=await _key(db, acme))


async def test_a_stream_is_cut_when_its_key_is_revoked(db: Database, acme: Tenant) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])
    sent: list[int] = []

    async def numbers(_: Request) -> Response:
        async def each() -> Any:
            for number in range(10):
                if number == 5:
                    await db.tenant(acme.id).api_keys.revoke(made.key.id)
                sent.append(number)
                yield str(number)

        return StreamingResponse(each())

    app = _app(db, Route("/numbers", numbers), recheck=0.0)
    got = await _raw(app, "/numbers", made.secret)
    assert b"".join(m.get("body", b"") for m in got) == b"01234"
    assert not any(m["type"] == "http.response.body" and not m.get("more_body") for m in got)


async def _raw(app: Callable[..., Awaitable[None]], path: str, secret: str) -> list[dict[str, Any]]:
    """What the server would have sent, up to where the application broke off."""
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "https", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("platform.test", 443),
        "headers": [(b"authorization", f"Bearer {secret}".encode())],
    }  # fmt: skip
    with pytest.raises(NotAuthenticated):
        await app(scope, receive, send)
    return got


def test_a_cookie_without_https_has_no_prefix() -> None:
    assert "Secure" not in SessionCookie("session", secure=False).set("t", 60)


async def test_one_issuer_that_is_away_keeps_nobody_elses_tokens_out(
    db: Database, acme: Tenant
) -> None:
    ann = await make_user(db, "ann@x.org", acme, role="member")
    away = Tokens(
        issuer="https://away.example", audience="api", jwks_url="http://127.0.0.1:1/jwks.json"
    )
    own = Tokens(issuer="own", audience="api", secret="K7v!q2Zr9#Lw4Xe8@Tn6Bd1$Ys3Hj5Pm")
    async with client(_app(db, tokens=[away, own])) as http:
        token = own.issue(acme.id, ann.id, ["tasks:read"])
        answer = await http.get("/who", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert (answer.json()["user"], answer.json()["by"]) == (str(ann.id), "token")
        # Signed by the one, in the name of the other.
        forged = Tokens(
            issuer=away.issuer, audience="api", secret="K7v!q2Zr9#Lw4Xe8@Tn6Bd1$Ys3Hj5Pm"
        ).issue(acme.id, ann.id)
        for text in (forged, "a.b.c", token + "x"):
            answer = await http.get("/who", headers={"authorization": f"Bearer {text}"})
            assert answer.status_code == 401
