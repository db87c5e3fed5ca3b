"""Whether a server is set up for what is kept on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from tenantry.errors import TenantryError

from .coordination import Coordination

if TYPE_CHECKING:
    from .store import Store

Use = Literal["lasting", "cache", "both"]
#: The oldest server whose scripts and ACLs do what is asked of them here.
_OLDEST = (7, 0)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about the server that should be otherwise. A `serious` one loses data that must
    not be lost."""

    detail: str
    remedy: str
    serious: bool
    #: The setting it is about, and the server's commands that mend it until its next start.
    about: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitness:
    """One server: what it is, and what is wrong with it."""

    store: str
    use: Use
    reachable: bool
    latency_ms: float | None = None
    server: str = ""
    topology: str = ""
    memory_policy: str = ""
    memory_limit: int | None = None
    memory_used: int | None = None
    append_only: bool | None = None
    error: str = ""
    #: The error's code, where it is not reachable.
    code: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        return self.reachable and not any(fault.serious for fault in self.faults)


async def look(coordination: Coordination) -> list[Fitness]:
    """Never raises: a server that is away is an answer too."""
    if coordination.passing is coordination.lasting:
        return [await _look(coordination.lasting, "both")]
    both = _look(coordination.lasting, "lasting"), _look(coordination.passing, "cache")
    return list(await asyncio.gather(*both))


async def _look(store: Store, use: Use) -> Fitness:
    started = perf_counter()
    try:
        known = await store.info()
    except TenantryError as error:
        return Fitness(store.name, use, reachable=False, error=error.message, code=error.code)
    latency = (perf_counter() - started) * 1000
    kind = "valkey" if "valkey_version" in known else "redis"
    version = known.get(f"{kind}_version", "")
    policy, limit = known.get("maxmemory_policy", ""), int(known.get("maxmemory", 0))
    kept = known.get("aof_enabled") == "1"
    return Fitness(
        store=store.name,
        use=use,
        reachable=True,
        latency_ms=round(latency, 3),
        server=f"{kind} {version}",
        topology=store.topology,
        memory_policy=policy,
        memory_limit=limit or None,
        memory_used=int(known.get("used_memory", 0)),
        append_only=kept,
        faults=(
            *_version(version),
            *(_of_cache(policy, limit) if use == "cache" else _of_lasting(policy, limit, kept)),
        ),
    )


def _version(version: str) -> list[Fault]:
    parts = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
    if not parts or tuple(parts) >= _OLDEST:
        return []
    detail = f"The server is version {version}."
    return [Fault(detail, "Use Redis or Valkey 7 or newer.", serious=True, about="version")]


def _of_lasting(policy: str, limit: int, kept: bool) -> list[Fault]:
    faults = []
    if policy != "noeviction":
        faults.append(
            Fault(
                f"maxmemory-policy is {policy}: a full server throws away locks and sessions.",
                "Set it to noeviction, and give the cache a server of its own (TENANTRY_CACHE_URL).",
                # Without a limit nothing is thrown away, yet.
                serious=limit > 0,
                about="maxmemory-policy",
                commands=("CONFIG SET maxmemory-policy noeviction",),
            )
        )
    if not kept:
        faults.append(
            Fault(
                "appendonly is off: a restart forgets locks, sessions, limits and streams.",
                "Set appendonly yes.",
                serious=False,
                about="appendonly",
                commands=("CONFIG SET appendonly yes",),
            )
        )
    return faults


def _of_cache(policy: str, limit: int) -> list[Fault]:
    if limit and policy != "noeviction":
        return []
    said = "has no maxmemory" if not limit else "throws nothing away when it is full"
    return [
        Fault(
            f"The cache's server {said}.",
            "Set maxmemory, and maxmemory-policy to allkeys-lru or allkeys-lfu.",
            serious=False,
            about="maxmemory",
            commands=(
                *(() if limit else ("CONFIG SET maxmemory 512mb",)),
                "CONFIG SET maxmemory-policy allkeys-lfu",
            ),
        )
    ]
