"""Full-text search in a tenant of half a million lessons, under row security and without it."""

from __future__ import annotations

import random
from itertools import cycle

from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison, compare
from bench.world import World, indexes

LESSONS = 500_000
#: Of which each lesson has eight, so that each is found in some 800.
WORDS = 5_000
MANY = 20

_FILL = f"""
    SET session_replication_role = replica;
    INSERT INTO tenantry.lessons (tenant_id, category, title, summary)
    SELECT $1, 'testing', 'Lesson ' || n, (
        SELECT string_agg('term' || floor(random() * {WORDS})::int, ' ')
        FROM generate_series(n, n + 7))
    FROM generate_series(1, {LESSONS}) AS n;
    RESET session_replication_role
"""


async def measure(world: World) -> Comparison:
    db, raw, tenant = world.db, await world.raw(), world.projects[0][0]
    await _fill(world)
    twin = await world.twin("lessons")
    select = f"""
        SELECT l.* FROM {twin} AS l, websearch_to_tsquery('english', $2) AS q
        WHERE l.tenant_id = $1 AND l.search @@ q
        ORDER BY ts_rank(l.search, q) DESC, l.application_count DESC, l.id DESC LIMIT $3
    """
    words = [f"term{n}" for n in range(WORDS)]
    random.Random(7).shuffle(words)  # noqa: S311 - no secret
    our_words, raw_words = cycle(words), cycle(words)

    async def ours() -> None:
        assert len(await db.tenant(tenant).lessons.search(next(our_words), MANY)) == MANY

    async def limit() -> None:
        rows = [dict(row) for row in await raw.fetch(select, tenant, next(raw_words), MANY)]
        assert len(rows) == MANY

    return await compare(ours, limit, rounds=21, calls=10)


async def _fill(world: World) -> None:
    tenant = world.projects[0][0]
    async with world.admin() as admin:
        if await admin.fetchval("SELECT EXISTS (SELECT FROM tenantry.lessons)"):
            return
        known = await indexes(admin, "lessons")
        for name, _ in known:
            await admin.execute(f"DROP INDEX {name}")
        await admin.execute(_FILL.replace("$1", f"'{tenant}'::uuid"))
        for _, definition in known:
            await admin.execute(definition)
        await admin.execute("VACUUM ANALYZE tenantry.lessons")


BENCHMARK = Benchmark(
    what=f"search of {LESSONS:,} lessons for one of {WORDS:,} words, {MANY} best",
    against="the same without row security",
    bar=AtMost(2.5),
    measure=measure,
)
