"""An identity provider of the tests' own, over HTTP on this machine, that can be told how to behave."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import uvicorn
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


def b64(content: bytes | dict[str, Any]) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def rsa(name: str = "one") -> RSAKey:
    """A key by its name. RSA keys take a while to make, so the tests share them."""
    return _rsa(name)


@cache
def _rsa(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name})


@cache
def elliptic(curve: str, name: str) -> ECKey:
    return ECKey.generate_key(curve, parameters={"kid": name})


@cache
def edwards(name: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": name})


def public(*keys: Key) -> dict[str, Any]:
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


def signed(header: dict[str, Any], payload: bytes | dict[str, Any], key: Key) -> str:
    """A token as its issuer would make it, whatever it says: nothing of it is checked."""
    text = f"{b64(header)}.{b64(payload)}"
    model = jws.JWSRegistry.algorithms[header["alg"].replace("Ed25519", "EdDSA")]
    return f"{text}.{b64(model.sign(text.encode(), key))}"


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """The app over HTTP, in a thread with a loop of its own."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


class Stage:
    """One server for a module's tests, each with an app of its own upon it."""

    def __init__(self) -> None:
        self.app: ASGIApp = Starlette()
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Clock:
    """Time passes when it is told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def staging() -> Iterator[Stage]:
    stage = Stage()
    with serving(stage) as port:
        stage.url = f"http://127.0.0.1:{port}"
        yield stage


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise TimeoutError


class Published:
    """Its JWKS: what it answers, and how often it was asked."""

    def __init__(self) -> None:
        self.content: bytes = json.dumps(public(rsa())).encode()
        self.headers: dict[str, str] = {}
        self.status = 200
        self.asked = 0
        self.holding = False
        self.url = ""

    def publish(self, *keys: Key) -> None:
        self.content = json.dumps(public(*keys)).encode()

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        await until(lambda: not self.holding)
        return Response(
            self.content, self.status, {"content-type": "application/json", **self.headers}
        )

    async def elsewhere(self, request: Request) -> Response:
        return Response(json.dumps(public(rsa())))

    @property
    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/jwks", self.answer), Route("/elsewhere", self.elsewhere)])
