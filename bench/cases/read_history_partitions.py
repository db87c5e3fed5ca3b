"""The same statement over 52 weekly partitions and over one table: a page of a conversation."""

from __future__ import annotations

from collections.abc import Iterator

from bench import talk
from bench.benchmark import AtMost, Benchmark
from bench.measure import Call, Comparison, compare
from bench.world import Key, World

MANY = 50


async def measure(world: World) -> Comparison:
    keys = await talk.conversations(world), await talk.conversations(world)
    await world.twin("messages", references=True)
    async with world.admin() as admin:
        twin = await world.twin_function(admin, "messages_by_conversation", "messages")

        def page(function: str, keys: Iterator[Key]) -> Call:
            call = f"SELECT * FROM {function}($1, $2, NULL, $3, false)"

            async def read() -> None:
                tenant, conversation = next(keys)
                assert len(await admin.fetch(call, tenant, conversation, MANY)) == MANY

            return read

        ours, other = page("tenantry.messages_by_conversation", keys[0]), page(twin, keys[1])
        return await compare(ours, other, calls=40)


BENCHMARK = Benchmark(
    what=f"history of {MANY} messages, 52 weekly partitions",
    against="the same in one table",
    bar=AtMost(2),
    measure=measure,
)
