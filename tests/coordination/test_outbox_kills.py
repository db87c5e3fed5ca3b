"""Writers and relays that are killed at random: nothing is lost, nothing invented, order is kept."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

import tenantry
from tenantry.coordination.streams import Event
from tenantry.ops.relay import Relay
from tests.coordination import soak
from tests.coordination.writer import KEYS
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer
from tests.kernel.conftest import until

SECONDS = soak(4.0, 180.0)
WRITERS = soak(2, 4)

_TRUTH = """
    CREATE TABLE public.counter (key text PRIMARY KEY, n bigint NOT NULL);
    CREATE TABLE public.truth (key text, n bigint, event uuid, mark text, PRIMARY KEY (key, n));
    CREATE FUNCTION public.next_of(of text) RETURNS bigint LANGUAGE sql AS
        'UPDATE public.counter SET n = n + 1 WHERE key = of RETURNING n';
    GRANT SELECT, UPDATE ON public.counter TO tenantry_app;
    GRANT SELECT, INSERT ON public.truth TO tenantry_app;
    GRANT EXECUTE ON FUNCTION public.next_of(text) TO tenantry_app"""


class Crew:
    """Processes of one kind, each started again when it was killed."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._processes: dict[str, tuple[list[str], subprocess.Popen[bytes]]] = {}
        self.kills = 0

    def start(self, name: str, *words: str) -> None:
        with self._out(name).open("wb") as out, self._out(name, "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", *words], env=self._environment, stdout=out, stderr=err
            )
        self._processes[name] = [*words], process

    def at_work(self) -> list[str]:
        """Those that have said that they began: to kill what does nothing yet proves nothing."""
        for name, (_, process) in self._processes.items():
            assert process.poll() is None, self._out(name, "err").read_text()
        return [name for name in self._processes if self._out(name).stat().st_size]

    def kill(self, name: str) -> None:
        words, process = self._processes[name]
        process.kill()
        process.wait()
        self.kills += 1
        self.start(name, *words)

    def stop(self) -> None:
        for _, process in self._processes.values():
            process.kill()
            process.wait()

    def _out(self, name: str, kind: str = "out") -> Path:
        return self._folder / f"{name}.{kind}"


@pytest.mark.postgres("wheel")
@pytest.mark.parametrize("kv_server", soak(["redis"], ["valkey", "redis"]), indirect=True)
async def test_killed_at_random(place: Place, kv_server: KeyValueServer, tmp_path: Path) -> None:
    admin = await place.connection("superuser")
    await admin.execute(_TRUTH)
    await admin.executemany(
        "INSERT INTO public.counter VALUES ($1, 0)", [(f"k{n}",) for n in range(KEYS)]
    )
    settings = place.settings(redis_url=kv_server.url, stream_length=0, redis_timeout=10)
    async with await tenantry.connect(settings=settings) as db:
        acme = await make_tenant(db, "acme")
        crew = Crew(_environment(place, kv_server), tmp_path)
        try:
            for n in range(WRITERS):
                journal = tmp_path / f"journal-{n}"
                crew.start(f"w{n}", "tests.coordination.writer", str(journal), str(acme.id), str(n))
            for n in range(2):
                crew.start(f"r{n}", "tests.coordination.slow_relay")
            await _kill_at_random(crew)
        finally:
            crew.stop()
        # The server ends what the dead had begun, and a relay that lives sends the rest.
        await until(
            lambda: admin.fetchval(
                "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database()"
                " AND state <> 'idle' AND pid <> pg_backend_pid()"
            )
        )
        await Relay(db).drain()
        events: list[Event] = []
        while page := await db.tenant(acme.id).events.read(
            "proof", after=events[-1].entry if events else None, limit=5000
        ):
            events += page
    truth = await admin.fetch("SELECT key, event, mark FROM public.truth ORDER BY key, n")
    await admin.close()

    sent: defaultdict[str | None, list[object]] = defaultdict(list)
    seen = set()
    for event in events:
        if event.id not in seen:
            seen.add(event.id)
            sent[event.key].append(event.id)
    committed: defaultdict[str, list[object]] = defaultdict(list)
    for row in truth:
        committed[row["key"]].append(row["event"])
    assert truth
    assert dict(sent) == dict(committed)

    known = _journals(tmp_path)
    marks = {event.payload for event in events}
    assert known["committed"] <= marks <= known["try"] - known["rolled-back"]
    unknown = known["try"] - known["committed"] - known["rolled-back"]
    print(  # noqa: T201 - figures, shown with -s
        f"\n{crew.kills} kills; {len(known['committed'])} transactions known to be committed,"
        f" {len(known['rolled-back'])} rolled back, {len(unknown)} unknown of which"
        f" {len(unknown & marks)} were committed; {len(seen)} events, {len(events) - len(seen)} repeats"
    )


def _journals(folder: Path) -> dict[str, set[str]]:
    """What the writers knew: word -> transactions."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    for path in folder.glob("journal-*"):
        for line in path.read_text().splitlines():
            word, mark = line.split()
            known[word].add(mark)
    return known


async def _kill_at_random(crew: Crew) -> None:
    chance = random.Random()  # noqa: S311 - no secret
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or crew.kills < 3:
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        if names := crew.at_work():
            crew.kill(chance.choice(names))


def _environment(place: Place, kv: KeyValueServer) -> dict[str, str]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith("TENANTRY_")}
    return {
        **keep,
        "TENANTRY_PROFILE": "test",
        "TENANTRY_DATABASE_URL": place.url("app"),
        "TENANTRY_SERVICE_URL": place.url("service"),
        "TENANTRY_REDIS_URL": kv.url,
        "TENANTRY_REDIS_TIMEOUT": "10",
        "TENANTRY_STREAM_LENGTH": "0",
        "TENANTRY_MIGRATE": "check",
    }
