"""`/health/live`, `/health/ready` and `/metrics`, as an ASGI app of their own.

app.mount("/internal", Probes(db))
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Collection
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tenantry.database import Database
from tenantry.errors import ConfigurationError, InvalidInput
from tenantry.ops.readiness import AHEAD, LIMIT_S, REQUIRED, Part, Readiness, readiness

from .asgi import Header, Receive, Scope, Send
from .paths import path_of

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Source = Database | Callable[[], Database | None]

LIVE: Final = "/health/live"
READY: Final = "/health/ready"
METRICS: Final = "/metrics"
#: Seconds for which an answer is good: a program of fifty probes a second asks the database once.
KEEP_S: Final = 1.0
_MAY_BE_REQUIRED: Final = ("database", "migrations", "valkey", "valkey-cache", "partitions")
_UNCONNECTED: Final = Readiness(
    (Part("database", False, error="not_connected", required=True),),
)


class _Answer(NamedTuple):
    status: int
    body: bytes
    type: str = "application/json"
    headers: tuple[Header, ...] = ()


_NOT_FOUND: Final = _Answer(404, b'{"error":"not_found"}')
_NOT_ALLOWED: Final = _Answer(
    405, b'{"error":"method_not_allowed"}', headers=((b"allow", b"GET, HEAD"),)
)
_ALIVE: Final = _Answer(200, b'{"live":true}')


class Probes:
    """`db` may be what gives it, for an app that connects when it starts; None means: not yet.

    `metrics` is the registry to show, prometheus-client's own unless another is given; False shows
    none. Serve it where nobody but the platform's own machinery comes: it asks for no login.
    """

    def __init__(
        self,
        db: Source,
        *,
        metrics: CollectorRegistry | bool = True,
        require: Collection[str] = REQUIRED,
        ahead: int = AHEAD,
        timeout: float = LIMIT_S,
        keep: float = KEEP_S,
    ) -> None:
        if unknown := set(require).difference(_MAY_BE_REQUIRED):
            raise InvalidInput(
                f"Readiness has no part {min(unknown)!r} that may be required.", field="require"
            )
        self._db = db
        self._exposition = None if metrics is False else _exposition(metrics)
        self._paths = (LIVE, READY, METRICS) if self._exposition else (LIVE, READY)
        self._require = tuple(require)
        self._ahead = ahead
        self._timeout = timeout
        self._keep = keep
        #: Set it when the program is about to end: whoever sends requests here is told to stop.
        self.draining = False
        self._seen = _UNCONNECTED
        self._until = -math.inf
        self._asking: asyncio.Task[Readiness] | None = None

    def handles(self, scope: Scope) -> bool:
        """Whether the request is for one of the paths here."""
        return scope["type"] == "http" and _path(scope) in self._paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _send(send, await self._answer(scope), head=scope["method"] == "HEAD")
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})

    async def ready(self) -> Readiness:
        """As of now, or of a moment ago. However many ask, the servers are asked once."""
        if monotonic() < self._until:
            return self._seen
        loop = asyncio.get_running_loop()
        if self._asking is None or self._asking.get_loop() is not loop:
            self._asking = loop.create_task(self._ask())
            self._asking.add_done_callback(self._asked)
        # Who goes away leaves the others waiting.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Readiness:
        db = self._found()
        if db is None:
            return _UNCONNECTED
        self._seen = await readiness(
            db, require=self._require, ahead=self._ahead, timeout=self._timeout
        )
        self._until = monotonic() + self._keep
        return self._seen

    def _found(self) -> Database | None:
        if isinstance(self._db, Database):
            return self._db
        try:
            return self._db()
        except (AttributeError, LookupError, NameError):
            return None  # what will hold it is not there yet

    def _asked(self, task: asyncio.Task[Readiness]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()

    async def _answer(self, scope: Scope) -> _Answer:
        path = _path(scope)
        if path not in self._paths:
            return _NOT_FOUND
        if scope["method"] not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        if path == LIVE:
            return _ALIVE
        if path == READY:
            return await self._ready()
        assert self._exposition is not None  # noqa: S101 - or it was not found
        # In a thread: a registry may hold what takes its time.
        return await asyncio.to_thread(self._exposition, _accepted(scope))

    async def _ready(self) -> _Answer:
        if self.draining:
            return self._unready({"ready": False, "draining": True, "parts": []})
        found = await self.ready()
        told = {"ready": found.ok, "parts": found.to_dict()["parts"]}
        return _Answer(200, _json(told)) if found.ok else self._unready(told)

    def _unready(self, told: dict[str, Any]) -> _Answer:
        after = str(max(1, math.ceil(self._keep))).encode()
        return _Answer(503, _json(told), headers=((b"retry-after", after),))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.draining = True
                await send({"type": "lifespan.shutdown.complete"})
                return


def _path(scope: Scope) -> str:
    return path_of(scope).rstrip("/")


def _accepted(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name.lower() == b"accept"]
    return b",".join(found).decode("latin-1")


def _exposition(metrics: CollectorRegistry | bool) -> Callable[[str], _Answer]:
    try:
        from prometheus_client import REGISTRY  # noqa: PLC0415 - only who shows metrics needs it
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "/metrics needs prometheus-client.",
            setting="metrics",
            hint="pip install 'tenantry[metrics]', or leave it out: Probes(db, metrics=False).",
        ) from None
    registry = REGISTRY if isinstance(metrics, bool) else metrics

    def answer(accepted: str) -> _Answer:
        encode, kind = choose_encoder(accepted)
        return _Answer(200, encode(registry), kind, ((b"vary", b"accept"),))

    return answer


def _json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode()


async def _send(send: Send, answer: _Answer, *, head: bool) -> None:
    headers = [
        (b"content-type", answer.type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
