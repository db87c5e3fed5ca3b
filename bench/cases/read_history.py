"""A conversation's last 50 messages of a million, as instances of the model."""

from __future__ import annotations

from bench import talk
from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison, compare
from bench.world import World

MANY = 50


async def measure(world: World) -> Comparison:
    db, raw = world.db, await world.raw()
    our_keys = await talk.conversations(world, "brief")
    raw_keys = await talk.conversations(world, "brief")
    twin = await world.twin("messages", references=True)
    select = (
        f"SELECT * FROM {twin} WHERE tenant_id = $1 AND conversation_id = $2"
        " ORDER BY id DESC LIMIT $3"
    )

    async def ours() -> None:
        tenant, conversation = next(our_keys)
        page = await db.tenant(tenant).messages.history(conversation, limit=MANY)
        assert len(page) == MANY

    async def limit() -> None:
        tenant, conversation = next(raw_keys)
        rows = [dict(row) for row in await raw.fetch(select, tenant, conversation, MANY)]
        assert len(rows) == MANY

    return await compare(ours, limit, calls=40)


BENCHMARK = Benchmark(
    what=f"history of {MANY} messages of {talk.MESSAGES:,}",
    against="raw asyncpg, one plain table",
    bar=AtMost(1.5),
    measure=measure,
)
