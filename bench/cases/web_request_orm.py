"""A row by its key, asked for by HTTP with an API key, against SQLAlchemy's ORM with a key lookup."""

from __future__ import annotations

from bench.benchmark import Benchmark, TimesFaster
from bench.measure import Comparison
from bench.web import measured
from bench.world import World


async def measure(world: World) -> Comparison:
    secrets = await measured.keys(world)
    orm = measured.Side("orm", world.url("app"), measured.bearers(secrets))
    return measured.compare(world.projects, measured.ours(world, secrets), orm)


BENCHMARK = Benchmark(
    what="a request with an API key, reading by key",
    against="FastAPI on SQLAlchemy async ORM, a key lookup, same RLS",
    bar=TimesFaster(2),
    measure=measure,
)
