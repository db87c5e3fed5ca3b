from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

import pytest

import tenantry
from tenantry.coordination import Keys
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.topologies import PASSWORD, kv_node

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def served(cli: Cli, valkey_server: KeyValueServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("TENANTRY_REDIS_URL", valkey_server.url)
    return Cli(cli.folder, [*cli.secrets, valkey_server.password])


async def _fill(place: Place, url: str, slug: str) -> UUID:
    async with await tenantry.connect(settings=place.settings(redis_url=url)) as db:
        tenant = await make_tenant(db, slug)
        keys, store = Keys(tenant.id), db.coordination.lasting
        for kind, name in (("cache", "a"), ("cache", "b:*"), ("lock", "x")):
            await store.command("SET", keys.name(kind, name), "1")  # type: ignore[arg-type]
        return tenant.id


def test_status(served: Cli) -> None:
    found = served.json("redis", "status")
    assert found["ok"] is True
    (store,) = found["stores"]
    assert (store["use"], store["memory_policy"], store["append_only"]) == (
        "both",
        "noeviction",
        True,
    )
    assert store["server"].startswith("valkey 9.")
    assert "noeviction" in served("redis", "status").out


def test_status_of_one_that_throws_away_what_must_not_be_lost(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "port {port}",
        f"requirepass {PASSWORD}",
        "maxmemory-policy allkeys-lru",
        "maxmemory 90mb",
    ]
    with kv_node("valkey", lines) as node:
        monkeypatch.setenv("TENANTRY_REDIS_URL", f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0")
        assert cli.json("redis", "status", code=1)["ok"] is False
        assert "TENANTRY_CACHE_URL" in cli("redis", "status", code=1).err
    assert "cannot be reached" in cli("redis", "status", code=1).out


def test_a_tenants_keys_are_counted_and_erased_and_nobody_elses(
    served: Cli, place: Place, valkey_server: KeyValueServer
) -> None:
    acme = asyncio.run(_fill(place, valkey_server.url, "acme"))
    beta = asyncio.run(_fill(place, valkey_server.url, "beta"))
    counted = served.json("redis", "count", "acme")
    assert counted == {"tenant_id": str(acme), "keys": 3, "kinds": {"cache": 2, "lock": 1}}
    assert "--yes" in served("redis", "erase", "acme", code=2).err
    assert served.json("redis", "count", "acme")["keys"] == 3
    assert served.json("redis", "erase", "acme", "--yes")["erased"] == 3
    assert served("redis", "count", "acme").out == "Nothing.\n"
    assert served("redis", "erase", "acme", "--yes").out == "There was nothing.\n"
    assert served.json("redis", "count", str(beta))["keys"] == 3
    assert served.json("redis", "erase", "beta", "--yes")["erased"] == 3
    assert "tenant list" in served("redis", "count", "nobody", code=5).err


def test_acl_has_a_digest_and_never_the_password(
    served: Cli, place: Place, valkey_server: KeyValueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = served("redis", "acl").out
    assert line.startswith("user tenantry on #")
    assert "~tenantry:*" in line
    tenant_id = asyncio.run(_fill(place, valkey_server.url, "acme"))
    own = served.json("redis", "acl", "--user", "acme-worker", "--tenant", "acme")["line"]
    assert f"~tenantry:{{{tenant_id}}}:*" in own
    assert served.json("redis", "erase", "acme", "--yes")["erased"] == 3
    assert "digits" in served("redis", "acl", "--user", "a b", code=2).err
    # The cache's own server has its own password.
    monkeypatch.setenv("TENANTRY_CACHE_URL", "redis://:another-word@127.0.0.1:1/0")
    digest = hashlib.sha256(b"another-word").hexdigest()
    assert f"#{digest} " in served("redis", "acl", "--cache").out
    assert digest not in served("redis", "acl").out


def test_without_a_server_it_says_which_setting_names_one(cli: Cli) -> None:
    assert "TENANTRY_REDIS_URL" in cli("redis", "status", code=3).err
