from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

import tenantry
from tests.fixtures.database import Place

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


@pytest.mark.demo
def test_stdout_is_the_key_alone_and_never_again(cli: Cli) -> None:
    made = cli("key", "create", "acme", "build", "--scope", "tasks:read", "--scope", "tasks:write")
    secret = made.out.strip()
    assert secret.startswith("tnt_")
    assert secret not in made.err
    (listed,) = cli.json("key", "list", "acme")["keys"]
    assert listed["prefix"] == secret[:12]
    assert listed["scopes"] == ["tasks:read", "tasks:write"]
    assert not {"key", "key_hash"} & set(listed)
    assert secret not in cli("key", "list", "acme").out


@pytest.mark.demo
async def test_the_key_opens_until_it_is_revoked(cli: Cli, place: Place) -> None:
    made = cli.process("key", "create", "acme", "ci", "--user", "june.park@acme.example", "--json")
    async with await tenantry.connect(settings=place.settings()) as db:
        holder = await db.authenticate_key(made.json["key"])
        assert holder is not None
        assert str(holder.user_id) == made.json["user_id"]
        await asyncio.to_thread(cli, "key", "revoke", "acme", made.json["prefix"])
        assert await db.authenticate_key(made.json["key"]) is None


def test_a_tenant_that_is_not_there_has_none(cli: Cli) -> None:
    cli.json("key", "create", "acme", "ci", code=5)


@pytest.mark.demo
def test_expiry(cli: Cli) -> None:
    made = cli.json("key", "create", "acme", "short", "--expires-in", "12h")
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    for wrong in ("3y", "0d", "-1d", "soon"):
        cli("key", "create", "acme", "short", f"--expires-in={wrong}", code=2)


@pytest.mark.demo
def test_revoking(cli: Cli) -> None:
    made = cli.json("key", "create", "acme", "ci")
    assert cli("key", "revoke", "acme", made["id"]).out == f"Revoked key {made['prefix']}… (ci).\n"
    assert cli.json("key", "list", "acme")["keys"][0]["revoked_at"] is not None
    assert "revoked" in cli("key", "list", "acme").out
    cli("key", "revoke", "acme", made["id"])  # again changes nothing
    cli("key", "revoke", "globex", made["id"], code=5)  # another tenant's
    cli("key", "revoke", "acme", "tnt_nothing", code=5)
    assert cli("key", "list", "globex").out == "There are no keys.\n"


@pytest.mark.demo
def test_only_a_member_has_a_key(cli: Cli) -> None:
    refused = cli("key", "create", "acme", "x", "--user", "henrik.lund@globex.example", code=6)
    assert refused.err.startswith("Error: The user is no member of this tenant.")
