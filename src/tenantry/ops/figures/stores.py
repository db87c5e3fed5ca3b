"""Redis or Valkey: memory, keys by kind, hits, evictions, commands and slow ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tenantry.coordination.fitness import Use
from tenantry.coordination.keys import PREFIX, kind_of
from tenantry.errors import CoordinationError

from .source import Section, Source

if TYPE_CHECKING:
    from tenantry.coordination.store import Store

#: Of more, a look takes a sample: the server has other things to do.
SAMPLE: Final = 50_000
_SLOW: Final = 64


@dataclass(frozen=True, slots=True)
class CommandCount:
    """All calls of one command."""

    command: str
    calls: int
    total_ms: float


@dataclass(frozen=True, slots=True)
class SlowCommand:
    #: Its name alone: keys and values are tenants'.
    command: str
    ms: float
    at: datetime


@dataclass(frozen=True, slots=True)
class StoreFigures:
    store: str
    use: Use
    server: str
    memory_bytes: int
    memory_peak_bytes: int
    #: None: whatever the machine has.
    memory_limit_bytes: int | None
    memory_policy: str
    clients: int
    #: Of everybody, and Tenantry's by kind, which are a sample where `counted_all` is false.
    keys: int
    kinds: Mapping[str, int]
    counted_all: bool
    hits: int
    misses: int
    evicted: int
    expired: int
    commands_total: int
    #: The most called first.
    commands: tuple[CommandCount, ...]
    #: None where the user may not ask (`tenantry redis acl` does not let it).
    slow: tuple[SlowCommand, ...] | None

    @property
    def hit_ratio(self) -> float | None:
        """Of the keys that were asked for, how many were there."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


@dataclass(frozen=True, slots=True)
class Stores:
    """One server, or a second one for the cache."""

    stores: tuple[StoreFigures, ...]


async def _look(source: Source) -> Stores:
    coordination = source.coordination
    if coordination.passing is coordination.lasting:
        return Stores((await _figures(coordination.lasting, "both", source.rows),))
    return Stores(
        (
            await _figures(coordination.lasting, "lasting", source.rows),
            await _figures(coordination.passing, "cache", source.rows),
        )
    )


async def _figures(store: Store, use: Use, rows: int) -> StoreFigures:
    known = await store.info()
    kinds, counted_all = await _kinds(store)
    kind = "valkey" if "valkey_version" in known else "redis"
    return StoreFigures(
        store=store.name,
        use=use,
        server=f"{kind} {known.get(f'{kind}_version', '')}",
        memory_bytes=_int(known, "used_memory"),
        memory_peak_bytes=_int(known, "used_memory_peak"),
        memory_limit_bytes=_int(known, "maxmemory") or None,
        memory_policy=known.get("maxmemory_policy", ""),
        clients=_int(known, "connected_clients"),
        keys=int(await store.command("DBSIZE")),
        kinds=kinds,
        counted_all=counted_all,
        hits=_int(known, "keyspace_hits"),
        misses=_int(known, "keyspace_misses"),
        evicted=_int(known, "evicted_keys"),
        expired=_int(known, "expired_keys"),
        commands_total=_int(known, "total_commands_processed"),
        commands=await _commands(store, rows),
        slow=await _slow(store, rows),
    )


async def _kinds(store: Store) -> tuple[dict[str, int], bool]:
    found, seen = Counter[str](), 0
    async for some in store.scan(f"{PREFIX}*", PREFIX):
        found.update(map(kind_of, some))
        seen += len(some)
        if seen >= SAMPLE:
            return dict(found.most_common()), False
    # Of a Cluster it is one node's.
    return dict(found.most_common()), store.topology != "cluster"


async def _commands(store: Store, rows: int) -> tuple[CommandCount, ...]:
    if store.topology == "cluster":  # each node counts its own
        return ()
    known = await store.command("INFO", "commandstats")
    found = [
        CommandCount(
            name.removeprefix("cmdstat_").replace("|", " "), facts["calls"], facts["usec"] / 1000
        )
        for name, facts in known.items()
        if name.startswith("cmdstat_")
    ]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.command))[:rows])


async def _slow(store: Store, rows: int) -> tuple[SlowCommand, ...] | None:
    if store.topology == "cluster":
        return None
    try:
        found = await store.command("SLOWLOG", "GET", _SLOW)
    except CoordinationError:
        return None
    slow = [
        SlowCommand(
            words[0].decode(errors="replace").upper(), took / 1000, datetime.fromtimestamp(at, UTC)
        )
        for _, at, took, words, *_ in found
    ]
    return tuple(sorted(slow, key=lambda one: -one.ms)[:rows])


def _int(known: Mapping[str, str], name: str) -> int:
    return int(known.get(name, 0) or 0)


VALKEY = Section("valkey", "memory, keys by kind, hits, evictions and slow commands", _look)
