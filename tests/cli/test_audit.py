"""`tenantry audit`: what is read, what is found, and how it says so."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from tenantry.cli import exits
from tenantry.cli.audit import _writer
from tenantry.ids import uuid7
from tests.audit.record import PAST_TRIGGERS
from tests.fixtures.database import Place

from .helpers import Cli

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_proof.py"


@pytest.fixture
def sealed(cli: Cli) -> Cli:
    """A tenant with a few entries, all sealed and anchored."""
    cli("tenant", "create", "acme")
    cli("tenant", "suspend", "acme")
    cli("tenant", "resume", "acme")
    time.sleep(0.002)  # an entry of this very millisecond could still get company
    cli("audit", "seal", "--lag", "0", "--anchor", "seals.jsonl")
    return cli


def as_superuser(place: Place, sql: str, *args: object) -> None:
    async def forge() -> None:
        admin = await place.connection("superuser")
        await admin.execute(PAST_TRIGGERS)
        await admin.execute(sql, *args)
        await admin.close()

    asyncio.run(forge())


def test_list_and_show(sealed: Cli) -> None:
    answer = sealed.json("audit", "list", "--resource", "tenants", "--action", "update")
    assert len(answer["entries"]) == 2
    newest = answer["entries"][0]
    assert newest["new_values"]["status"] == "active"
    assert newest["reason"] == "tenantry tenant resume acme"
    assert "update" in sealed("audit", "list", "--actor", "service").out
    page = sealed.json("audit", "list", "--limit", "1")
    again = sealed.json("audit", "list", "--limit", "1", "--after", page["next"])
    assert again["entries"][0]["id"] < page["entries"][0]["id"]
    assert sealed.json("audit", "list", "--until", "2020-01-01")["entries"] == []
    assert sealed.json("audit", "list", "--tenant", "acme", "--resource", "workflows")["entries"]
    shown = sealed.json("audit", "show", newest["id"])
    assert shown["seal"]["sequence"] == "1"
    text = sealed("audit", "show", newest["id"]).out
    assert '"status": "active"' in text
    assert shown["seal"]["hash"] in text
    sealed("audit", "show", str(uuid7()), code=exits.NOT_FOUND)
    sealed("audit", "list", "--tenant", "nobody", code=exits.NOT_FOUND)


def test_verify_names_what_was_forged(sealed: Cli, place: Place) -> None:
    clean = sealed.json("audit", "verify", "--anchor", "seals.jsonl")
    assert clean["ok"]
    assert clean["anchored"] == len(Path("seals.jsonl").read_text().splitlines())
    target = sealed.json("audit", "list", "--tenant", "acme")["entries"][0]["id"]
    as_superuser(place, "UPDATE tenantry.audit_logs SET action = 'x' WHERE id = $1", UUID(target))
    found = sealed.json("audit", "verify", "--tenant", "acme", code=exits.FAILED)["findings"]
    assert [(f["what"], f["entry_id"]) for f in found] == [("entry changed", target)]
    said = sealed("audit", "verify", code=exits.FAILED)
    assert target in said.out
    assert "1 finding in" in said.err
    as_superuser(place, "TRUNCATE tenantry.audit_seals, tenantry.platform_seals")
    assert sealed.json("audit", "verify")["ok"]
    held = sealed.json("audit", "verify", "--anchor", "seals.jsonl", code=exits.FAILED)
    assert {f["what"] for f in held["findings"]} == {"seal removed"}


def test_seal_again_and_prove(sealed: Cli) -> None:
    said = sealed("audit", "seal", "--lag", "0", "--anchor", "seals.jsonl")
    assert "Anchored 1 in seals.jsonl" in said.out
    entry = sealed.json("audit", "list", "--tenant", "acme")["entries"][0]["id"]
    told = sealed.json("audit", "proof", entry, "--output", "proof.json")
    held = {json.loads(line)["hash"] for line in Path("seals.jsonl").read_text().splitlines()}
    assert told["hash"] in held
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "proof.json", told["hash"]], check=False, capture_output=True
    )
    assert ran.returncode == 0
    assert json.loads(sealed("audit", "proof", entry).out) == json.loads(
        Path("proof.json").read_text()
    )
    young = sealed.json("audit", "list", "--limit", "1")["entries"][0]["id"]
    assert sealed.json("audit", "proof", young, code=exits.FAILED)["error"] == "not_proven"
    sealed("audit", "proof", str(uuid7()), code=exits.NOT_FOUND)
    sealed("audit", "seal", "--anchor", "s3://", code=exits.USAGE)
    sealed("audit", "verify", "--anchor", "none.jsonl", code=exits.FAILED)


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_csv_is_a_formula(beginning: str) -> None:
    said = f'{beginning}HYPERLINK("http://x.example","y")'
    values = {"user_agent": said, "details": {"a": said}, "n": -1}
    as_csv, as_json = io.StringIO(newline=""), io.StringIO()
    _writer(as_csv, [*values], "csv")(values)
    _writer(as_json, [*values], "jsonl")(values)
    (row,) = csv.DictReader(io.StringIO(as_csv.getvalue(), newline=""))
    assert row == {"user_agent": f"'{said}", "details": json.dumps({"a": said}), "n": "-1"}
    assert json.loads(as_json.getvalue()) == values


def test_export(sealed: Cli) -> None:
    lines = [
        json.loads(line) for line in sealed("audit", "export", "--tenant", "acme").out.splitlines()
    ]
    assert lines
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert all(isinstance(line["new_values"], dict) for line in lines if line["action"] == "create")
    told = sealed.json(
        "audit", "export", "--tenant", "acme", "--format", "csv", "--output", "log.csv"
    )
    assert told["entries"] == len(lines)
    with Path("log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert json.loads(rows[0]["new_values"]) == lines[0]["new_values"]
    assert sealed("audit", "export", "--since", "2100-01-01").out == ""
    sealed("audit", "export", "--json", code=exits.USAGE)
    sealed("audit", "export", "--output", "no/such/file", code=exits.USAGE)
