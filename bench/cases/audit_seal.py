"""Sealing and verifying a tenant's record, an entry."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter

from bench.benchmark import Benchmark
from bench.measure import Comparison
from bench.world import World
from tenantry.ops import seals

ENTRIES = 20_000
ROUNDS = 3

_FILL = """
SELECT tenantry.record_event('call', 'tools', tenantry.uuidv7(), jsonb_build_object(
    'tool', 'search', 'query', 'number ' || n, 'results', n % 10, 'cost', n * 0.0001))
FROM generate_series(1, $1::integer) AS n"""


async def measure(world: World) -> Comparison:
    tenant = world.projects[0][0]
    sealing, verifying = [], []
    await seals.seal(world.db, lag=timedelta(0))
    for _ in range(ROUNDS):
        await world.db.tenant(tenant).execute(_FILL, ENTRIES)
        started = perf_counter()
        run = await seals.seal(world.db, lag=timedelta(0), tenant_id=tenant)
        sealing.append((perf_counter() - started) / run.entries * 1e6)
        started = perf_counter()
        report = await seals.verify(world.db, tenant_id=tenant)
        verifying.append((perf_counter() - started) / report.entries * 1e6)
        assert report.ok
    return Comparison(sealing, verifying)


BENCHMARK = Benchmark(what="seal an audit entry", against="verify one", measure=measure)
