"""The same statement over 52 weekly partitions and over one table: a row by its key."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from bench import talk
from bench.benchmark import AtMost, Benchmark
from bench.measure import Call, Comparison, compare
from bench.world import Key, World

#: As many keys as rounds read, all over the table.
KEYS = 5_000


async def measure(world: World) -> Comparison:
    await talk.conversations(world)
    await world.twin("messages", references=True)
    async with world.admin() as admin:
        twin = await world.twin_function(admin, "messages_get", "messages")
        keys = await admin.fetch(
            "SELECT tenant_id, id FROM twin.messages TABLESAMPLE BERNOULLI (2) REPEATABLE (7)"
            f" JOIN tenantry.messages USING (tenant_id, id) ORDER BY md5(id::text) LIMIT {KEYS}"
        )

        def get(function: str, keys: Iterator[Key]) -> Call:
            call = f"SELECT * FROM {function}($1, $2)"

            async def read() -> None:
                assert await admin.fetchrow(call, *next(keys)) is not None

            return read

        return await compare(get("tenantry.messages_get", cycle(keys)), get(twin, cycle(keys)))


BENCHMARK = Benchmark(
    what="read by key, 52 weekly partitions",
    against="the same in one table",
    bar=AtMost(1.4),
    measure=measure,
)
