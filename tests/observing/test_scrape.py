"""`tenantry metrics`: the servers' figures, printed and scraped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import pytest
from pydantic import SecretStr

import tenantry
from tenantry.local.ports import is_free
from tenantry.observing.exposition import Reading
from tenantry.observing.metrics import SERVER
from tenantry.ops import figures as f
from tenantry.ops.metrics import readings, scrape
from tenantry.ops.metrics.scrape import Kept, exposition, look, registry
from tenantry.ops.metrics.serving import serving
from tests.cli.conftest import cli, project  # noqa: F401
from tests.cli.helpers import Cli, command
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer

from .specification import Samples, checked, gone_back, scraped, written

NOW = datetime.now(UTC)


@pytest.fixture
async def source(place: Place, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[f.Source]:
    """With all rights, and no backups."""
    settings = place.settings(
        monitor_url=place.url("superuser"), backup_store=str(tmp_path_factory.mktemp("backups"))
    )
    async with f.watching(settings, rows=scrape.ROWS, name="tenantry-metrics") as watching:
        yield watching


def _set(source: f.Source, **settings: SecretStr) -> None:
    source.settings = source.settings.model_copy(update=settings)


def _up(found: list[Reading]) -> dict[str, float]:
    return {one.labels[0]: one.value for one in found if one.metric == "tenantry_figures_up"}


def _values(found: Samples, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for _, value in labels): figure
        for (metric, labels), figure in found.items()
        if metric == name
    }


async def test_every_kind_of_figures_is_seen(source: f.Source, place: Place) -> None:
    found = await look(source)
    assert set(_up(found).values()) == {1}
    assert set(_up(found)) == {section.name for section, _ in readings.TOLD} - {"valkey"}
    told = checked(*written(registry(lambda: found)))
    assert _values(told, "tenantry_postgres_is_standby") == {(): 0}
    assert _values(told, "tenantry_postgres_database_bytes")[place.name,] > 1_000_000
    assert _values(told, "tenantry_partitions_ahead")["messages",] >= 1
    assert _values(told, "tenantry_backup_last_time_seconds") == {(): 0}
    assert _values(told, "tenantry_postgres_connections")


async def test_redis_or_valkey(source: f.Source, valkey_server: KeyValueServer) -> None:
    _set(source, redis_url=SecretStr(valkey_server.url))
    found = await look(source)
    assert _up(found)["valkey"] == 1
    told = checked(*written(registry(lambda: found)))
    assert _values(told, "tenantry_valkey_memory_bytes")["redis",] > 100_000
    assert valkey_server.password not in exposition(found)


async def test_every_metric_of_the_servers_has_its_figure(
    source: f.Source, valkey_server: KeyValueServer
) -> None:
    """Those that this server has no cause for are told of figures made up."""
    _set(source, redis_url=SecretStr(valkey_server.url))
    found = await look(source)
    found += readings._replication(
        f.Replication(
            (f.Standby("one", "", "streaming", "async", 0, 7, 0.5),
             f.Standby("one", "", "streaming", "async", 0, 9, None)),
            (f.Slot("kept", "physical", False, 11, "reserved"),),
            f.Behind("streaming", 3, 4.0),
            f.Archive(5, 1, NOW, None),
        )
    )  # fmt: skip
    found += readings._disk(f.Disk(f.Filesystem("/data", 100, 10), 1, 1, 1, 1))
    if not any(one.metric == "tenantry_valkey_memory_limit_bytes" for one in found):
        found.append(Reading("tenantry_valkey_memory_limit_bytes", 1, ("redis",)))
    assert {one.metric for one in found} == {metric.name for metric in SERVER}
    told = checked(*written(registry(lambda: found)))
    # Two standbys of one name: the one that is further behind.
    assert _values(told, "tenantry_postgres_standby_lag_bytes") == {("one",): 9}


async def test_nothing_of_a_tenant_is_told(source: f.Source, place: Place) -> None:
    mark = f"mark-{uuid4().hex}"
    async with await tenantry.connect(settings=place.settings()) as db:
        tenant = await make_tenant(db, mark)
        await db.tenant(tenant.id).projects.create(name=mark)
    # A graph's schema bears its tenant's id.
    inside = await place.connection("superuser")
    schema = f"tg_{tenant.id.hex}"
    await inside.execute(f'CREATE SCHEMA "{schema}"; CREATE TABLE "{schema}".nodes (name text)')
    await inside.execute(f"INSERT INTO \"{schema}\".nodes VALUES ('{mark}'); ANALYZE")
    await inside.close()
    text = exposition(await look(source))
    assert 'tenantry_postgres_table_bytes{table="graphs"}' in text
    for word in (mark, tenant.id.hex, str(tenant.id), "tg_"):
        assert word not in text
    for role in ("app", "service", "owner"):
        assert quote(place.server.password(f"tenantry_{role}"), safe="") not in text


async def test_what_cannot_be_seen_spoils_nothing(place: Place, source: f.Source) -> None:
    _set(source, monitor_url=SecretStr(place.url("owner")))  # no member of pg_monitor
    found = await look(source)
    up = _up(found)
    assert up["disk"] == 0
    assert up["traffic"] == up["partitions"] == up["seals"] == 1
    assert not any(one.metric == "tenantry_postgres_wal_bytes" for one in found)
    checked(*written(registry(lambda: found)))


async def test_a_server_that_is_away(source: f.Source, place: Place) -> None:
    nowhere = place.url("superuser").rsplit("/", 1)[0] + "/no_such_database"
    _set(source, monitor_url=SecretStr(nowhere))
    up = _up(await look(source))
    assert up["traffic"] == 0
    assert up["backups"] == 1


async def test_a_section_that_hangs(source: f.Source, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: f.Source) -> None:
        await (await source.server()).execute("SELECT pg_sleep(60)")

    hanging = f.Section("traffic", "hangs", hang)
    monkeypatch.setattr(scrape, "_PATIENCE_S", 0.2)
    told = tuple((hanging if s is f.TRAFFIC else s, t) for s, t in readings.TOLD)
    monkeypatch.setattr(scrape, "TOLD", told)
    up = _up(await look(source))
    assert up["traffic"] == 0
    assert up["connections"] == 1


async def test_scraped_by_http(source: f.Source) -> None:
    """Both formats, more than once, and by several at a time."""
    async with serving(source, "127.0.0.1", 0, keep=0) as port:
        url = f"http://127.0.0.1:{port}/metrics"
        first = checked(*await asyncio.to_thread(scraped, url))
        both = await asyncio.gather(*(asyncio.to_thread(scraped, url) for _ in range(2)))
    for texts in both:
        assert gone_back(first, checked(*texts)) == []
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(scraped, url)


def test_figures_are_good_for_some_seconds() -> None:
    looks: list[int] = []

    def see() -> list[Reading]:
        looks.append(1)
        return []

    for seconds, wanted in ((60.0, 1), (0.0, 8)):
        looks.clear()
        kept = Kept(see, seconds)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: kept(), range(8)))  # noqa: B023
        assert len(looks) == wanted


# ---- the command ---------------------------------------------------------------------------------


@pytest.mark.postgres("wheel")
def test_the_command_prints_them_once(cli: Cli) -> None:  # noqa: F811
    text = cli("metrics").out
    assert "# TYPE tenantry_postgres_connections gauge" in text
    assert 'tenantry_figures_up{section="traffic"} 1.0' in text
    metrics = {one["metric"] for one in cli.json("metrics")}
    assert "tenantry_unsealed_seconds" in metrics


@pytest.mark.postgres("wheel")
def test_the_command_serves_until_it_is_told_to_stop(cli: Cli) -> None:  # noqa: F811
    with _serving(cli) as url:
        checked(*scraped(url))


@contextmanager
def _serving(cli: Cli) -> Iterator[str]:  # noqa: F811
    words = command("metrics", "--serve", f"127.0.0.1:{_port()}", "--json")
    with subprocess.Popen(words, cwd=cli.folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def _port() -> int:
    return next(port for port in range(30_000 + os.getpid() % 1000, 32_000) if is_free(port))


@pytest.mark.postgres("wheel")
def test_addresses(cli: Cli) -> None:  # noqa: F811
    for wrong in ("9187", "localhost", "a b:1", "127.0.0.1:99999"):
        assert cli.json("metrics", "--serve", wrong, code=2)["field"] == "serve"


def test_neither_library_is_needed_and_one_that_is_missing_is_named() -> None:
    program = """
import sys
sys.modules["prometheus_client"] = sys.modules["opentelemetry"] = None
import tenantry.database, tenantry.cli.app
from tenantry.errors import ConfigurationError
tenantry.cli.app.application()
for module in ("prometheus", "opentelemetry"):
    try:
        __import__(f"tenantry.observing.{module}")
    except ConfigurationError as error:
        print(error.setting, error.hint)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.splitlines() == [
        "metrics pip install 'tenantry[metrics]'",
        "traces pip install 'tenantry[traces]'",
    ]
