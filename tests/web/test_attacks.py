"""What is tried at the door: all of it is refused, and nothing of it is told apart."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

import tenantry
from tenantry import Database, Rate
from tenantry.models import Tenant
from tenantry.web import (
    RateLimits,
    TenantryMiddleware,
    Tokens,
    current_tenant,
    visit_of,
)
from tests.fixtures.database import Place, make_tenant, make_user
from tests.fixtures.wire import tap

from .conftest import client, some_address
from .issuer import b64, public, rsa, signed
from .served import opening, served, spoken

ISSUER, AUDIENCE = "https://issuer.test", "platform"


async def _key(db: Database, tenant: Tenant, **values: Any) -> str:
    made = await db.tenant(tenant.id).api_keys.create(name="k", scopes=["*"], **values)
    return made.secret


class Platform:
    """It notes each request that got through, by the number `n` that it carries, and for whom."""

    def __init__(self, db: Any, **options: Any) -> None:
        self.ran: dict[str, list[str]] = defaultdict(list)
        routes = [Route(f"/{name}", self.who, methods=["GET", "POST"]) for name in ("who", "open")]
        self.app = Starlette(
            routes=[
                *routes,
                Route("/in", self.enter, methods=["POST", "GET"]),
                Mount("/static", routes=[Route("/{name:path}", self.who)]),
            ]
        )
        options = {"public": ["/open", "/static/*", "/in"], **options}
        self.app.add_middleware(TenantryMiddleware, db=db, **options)

    async def who(self, request: Request) -> Response:
        visit = visit_of(request.scope)
        slug = (await visit.tenant().account.get()).slug if visit.known is not None else "nobody"
        body = await request.body()
        self.ran[request.query_params.get("n", "")].append(slug)
        return JSONResponse({"tenant": slug, "ip": visit.ip, "body": len(body)})

    async def enter(self, request: Request) -> Response:
        visit = visit_of(request.scope)
        ids = request.query_params["t"], request.query_params["u"]
        return Response(headers={"set-cookie": await visit.sign_in(*ids)})  # type: ignore[arg-type]


# ---- raw bytes, over a socket -----------------------------------------------------------------

#: Acme's key is %A, Beta's %B. Each may be answered with the request's own tenant, or be refused;
#: "-" is for those that must be refused whatever the server makes of them.
_RAW: tuple[tuple[str, bytes], ...] = (
    ("acme", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %A\r\n\r\n"),
    ("acme", b"GET /who?n=# HTTP/1.0\r\nX-API-Key: %A\r\n\r\n"),
    # The same in two places, or from two callers, in any order and spelling.
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nX-API-Key: %B\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nX-API-Key: %A\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A,%B\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %A, Bearer %B\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAUTHORIZATION: Bearer %A\r\nx-api-key: %B\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nauthorization: Bearer %A\r\n"
          b"AuthoriZation: Bearer %B\r\n\r\n"),
    # Where a line ends, and where a name does.
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-A: b\r\n Authorization: Bearer %A\r\n\r\n"),
    ("acme", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer\r\n %A\r\n\r\n"),
    ("acme", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer %A\r\n\r\n"),
    ("acme", b"GET /who?n=# HTTP/1.1\nHost: x\nAuthorization: Bearer %A\n\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %A\r\n"
          b"X-A: b\nAuthorization: Bearer %B\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-A: b\rAuthorization: Bearer %A\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\x00\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\x00%B\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key\x00: %A\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: \xef\xbb\xbf%A\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX_API_Key: %A\r\n\r\n"),
    # Too long for the server, for the door, and many.
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"a" * 9000 + b"\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b; " * 2000 + b"\r\n\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\n" + b"X-API-Key: %A\r\n" * 300 + b"\r\n"),
    ("-", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nAuthorization: " + b"a" * 300_000 + b"\r\n\r\n"),
    # What is inside a body is no request of whoever sent it; nor is the next on his connection.
    ("acme", b"POST /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nContent-Length: 60\r\n"
             b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
             b"GET /who?n=#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("acme", b"POST /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nContent-Length: 3\r\n"
             b"Content-Length: 0\r\n\r\nGET /who?n=#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("acme", b"POST /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nTransfer-Encoding: xchunked\r\n"
             b"\r\n0\r\n\r\nGET /who?n=#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("acme", b"POST /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nTransfer-Encoding : chunked\r\n"
             b"Content-Length: 5\r\n\r\n0\r\n\r\nGET /who?n=#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("acme", b"POST /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\nContent-Length: +0\r\n\r\n"
             b"GET /who?n=#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("acme", b"GET /who?n=# HTTP/1.1\r\nHost: x\r\nX-API-Key: %A\r\n\r\n"
             b"GET /who?n=#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    # Which path it is: none of these is one of the public ones, or leads from there to another.
    *(("-", b"GET %s?n=# HTTP/1.1\r\nHost: x\r\n\r\n" % path) for path in (
        b"/who", b"//who", b"/who/", b"/./who", b"/open/../who", b"/open/%2e%2e/who", b"/open/..;/who",
        b"/open;/who", b"/open%2f..%2fwho", b"/static/../who", b"/static/%2e%2e/who", b"/static",
        b"/static/..%2fwho", b"/static/%252e%252e/who", b"/static/..\\who", b"/static/.%5cwho",
        b"/static/a;x", b"/static//who", b"/static/%00", b"/STATIC/a", b"/Open", b"/open%20",
        b"/open%00", b"/open/", b"/open%2f", b"//open", b"/%6fpen/", b"/open%3f", b"/open%23",
        b"http://x/who", b"http://open/who", b"*", b"/who/../open", b"x/open", b"/staticwho",
        b"/static.html", b"/openwho",
    )),
    *(("-", b"%s /who?n=# HTTP/1.1\r\nHost: x\r\n\r\n" % method) for method in (
        b"OPTIONS", b"HEAD", b"get", b"TRACE", b"PROPFIND", b"POST",
    )),
)  # fmt: skip


@pytest.mark.parametrize("http", ["h11", "httptools"])
async def test_raw_requests(place: Place, db: Database, http: str) -> None:
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    keys = await _key(db, acme), await _key(db, beta)
    platform = Platform(opening(place, pool_max=8))
    a, b = (key.encode() for key in keys)
    raws = [
        raw.replace(b"%A", a).replace(b"%B", b).replace(b"n=#", b"n=%d" % number)
        for number, (_, raw) in enumerate(_RAW)
    ]
    with served(platform.app, http=http, timeout_keep_alive=1) as port:
        answers = await asyncio.gather(*(spoken(port, raw) for raw in raws))
    statuses = [re.findall(rb"HTTP/1\.1 (\d{3}) ", answer) for answer in answers]
    for number, ((whose, raw), found) in enumerate(zip(_RAW, statuses, strict=True)):
        assert not any(status.startswith(b"5") for status in found), raw
        allowed = [[]] if whose == "-" else [[], [whose]]
        assert platform.ran[str(number)] in allowed, raw
        # And nobody gets in behind another's back.
        assert platform.ran[f"{number}x"] == [], raw
        if whose == "-":
            # No 404 or 405: to hear of routes one has to be let in.
            assert set(found) <= {b"400", b"401", b"413", b"414", b"431"}, raw
    assert [platform.ran[str(number)] for number in (0, 1)] == [["acme"], ["acme"]]


@pytest.mark.parametrize("http", ["h11", "httptools"])
async def test_requests_of_one_connection_are_each_others_strangers(
    place: Place, db: Database, http: str
) -> None:
    keys = [await _key(db, await make_tenant(db, slug)) for slug in ("acme", "beta")]
    platform = Platform(opening(place))
    shown = [f"X-API-Key: {key}\r\n" for key in keys]
    order = [shown[0], "", shown[1], "", shown[0] + shown[1], shown[1]]
    raw = "".join(
        f"GET /who?n={number} HTTP/1.1\r\nHost: x\r\n{line}\r\n"
        for number, line in enumerate(order)
    )
    with served(platform.app, http=http, timeout_keep_alive=1) as port:
        answer = await spoken(port, raw.encode())
    statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert statuses == [b"200", b"401", b"200", b"401", b"401", b"200"]
    assert platform.ran == {"0": ["acme"], "2": ["beta"], "5": ["beta"]}


# ---- what stands in the scope -----------------------------------------------------------------


def _scope(path: str, **values: Any) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "https", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("x", 443), "headers": [], **values,
    }  # fmt: skip


async def _asked(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    await app(scope, receive, send)
    return got


async def test_headers_that_can_be_read_but_once_are_read_by_all(
    shared_db: Database,
) -> None:
    db = shared_db
    acme = await make_tenant(db, "acme")
    ann = await make_user(db, "ann@x.org", acme)
    token = (await db.tenant(acme.id).user_sessions.create(ann.id)).token
    platform = Platform(db)
    for origin, status in ((b"https://evil.test", 403), (b"https://x", 200)):
        headers = [(b"Host", b"x"), (b"Cookie", b"__Host-session=" + token.encode())]
        scope = _scope("/who", method="POST", headers=iter([*headers, (b"Origin", origin)]))
        assert (await _asked(platform.app, scope))[0]["status"] == status


async def test_a_mounted_door_goes_by_the_path_that_its_routes_see(db: Database) -> None:
    platform = Platform(db)
    for root, path, status in (
        ("/api", "/api/open", 200),
        ("/api", "/api/who", 401),
        ("/api", "/open", 200),  # of a server that leaves it out
        ("/api", "/apiopen", 401),
        ("/api", "/static/api/who", 401),  # which Litestar takes for /who
        ("/api/", "/api/open", 401),
        ("/", "/open", 200),
        ("/open", "/open", 401),
        ("/open", "/open/who", 401),
    ):
        got = await _asked(platform.app, _scope(path, root_path=root))
        assert got[0]["status"] == status, (root, path)


# ---- whose address ----------------------------------------------------------------------------

_FORGED = {
    "x-forwarded-for": "6.6.6.6", "forwarded": "for=6.6.6.6;host=evil.test;proto=https",
    "x-real-ip": "6.6.6.6", "x-client-ip": "6.6.6.6", "true-client-ip": "6.6.6.6",
    "cf-connecting-ip": "6.6.6.6", "x-forwarded-host": "evil.test", "x-request-id": "forged",
}  # fmt: skip


async def test_nobody_chooses_his_address(place: Place, db: Database) -> None:
    key = await _key(db, await make_tenant(db, "acme"))
    lines = "".join(f"{name}: {value}\r\n" for name, value in _FORGED.items())
    raw = f"GET /who HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nConnection: close\r\n{lines}\r\n"
    for trusted, seen in (([], "127.0.0.1"), (["10.0.0.0/8"], "127.0.0.1")):
        platform = Platform(opening(place), proxies=trusted)
        with served(platform.app) as port:
            head, _, body = (await spoken(port, raw.encode())).partition(b"\r\n\r\n")
        assert json.loads(body)["ip"] == seen
        assert b"forged" not in head
    # And through a proxy that is trusted, only what that proxy wrote.
    async with client(Platform(db, proxies=["127.0.0.1"]).app) as http:
        headers = {"x-api-key": key, **_FORGED, "x-forwarded-for": "6.6.6.6, 9.9.9.9"}
        assert (await http.get("/who", headers=headers)).json()["ip"] == "9.9.9.9"


async def test_a_forged_address_gives_no_new_attempts(shared_db: Database) -> None:
    limits = RateLimits(failures=Rate(2, per=60))
    async with client(Platform(shared_db, limits=limits).app, some_address()) as http:
        statuses = []
        for number in range(4):
            headers = dict.fromkeys(_FORGED, f"6.6.6.{number}")
            answer = await http.get("/who", headers={"x-api-key": "tnt_" + "x" * 43, **headers})
            statuses.append(answer.status_code)
    assert statuses == [401, 401, 429, 429]


# ---- tokens -----------------------------------------------------------------------------------


async def test_tokens_that_are_none(db: Database, acme: Tenant, beta: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    other = rsa("two")
    published = public(rsa())
    platform = Platform(
        db, tokens=[Tokens(issuer=ISSUER, audience=AUDIENCE, keys=published, leeway=0)]
    )
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", "kid": "one"}
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(ann.id), "tenant_id": str(acme.id),
        "scope": "*", "iat": now, "exp": now + 300,
    }  # fmt: skip
    good = signed(header, claims, rsa())
    parts = good.split(".")
    pem = rsa().as_pem(private=False)
    confused = f"{b64({**header, 'alg': 'HS256'})}.{parts[1]}"
    by_pem = b64(hmac.digest(pem, confused.encode(), "sha256"))
    bad = {
        "none": f"{b64({'alg': 'none', 'typ': 'JWT'})}.{parts[1]}.",
        "none, signed": f"{b64({'alg': 'none', 'typ': 'JWT'})}.{parts[1]}.{parts[2]}",
        "nOnE": f"{b64({'alg': 'nOnE', 'typ': 'JWT'})}.{parts[1]}.{parts[2]}",
        "public key as secret": f"{confused}.{by_pem}",
        "other key": signed({**header, "kid": "two"}, claims, other),
        "other key, this name": signed(header, claims, other),
        "its own key": signed({**header, "jwk": dict(other.as_dict(private=False))}, claims, other),
        "its own address": signed({**header, "jku": "https://evil.test/jwks"}, claims, other),
        "critical": signed({**header, "crit": ["x"], "x": 1}, claims, rsa()),
        "expired": signed(header, {**claims, "exp": now - 1}, rsa()),
        "for ever": signed(header, {n: v for n, v in claims.items() if n != "exp"}, rsa()),
        "not yet": signed(header, {**claims, "nbf": now + 60}, rsa()),
        "of tomorrow": signed(header, {**claims, "iat": now + 86400, "exp": now + 90000}, rsa()),
        "another audience": signed(header, {**claims, "aud": "other"}, rsa()),
        "another issuer": signed(header, {**claims, "iss": "https://evil.test"}, rsa()),
        "another's tenant": signed(header, {**claims, "tenant_id": str(beta.id)}, rsa()),
        "no tenant": signed(header, {**claims, "tenant_id": str(uuid4())}, rsa()),
        "nobody": signed(header, {**claims, "sub": str(uuid4())}, rsa()),
        "changed": f"{parts[0]}.{b64({**claims, 'tenant_id': str(beta.id)})}.{parts[2]}",
        "no signature": f"{parts[0]}.{parts[1]}.",
        "cut": good[:-2],
        "twice": f"{good}.{parts[2]}",
    }
    async with client(platform.app) as http:
        ok = await http.get("/who", headers={"authorization": f"Bearer {good}"})
        assert (ok.status_code, ok.json()["tenant"]) == (200, "acme")
        answers = {
            name: await http.get("/who", headers={"authorization": f"Bearer {token}"})
            for name, token in bad.items()
        }
        assert {name: a.status_code for name, a in answers.items()} == dict.fromkeys(bad, 401)
        assert len({_without_id(answer) for answer in answers.values()}) == 1
    assert platform.ran == {"": ["acme"]}


async def test_an_issuer_that_is_away_is_in_nobody_elses_way(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    away = Tokens(issuer="away", audience="a", jwks_url="http://127.0.0.1:9/jwks")
    here = Tokens(issuer=ISSUER, audience=AUDIENCE, keys=public(rsa()))
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(ann.id), "tenant_id": str(acme.id),
        "scope": "*", "exp": int(time.time()) + 300,
    }  # fmt: skip
    header = {"alg": "RS256", "kid": "one"}
    good, other = signed(header, claims, rsa()), signed(header, {**claims, "iss": "away"}, rsa())
    for issuers in ([away, here], [here, away]):
        async with client(Platform(db, tokens=issuers).app) as http:
            answers = [
                await http.get("/who", headers={"authorization": f"Bearer {token}"})
                for token in (good, other)
            ]
        # Of the other nothing is known, and that is what he is told.
        assert [answer.status_code for answer in answers] == [200, 503]


def _without_id(answer: Any) -> str:
    """All of an answer but the name of its request."""
    text = f"{answer.status_code} {sorted(answer.headers.multi_items())} {answer.text}"
    return text.replace(answer.headers["x-request-id"], "id")


# ---- keys -------------------------------------------------------------------------------------

_REVOKE = """
import asyncio, sys, tenantry
async def main():
    async with await tenantry.connect(sys.argv[1], migrate="off", pool_min=0) as db:
        await db.tenant(sys.argv[2]).api_keys.revoke(sys.argv[3])
asyncio.run(main())
"""


async def test_a_key_that_another_process_revoked_is_dead(
    place: Place, db: Database, acme: Tenant
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"])
    async with client(Platform(db).app) as http:
        headers = {"x-api-key": made.secret}
        for _ in range(3):
            assert (await http.get("/who", headers=headers)).status_code == 200
        command = [sys.executable, "-c", _REVOKE, place.url("app"), str(acme.id), str(made.key.id)]
        await asyncio.to_thread(subprocess.run, command, check=True)
        assert (await http.get("/who", headers=headers)).status_code == 401


async def test_known_and_unknown_take_the_same_way(
    place: Place, db: Database, acme: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    """Not a matter of milliseconds, which no test can tell: the same statements, the same answer."""
    api_keys = db.tenant(acme.id).api_keys
    revoked = await api_keys.create(name="k", scopes=["*"])
    await api_keys.revoke(revoked.key.id)
    gone = await make_tenant(db, "gone")
    of_gone = await _key(db, gone)
    async with db.service("gone") as s:
        await s.tenants.soft_delete(gone.id)
    unknown = revoked.secret[:-8] + "AAAAAAAA"
    server = place.server
    path = str(server.socket_dir / f".s.PGSQL.{server.port}")
    caplog.set_level(logging.DEBUG)
    async with tap(place.url("app"), path) as wire:
        settings = place.settings(database_url=wire.url, pool_max=1)
        async with await tenantry.connect(settings=settings) as through:
            app = Platform(through).app
            async with client(app) as http:
                await http.get("/who", headers={"x-api-key": unknown})
                ways = []
                for key in (unknown, revoked.secret, of_gone):
                    wire.reset()
                    answer = await http.get("/who", headers={"x-api-key": key})
                    ways.append((wire.round_trips, tuple(wire.sql), _without_id(answer)))
    assert len(set(ways)) == 1
    assert ways[0][2].startswith("401")
    assert "not authenticated" in caplog.text
    assert not any(key in caplog.text for key in (unknown, revoked.secret, of_gone))


# ---- sessions ---------------------------------------------------------------------------------


@pytest.fixture
async def signed_in(shared_db: Database) -> AsyncIterator[tuple[Platform, str, str]]:
    """A platform, Ann's session there, and her way in."""
    acme = await make_tenant(shared_db, "acme")
    ann = await make_user(shared_db, "ann@x.org", acme)
    token = (await shared_db.tenant(acme.id).user_sessions.create(ann.id)).token
    yield Platform(shared_db), token, f"/in?t={acme.id}&u={ann.id}"


async def test_cookies_that_can_be_read_in_two_ways(signed_in: tuple[Platform, str, str]) -> None:
    platform, token, _ = signed_in
    name = "__Host-session"
    async with client(platform.app) as http:
        for cookies, status in (
            ([f"{name}={token}"], 200),
            ([f"a=b; {name}={token}; c=d"], 200),
            ([f"{name}={token}; {name}=other"], 401),
            ([f"{name}={token}", f"{name}=other"], 401),
            ([f"{name}=; {name}={token}"], 401),
            ([f'{name}="{token}"'], 401),
            ([f"{name}={token}\x01"], 401),
            ([f"{name.lower()}={token}"], 401),
            ([f"session={token}"], 401),
            ([f"__Secure-session={token}"], 401),
            ([f"{name}={token[:-1]}"], 401),
            ([f"x={name}={token}"], 401),
        ):
            sent = [("cookie", cookie) for cookie in cookies]
            assert (await http.get("/who", headers=sent)).status_code == status, cookies


async def test_nobody_is_signed_in_by_another_site(signed_in: tuple[Platform, str, str]) -> None:
    """Else he would go on working in an account that somebody else reads."""
    platform, token, way = signed_in
    async with client(platform.app) as http:
        mine = {"cookie": f"__Host-session={token}"}
        for said in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
            answer = await http.post(way, headers={**mine, **said})
            assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
            assert "set-cookie" not in answer.headers
        assert (await http.get("/who", headers=mine)).status_code == 200
        # The way back from a provider is a page that another site leads to.
        answer = await http.get(way, headers={**mine, "sec-fetch-site": "cross-site"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        http.cookies.clear()
        assert (await http.get("/who", headers=mine)).status_code == 401


async def test_a_platform_without_sessions_takes_no_cookie(
    db: Database, acme: Tenant, shared_db: Database
) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    token = (await shared_db.tenant(acme.id).user_sessions.create(ann.id)).token
    async with client(Platform(db).app) as http:
        answer = await http.get("/who", headers={"cookie": f"__Host-session={token}"})
        assert answer.status_code == 401


# ---- what a cache in front may do -------------------------------------------------------------


async def test_a_cache_keeps_an_answer_for_its_caller_alone(db: Database, acme: Tenant) -> None:
    async def kept(_: Request) -> Response:
        name = (await current_tenant().account.get()).slug
        return JSONResponse(name, headers={"cache-control": "max-age=60"})

    app = Starlette(routes=[Route("/kept", kept)])
    app.add_middleware(TenantryMiddleware, db=db)
    async with client(app) as http:
        answer = await http.get("/kept", headers={"x-api-key": await _key(db, acme)})
        assert answer.headers["cache-control"] == "max-age=60"
        assert answer.headers["vary"] == "authorization, x-api-key, cookie"
        assert (await http.get("/kept")).headers["cache-control"] == "no-store"
