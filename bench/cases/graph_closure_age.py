"""The same against AGE's variable-length match, on a graph of the tenant's own.

AGE goes along every path, of which 25 layers have millions: it is given ten seconds, so that the
ratio is the least it can be.
"""

from __future__ import annotations

import sys
from time import perf_counter

from bench import graphs
from bench.benchmark import Benchmark, TimesFaster
from bench.measure import Comparison
from bench.world import World

PATIENCE = 10.0
ROUNDS, CALLS = 3, 20


async def measure(world: World) -> Comparison:
    return await against_age(world, "layered", graphs.layered(25, most=3), ROUNDS)


async def against_age(world: World, name: str, links: graphs.Links, rounds: int) -> Comparison:
    waiting = await graphs.waiting(world, links)
    ours, other, gave_up = [], [], 0
    async with world.admin() as admin:
        age = graphs.Age(admin, f"bench_{name}", waiting)
        await age.make()
        await age.closure(patience=PATIENCE)  # which loads the graph into its connection
        for _ in range(rounds):
            await waiting.closure()  # after seconds of another's work, as in the other cases
            started = perf_counter()
            for _ in range(CALLS):
                await waiting.closure()
            ours.append((perf_counter() - started) / CALLS * 1e6)
            started = perf_counter()
            gave_up += not await age.closure(patience=PATIENCE)
            other.append((perf_counter() - started) * 1e6)
    if gave_up:
        print(f"AGE gave up after {PATIENCE:g} s, {gave_up} of {rounds} times", file=sys.stderr)
    return Comparison(ours, other)


BENCHMARK = Benchmark(
    what=f"closure of {graphs.TASKS} tasks, 25 layers",
    against=f"AGE, variable length, {PATIENCE:g} s at most",
    bar=TimesFaster(20),
    measure=measure,
)
