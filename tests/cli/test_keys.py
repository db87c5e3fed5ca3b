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
async def test_rotating(cli: Cli, place: Place) -> None:
    old = cli.process(
        "key", "create", "acme", "ci", "--scope", "tasks:*", "--expires-in", "90d", "--json"
    ).json
    made = cli.process("key", "rotate", "acme", old["prefix"], "--grace", "2h", "--json").json
    assert (made["name"], made["scopes"]) == ("ci", ["tasks:*"])
    assert made["key"] not in (old["key"], None)
    left = datetime.fromisoformat(made["replaces"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=110) < left <= timedelta(hours=2)
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    async with await tenantry.connect(settings=place.settings()) as db:
        for key in (old["key"], made["key"]):
            assert await db.authenticate_key(key) is not None
        newest = cli.process(
            "key", "rotate", "acme", made["id"], "--grace=0d", "--expires-in=never"
        )
        assert newest.out.startswith("tnt_")
        assert "has ended" in newest.err
        assert newest.out.strip() not in newest.err
        assert await db.authenticate_key(newest.out.strip()) is not None
        assert await db.authenticate_key(made["key"]) is None
    keys = {key["prefix"]: key for key in cli.process("key", "list", "acme", "--json").json["keys"]}
    assert keys[newest.out[:12]]["expires_at"] is None
    assert keys[newest.out[:12]]["last_used_at"] is not None
    assert keys[old["prefix"]]["use_count"] == 1
    assert keys[old["prefix"]]["successor_id"] == made["id"]


@pytest.mark.demo
def test_what_is_listed_of_a_key_that_was_replaced(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    old = cli.json("key", "create", "acme", "ci")
    made = cli.json("key", "rotate", "acme", old["id"])
    new, before = cli("key", "list", "acme").out.splitlines()[1:]
    assert new.split()[:3] == [made["prefix"], "ci", "active"]
    assert before.split()[:3] == [old["prefix"], "ci", "replaced"]
    assert before.split()[-2:] == [made["prefix"], old["id"]]
    again = cli("key", "rotate", "acme", old["id"], code=6)
    assert again.err.startswith(f"Error: The key {old['prefix']}… is replaced already.")
    cli("key", "revoke", "acme", made["id"])
    assert "is revoked" in cli("key", "rotate", "acme", made["id"], code=6).err
    for wrong in ("1y", "-1d", "now", "91d"):
        cli("key", "rotate", "acme", old["id"], f"--grace={wrong}", code=2)
    cli("key", "rotate", "globex", old["id"], code=5)


@pytest.mark.demo
def test_a_scope_that_is_misspelt(cli: Cli) -> None:
    for wrong in ("tasks", "tasks:", "Tasks:Read", "tasks.read"):
        refused = cli("key", "create", "acme", "x", "--scope", wrong, code=2)
        assert "tasks:write" in refused.err
    assert cli("key", "list", "acme").out == "There are no keys.\n"


@pytest.mark.demo
def test_only_a_member_has_a_key(cli: Cli) -> None:
    refused = cli("key", "create", "acme", "x", "--user", "henrik.lund@globex.example", code=6)
    assert refused.err.startswith("Error: The user is no member of this tenant.")
