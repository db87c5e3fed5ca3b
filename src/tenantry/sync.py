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
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from functools import partial
from queue import SimpleQueue
from types import BuiltinFunctionType, FunctionType, MethodType, TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import tenantry.database
from tenantry.coordination import UserSession
from tenantry.errors import PoolClosed
from tenantry.kernel.home import elsewhere

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
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="tenantry", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T], desk: _Desk | None = None) -> T:
        if not self._thread.is_alive():
            work.close()
            # No thread but the one that forked lives on in a child.
            raise PoolClosed if self._process == os.getpid() else elsewhere()
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result() if desk is None else desk.serve(future)
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

    def authenticate_key(self, key: str) -> tenantry.KeyHolder | None:
        return self._loop.run(self._database.authenticate_key(key))

    def standing(
        self, tenant_id: UUID | str, user_id: UUID | str | None = None
    ) -> tenantry.Standing | None:
        """As `Database.standing`."""
        return self._loop.run(self._database.standing(tenant_id, user_id))

    def user_session(self, token: str) -> UserSession | None:
        return self._loop.run(self._database.user_session(token))

    @property
    def accounts(self) -> Any:
        """As `Database.accounts`."""
        return _Handle(self._loop, self._database.accounts)

    @property
    def limits(self) -> Any:
        """As `Database.limits`."""
        return _sync(self._loop, self._database.limits)

    @property
    def locks(self) -> Any:
        """As `Database.locks`."""
        return _sync(self._loop, self._database.locks)

    def position(self) -> str:
        """As `Database.position`."""
        return self._loop.run(self._database.position())

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


#: Whose objects have methods to await.
_WRAPPED = (
    "tenantry.accounts",
    "tenantry.handles",
    "tenantry.repositories",
    "tenantry.coordination",
    "tenantry.graph.graph",
    "tenantry.graph.questions",
)


async def _awaited(work: Any) -> Any:
    return await work


def _call(loop: _Loop, method: Any, *args: Any, **kwargs: Any) -> Any:
    # What was handed out may be handed back.
    args, kwargs = tuple(map(_target, args)), {k: _target(v) for k, v in kwargs.items()}
    if not any(map(_is_function, (*args, *kwargs.values()))):
        return _sync(loop, method(*args, **kwargs))
    desk = _Desk()
    answer = method(*map(desk.take, args), **{k: desk.take(v) for k, v in kwargs.items()})
    if not inspect.isawaitable(answer):
        return _sync(loop, answer)
    return _sync(loop, loop.run(_awaited(answer), desk))


def _is_function(value: Any) -> bool:
    return isinstance(value, (FunctionType, BuiltinFunctionType, MethodType, partial)) and not (
        inspect.iscoroutinefunction(value)
    )


class _Desk:
    """Plain functions that were given to the asynchronous side. They run in the thread that gave
    them, which waits for the answer anyway: it has its own connections and locals, and the event
    loop goes on meanwhile."""

    def __init__(self) -> None:
        self._inbox: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._closed = False

    def take(self, value: Any) -> Any:
        if not _is_function(value):
            return value

        async def done_there(*args: Any, **kwargs: Any) -> Any:
            answer: Future[Any] = Future()
            self._inbox.put((answer, partial(value, *args, **kwargs)))
            if self._closed:
                answer.cancel()
            return await asyncio.wrap_future(answer)

        return done_there

    def serve(self, whole: Future[T]) -> T:
        """Until the whole is done."""
        whole.add_done_callback(lambda _: self._inbox.put(None))
        try:
            while (errand := self._inbox.get()) is not None:
                answer, work = errand
                if answer.set_running_or_notify_cancel():
                    _settle(answer, work)
        finally:
            self._closed = True
            while not self._inbox.empty():
                if (errand := self._inbox.get()) is not None:
                    errand[0].cancel()
        return whole.result()


def _settle(answer: Future[Any], work: Callable[[], Any]) -> None:
    try:
        answer.set_result(work())
    except Exception as error:
        answer.set_exception(error)
    except BaseException:
        # Ctrl-C is for this thread. Whoever else waits for the answer asks for it anew.
        answer.set_exception(asyncio.CancelledError())
        raise


def _sync(loop: _Loop, value: Any) -> Any:
    """The synchronous face of whatever the asynchronous side gives."""
    if inspect.isawaitable(value):
        return _sync(loop, loop.run(_awaited(value)))
    if isinstance(value, AbstractAsyncContextManager):
        return _Block(loop, value)
    if isinstance(value, AsyncIterator):
        return _iterate(loop, value)
    if callable(value) and not isinstance(value, type):
        return partial(_call, loop, value)
    if type(value).__module__.startswith(_WRAPPED) and not isinstance(value, (list, tuple)):
        return value if hasattr(value, "__dataclass_fields__") else _Handle(loop, value)
    return value


def _target(value: Any) -> Any:
    return value._target if isinstance(value, _Handle) else value


def _iterate(loop: _Loop, source: AsyncIterator[Any]) -> Iterator[Any]:
    end = object()

    async def step() -> Any:
        return await anext(source, end)

    while (value := loop.run(step())) is not end:
        yield _sync(loop, value)
