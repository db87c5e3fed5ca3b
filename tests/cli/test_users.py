from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tenantry.passwords import hash_password, needs_rehash, verify_password
from tests.fixtures.database import Place

from .helpers import Cli, read_until, terminal

pytestmark = pytest.mark.postgres("wheel")
PASSWORD = "correct horse battery"


def test_a_user_joins_tenants(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    cli("tenant", "create", "hooli")
    made = cli.json(
        "user", "create", "peter@initech.example", "--name", "Peter", "--username", "pg"
    )
    assert (made["email"], made["kind"], made["role"]) == ("peter@initech.example", "human", "user")
    assert "password_hash" not in made
    joined = cli("user", "add-to-tenant", "peter@initech.example", "initech", "--role", "admin")
    assert joined.out == "peter@initech.example is admin of initech.\n"
    cli("user", "add-to-tenant", made["id"], "hooli")
    shown = cli.json("user", "show", "PETER@initech.example")
    assert [(m["tenant"], m["role"]) for m in shown["memberships"]] == [
        ("hooli", "member"), ("initech", "admin"),
    ]  # fmt: skip
    assert "hooli (member), initech (admin)" in cli("user", "show", made["id"]).out


def test_list_none(cli: Cli) -> None:
    assert cli("user", "list").out == "There are no users.\n"


@pytest.mark.demo
def test_list_all_or_those_of_a_tenant(cli: Cli) -> None:
    assert len(cli.json("user", "list")["users"]) == 10
    assert len(cli.json("user", "list", "--tenant", "acme")["users"]) == 7
    assert "lena.fischer" in cli("user", "list", "--tenant", "globex").out
    cli("user", "list", "--tenant", "hooli", code=5)


def test_refusals(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    cli("user", "create", "peter@initech.example")
    assert "already" in cli("user", "create", "Peter@Initech.example", code=6).err
    assert cli("user", "create", "peter", code=6).err == "Error: This is no e-mail address.\n"
    cli("user", "add-to-tenant", "peter@initech.example", "initech")
    again = cli("user", "add-to-tenant", "peter@initech.example", "initech", code=6)
    assert again.err == "Error: The user is a member of this tenant already.\n"
    cli("user", "add-to-tenant", "nobody@initech.example", "initech", code=5)
    cli("user", "show", "nobody@initech.example", code=5)


def test_an_address_is_invited_and_uninvited(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    assert cli("user", "invitations", "initech").out == "There are no invitations.\n"
    first = cli("user", "invite", "peter@initech.example", "initech", "--role", "admin")
    second = cli.json("user", "invite", "Peter@initech.example", "initech", "--days", "3")
    assert len(first.out.strip()) == len(second["token"]) == 43
    assert "token_hash" not in second
    listed = cli.json("user", "invitations", "initech")["invitations"]
    assert [(i["role"], i["revoked_at"] is None) for i in listed] == [
        ("member", True), ("admin", False),
    ]  # fmt: skip
    shown = cli("user", "invitations", "initech").out
    assert ("open" in shown, "withdrawn" in shown, second["token"] in shown) == (True, True, False)
    cli("user", "uninvite", "initech", second["id"])
    assert "open" not in cli("user", "invitations", "initech").out.partition("\n")[2]
    cli("user", "uninvite", "initech", str(uuid4()), code=5)
    assert "no e-mail address" in cli("user", "invite", "peter", "initech", code=6).err


def test_a_member_rises_and_leaves(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    cli("user", "create", "peter@initech.example")
    cli("user", "add-to-tenant", "peter@initech.example", "initech")
    risen = cli("user", "role", "peter@initech.example", "initech", "owner")
    assert risen.out == "peter@initech.example is owner of initech.\n"
    for attempt in (("role",), ("remove-from-tenant",)):
        more = ("member",) if attempt == ("role",) else ()
        refused = cli("user", *attempt, "peter@initech.example", "initech", *more, code=6)
        assert "last owner" in refused.err
    cli("user", "create", "milton@initech.example")
    cli("user", "add-to-tenant", "milton@initech.example", "initech", "--role", "owner")
    cli("user", "remove-from-tenant", "peter@initech.example", "initech")
    assert cli.json("user", "show", "peter@initech.example")["memberships"] == []
    cli("user", "role", "peter@initech.example", "initech", "admin", code=5)


async def test_a_password_is_set(cli: Cli, place: Place) -> None:
    cli.process("user", "create", "peter@initech.example")
    with terminal(cli.folder, "user", "password", "peter@initech.example") as (_, screen):
        for _ in range(2):
            read_until(screen, ": ")
            os.write(screen, f"{PASSWORD}\n".encode())
        assert PASSWORD not in read_until(screen, "Set the password")
    connection = await asyncpg.connect(place.url("superuser"))
    kept = await connection.fetchval("SELECT password_hash FROM tenantry.users")
    await connection.close()
    assert verify_password(PASSWORD, kept)


@pytest.mark.parametrize("way", ["file", "stdin", "prompt"])
async def test_a_password_is_hashed(cli: Cli, place: Place, way: str, tmp_path: Path) -> None:
    email = "peter@initech.example"
    if way == "file":
        file = tmp_path / "password"
        file.write_text(PASSWORD + "\n")
        cli.process("user", "create", email, "--password-file", str(file))
    elif way == "stdin":
        with terminal(cli.folder, "user", "create", email, "--password-file", "-") as (_, screen):
            os.write(screen, f"{PASSWORD}\n\x04".encode())
            read_until(screen, "Created user")
    else:
        with terminal(cli.folder, "user", "create", email, "--password") as (_, screen):
            for _ in range(2):
                read_until(screen, ": ")  # with the space: the echo is off
                os.write(screen, f"{PASSWORD}\n".encode())
            assert PASSWORD not in read_until(screen, "Created user")
    connection = await asyncpg.connect(place.url("superuser"))
    kept = await connection.fetchval("SELECT password_hash FROM tenantry.users")
    await connection.close()
    assert kept.startswith("$argon2id$")
    assert verify_password(PASSWORD, kept)
    assert not verify_password("another", kept)


def test_passwords_that_are_not_taken(cli: Cli, tmp_path: Path) -> None:
    short = cli("user", "create", "a@b.example", "--password-file", "-", stdin="short\n", code=2)
    assert "8 to 1024 characters" in short.err
    cli("user", "create", "a@b.example", "--password-file", str(tmp_path / "none"), code=2)
    cli("user", "create", "a@b.example", "--password", "--password-file", "-", code=2)
    nobody = cli.json("user", "create", "a@b.example", "--password", code=2)
    assert nobody["hint"] == "Use --password-file -."
    assert cli.json("user", "list")["users"] == []


def test_hashes() -> None:
    assert hash_password(PASSWORD) != hash_password(PASSWORD)
    assert not verify_password(PASSWORD, "no hash at all")
    assert not needs_rehash(hash_password(PASSWORD))
    assert needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$0123456789abcdefABCDEF")
