from __future__ import annotations

import asyncio

import pytest

import tenantry
from tenantry.keyring import is_key
from tests.fixtures.database import Place

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


def test_a_new_key_and_everything_under_it(
    cli: Cli, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("tenant", "create", "initech")
    old = cli("secrets", "new-key").out.strip()
    new = cli.json("secrets", "new-key")["key"]
    assert is_key(old) and is_key(new) and old != new

    async def entrust() -> None:
        async with await tenantry.connect(settings=place.settings(secret_keys=old)) as db:
            async with db.service("test") as s:
                tenant = await s.tenants.by_slug("initech")
            assert tenant is not None
            knowledge = db.tenant(tenant.id).knowledge
            base = await knowledge.bases.create(name="B")
            await knowledge.sources.create(
                knowledge_base_id=base.id, name="S", source_type="web", credentials={"a": "b"}
            )

    asyncio.run(entrust())
    assert cli.json("secrets", "rotate", code=3)["setting"] == "secret_keys"
    monkeypatch.setenv("TENANTRY_SECRET_KEYS", f"{new},{old}")
    assert cli.json("secrets", "rotate") == {"seen": 1, "renewed": 1, "unreadable": []}
    said = cli("secrets", "rotate")
    assert said.out == "1 credentials are under the newest key; 0 were not before.\n"
    monkeypatch.setenv("TENANTRY_SECRET_KEYS", old)
    lost = cli("secrets", "rotate", code=1)
    assert "None of the keys opens" in lost.out
    assert old not in lost.out + lost.err
    monkeypatch.setenv("TENANTRY_SECRET_KEYS", "nonsense")
    assert "new-key" in cli("secrets", "rotate", code=3).err
