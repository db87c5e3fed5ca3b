"""What a program does, as metrics for Prometheus.

from prometheus_client import REGISTRY

db.observe(PrometheusMetrics(REGISTRY))
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from tenantry.database import Database, Stats
from tenantry.errors import TenantryError
from tenantry.kernel.observing import Observer, Work

from .exposition import Distribution, Reading, families
from .metrics import BUCKETS, METRICS, PROGRAM

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric as Family

#: Of a metric, by its labels.
Key = tuple[str, tuple[str, ...]]

_ENDS: Final = (*map(str, map(float, BUCKETS)), "+Inf")


class _Histogram:
    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * len(_ENDS)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds


class PrometheusMetrics(Observer):
    """Counts what databases do, and is asked for it by a registry: the one it is given, which may be
    prometheus-client's own `REGISTRY`. One of these serves any number of databases."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        #: A scrape comes from another thread, as may the work of another database.
        self._lock = Lock()
        self._durations: defaultdict[tuple[str, ...], _Histogram] = defaultdict(_Histogram)
        self._waits: defaultdict[tuple[str, ...], _Histogram] = defaultdict(_Histogram)
        self._counts: defaultdict[Key, float] = defaultdict(float)
        self._databases: list[Database] = []
        if registry is not None:
            registry.register(self)

    # ---- what is told -----------------------------------------------------------------------

    def attached(self, database: Database) -> None:
        with self._lock:
            self._databases.append(database)

    def detached(self, database: Database) -> None:
        """What it has counted stays: a counter never goes back."""
        with self._lock:
            self._databases.remove(database)
            for reading in _of(database.stats()):
                if METRICS[reading.metric].kind == "counter":
                    self._counts[reading.metric, reading.labels] += reading.value

    def ended(self, work: Work) -> None:
        kind, role, server = work.kind, work.site.role, work.site.server
        with self._lock:
            self._durations[kind, role, server, work.outcome].add(work.seconds)
            if work.rows:
                self._counts["tenantry_rows_total", (role, server)] += work.rows
            if work.waited is not None:
                self._waits[role, server].add(work.waited)
            if work.outcome == "error":
                self._counts["tenantry_errors_total", (kind, role, work.error_code)] += 1

    def retried(self, error: TenantryError) -> None:
        with self._lock:
            self._counts["tenantry_retries_total", (error.code,)] += 1

    # ---- what a registry asks ---------------------------------------------------------------

    def describe(self) -> Iterator[Family]:
        return families(PROGRAM, ())

    def collect(self) -> Iterator[Family]:
        return families(PROGRAM, self._now())

    def _now(self) -> list[Reading | Distribution]:
        with self._lock:
            counted = dict(self._counts)
            pools: defaultdict[Key, float] = defaultdict(float)
            for database in self._databases:
                for reading in _of(database.stats()):
                    place = reading.metric, reading.labels
                    if reading.metric in _WORST:
                        pools[place] = max(pools.get(place, 0.0), reading.value)
                    elif reading.metric in _BEST:
                        pools[place] = min(pools.get(place, 1.0), reading.value)
                    else:
                        pools[place] += reading.value
            for place, value in pools.items():
                counted[place] = counted.get(place, 0.0) + value
            shown: list[Reading | Distribution] = [
                Reading(metric, value, labels) for (metric, labels), value in counted.items()
            ]
            for metric, found in (
                ("tenantry_operation_seconds", self._durations),
                ("tenantry_connection_wait_seconds", self._waits),
            ):
                shown += [_distribution(metric, labels, one) for labels, one in found.items()]
            return shown


#: Of several databases that see the same server, the one that fares worst is told. The others are sums.
_WORST: Final = frozenset(("tenantry_replica_lag_seconds",))
_BEST: Final = frozenset(("tenantry_replica_up", "tenantry_store_up"))


def _distribution(metric: str, labels: tuple[str, ...], one: _Histogram) -> Distribution:
    counts = [float(count) for count in accumulate(one.counts)]
    return Distribution(metric, list(zip(_ENDS, counts, strict=True)), one.sum, labels)


def _of(stats: Stats) -> Iterator[Reading]:
    """What a database counts by itself."""
    for site, pool in stats.pools:
        at = site.role, site.server
        for state in ("idle", "in_use", "opening"):
            yield Reading("tenantry_pool_connections", getattr(pool, state), (*at, state))
        yield Reading("tenantry_pool_max_connections", pool.max_size, at)
        yield Reading("tenantry_pool_waiting", pool.waiting, at)
        yield Reading("tenantry_pool_opened_total", pool.opened, at)
        yield Reading("tenantry_pool_closed_total", pool.closed, at)
        yield Reading("tenantry_pool_waits_total", pool.waited, at)
        yield Reading("tenantry_pool_exhausted_total", pool.exhausted, at)
        yield Reading("tenantry_pool_cleaned_total", pool.cleaned, at)
    for replica in stats.replicas:
        yield Reading("tenantry_replica_up", int(replica.ok), (replica.name,))
        if replica.lag_s is not None:
            yield Reading("tenantry_replica_lag_seconds", replica.lag_s, (replica.name,))
    cache: Any = stats.cache
    for name in ("hits", "misses", "stale", "computed", "errors", "unstored", "lost_invalidations"):
        yield Reading(f"tenantry_cache_{name}_total", getattr(cache, name))
    for name, store in stats.stores.items():
        yield Reading("tenantry_store_up", int(store.away_since is None), (name,))
        yield Reading("tenantry_store_calls_total", store.calls, (name,))
        yield Reading("tenantry_store_errors_total", store.errors, (name,))
    yield Reading("tenantry_limits_total", stats.limits.allowed, ("allowed",))
    yield Reading("tenantry_limits_total", stats.limits.refused, ("refused",))
    unchecked = sum(store.unchecked for store in stats.stores.values())
    yield Reading("tenantry_limits_unchecked_total", unchecked)
    yield Reading("tenantry_locks_total", stats.locks.acquired, ("acquired",))
    yield Reading("tenantry_locks_total", stats.locks.refused, ("refused",))
    yield Reading("tenantry_lock_wait_seconds_total", stats.locks.waited_s)
