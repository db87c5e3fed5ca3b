"""Processes that want more of a limit than there is, and keep what they were told."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import defaultdict
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID, uuid4

from tenantry import Settings
from tenantry.coordination import Coordination, Limits, Rate, Share

Times = dict[str, list[int]]


def demand(url: str, rate: Rate, *, processes: int, duration: float) -> Times:
    """The server's times, in microseconds, of all that was "allowed" and "refused"."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    told, together, tenant = context.Queue(), context.Barrier(processes), uuid4()
    arguments = (told, together, url, tenant, rate, duration)
    each = [context.Process(target=_process, args=arguments) for _ in range(processes)]
    for process in each:
        process.start()
    found: Times = defaultdict(list)
    for _ in each:
        for kind, times in told.get(timeout=duration + 60).items():
            found[kind] += times
    for process in each:
        process.join()
    return {kind: sorted(times) for kind, times in found.items()}


def _process(told: Any, together: Barrier, *arguments: Any) -> None:
    told.put(asyncio.run(_want(together, *arguments)))


async def _want(together: Barrier, url: str, tenant: UUID, rate: Rate, duration: float) -> Times:
    settings = {"profile": "test", "redis_url": url, "redis_timeout": 30}
    coordination = Coordination(Settings.model_validate(settings))
    limits = Limits(Share.of(coordination, tenant))
    await limits.peek("shared", rate)
    await asyncio.to_thread(together.wait, 60)
    found: Times = {"allowed": [], "refused": []}
    until = time.monotonic() + duration
    while time.monotonic() < until:
        verdict = await limits.hit("shared", rate)
        assert verdict.checked
        found["allowed" if verdict else "refused"].append(verdict.at)
        if not verdict:
            await asyncio.sleep(min(verdict.retry_after, 0.01))
    await coordination.close()
    return found
