"""`tenant export` and its siblings, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


def test_a_tenant_goes_and_comes_back(cli: Cli, tmp_path: Path) -> None:
    made = cli.json("tenant", "create", "initech")
    cli("user", "create", "peter@initech.example")
    cli("user", "add-to-tenant", "peter@initech.example", "initech")
    folder = tmp_path / "out"
    out = cli.json("tenant", "export", "initech", "--to", str(folder))
    assert (out["tenant"]["slug"], out["users"]) == ("initech", 1)
    assert (
        cli.json("tenant", "export", "initech", "--to", str(folder), code=6)["reason"] == "folder"
    )
    seen = cli.json("tenant", "import", str(folder), "--dry-run")
    assert (seen["tenant"]["slug"], seen["rows"], seen["dry_run"]) == ("initech", out["rows"], True)
    copied = cli.json("tenant", "import", str(folder), "--new-id", "--as-slug", "copy")
    assert copied["tenant_id"] != made["id"]

    assert cli.json("tenant", "purge", "initech", "--yes", code=6)["reason"] == "status"
    cli("tenant", "delete", "initech", "--yes")
    cli("tenant", "hold", "initech", "--reason", "case 1")
    assert cli.json("tenant", "purge", "initech", "--yes", code=6)["reason"] == "held"
    (held,) = cli.json("tenant", "holds", "initech")["holds"]
    assert held["reason"] == "case 1"
    assert "nothing holds" in cli("tenant", "release", "initech", held["id"]).out
    assert cli("tenant", "holds").out == "There are no holds.\n"
    # Nobody to ask, so it needs the word.
    assert cli.json("tenant", "purge", "initech", code=2)["field"] == "yes"

    going = cli.json("tenant", "purge", "initech", "--dry-run")
    assert (going["tables"]["tenantry.tenants"], going["dry_run"]) == (1, True)
    # What keeps the paths of its files is tried before anything goes.
    unwritable = str(tmp_path / "no" / "certificate.json")
    cli("tenant", "purge", "initech", "--yes", "--certificate", unwritable, code=2)
    assert cli.json("tenant", "show", "initech")["status"] == "deleted"
    file = tmp_path / "certificate.json"
    gone = cli(
        "tenant", "purge", "initech", "--yes", "--reason", "ended", "--certificate", str(file)
    )
    assert "No backup holds it." in gone.err
    kept = json.loads(file.read_text())
    assert (kept["slug"], kept["reason"], kept["left"]) == ("initech", "ended", {})
    # Stopped when the rows were gone: what it had written down is not lost by the second run.
    file.write_text(json.dumps({"tenant_id": made["id"], "blobs": ["s3://b/a"]}))
    cli("tenant", "purge", made["id"], "--yes", "--certificate", str(file))
    assert json.loads(file.read_text())["blobs"] == ["s3://b/a"]
    cli("tenant", "show", "initech", code=5)
    (shown,) = cli.json("tenant", "certificate", "initech")["certificates"]
    assert shown["tables"] == kept["tables"]
    assert "ended" in cli("tenant", "certificate").out
    cli("tenant", "certificate", "hooli", code=5)

    back = cli.json("tenant", "import", str(folder), "--known-users-only")
    assert (back["tenant_id"], back["users_found"]) == (made["id"], 1)
    assert cli.json("tenant", "show", "initech")["status"] == "active"


def test_a_rewind_is_shown_before_it_is_done(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    url = cli.json("url", "--role", "service")["url"]
    assert cli("tenant", "restore", "initech", "--from", url).out == "Nothing differs.\n"
    refused = cli.json("tenant", "restore", "initech", "--from", url, "--apply", "--yes", code=6)
    assert refused["reason"] == "status"
