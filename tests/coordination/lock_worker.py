"""A process that takes one lock again and again, writes under it, and keeps a diary of that.

    python -m tests.coordination.lock_worker '<json>'

Its parent stops and kills it as it likes. A line of the diary is written by one call, so that what
is there is what happened.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from typing import Any

import tenantry
from tenantry import Database, Settings
from tenantry.coordination import Fence, Lock
from tenantry.errors import CoordinationUnavailable, LockLost, LockNotAcquired, StaleFence

WRITE = "INSERT INTO public.diary (fence, pid) VALUES ($1, $2)"
COUNT = "UPDATE public.guarded SET fence = $1, writes = writes + 1"


class Worker:
    def __init__(self, db: Database, plan: dict[str, Any]) -> None:
        self.db = db
        self.plan = plan
        self.tenant = db.tenant(plan["tenant_id"])
        self.pid = os.getpid()
        self.random = random.Random(self.pid)  # noqa: S311 - no secret
        folder = plan["folder"]
        self.diary = os.open(f"{folder}/{self.pid}.diary", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.current = os.open(f"{folder}/current", os.O_CREAT | os.O_WRONLY)

    def note(self, what: str, fence: int, *more: object) -> None:
        words = what, fence, repr(time.monotonic()), *more
        os.write(self.diary, (" ".join(map(str, words)) + "\n").encode())

    async def run(self) -> None:
        store, tries = self.db.coordination.lasting, self.plan["tries"]
        while (number := await store.command("INCR", self.plan["counter"])) <= tries:
            try:
                await self.once(number)
            except LockNotAcquired:
                self.note("waited", 0)

    async def once(self, number: int) -> None:
        held: Lock | None = None
        locks, timeout = self.tenant.locks, self.plan["timeout"]
        try:
            async with locks.hold("storm", wait=60, timeout=timeout) as held:
                self.note("enter", held.fence)
                os.pwrite(self.current, f"{self.pid:10d} {number:10d}".encode(), 0)
                try:
                    await self.work(held)
                finally:
                    # For how long it was sure: what it believes later, it does not believe.
                    self.note("leave", held.fence, repr(held._sure_until))
        except (LockLost, StaleFence, CoordinationUnavailable) as error:
            self.note(error.code, held.fence if held else 0)
        if held is not None and self.random.random() < 0.2:
            # Somebody who does not know, or does not care, that his time is over.
            await self.write_late(Fence(held.name, held.fence))

    async def work(self, lock: Lock) -> None:
        await self.write(lock)
        match self.random.random():
            case chance if chance < self.plan["stalls"]:
                # Nothing of this program runs, so nothing is renewed.
                time.sleep(1.5 * self.plan["timeout"])  # noqa: ASYNC251
            case chance if chance < 2 * self.plan["stalls"]:
                # The work takes its time, and the lock is renewed.
                await asyncio.sleep(1.5 * self.plan["timeout"])
            case _:
                await asyncio.sleep(0)
        await self.write(lock)

    async def write(self, holder: Lock | Fence) -> None:
        async with self.tenant as t:
            await t.locks.guard(holder)
            await t.execute(WRITE, holder.fence, self.pid)
            # A table of the application's own, which asks for the fence by itself.
            await t.execute(COUNT, holder.fence)

    async def write_late(self, fence: Fence) -> None:
        try:
            await self.write(fence)
        except StaleFence:
            self.note("refused", fence.fence)
        else:
            self.note("accepted", fence.fence)


async def main() -> None:
    plan = json.loads(sys.argv[1])
    async with await tenantry.connect(settings=Settings.model_validate(plan["settings"])) as db:
        await Worker(db, plan).run()


if __name__ == "__main__":
    asyncio.run(main())
