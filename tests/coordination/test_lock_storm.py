"""Processes that are stopped and killed while they hold a lock: no two hold it at once, and nobody
writes after a later holder has.

What a holder believes is `lock.lost`: he holds it while that is false. A program that is stopped
believes nothing, and one that goes on sees by its clock how long it was sure.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tenantry.coordination import Keys
from tenantry.models import Tenant
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer

from . import soak

TRIES = soak(150, 10_000)
#: Times that a holder is stopped for longer than its timeout, for less, and killed.
PAUSES, NAPS, KILLS = soak(1, 40), soak(1, 40), soak(2, 40)
WORKERS = 4
TIMEOUT = 0.5
GUARDED = """
CREATE TABLE public.guarded (fence bigint NOT NULL DEFAULT 0, writes int NOT NULL DEFAULT 0);
CREATE TRIGGER refuse_stale_fence BEFORE UPDATE ON public.guarded
    FOR EACH ROW EXECUTE FUNCTION tenantry.refuse_stale_fence();
INSERT INTO public.guarded DEFAULT VALUES;
CREATE TABLE public.diary (id bigint GENERATED ALWAYS AS IDENTITY, fence bigint, pid int);
GRANT SELECT, UPDATE ON public.guarded TO tenantry_app;
GRANT SELECT, INSERT ON public.diary TO tenantry_app;
"""


@dataclass(frozen=True)
class Holding:
    fence: int
    since: float
    until: float


class Storm:
    """Workers, and what is done to them."""

    def __init__(self, plan: dict[str, object], folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self.killed: dict[int, float] = {}
        self.random = random.Random(5)  # noqa: S311 - no secret

    def rage(self) -> None:
        deeds = [self.pause] * PAUSES + [self.nap] * NAPS + [self.kill] * KILLS
        self.random.shuffle(deeds)
        try:
            for _ in range(WORKERS):
                self.start()
            for n, deed in enumerate(deeds):
                if (pid := self.holder(after=n * TRIES // len(deeds))) is not None:
                    deed(pid)
            for worker in self.workers.values():
                assert worker.wait(timeout=600) == 0
        finally:
            for worker in self.workers.values():
                worker.kill()
                worker.wait()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.coordination.lock_worker", json.dumps(self.plan)]
        worker = subprocess.Popen(command)
        self.workers[worker.pid] = worker

    def holder(self, after: int) -> int | None:
        """Who takes the lock next, after so many tries; None when no more is taken."""
        before = self._taken()
        while (taken := self._taken()) == before or int(taken.split()[1]) < after:
            if all(worker.poll() is not None for worker in self.workers.values()):
                return None
            time.sleep(0.0002)
        pid = int(taken.split()[0])
        return pid if pid in self.workers else None

    def _taken(self) -> str:
        current = self.folder / "current"
        return current.read_text() if current.exists() else ""

    def pause(self, pid: int, seconds: float = 2 * TIMEOUT) -> None:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    def nap(self, pid: int) -> None:
        self.pause(pid, TIMEOUT / 4)

    def kill(self, pid: int) -> None:
        worker = self.workers.pop(pid)
        worker.kill()
        worker.wait()
        self.killed[pid] = time.monotonic()
        self.start()

    def holdings(self, happened: Counter[str]) -> Iterator[Holding]:
        for diary in self.folder.glob("*.diary"):
            end = self.killed.get(int(diary.stem), 0.0)
            entered: dict[int, float] = {}
            for line in diary.read_text().splitlines():
                what, shown, at, *more = line.split()
                fence = int(shown)
                happened[what] += 1
                if what == "enter":
                    entered[fence] = float(at)
                elif what == "leave":
                    yield Holding(fence, entered.pop(fence), min(float(at), float(more[0])))
            for fence, since in entered.items():
                assert end, "only who was killed leaves without a word"
                happened["died holding"] += 1
                yield Holding(fence, since, min(end, since + TIMEOUT))


@pytest.mark.timeout(soak(300, 3600))
@pytest.mark.postgres("wheel")
@pytest.mark.parametrize("kv_server", soak(["valkey"], ["valkey", "redis"]), indirect=True)
async def test_no_two_hold_it_and_nobody_writes_late(
    place: Place,
    acme: Tenant,
    kv_server: KeyValueServer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    admin = await place.connection("superuser")
    await admin.execute(GUARDED)
    plan = {
        "tenant_id": str(acme.id),
        "counter": Keys(acme.id).name("limit", f"tries of {uuid4()}"),
        "tries": TRIES,
        "timeout": TIMEOUT,
        "stalls": 4 / TRIES if TRIES < 1000 else 0.002,
        "folder": str(tmp_path),
        "settings": {
            "profile": "test",
            "pool_min": 0,
            "pool_max": 2,
            "migrate": "check",
            "database_url": place.url("app"),
            "redis_url": kv_server.url,
            # This machine may be busy with other things.
            "redis_timeout": 5,
        },
    }
    storm = Storm(plan, tmp_path)
    storm.rage()
    happened: Counter[str] = Counter()
    holdings = sorted(storm.holdings(happened), key=lambda h: h.since)
    written = [(row["fence"], row["pid"]) for row in await _diary(admin)]
    writes = await admin.fetchval("SELECT writes FROM public.guarded")
    await admin.close()
    happened["holdings"] = len(holdings)
    happened["writes"] = writes
    record_property("happened", dict(happened))

    # Who was stopped between the server's answer and his first step never believed that he held it.
    believed = [holding for holding in holdings if holding.until > holding.since]
    overlaps = [pair for pair in pairwise(believed) if pair[0].until > pair[1].since]
    assert overlaps == []
    fences = [holding.fence for holding in believed]
    assert fences == sorted(fences), "each has a greater one than all before"
    assert len({holding.fence for holding in holdings}) == len(holdings)
    shown = [fence for fence, _ in written]
    assert shown == sorted(shown), "nobody wrote after a later holder had"
    assert writes == len(written), "none of two who write together is lost"
    assert happened["refused"] > 0
    # What was begun and killed is all that is missing.
    in_vain = happened["waited"] + happened["coordination_unavailable"]
    assert len(holdings) + in_vain >= TRIES - len(storm.killed)


async def _diary(admin: asyncpg.Connection[asyncpg.Record]) -> list[asyncpg.Record]:
    return await admin.fetch("SELECT fence, pid FROM public.diary ORDER BY id")
