"""Measuring two things in turns, so that a noisy machine slows both alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Comparison:
    """What ours and the other cost in each round."""

    ours: list[float]
    other: list[float]
    unit: str = "µs"

    def ratios(self, *, inverted: bool = False) -> list[float]:
        """Ours in units of the other, round by round; inverted, how many times ours goes into it."""
        pairs = zip(self.ours, self.other, strict=True)
        return [b / a if inverted else a / b for a, b in pairs]

    @property
    def medians(self) -> tuple[float, float]:
        return median(self.ours), median(self.other)


async def compare(
    ours: Call,
    other: Call,
    *,
    rounds: int = 61,
    calls: int = 100,
    callers: int = 1,
    before: Callable[[Call], Awaitable[object]] | None = None,
) -> Comparison:
    """Microseconds for a call of each, `calls` at a time, by `callers` tasks at once.

    Many short rounds: what disturbs the machine then meets both sides alike. `before` prepares a
    side's turn, and is not measured.
    """
    spent: dict[Call, list[float]] = {ours: [], other: []}
    for side in (ours, other):
        if before is not None:
            await before(side)
        await _run(side, calls, callers)  # connections, statements and caches are warm after this
    for number in range(rounds):
        # A B, B A, A B, …: neither profits from always being the second.
        for side in (ours, other) if number % 2 else (other, ours):
            if before is not None:
                await before(side)
            spent[side].append(await _run(side, calls, callers))
    return Comparison(spent[ours], spent[other])


async def _run(call: Call, calls: int, callers: int) -> float:
    async def caller() -> None:
        for _ in range(calls // callers):
            await call()

    started = perf_counter()
    if callers == 1:
        await caller()
    else:
        await asyncio.gather(*(caller() for _ in range(callers)))
    return (perf_counter() - started) / calls * 1e6
