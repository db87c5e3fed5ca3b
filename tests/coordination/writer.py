"""A program that publishes, commits or rolls back, and may be killed at any moment.

    python -m tests.coordination.writer JOURNAL TENANT NUMBER

What it knows of each transaction it has put on disk before it goes on: `try`, then `committed` or
`rolled back`. Of the last one it may know nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import tenantry
from tenantry.errors import DeadlockDetected

KEYS = 6


async def main(journal: Path, tenant: str, number: str) -> None:
    chance = random.Random()  # noqa: S311 - no secret
    with journal.open("a") as file:

        def note(word: str, what: str) -> None:
            file.write(f"{word} {what}\n")
            file.flush()
            os.fsync(file.fileno())

        async with await tenantry.connect() as db:
            print("ready", flush=True)  # noqa: T201
            count = 0
            while True:
                count += 1
                mark = f"{number}-{os.getpid()}-{count}"
                give_up = chance.random() < 0.3
                keys = chance.sample(range(KEYS), chance.choice((1, 1, 1, 2)))
                note("try", mark)
                try:
                    async with db.tenant(tenant) as t:
                        for key in keys:
                            event = await t.events.publish("proof", mark, key=f"k{key}")
                            # So long another may overtake, if nothing hinders him.
                            await asyncio.sleep(chance.choice((0, 0, 0.02)))
                            # The truth about the order of commits: rows of one counter, which
                            # this transaction holds until it has ended.
                            await t.execute(
                                "INSERT INTO public.truth SELECT $1, n, $2, $3 FROM public.next_of($1) AS n",
                                f"k{key}",
                                event,
                                mark,
                            )
                        if chance.random() < 0.5:
                            await t.events.publish("free", mark)
                        if give_up:
                            raise InterruptedError
                except (InterruptedError, DeadlockDetected):
                    note("rolled-back", mark)
                else:
                    note("committed", mark)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
