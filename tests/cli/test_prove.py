from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tenantry.errors import InvalidInput
from tenantry.isolation import attacks, proof
from tenantry.isolation.attacks import Doors
from tenantry.isolation.proof import Proof
from tests.fixtures.database import Place
from tests.fixtures.servers import Pooler

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def as_administrator(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_ADMIN_URL", place.url("superuser"))


@pytest.fixture
def proved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is examined again in the same way is examined once: for tests of how it is told."""
    examine, made = proof.prove, dict[str, Proof]()

    async def prove(*arguments: Any, progress: object, **named: Any) -> Proof:
        key = repr((arguments, named))
        if key not in made:
            made[key] = await examine(*arguments, **named)
        return made[key]

    monkeypatch.setattr(proof, "prove", prove)


async def _run(place: Place, statement: str) -> None:
    admin = await asyncpg.connect(place.url("superuser"))
    await admin.execute(statement)
    await admin.close()


def test_everything_is_proved_in_words_and_as_json(
    cli: Cli, as_administrator: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One of each kind: all are made where the product proves itself.
    few = {number: attacks.ATTACKS[number] for number in (1, 42, 55)}
    monkeypatch.setattr(attacks, "ATTACKS", few)
    page = Path("proof.md")
    told = cli("prove", "--report", str(page), "--pgrls-config", "pgrls.toml").out
    assert "No findings" in told
    assert "open by design" in told
    assert "attacks tried and failed" in page.read_text()
    assert "**0 findings.**" in page.read_text()
    assert "SHA-256 of all above" in page.read_text()
    # Whose exceptions are now the project's too.
    data = cli.json("prove", "--static")
    assert data["ok"]
    assert not data["attacked"]
    assert data["unattacked"] == "No attacks were asked for."
    assert data["findings"] == data["attacks"] == []
    assert all(e["reason"] for e in data["exceptions"])


def test_a_finding_has_its_key_and_its_remedy(
    cli: Cli, place: Place, as_administrator: None, proved_once: None
) -> None:
    asyncio.run(_run(place, "GRANT TRUNCATE ON tenantry.tasks TO tenantry_app"))
    (finding,) = cli.json("prove", "--static", code=1)["findings"]
    assert finding["key"] == "privileges:tenantry.tasks"
    assert finding["severity"] == "error"
    assert "REVOKE" in finding["remediation"]
    document = json.loads(cli("prove", "--static", "--sarif", code=1).out)
    (run,) = document["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["privileges"]
    assert run["results"][0]["partialFingerprints"]
    assert "tenantry.tasks" in cli("prove", "--static", code=1).out


def test_no_name_steers_the_terminal(cli: Cli, place: Place, as_administrator: None) -> None:
    name = "x\nNo findings\x1b[2J"
    asyncio.run(_run(place, f'CREATE TABLE tenantry."{name}" (tenant_id uuid, id int)'))
    told = cli("prove", "--static", code=1).out
    assert "\\x1b[2J" in told and "\x1b" not in told
    assert not [line for line in told.splitlines() if line.startswith("No findings")]


def test_without_an_administrator_it_says_what_it_leaves_out(cli: Cli, proved_once: None) -> None:
    page = Path("proof.md")
    assert "1 finding:" in cli("prove", "--report", str(page), code=1).out
    assert "**No attacks were made" in page.read_text()
    data = cli.json("prove", code=1)
    assert not data["attacked"]
    assert [f["key"] for f in data["findings"]] == ["attacks:the attacks"]
    assert data["findings"][0]["severity"] == "warning"
    (run,) = json.loads(cli("prove", "--sarif", code=1).out)["runs"]
    assert not run["properties"]["attacked"]
    assert "administrator" in run["properties"]["unattacked"]


@pytest.mark.parametrize("wrong", [("--schema", "other"), ("--tenant-column", "tennant_id")])
def test_nothing_is_proved_where_there_is_nothing(
    cli: Cli, place: Place, as_administrator: None, wrong: tuple[str, str]
) -> None:
    asyncio.run(_run(place, "CREATE SCHEMA other; CREATE TABLE other.things (id int)"))
    data = cli.json("prove", "--static", *wrong, code=1)
    assert data["tables"] == []
    assert "tables:the tenants' tables" in {f["key"] for f in data["findings"]}
    assert cli.json("prove", *wrong, code=1)["attacked"] is False


def test_another_database_is_not_attacked_through_this_ones_doors(
    cli: Cli, as_administrator: None, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    ways: list[Doors | None] = []

    async def examine(*_: object, doors: Doors | None, **__: object) -> Proof:
        ways.append(doors)
        raise InvalidInput("Enough.")

    monkeypatch.setattr("tenantry.isolation.proof.prove", examine)
    cli("prove", code=2)
    cli("prove", "--url", place.url("superuser").replace(place.name, "another"), code=2)
    here, elsewhere = ways
    assert here is not None
    assert elsewhere is None


def test_two_formats_at_once_are_refused(cli: Cli) -> None:
    assert cli.json("prove", "--sarif", code=2)["field"] == "sarif"


@pytest.mark.parametrize("option", ["report", "pgrls-config"])
def test_a_file_that_cannot_be_written_is_refused_before_the_proof(cli: Cli, option: str) -> None:
    refused = cli.json("prove", "--static", f"--{option}", "nowhere/file", code=2)
    assert refused["field"] == option.replace("-", "_")
    assert "No such file" in refused["message"]
    # Not even an empty one is left where the proof did not come about.
    cli("prove", "--static", "--schema", "nowhere", f"--{option}", "file", code=2)
    assert not Path("file").exists()


def test_a_pooler_is_looked_at_where_it_is_said_to_be(
    cli: Cli,
    place: Place,
    as_administrator: None,
    pgbouncer: Callable[..., Pooler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proof, "prove_statically", lambda *_, **__: [])
    word = "kT9vQx2mWz7p"
    app = place.server.password("tenantry_app")
    pooler = pgbouncer(
        place.server,
        {"watcher": word, "tenantry_app": app},
        {"stats_users": "watcher, tenantry_readonly"},
    )
    monkeypatch.setenv("TENANTRY_DATABASE_URL", pooler.url("tenantry_app", place.name))
    closed = cli.json("prove", "--static", code=1)
    assert [f["check"] for f in closed["findings"]] == ["pooler-unseen"]
    assert "was not looked at" in cli("prove", "--static", code=1).out
    assert "not asked for" in cli("prove", "--static", "--no-pooler").out

    monkeypatch.setenv("TENANTRY_POOLER_URL", pooler.url("watcher", "x"))
    data = cli.json("prove", "--static", code=1)
    assert "pooler-statistics" in {f["check"] for f in data["findings"]}
    assert data["poolers"]["looked_at"][0]["version"]
    assert word not in json.dumps(data)
    # Another database than the settings' has not their pooler, unless it is said.
    other = place.url("superuser") + "&application_name=x"
    assert cli.json("prove", "--static", "--url", other)["poolers"]["looked_at"] == []

    Path("pgbouncer.ini").write_text(
        "[databases]\n* =\n[pgbouncer]\nauth_type = trust\nlisten_addr = ::1\n"
    )
    told = cli.json("prove", "--static", "--pgbouncer-ini", "pgbouncer.ini", code=1)
    assert [f["key"] for f in told["findings"]] == [
        "pooler-authentication:PgBouncer at pgbouncer.ini"
    ]
    for wrong in (
        ["--pgbouncer-ini", "none.ini"],
        ["--pooler-url", "x", "--no-pooler"],
        ["--pooler-url", f"a:{word}"],
    ):
        refused = cli("prove", "--static", *wrong, code=2)
        assert word not in refused.err


def test_a_report_is_signed_and_verified(
    cli: Cli, as_administrator: None, proved_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cli.json("secrets", "new-signing-key")
    key, public = made["key"], made["public_key"]
    alone = cli("secrets", "new-signing-key")
    assert alone.out.startswith("ed25519-private:")
    assert "public" in alone.err and "public" not in alone.out  # so that stdout is the key alone
    assert cli.json("secrets", "public-key", code=3)["setting"] == "report_key"
    cli("prove", "--static", "--report", "proof.md")
    assert "not signed" in cli("verify-report", "proof.md", code=1).out

    Path("key").write_text(key)
    monkeypatch.setenv("TENANTRY_REPORT_KEY_FILE", "key")
    assert cli("secrets", "public-key").out.strip() == public
    cli("prove", "--static", "--report", "proof.md")
    document = cli("prove", "--static", "--json").out
    Path("proof.json").write_text(document)
    assert key not in document + Path("proof.md").read_text()
    for file in ("proof.md", "proof.json"):
        assert cli.json("verify-report", file) == {"ok": True, "state": "genuine", "signer": public}
    monkeypatch.delenv("TENANTRY_REPORT_KEY_FILE")
    for file in ("proof.md", "proof.json"):
        assert cli.json("verify-report", file, code=1)["state"] == "unknown"
        assert public in cli("verify-report", file, "--public-key", public).out
        other = cli.json("secrets", "new-signing-key")["public_key"]
        assert cli.json("verify-report", file, "--public-key", other, code=1)["state"] == "foreign"
    page = Path("proof.md").read_text()
    Path("proof.md").write_text(page.replace("**0 findings.**", "**1 finding.**"))
    assert (
        "not as it was written"
        in cli("verify-report", "proof.md", "--public-key", public, code=1).out
    )
    Path("proof.json").write_text(document.replace('"ok": true', '"ok": false'))
    assert (
        cli.json("verify-report", "proof.json", "--public-key", public, code=1)["state"]
        == "altered"
    )

    for wrong in (public.partition(":")[2], key):
        refused = cli("verify-report", "proof.md", "--public-key", wrong, code=2)
        assert key not in refused.err
    assert cli.json("verify-report", "nothing.md", code=2)["field"] == "file"
    monkeypatch.setenv("TENANTRY_REPORT_KEY", public)  # the wrong half
    assert "no key to sign with" in cli("prove", "--static", code=3).err
