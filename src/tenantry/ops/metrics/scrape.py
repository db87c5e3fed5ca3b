"""What a scrape is given: all figures that can be seen, and which cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from time import monotonic, perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family

from tenantry.endpoints import has_redis
from tenantry.observing.exposition import Reading, families
from tenantry.observing.metrics import SERVER
from tenantry.ops.figures import VALKEY, Gathered, Section, Source, gather

from .readings import TOLD

#: As many tables, databases, … as are told at most: the largest.
ROWS: Final = 100
#: A section that takes longer is not told: a scrape has ten seconds by default.
_PATIENCE_S: Final = 8.0


async def look(source: Source) -> list[Reading]:
    """One section after the other. What goes wrong with one concerns no other."""
    found: list[Reading] = []
    for section, told in TOLD:
        if section is VALKEY and not await asyncio.to_thread(has_redis, source.settings):
            continue
        began = perf_counter()
        seen = await _gathered(source, section)
        readings = [] if seen.figures is None else list(told(seen.figures))
        name = (section.name,)
        found.append(Reading("tenantry_figures_up", int(seen.figures is not None), name))
        found.append(Reading("tenantry_figures_duration_seconds", perf_counter() - began, name))
        found += readings
    return found


async def _gathered(source: Source, section: Section[object]) -> Gathered[object]:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await gather(source, section)
    except TimeoutError:
        return Gathered(section.name, None, "It took too long.")


def exposition(readings: Sequence[Reading]) -> str:
    """The text that Prometheus reads."""
    return generate_latest(registry(lambda: readings)).decode()


def registry(look: Callable[[], Sequence[Reading]]) -> CollectorRegistry:
    """Of the servers' figures alone."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_Collector(look))
    return made


class _Collector:
    def __init__(self, look: Callable[[], Sequence[Reading]]) -> None:
        self._look = look

    def describe(self) -> Iterator[Family]:
        return families(SERVER, ())

    def collect(self) -> Iterator[Family]:
        return families(SERVER, self._look())


class Kept:
    """Looks again when what was seen is some seconds old: however many scrape, the servers are asked
    once. Whoever comes meanwhile waits for the same."""

    def __init__(self, look: Callable[[], Sequence[Reading]], seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._lock = Lock()
        self._seen: Sequence[Reading] = ()
        self._until = 0.0

    def __call__(self) -> Sequence[Reading]:
        with self._lock:
            if monotonic() >= self._until:
                self._seen = self._look()
                self._until = monotonic() + self._seconds
            return self._seen
