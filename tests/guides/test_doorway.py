"""The pages on tokens and on signing in through others run as printed, and what they make then does what they
say with a provider that is there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fixtures.servers import KeyValueServer
from tests.web.issuer import public, rsa, signed, staging
from tests.web.outsider import CLIENT, SECRET, Outsider

from .blocks import DOCS
from .reader import Reader

pytestmark = pytest.mark.postgres("wheel")

_ISSUER = "https://login.example.org/"
_A_PROVIDERS_TOKEN = """
```python
import httpx
from tenantry.web.providers import OutsideIdentity

theirs = httpx.get(f"{provider.issuer}token", params={"tenant": str(tenant_id)}).text
with TestClient(app, base_url="https://acme.test", headers={"Authorization": f"Bearer {theirs}"}) as http:
    print(http.get("/scopes").status_code)
    await db.accounts.link(ann.user_id, OutsideIdentity(provider="example", subject="auth0|7"))
    print(http.get("/scopes").json())
```
```text
401
['tasks:*']
```
"""
_A_SIGN_IN = """
```python
import os
import httpx
import outside
import tenantry
from tenantry.web.providers import GitHub

there = os.environ["THERE"]
outside.provider = GitHub(url=there, api=there)
db = await tenantry.connect()
ann = await db.accounts.sign_up(
    "ann@acme.test", "correct horse battery", name="Ann", tenant_name="Acme", slug="acme"
)
session = await db.tenant(ann.memberships[0].tenant_id).user_sessions.create(ann.user_id)

def through(answer):
    back = http.get(httpx.get(answer.headers["location"]).headers["location"])
    return back.headers["location"], sorted(http.cookies)

with TestClient(app, base_url="https://app.example.org", follow_redirects=False) as http:
    print(through(http.get("/sign-in/github")))
    http.cookies.set("__Host-session", session.token)
    print(through(http.post("/account/github", headers={"sec-fetch-site": "same-origin"})))
    http.cookies.clear()
    print(through(http.get("/sign-in/github?next=/projects")))
    print(http.post("/account/github", headers={"sec-fetch-site": "same-origin"}).status_code)
```
```text
('/sign-up', [])
('/account', ['__Host-session'])
('/projects', ['__Host-session'])
303
```
"""


@pytest.fixture(autouse=True)
def _quietly(reader: Reader, valkey_server: KeyValueServer) -> None:
    reader.environment["TENANTRY_REDIS_URL"] = valkey_server.url
    reader.environment["TENANTRY_REDIS_TIMEOUT"] = "10"
    # Starlette would rather have httpx's successor, which is not among what Tenantry asks for yet.
    reader.environment["PYTHONWARNINGS"] = "ignore:Using `httpx` with"


def test_tokens(reader: Reader) -> None:
    """Their issuer's address is replaced by one where there is somebody."""

    async def keys(request: Request) -> Response:
        return JSONResponse(public(rsa()))

    async def token(request: Request) -> Response:
        claims = {
            "iss": f"{stage.url}/",
            "aud": "https://api.example.org",
            "sub": "auth0|7",
            "exp": int(time.time()) + 60,
            "scope": "tasks:*",
            "https://example.org/tenant_id": request.query_params["tenant"],
        }
        return PlainTextResponse(signed({"alg": "RS256", "kid": "one"}, claims, rsa()))

    page = (DOCS / "tokens.md").read_text("utf-8")
    assert _ISSUER in page
    with staging() as stage:
        routes = [Route("/.well-known/jwks.json", keys), Route("/token", token)]
        stage.app = Starlette(routes=routes)
        assert reader.follow(_written(reader, page.replace(_ISSUER, f"{stage.url}/")))
        assert reader.follow(_written(reader, _A_PROVIDERS_TOKEN))


def test_signing_in_through_others(reader: Reader) -> None:
    assert reader.follow(DOCS / "oauth.md")
    there = Outsider()
    there.redirects |= {
        "https://app.example.org/sign-in/github/back",
        "https://app.example.org/account/github/back",
    }
    with staging() as stage:
        stage.app, there.url = there.app, stage.url
        reader.environment |= {
            "THERE": stage.url,
            "GITHUB_CLIENT_ID": CLIENT,
            "GITHUB_CLIENT_SECRET": SECRET,
        }
        assert reader.follow(_written(reader, _A_SIGN_IN))


def _written(reader: Reader, text: str) -> Path:
    page = reader.folder.with_name("page.md")
    page.write_text(text, "utf-8")
    return page
