"""What a benchmark is: one file in `bench/cases/` with a `BENCHMARK`, named after the file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from bench import cases
from bench.measure import Comparison
from bench.world import World


@dataclass(frozen=True)
class AtMost:
    """Ours may take this many times what the other takes."""

    limit: float

    def __str__(self) -> str:
        return f"≤ {self.limit:g}"


@dataclass(frozen=True)
class TimesFaster:
    """The other must take at least this many times what ours takes."""

    limit: float

    def __str__(self) -> str:
        return f"≥ {self.limit:g} faster"


@dataclass(frozen=True)
class Benchmark:
    what: str
    #: The limit or the peer that ours is measured against.
    against: str
    measure: Callable[[World], Awaitable[Comparison]]
    #: Stated only, when there is none.
    bar: AtMost | TimesFaster | None = None


@dataclass(frozen=True)
class Result:
    name: str
    benchmark: Benchmark
    comparison: Comparison

    @property
    def ratios(self) -> list[float]:
        return self.comparison.ratios(inverted=isinstance(self.benchmark.bar, TimesFaster))

    @property
    def ok(self) -> bool | None:
        bar, ratio = self.benchmark.bar, median(self.ratios)
        if bar is None:
            return None
        return ratio <= bar.limit if isinstance(bar, AtMost) else ratio >= bar.limit


def every() -> dict[str, Benchmark]:
    """All benchmarks by name."""
    found = {}
    for module in pkgutil.iter_modules(cases.__path__):
        case = importlib.import_module(f"{cases.__name__}.{module.name}")
        found[module.name] = case.BENCHMARK
    return found
