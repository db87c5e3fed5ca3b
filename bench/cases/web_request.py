"""A row by its key, asked for by HTTP with an API key, against the route written by hand without
tenants or keys."""

from __future__ import annotations

from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison
from bench.web import measured
from bench.world import World


async def measure(world: World) -> Comparison:
    secrets = await measured.keys(world)
    by_hand = measured.raw(world, secrets)
    return measured.compare(world.projects, measured.ours(world, secrets), by_hand)


BENCHMARK = Benchmark(
    what="a request with an API key, reading by key",
    against="FastAPI on asyncpg.Pool, no tenants, no keys",
    bar=AtMost(2),
    measure=measure,
)
