"""What a program keeps open to Redis or Valkey: one server, or a second one for the cache."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tenantry.config import Settings
from tenantry.endpoints import cache_url, redis_url

from .caching import Caching
from .counted import LimitStats, LockStats

if TYPE_CHECKING:
    from .store import Store


class Coordination:
    """Opened when something of it is first used: a platform without Redis never asks for one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limit_stats = LimitStats()
        self.lock_stats = LockStats()

    @cached_property
    def lasting(self) -> Store:
        """Locks, sessions, limits and streams."""
        return self._store("redis", redis_url(self.settings))

    @cached_property
    def passing(self) -> Store:
        """The cache."""
        url = cache_url(self.settings)
        return self.lasting if url == redis_url(self.settings) else self._store("cache", url)

    def stores(self) -> tuple[Store, ...]:
        """Each server once."""
        return (self.lasting,) if self.passing is self.lasting else (self.lasting, self.passing)

    @cached_property
    def caching(self) -> Caching:
        """What this program's caches have in common."""
        return Caching()

    def opened(self) -> tuple[Store, ...]:
        """The stores that have been used."""
        found = (self.__dict__.get("lasting"), self.__dict__.get("passing"))
        return tuple({id(store): store for store in found if store is not None}.values())

    async def close(self) -> None:
        for store in self.opened():
            await store.close()

    def _store(self, name: str, url: str) -> Store:
        from .store import Store  # noqa: PLC0415 - only who uses Redis pays for its client

        settings = self.settings
        root = settings.ssl_root_cert
        return Store(
            name,
            url,
            connections=settings.redis_max_connections,
            timeout=settings.redis_timeout,
            ca_certs=root if root and root != "system" else "",
        )
