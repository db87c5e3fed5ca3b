"""A tenant's entries on the server. A server that is away has nothing, and that is counted."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from tenantry.errors import CoordinationError, CoordinationUnavailable

from .entry import Entry, unseal
from .keys import Passing
from .script import Script
from .share import Share

if TYPE_CHECKING:
    from .store import Store

T = TypeVar("T")
_BATCH: Final = 500
_FAILURES: Final = (CoordinationUnavailable, CoordinationError)
#: A tag's token outlasts what is stored with it; one that does not makes a miss.
_MARGIN_MS: Final = 60_000
#: How long a transaction may take to commit what it sets. Nobody waits for it meanwhile.
_TICKET_MS: Final = 600_000
_TOKEN_LENGTH: Final = 17
_script = cache(Script)


@dataclass(slots=True)
class Begun:
    """Who computes a value now (nobody else, if empty), and what is there."""

    holder: str
    entry: Entry | None
    tags: Mapping[str, bytes]


class Shelf:
    def __init__(self, share: Share) -> None:
        self._coordination = share.coordination
        self._keys = share.keys
        self.caching = share.coordination.caching

    @property
    def _store(self) -> Store:
        return self._coordination.passing

    def key(self, kind: Passing, name: str) -> str:
        return self._keys.name(kind, name)

    def check_pattern(self, pattern: str) -> None:
        self._keys.pattern("cache", pattern)

    # ---- read -------------------------------------------------------------------------------

    async def read(self, name: str, tags: Sequence[str] = ()) -> Entry | None:
        """What holds now; it may be past its time. Knowing the tags saves a second trip."""
        key = self._keys.name("cache", name)
        try:
            if not tags:
                data, known = await self._store.command("GET", key), {}
            else:
                data, *tokens = await self._store.command("MGET", key, *self._all("tag", tags))
                known = dict(zip(tags, tokens, strict=True))
        except _FAILURES:
            self.caching.stats.errors += 1
            return None
        entry = self._open(data)
        if entry is None or not entry.tags:
            return entry
        return await self._holds(entry, known)

    async def read_many(self, names: Sequence[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for some in _batches(names):
            keys = self._all("cache", some)
            answers = await self._ask(self._store.command("MGET", *keys)) or ()
            for name, data in zip(some, answers, strict=False):
                if (entry := self._open(data)) is not None:
                    found[name] = entry
        tags = sorted({tag for entry in found.values() for tag in entry.tags})
        if not tags:
            return found
        known = await self._tokens(tags)
        return {name: entry for name, entry in found.items() if _stands(entry, known)}

    def _open(self, data: bytes | None) -> Entry | None:
        if data is None:
            return None
        try:
            return unseal(data)
        except ValueError:
            self.caching.stats.unreadable += 1
            return None

    async def _holds(self, entry: Entry, known: dict[str, Any]) -> Entry | None:
        if unknown := [tag for tag in entry.tags if tag not in known]:
            known |= await self._tokens(unknown)
        return entry if _stands(entry, known) else None

    async def _tokens(self, tags: Sequence[str]) -> dict[str, Any]:
        answers = await self._ask(self._store.command("MGET", *self._all("tag", tags)))
        return dict(zip(tags, answers or (), strict=False))

    # ---- compute ----------------------------------------------------------------------------

    async def begin(self, name: str, tags: Sequence[str], token: str, ms: int) -> Begun | None:
        """Take the lease to compute a value, if it is free. None: there is no server to ask."""
        keys = [self.key("cache", name), self.key("lease", name), *self._all("tag", tags)]
        args = (token, self._lease_ms, ms + _MARGIN_MS, *_fresh_tokens(tags))
        answer = await self._ask(self._store.script(_script("cache_begin"), keys, *args))
        if answer is None:
            return None
        holder, data, *tokens = answer
        known = dict(zip(tags, tokens, strict=True))
        entry = self._open(data)
        if entry is not None and entry.tags:
            entry = await self._holds(entry, dict(known))
        return Begun(_token_in(holder), entry, known)

    async def keep(
        self, name: str, token: str, data: bytes, ms: int, *, or_drop: bool = False
    ) -> bool:
        """Keep what was computed under this lease; not if an invalidation took it away. `or_drop`:
        then what is there is out of date as well."""
        keys = (self.key("cache", name), self.key("lease", name))
        call = self._store.script(_script("cache_keep"), keys, token, data, ms, int(or_drop))
        return bool(await (self._dropped(call) if or_drop else self._written(call, 1)))

    async def renew(self, name: str, token: str) -> bool:
        """False: it is another's. A server that did not answer may know it yet."""
        return await self._lease(name, token, self._lease_ms) != 0

    async def release(self, name: str, token: str) -> None:
        await self._lease(name, token, 0)

    async def holder(self, name: str) -> str:
        """Who computes this now; nobody, also when there is no server to ask."""
        answer = await self._ask(self._store.command("GET", self.key("lease", name)))
        return _token_in(answer)

    async def take_ticket(self, name: str, token: str) -> bool:
        """For a transaction that will write: what anybody else is computing is older."""
        key = self.key("lease", name)
        return bool(await self._ask(self._store.command("SET", key, token, "PX", _TICKET_MS)))

    async def _lease(self, name: str, token: str, ms: int) -> int | None:
        keys = (self.key("lease", name),)
        return await self._ask(self._store.script(_script("cache_lease"), keys, token, ms))

    @property
    def _lease_ms(self) -> int:
        return max(1, int(self.caching.lease * 1000))

    # ---- write and drop -----------------------------------------------------------------------

    async def tokens(self, tags: Sequence[str], ms: int) -> dict[str, bytes] | None:
        """The tokens to store a value with; None if there is no server to ask."""
        if not tags:
            return {}
        args = (ms + _MARGIN_MS, *_fresh_tokens(tags))
        call = self._store.script(_script("cache_tags"), self._all("tag", tags), *args)
        answer = await self._ask(call)
        return None if answer is None else dict(zip(tags, answer, strict=True))

    async def put(self, entries: Sequence[tuple[str, bytes, int]]) -> int:
        """How many were stored."""
        stored = 0
        for some in _batches(entries):
            keys = [self.key(kind, name) for name, _, _ in some for kind in ("cache", "lease")]
            args = [word for _, data, ms in some for word in (data, ms)]
            call = self._store.script(_script("cache_put"), keys, *args)
            stored += await self._written(call, len(some)) or 0
        return stored

    async def drop(self, names: Sequence[str]) -> int:
        """How many there were. What is being computed is not kept either."""
        dropped = 0
        for some in _batches(names):
            leases, keys = self._all("lease", some), self._all("cache", some)
            for lease in leases:
                self.caching.forget(lease)
            # The leases first: else a value could be kept between the two.
            answer = await self._dropped(
                self._store.commands([("UNLINK", *leases), ("UNLINK", *keys)])
            )
            dropped += answer[1] if answer else 0
        return dropped

    async def drop_tags(self, tags: Sequence[str]) -> None:
        """Tokens are random: a value that was stored with one that is gone never holds again."""
        self.caching.forget_all()
        for some in _batches(tags):
            await self._dropped(self._store.command("UNLINK", *self._all("tag", some)))

    async def drop_matching(self, pattern: str) -> int:
        """How many there were. The leases first, as in `drop`."""
        self.caching.forget_all()
        dropped = 0
        for kind in _LEASES_FIRST:
            found = self._store.scan(self._keys.pattern(kind, pattern), self.key(kind, "*"))
            dropped = await self._dropped(self._unlink(found)) or 0
        return dropped

    async def _unlink(self, found: AsyncIterator[list[bytes]]) -> int:
        return sum([await self._store.command("UNLINK", *keys) async for keys in found])

    # ---- what fails ---------------------------------------------------------------------------

    async def _ask(self, call: Awaitable[T]) -> T | None:
        try:
            return await call
        except _FAILURES:
            self.caching.stats.errors += 1
            return None

    async def _written(self, call: Awaitable[int], count: int) -> int | None:
        answer = await self._ask(call)
        if answer is None:
            self.caching.stats.unstored += count
        return answer

    async def _dropped(self, call: Awaitable[T]) -> T | None:
        answer = await self._ask(call)
        if answer is None:
            self.caching.stats.lost_invalidations += 1
        return answer

    def _all(self, kind: Passing, names: Iterable[str]) -> list[str]:
        return [self._keys.name(kind, name) for name in names]


_LEASES_FIRST: Final[tuple[Passing, Passing]] = ("lease", "cache")


def _stands(entry: Entry, known: Mapping[str, Any]) -> bool:
    return all(known.get(tag) == token for tag, token in entry.tags.items())


def _fresh_tokens(tags: Sequence[str]) -> list[str]:
    return [secrets.token_hex(8) for _ in tags]


def new_token(kind: Literal["c", "w"]) -> str:
    """Of who computes, or of a transaction that will write."""
    return f"{kind}{secrets.token_hex(8)}"


def _token_in(lease: bytes | None) -> str:
    """Behind it are the tokens its tags had."""
    return lease[:_TOKEN_LENGTH].decode(errors="replace") if lease else ""


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[n : n + _BATCH] for n in range(0, len(items), _BATCH)]
