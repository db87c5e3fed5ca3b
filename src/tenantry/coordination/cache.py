"""A cache of each tenant's own. Without its server everything is a miss, and nothing is an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from tenantry.errors import InvalidInput

from .caching import CacheStats
from .computing import Computing
from .draft import Draft, Write
from .entry import Entry, seal
from .plan import Duration, Plan
from .share import Share
from .shelf import Shelf, new_token
from .values import pack, unpack

T = TypeVar("T")


class Cache:
    """A tenant's cache: `t.cache`.

    In a transaction what is set and deleted is done when it is committed, and not before; its own
    reads go by it at once.
    """

    def __init__(self, share: Share) -> None:
        self._shelf = Shelf(share)
        self._largest = share.coordination.settings.cache_largest_value
        transaction = share.transaction
        self._own = None if transaction is None else Draft(transaction, self._shelf)
        self._stats = self._shelf.caching.stats

    def __repr__(self) -> str:
        return f"Cache({self._stats})"

    @property
    def stats(self) -> CacheStats:
        """How this program's caches fare, those of all tenants together."""
        return self._stats

    @property
    def _draft(self) -> Draft | None:
        return self._own if self._own is not None and self._own.open else None

    # ---- read -------------------------------------------------------------------------------

    async def get(self, name: str, default: Any = None) -> Any:
        """The value of this name, or `default`. None can be a value too: give another default."""
        entry = await self._look(name)
        if entry is None or not entry.fresh:
            self._stats.misses += 1
            return default
        self._stats.hits += 1
        return entry.value

    async def get_many(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of those names that have one, in one or two round trips."""
        asked = list(dict.fromkeys(names))
        draft = self._draft
        ours = [name for name in asked if draft is not None and draft.decides(name)]
        found = await self._shelf.read_many([name for name in asked if name not in ours])
        if draft is not None:
            found = {name: entry for name, entry in found.items() if draft.holds(entry)}
            found |= {name: entry for name in ours if (entry := draft.entry(name)) is not None}
        values = {name: found[name].value for name in asked if name in found and found[name].fresh}
        self._stats.hits += len(values)
        self._stats.misses += len(asked) - len(values)
        return values

    async def _look(self, name: str, tags: tuple[str, ...] = ()) -> Entry | None:
        draft = self._draft
        if draft is None:
            return await self._shelf.read(name, tags)
        if draft.decides(name):
            return draft.entry(name)
        entry = await self._shelf.read(name, tags)
        return entry if entry is None or draft.holds(entry) else None

    # ---- write ------------------------------------------------------------------------------

    async def set(
        self,
        name: str,
        value: Any,
        *,
        ttl: Duration | None = None,
        tags: str | Iterable[str] = (),
        jitter: float | None = None,
    ) -> bool:
        """Store a value for `ttl` seconds (an hour), more or less by `jitter` (a tenth of it).
        Whether it was stored; in a transaction, whether it will be tried."""
        return await self.set_many({name: value}, ttl=ttl, tags=tags, jitter=jitter) == 1

    async def set_many(
        self,
        values: Mapping[str, Any],
        *,
        ttl: Duration | None = None,
        tags: str | Iterable[str] = (),
        jitter: float | None = None,
    ) -> int:
        """How many were stored."""
        plan = Plan.of(ttl, None, jitter, tags)
        packed = {name: self._packed(name, value) for name, value in values.items()}
        draft = self._own
        if draft is not None:
            draft.register()
        tokens = await self._shelf.tokens(plan.tags, plan.longest_ms)
        if draft is not None:
            for name, data in packed.items():
                draft.write(name, await self._intended(name, data, plan, tokens))
            return len(packed)
        if tokens is None:
            self._stats.unstored += len(packed)
            return 0
        return await self._shelf.put(
            [(name, seal(data, tokens, 0), plan.lifetime()[0]) for name, data in packed.items()]
        )

    async def _intended(
        self, name: str, data: bytes, plan: Plan, tokens: dict[str, bytes] | None
    ) -> Write | None:
        """None: nothing can be promised, so what is there has to go."""
        ticket = new_token("w")
        if tokens is None or not await self._shelf.take_ticket(name, ticket):
            return None
        entry = Entry(unpack(data), tokens)
        return Write(entry, ticket, seal(data, tokens, 0), plan.lifetime()[0])

    def _packed(self, name: str, value: Any) -> bytes:
        self._shelf.key("cache", name)
        data = pack(value)
        if len(data) > self._largest:
            raise InvalidInput(
                f"The value of {name!r} has {len(data):,} bytes; {self._largest:,} is the limit.",
                field="value",
                hint="Cache less of it, or set TENANTRY_CACHE_LARGEST_VALUE.",
                size=len(data),
                limit=self._largest,
            )
        return data

    # ---- invalidate ---------------------------------------------------------------------------

    async def delete(self, name: str) -> bool:
        """Whether there was one; False in a transaction, which does it later."""
        return bool(await self.delete_many([name]))

    async def delete_many(self, names: Iterable[str]) -> int:
        """How many there were; 0 in a transaction, which does it later."""
        asked = list(dict.fromkeys(names))
        for name in asked:
            self._shelf.key("cache", name)
        if self._own is not None:
            self._own.drop(asked)
            return 0
        return await self._shelf.drop(asked)

    async def clear_pattern(self, pattern: str) -> int:
        """Delete every name that matches: `*` any characters, `?` one, `[a-z]` one of these, and a
        backslash before one of these for itself. How many there were; 0 in a transaction.

        It goes through all names of the cache's server, some at a time; tags are for what is often
        invalidated together.
        """
        self._shelf.check_pattern(pattern)
        if self._own is not None:
            self._own.drop_matching(pattern)
            return 0
        return await self._shelf.drop_matching(pattern)

    async def invalidate_tag(self, tag: str) -> None:
        """No value that was stored with this tag holds any longer, however many there are."""
        await self.invalidate_tags([tag])

    async def invalidate_tags(self, tags: str | Iterable[str]) -> None:
        asked = [tags] if isinstance(tags, str) else list(dict.fromkeys(tags))
        for tag in asked:
            self._shelf.key("tag", tag)
        if self._own is not None:
            self._own.drop_tags(asked)
        else:
            await self._shelf.drop_tags(asked)

    # ---- compute ------------------------------------------------------------------------------

    @overload
    async def get_or_compute(
        self,
        name: str,
        compute: Callable[[], Awaitable[T]],
        *,
        ttl: Duration | None = None,
        stale: Duration | None = None,
        tags: str | Iterable[str] = (),
        jitter: float | None = None,
    ) -> T: ...
    @overload
    async def get_or_compute(
        self,
        name: str,
        compute: Callable[[], T],
        *,
        ttl: Duration | None = None,
        stale: Duration | None = None,
        tags: str | Iterable[str] = (),
        jitter: float | None = None,
    ) -> T: ...
    async def get_or_compute(
        self,
        name: str,
        compute: Callable[[], Any],
        *,
        ttl: Duration | None = None,
        stale: Duration | None = None,
        tags: str | Iterable[str] = (),
        jitter: float | None = None,
    ) -> Any:
        """The value of this name, or what `compute()` gives, which is stored.

        However many ask at once, in however many processes, one computes and the others wait. In
        the `stale` seconds after its time, they get the old value instead of waiting. An error goes
        to those who wait in the same process, and is not stored.
        """
        return await self.through(name, compute, Plan.of(ttl, stale, jitter, tags))

    async def through(self, name: str, compute: Callable[[], Any], plan: Plan) -> Any:
        """`get_or_compute`, by a plan that is known beforehand."""
        entry = await self._look(name, plan.tags)
        if entry is not None and entry.fresh:
            self._stats.hits += 1
            return entry.value
        self._stats.misses += 1
        computing = Computing(self._shelf, name, compute, plan, self._largest)
        draft = self._draft
        if draft is None:
            return await computing.together()
        return await computing.within(draft)
