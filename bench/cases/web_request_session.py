"""A request by a signed-in member, beside one with an API key."""

from __future__ import annotations

from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.web import measured
from bench.world import World


async def measure(world: World) -> Comparison:
    secrets = await measured.keys(world)
    signed_in = await measured.signed_in(world)
    return measured.compare(world.projects, signed_in, measured.ours(world, secrets))


BENCHMARK = Benchmark(
    what="a request with a session's cookie",
    against="the same with an API key",
    measure=measure,
)
