"""What the door adds to a request: the middleware, the key, and FastAPI's dependencies."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.web import measured
from bench.world import World


async def measure(world: World) -> Comparison:
    secrets = await measured.keys(world)
    return measured.compare(world.projects, measured.ours(world, secrets), measured.bare(world))


BENCHMARK = Benchmark(
    what="a request with an API key, reading by key",
    against="the same, the tenant taken from a header nobody checks",
    measure=measure,
)
