"""What rate limits add to a request: one script in Valkey for two of them."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.web import measured
from bench.world import World


async def measure(world: World) -> Comparison:
    secrets = await measured.keys(world)
    limited = await measured.limited(world, secrets)
    return measured.compare(world.projects, limited, measured.ours(world, secrets))


BENCHMARK = Benchmark(
    what="a request with an API key and two rate limits",
    against="the same without limits",
    measure=measure,
)
