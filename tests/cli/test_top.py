"""`top`: what it shows once, as JSON, and live at a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import termios
import time

import pytest
from rich.console import Console

import tenantry
from tenantry.cli.grid import grid
from tenantry.cli.top_sections import Look, grids
from tenantry.cli.top_summary import Summary
from tenantry.cli.units import count, milliseconds, part, rate, size, span
from tenantry.ops.figures import SECTIONS, gather_all, watching
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer

from .helpers import Cli, command, read_until, terminal

wheel = pytest.mark.postgres("wheel")
pytestmark = wheel


@pytest.fixture
def watched(
    cli: Cli, place: Place, valkey_server: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> Cli:
    monkeypatch.setenv("TENANTRY_MONITOR_URL", place.url("superuser"))
    monkeypatch.setenv("TENANTRY_REDIS_URL", valkey_server.url)
    asyncio.run(_busy(place))
    return cli


async def _busy(place: Place) -> None:
    async with await tenantry.connect(settings=place.settings()) as db:
        tenant = await make_tenant(db, "acme")
        await db.tenant(tenant.id).executions.create(input={"word": "sterling-hush"})


def test_once_for_people_and_for_programs(watched: Cli) -> None:
    shown = watched("top").out
    for name in ("Server", "Transactions", "Cache hits", "Connections", "Oldest transaction",
                 "Replication", "Partitions", "Size", "Disk", "Bloat", "Indexes", "Valkey", "acme"):  # fmt: skip
        assert name in shown
    found = watched.json("top")
    assert found["ok"] is True and found["unseen"] == []
    assert set(SECTIONS) <= set(found)
    assert found["rates"] is None  # of one look there is none
    assert found["tenants"]["tenants"][0]["slug"] == "acme"
    assert "sterling-hush" not in json.dumps(found) + shown


def test_one_section_with_so_many_rows(watched: Cli) -> None:
    assert "Tables by size" in watched("top", "tables").out
    assert len(watched("top", "tables", "--limit", "3", "--once").out.splitlines()) == 2 + 3
    found = watched.json("top", "tables")
    assert list(found) == ["at", "ok", "tables", "rates", "unseen"]
    sizes = [table["bytes"] for table in found["tables"]["tables"]]
    assert sizes == sorted(sizes, reverse=True)
    assert "slow" in watched.json("top", "everything", code=2)["hint"]
    for every in ("soon", "0s", "2d"):
        assert watched.json("top", "--every", every, code=2)["field"] == "every"


def test_what_cannot_be_seen_is_said(cli: Cli) -> None:
    found = cli.json("top", "valkey", code=1)
    assert (found["ok"], found["valkey"]) == (False, None)
    assert "TENANTRY_REDIS_URL" in cli("top", "valkey", code=1).out
    assert "TENANTRY_MONITOR_URL" in cli("top", "sessions", code=1).out


def test_a_document_a_line_with_rates_between_them(watched: Cli) -> None:
    words = command("top", "traffic", "--every", "1s", "--json")
    with subprocess.Popen(words, cwd=watched.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert first["rates"] is None
    assert second["rates"]["transactions_s"] >= 0
    assert second["at"] > first["at"]


@pytest.mark.parametrize("ending", ["q", "Ctrl-C"])
def test_live_until_it_is_ended_and_the_terminal_is_as_it_was(watched: Cli, ending: str) -> None:
    with terminal(watched.folder, "top", "--every", "1s") as (process, ours):
        before = termios.tcgetattr(ours)
        shown = read_until(ours, "Tenants by load")
        assert "\x1b[?1049h" in shown  # a screen of its own
        assert termios.tcgetattr(ours)[3] != before[3]
        if ending == "q":
            os.write(ours, b"q")
        else:
            process.send_signal(signal.SIGINT)
        rest = read_until(ours, "\x1b[?1049l")
        assert "Traceback" not in shown + rest
        assert process.wait(20) == 0
        assert termios.tcgetattr(ours)[3] == before[3]
        assert "\x1b[?25h" in rest + _rest(ours)


def _rest(descriptor: int) -> str:
    try:
        return os.read(descriptor, 65536).decode(errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize("width", [80, 120])
async def test_it_fits_its_window(place: Place, valkey_server: KeyValueServer, width: int) -> None:
    await _busy(place)
    settings = place.settings(monitor_url=place.url("superuser"), redis_url=valkey_server.url)
    async with watching(settings) as source:
        looks = [Look(await gather_all(source), time.monotonic())]
        looks.append(Look(await gather_all(source), time.monotonic(), looks[0]))
    console = Console(width=width, color_system=None)
    for look in looks:
        with console.capture() as captured:
            console.print(Summary(look, 5))
            for name in SECTIONS:
                console.print(*grids(look, name, 5), sep="\n")
        lines = captured.get().splitlines()
        assert max(len(line.rstrip()) for line in lines) <= width
        assert not [line for line in lines if line.rstrip().endswith("…") and " " not in line]


def test_a_narrow_window_leaves_out_what_matters_least_and_cuts_texts() -> None:
    table = grid("Title", "Name (>Extra) ~Text", [("a\x1b[2J", 1, "word " * 60)])
    narrow, wide = (Console(width=width, color_system=None) for width in (80, 120))
    shown = []
    for console in (narrow, wide):
        with console.capture() as captured:
            console.print(table)
        shown.append(captured.get())
    assert "Extra" not in shown[0] and "Extra" in shown[1]
    assert all(len(text.splitlines()) == 3 and "…" in text for text in shown)
    assert all("\x1b" not in text and "\\x1b" in text for text in shown)


def test_figures_as_people_read_them() -> None:
    assert [size(n) for n in (0, 999, 999.9, 1e6, 2.5e12, 3e15)] == [
        "0 B", "999 B", "1 kB", "1 MB", "2.5 TB", "3,000 TB",
    ]  # fmt: skip
    assert [count(n) for n in (0, 9999, 12_345, 2e8, 3e9)] == [
        "0",
        "9,999",
        "12.3 k",
        "200 M",
        "3 G",
    ]
    assert [span(n) for n in (0.04, 59.97, 61, 3600, 90_000, 864_000)] == [
        "0.0 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "25 h 00 min", "10.0 d",
    ]  # fmt: skip
    assert [milliseconds(n) for n in (0.5, 999, 1500)] == ["0.5 ms", "999 ms", "1.5 s"]
    assert (rate(0.25), rate(12_345), part(0.985), part(None)) == (
        "0.25/s",
        "12.3 k/s",
        "98.5 %",
        "",
    )
    assert not re.search("e[+]", " ".join(size(10.0**n) for n in range(18)))
