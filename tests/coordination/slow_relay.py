"""A relay that dawdles between sending and deleting, so that kills meet it there."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import tenantry
from tenantry.handles import ServiceTransaction
from tenantry.ops.relay import Relay


class SlowRelay(Relay):
    async def _settle(self, s: ServiceTransaction, *args: Any) -> None:
        await asyncio.sleep(random.uniform(0, 0.2))  # noqa: S311 - no secret
        await super()._settle(s, *args)


async def main() -> None:
    async with await tenantry.connect() as db:
        print("ready", flush=True)  # noqa: T201
        await SlowRelay(db, batch=50, idle=0.02).run()


if __name__ == "__main__":
    asyncio.run(main())
