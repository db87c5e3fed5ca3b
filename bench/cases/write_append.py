"""One message of a conversation, as a call of its own, against an INSERT that does nothing else."""

from __future__ import annotations

from bench import talk
from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison, compare
from bench.world import World

SAID = "Something that somebody says, about as long as a sentence usually is."


async def measure(world: World) -> Comparison:
    db, raw = world.db, await world.raw()
    our_keys, raw_keys = await talk.conversations(world), await talk.conversations(world)
    twin = await world.twin("messages", references=True)
    insert = (
        f"INSERT INTO {twin} (tenant_id, conversation_id, role, content)"
        " VALUES ($1, $2, $3, $4) RETURNING *"
    )

    async def ours() -> None:
        tenant, conversation = next(our_keys)
        await db.tenant(tenant).messages.append(
            conversation_id=conversation, role="user", content=SAID
        )

    async def limit() -> None:
        tenant, conversation = next(raw_keys)
        row = await raw.fetchrow(insert, tenant, conversation, "user", SAID)
        assert row is not None
        dict(row)

    return await compare(ours, limit)


BENCHMARK = Benchmark(
    what="append a message, with its conversation's totals",
    against="raw asyncpg INSERT, plain table, same keys",
    bar=AtMost(1.8),
    measure=measure,
)
