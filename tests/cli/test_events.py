"""`tenantry events`: relaying until told to stop, what waits, trying again."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from uuid import UUID

import pytest

import tenantry
from tenantry.coordination import Keys
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer

from .helpers import Cli, command

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def acme(
    cli: Cli, place: Place, valkey_server: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> UUID:
    monkeypatch.setenv("TENANTRY_REDIS_URL", valkey_server.url)
    return asyncio.run(_prepared(place, valkey_server.url))


async def _prepared(place: Place, url: str) -> UUID:
    """A tenant with two events of one key, of which the first is refused, and one elsewhere."""
    async with await tenantry.connect(settings=place.settings(redis_url=url)) as db:
        acme = (await make_tenant(db, "acme")).id
        stream = Keys(acme).name("stream", "orders")
        await db.coordination.lasting.command("SET", stream, "something else")
        for n in range(2):
            await db.tenant(acme).events.publish("orders", n, key="k")
        await db.tenant(acme).events.publish("news", 0)
        return acme


async def _mend(place: Place, url: str, acme: UUID) -> None:
    async with await tenantry.connect(settings=place.settings(redis_url=url)) as db:
        stream = Keys(acme).name("stream", "orders")
        await db.coordination.lasting.command("DEL", stream)


def test_what_waits_is_shown_sent_and_tried_again(
    cli: Cli, acme: UUID, place: Place, valkey_server: KeyValueServer
) -> None:
    topics = cli.json("events", "status")["topics"]
    assert [(t["tenant"], t["topic"], t["waiting"]) for t in topics] == [
        ("acme", "orders", 2),
        ("acme", "news", 1),
    ]
    assert cli.json("events", "relay", "--once", code=1) == {
        "sent": 1,
        "parked": 1,
        "standby": False,
    }
    (orders,) = cli.json("events", "status", code=1)["topics"]
    assert (orders["parked"], orders["behind"], orders["attempts"]) == (1, 1, 1)
    assert "WRONGTYPE" in orders["error"]
    assert "tenantry events retry" in cli("events", "status", code=1).err
    asyncio.run(_mend(place, valkey_server.url, acme))
    assert cli.json("events", "retry", "--tenant", "acme") == {"retried": 1}
    assert cli("events", "relay", "--once").out == "Sent 2.\n"
    assert cli("events", "status").out == "Nothing waits.\n"


def test_it_relays_until_it_is_told_to_stop(cli: Cli, acme: UUID) -> None:
    words = command("events", "relay", "--json", "--idle", "0.05")
    with subprocess.Popen(words, cwd=cli.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        told += [json.loads(line) for line in process.stdout]
        assert process.wait(30) == 0
    assert told[0] == {"event": "started"}
    assert told[1] == {"event": "sent", "sent": 1, "parked": 1, "behind": 1}
    assert told[-1] == {"event": "stopped"}
