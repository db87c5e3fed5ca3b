"""`@cached`: a function whose answers are kept in the cache of the tenant it is called for."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, ParamSpec, Protocol, TypeVar, overload

from tenantry.errors import InvalidInput

from .cache import Cache
from .plan import Duration, Plan
from .values import canonical

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

#: Of how arguments are written into a key.
_VERSION: Final = 1


class CachedCoroutine(Protocol[P, T_co]):
    """An async function with a cache."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T_co]: ...

    def name(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """What the answer to this call is called in its tenant's cache."""

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, bool]:
        """Forget the answer to this call; in a transaction, when it is committed."""


class CachedFunction(Protocol[P, T_co]):
    """A plain function with a cache."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co: ...

    def name(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """What the answer to this call is called in its tenant's cache."""

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Forget the answer to this call; in a transaction, when it is committed."""


class Decorator(Protocol):
    @overload
    def __call__(  # type: ignore[overload-overlap]  # an async function is a function too
        self, function: Callable[P, Coroutine[Any, Any, T]]
    ) -> CachedCoroutine[P, T]: ...
    @overload
    def __call__(self, function: Callable[P, T]) -> CachedFunction[P, T]: ...


def cached(
    *,
    ttl: Duration | None = None,
    stale: Duration | None = None,
    tags: str | Iterable[str] | Callable[..., Iterable[str]] = (),
    key: str | Callable[..., str] | None = None,
    jitter: float | None = None,
) -> Decorator:
    """Keep a function's answers for `ttl` seconds, in the cache of its first argument's tenant.

        @cached(ttl=60, tags=lambda project_id: [f"project:{project_id}"])
        async def summary(t: Tenant, project_id: UUID) -> dict[str, Any]: ...

        await summary(t, project.id)
        await summary.invalidate(t, project.id)

    The first argument is a tenant's handle or transaction: of `tenantry.connect` for an async
    function, of `tenantry.sync` for a plain one. The others make the key, together with the
    function's module and name, or with `key`; called, that gives the whole of it. `key` and `tags`
    are called with the arguments but the first.
    """
    plan = Plan.of(ttl, stale, jitter, () if callable(tags) else tags)

    def decorate(function: Callable[..., Any]) -> Any:
        call = _Call(function, key, plan, tags if callable(tags) else None)
        kind = _coroutine if inspect.iscoroutinefunction(function) else _function
        answer = kind(function, call)
        answer.name = lambda t, *args, **kwargs: call.name(args, kwargs)
        return answer

    return decorate


def _coroutine(function: Callable[..., Any], call: _Call) -> Any:
    @functools.wraps(function)
    async def answer(*args: Any, **kwargs: Any) -> Any:
        cache, rest = call.cache(args), args[1:]
        name, plan = call.name(rest, kwargs), call.plan(rest, kwargs)
        return await cache.through(name, lambda: function(*args, **kwargs), plan)

    async def invalidate(*args: Any, **kwargs: Any) -> bool:
        cache = call.cache(args)
        return await cache.delete(call.name(args[1:], kwargs))

    answer.invalidate = invalidate  # type: ignore[attr-defined]
    return answer


def _function(function: Callable[..., Any], call: _Call) -> Any:
    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Any:
        cache, rest = call.plain_cache(args), args[1:]
        name, plan = call.name(rest, kwargs), call.plan(rest, kwargs)
        return cache.through(name, lambda: function(*args, **kwargs), plan)

    def invalidate(*args: Any, **kwargs: Any) -> Any:
        cache = call.plain_cache(args)
        return cache.delete(call.name(args[1:], kwargs))

    answer.invalidate = invalidate  # type: ignore[attr-defined]
    return answer


class _Call:
    """What the arguments of a call say."""

    def __init__(
        self,
        function: Callable[..., Any],
        key: str | Callable[..., str] | None,
        plan: Plan,
        tags: Callable[..., Iterable[str]] | None,
    ) -> None:
        self._shown = getattr(function, "__qualname__", repr(function))
        self._whole = key if callable(key) else None
        own = key if isinstance(key, str) else f"{function.__module__}.{self._shown}"
        self._prefix = f"{own}:{_VERSION}"
        self._plan, self._tags = plan, tags
        self._signature = inspect.signature(function)
        kinds = [p.kind for p in list(self._signature.parameters.values())[1:]]
        plain = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
        #: How many arguments make a call whose arguments need no sorting out.
        self._simple = len(kinds) if all(kind in plain for kind in kinds) else -1

    def plan(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plan:
        if self._tags is None:
            return self._plan
        return self._plan.with_tags(self._tags(*args, **kwargs))

    def cache(self, args: tuple[Any, ...]) -> Cache:
        cache = getattr(args[0], "cache", None) if args else None
        if not isinstance(cache, Cache):
            raise self._wrong(args)
        return cache

    def plain_cache(self, args: tuple[Any, ...]) -> Any:
        """The synchronous face of a cache."""
        cache = getattr(args[0], "cache", None) if args else None
        if not isinstance(getattr(cache, "_target", None), Cache):
            raise self._wrong(args)
        return cache

    def name(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if self._whole is not None:
            return self._whole(*args, **kwargs)
        if kwargs or len(args) != self._simple:
            bound = self._signature.bind(None, *args, **kwargs)
            bound.apply_defaults()
            args = tuple(bound.arguments.values())[1:]
        if not args:
            return self._prefix
        try:
            data = canonical(list(args))
        except InvalidInput as error:
            raise InvalidInput(
                f"An argument of {self._shown} cannot be part of a key: {error.message}",
                field="arguments",
                hint="Give `key=` a function of the arguments that returns a name.",
                **{k: v for k, v in error.fields.items() if k != "field"},
            ) from error
        return f"{self._prefix}:{hashlib.blake2b(data, digest_size=20).hexdigest()}"

    def _wrong(self, args: tuple[Any, ...]) -> InvalidInput:
        given = f"a {type(args[0]).__name__}" if args else "nothing"
        return InvalidInput(
            f"{self._shown} is cached for a tenant, and was given {given}.",
            field="t",
            hint="Its first argument is a tenant's handle or transaction, as `db.tenant(…)` gives:"
            " of `tenantry.sync` if it is a plain function, and else of `tenantry.connect`.",
        )
