"""Is the database there, how far away is it, and how busy is the pool?"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from ..errors import TenantryError
from .context import Context
from .oneshot import OneShot
from .pool import Pool, PoolStats

_PROBE = OneShot(
    "SELECT pg_catalog.current_setting('server_version'), pg_catalog.pg_is_in_recovery()",
    silent=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    ok: bool
    pool: PoolStats
    #: One statement there and back, without the wait for a free connection.
    latency_ms: float | None = None
    server_version: str = ""
    replica: bool | None = None
    pooler: bool = False
    #: The code of the error that made `ok` False.
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "latency_ms": self.latency_ms,
            "server_version": self.server_version,
            "replica": self.replica,
            "pooler": self.pooler,
            "error": self.error,
            "pool": self.pool.to_dict(),
        }


async def check(pool: Pool, *, timeout: float | None = 2.0) -> Health:
    """Ask the server. Never raises a TenantryError: an unreachable database is an answer too."""
    started = perf_counter()
    try:
        [(version, replica)] = await _PROBE.fetch(pool, Context(), timeout=timeout)
    except TenantryError as error:
        return Health(ok=False, pool=pool.stats, pooler=pool.pooled, error=error.code)
    return Health(
        ok=True,
        pool=pool.stats,
        latency_ms=(perf_counter() - started) * 1000,
        server_version=version,
        replica=replica,
        pooler=pool.pooled,
    )
