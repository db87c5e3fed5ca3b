"""A hundred messages of a conversation at once, against COPY, which row security refuses."""

from __future__ import annotations

from bench import talk
from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison, compare
from bench.world import World

MANY = 100
SAID = "Something that somebody says, about as long as a sentence usually is."


async def measure(world: World) -> Comparison:
    db, raw = world.db, await world.raw()
    our_keys, raw_keys = await talk.conversations(world), await talk.conversations(world)
    twin = (await world.twin("messages", references=True)).removeprefix("twin.")

    async def ours() -> None:
        tenant, conversation = next(our_keys)
        await db.tenant(tenant).messages.append_many(
            [
                {"conversation_id": conversation, "role": "user", "content": SAID}
                for _ in range(MANY)
            ]
        )

    async def limit() -> None:
        tenant, conversation = next(raw_keys)
        await raw.copy_records_to_table(
            twin,
            schema_name="twin",
            columns=["tenant_id", "conversation_id", "role", "content"],
            records=[(tenant, conversation, "user", SAID) for _ in range(MANY)],
        )

    return await compare(ours, limit, rounds=41, calls=10)


BENCHMARK = Benchmark(
    what=f"append {MANY} messages at once, with totals",
    against="raw asyncpg COPY, plain table, same keys",
    bar=AtMost(2),
    measure=measure,
)
