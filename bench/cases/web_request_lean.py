"""A request with an API key, beside the route by hand on a pool that never resets a connection."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.web import measured
from bench.world import World


async def measure(world: World) -> Comparison:
    secrets = await measured.keys(world)
    by_hand = measured.raw(world, secrets, "as_it_is")
    return measured.compare(world.projects, measured.ours(world, secrets), by_hand)


BENCHMARK = Benchmark(
    what="a request with an API key, reading by key",
    against="FastAPI on asyncpg.Pool without its reset",
    measure=measure,
)
