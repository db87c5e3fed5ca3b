"""A provider that users sign in at: OpenID and GitHub's own way, behind one address. It keeps the rules that
providers keep (a code is good once, for its verifier, address and client), and lies when it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tenantry.web.outside import tls
from tests.web.issuer import b64, public, rsa, signed

CLIENT, SECRET = "client-7", "a secret of the app"
REDIRECT = "https://app.example.org/oauth/callback"


class Outsider:
    def __init__(self) -> None:
        self.url = ""
        self.key = rsa("one")
        #: Where it sends browsers back to.
        self.redirects = {REDIRECT}
        #: Differences from how it is to be.
        self.metadata: dict[str, Any] = {}
        self.callback: dict[str, str | None] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.info: Any = {"sub": "u-1", "email": "ann@example.org", "email_verified": True}
        self.user: Any = {"id": 583231, "login": "ann", "email": "shown@example.org"}
        self.emails: Any = [
            {"email": "old@example.org", "primary": False, "verified": True},
            {"email": "ann@example.org", "primary": True, "verified": True},
        ]
        #: Whole answers in place of the usual, by path.
        self.instead: dict[str, Response] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    async def configuration(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/login/oauth/authorize",
                "token_endpoint": f"{self.url}/login/oauth/access_token",
                "jwks_uri": f"{self.url}/jwks",
                "userinfo_endpoint": f"{self.url}/userinfo",
                **self.metadata,
            }
        )

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if asked["client_id"] != CLIENT or asked["response_type"] != "code":
            return Response(status_code=400)
        back = asked["redirect_uri"]
        if back not in self.redirects or asked["code_challenge_method"] != "S256":
            return Response(status_code=400)
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], **self.callback}
        given = {k: v for k, v in answer.items() if v is not None}
        return RedirectResponse(f"{back}?{urlencode(given)}", 302)

    async def access_token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        shown = (form.get("client_id"), form.get("client_secret"))
        if request.headers.get("authorization") != f"Basic {basic}" and shown != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or asked["code_challenge"] != b64(digest)
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            # As GitHub does: with 200.
            return JSONResponse({"error": "bad_verification_code"})
        answer = {"access_token": "at-1", "token_type": "bearer", "scope": asked["scope"]}
        if "openid" in asked["scope"]:
            answer["id_token"] = self.id_token(asked["nonce"])
        return JSONResponse({**answer, **self.token})

    def id_token(self, nonce: str) -> str:
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "u-1",
            "nonce": nonce,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "email": "ann@example.org",
            "email_verified": True,
            "preferred_username": "ann",
            **self.claims,
        }
        claims = {k: v for k, v in claims.items() if v is not ...}
        header = {"alg": "RS256", "typ": "JWT", "kid": "one", **self.header}
        return signed(header, claims, self.key)

    async def jwks(self, request: Request) -> Response:
        return JSONResponse(public(rsa("one")))

    async def about(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer at-1":
            return Response(status_code=401)
        content = {"/user": self.user, "/user/emails": self.emails, "/userinfo": self.info}
        return Response(json.dumps(content[request.url.path]))

    @property
    def app(self) -> Any:
        inner = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.configuration),
                Route("/login/oauth/authorize", self.authorize),
                Route("/login/oauth/access_token", self.access_token, methods=["POST"]),
                Route("/jwks", self.jwks),
                Route("/user", self.about),
                Route("/user/emails", self.about),
                Route("/userinfo", self.about),
            ]
        )

        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.asked.append(scope["path"])
            await self.instead.get(scope["path"], inner)(scope, receive, send)

        return app

    async def visit(self, url: str) -> str:
        """A browser goes there, its user says yes, and it is sent back: where to."""
        async with httpx.AsyncClient(verify=await tls()) as browser:
            answer = await browser.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]
