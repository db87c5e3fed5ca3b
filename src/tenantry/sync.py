"""Tenantry for programs without an event loop: scripts, Celery, Django.

    with tenantry.sync.connect() as db:
        with db.tenant(tenant_id) as t:
            project = t.projects.create(name="Apollo")

It drives the very same code on an event loop in a thread of its own, so that nothing behaves
differently; handles may be used from any thread.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import tenantry.database
from tenantry.errors import PoolClosed

T = TypeVar("T")


def connect(url: str | None = None, **options: Any) -> Database:
    """As `tenantry.connect`."""
    loop = _Loop()
    try:
        return Database(loop, loop.run(tenantry.database.connect(url, **options)))
    except BaseException:
        loop.stop()
        raise


class _Loop:
    """An event loop that runs in its own thread until it is stopped."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="tenantry", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            work.close()
            raise PoolClosed
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C in the calling thread must not leave the work going on behind its back.
            future.cancel()
            raise

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class _Handle:
    """An object of the asynchronous side: what it would have awaited is done before it returns."""

    def __init__(self, loop: _Loop, target: Any) -> None:
        self._loop = loop
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return _sync(self._loop, getattr(self._target, name))

    def __dir__(self) -> list[str]:
        return dir(self._target)

    def __repr__(self) -> str:
        return repr(self._target)


class _Block(_Handle):
    """Something to be entered with `with`."""

    def __enter__(self) -> Any:
        return _sync(self._loop, self._loop.run(_awaited(self._target.__aenter__())))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return bool(self._loop.run(_awaited(self._target.__aexit__(kind, error, trace))))

    def __iter__(self) -> Iterator[Any]:
        return _iterate(self._loop, aiter(self._target))


class Database:
    """As `tenantry.Database`, for code that does not await."""

    def __init__(self, loop: _Loop, database: tenantry.database.Database) -> None:
        self._loop = loop
        self._database = database

    def tenant(self, tenant_id: UUID | str, **options: Any) -> Any:
        """As `Database.tenant`: to be called directly, or opened with `with`."""
        return _Block(self._loop, self._database.tenant(tenant_id, **options))

    def service(self, reason: str, **options: Any) -> Any:
        return _Block(self._loop, self._database.service(reason, **options))

    def run(self, tenant_id: UUID | str, work: Callable[[Any], T], **options: Any) -> T:
        """As `Database.run`; `work` is a plain function and runs in a thread."""

        async def asynchronously(t: Any) -> T:
            return await asyncio.to_thread(work, _sync(self._loop, t))

        return self._loop.run(self._database.run(tenant_id, asynchronously, **options))

    def authenticate_key(self, key: str) -> tenantry.database.KeyHolder | None:
        return self._loop.run(self._database.authenticate_key(key))

    def health(self, *, timeout: float = 2.0) -> tenantry.database.Health:
        return self._loop.run(self._database.health(timeout=timeout))

    def close(self, timeout: float = 10.0) -> None:
        if self._loop._thread.is_alive():
            self._loop.run(self._database.close(timeout))
            self._loop.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _awaited(work: Any) -> Any:
    return await work


def _sync(loop: _Loop, value: Any) -> Any:
    """The synchronous face of whatever the asynchronous side gives."""
    if inspect.isawaitable(value):
        return _sync(loop, loop.run(_awaited(value)))
    if isinstance(value, AbstractAsyncContextManager):
        return _Block(loop, value)
    if isinstance(value, AsyncIterator):
        return _iterate(loop, value)
    if callable(value) and not isinstance(value, type):
        return lambda *args, **kwargs: _sync(loop, value(*args, **kwargs))
    if type(value).__module__.startswith(
        ("tenantry.handles", "tenantry.repositories", "tenantry.coordination")
    ) and not (isinstance(value, (list, tuple))):
        return value if hasattr(value, "__dataclass_fields__") else _Handle(loop, value)
    return value


def _iterate(loop: _Loop, source: AsyncIterator[Any]) -> Iterator[Any]:
    end = object()

    async def step() -> Any:
        return await anext(source, end)

    while (value := loop.run(step())) is not end:
        yield _sync(loop, value)
