"""200,000 one-shot calls: what the process weighs after them, against before."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison
from bench.world import World

CALLS = 200_000
WARM_UP = 5_000


async def measure(world: World) -> Comparison:
    db, keys = world.db, world.keys()

    async def weight_after(calls: int) -> float:
        for _ in range(calls):
            tenant, project = next(keys)
            await db.tenant(tenant).projects.get(project)
        gc.collect()
        return _resident()

    before = await weight_after(WARM_UP)
    after = await weight_after(CALLS)
    return Comparison([after], [before], unit="MiB")


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


BENCHMARK = Benchmark(
    what=f"memory after {CALLS:,} one-shot reads",
    against="before them",
    bar=AtMost(1.05),
    measure=measure,
)
