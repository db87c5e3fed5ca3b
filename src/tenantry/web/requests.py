"""How many requests an app answers, how, and how long it takes: for Prometheus.

app = RequestMetrics(app)          # outermost, so that what is refused is counted too
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Final

from tenantry.errors import ConfigurationError
from tenantry.observing.metrics import BUCKETS

from .asgi import App, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

#: A label has few values, whatever is sent.
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class RequestMetrics:
    """`tenantry_http_request_seconds` by method and status, to the end of the answer. One for each registry,
    prometheus-client's own unless another is given."""

    def __init__(self, app: App, registry: CollectorRegistry | None = None) -> None:
        try:
            from prometheus_client import REGISTRY, Histogram  # noqa: PLC0415 - of an extra
        except ImportError:
            raise ConfigurationError(
                "RequestMetrics needs prometheus-client.",
                setting="metrics",
                hint="pip install 'tenantry[metrics]'",
            ) from None
        self._app = app
        self._seconds = Histogram(
            "tenantry_http_request_seconds",
            "How long requests took, to the end of the answer. The status is `cancelled` where the client"
            " left before there was one.",
            ("method", "status"),
            buckets=BUCKETS,
            registry=REGISTRY if registry is None else registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = "", perf_counter()

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, told)
        except asyncio.CancelledError:
            status = status or "cancelled"
            raise
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            # What ends without an answer is answered by the server, which says 500.
            self._seconds.labels(method, status or "500").observe(perf_counter() - began)
