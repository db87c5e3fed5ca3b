"""`maintain` from the command line."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from .helpers import Cli, command

pytestmark = pytest.mark.postgres("wheel")


def test_it_says_what_it_did_and_what_it_would_do(cli: Cli) -> None:
    found = cli.json("maintain", "views", "--dry-run")
    assert (found["ok"], found["dry_run"]) == (True, True)
    (step,) = found["steps"]
    assert [a["target"] for a in step["actions"]] == ["desk_performance", "tenant_cost_summary"]
    assert "refresh desk_performance" in cli("maintain", "views", "desk_performance").out
    assert (
        cli.json("maintain", "retention", "--keep", "messages=90d")["steps"][0]["state"]
        == "nothing"
    )
    assert "pg_cron" not in cli("maintain", "--print-pg-cron").err


def test_what_makes_no_sense_is_said(cli: Cli) -> None:
    assert cli.json("maintain", "everything", code=2)["field"] == "step"
    assert cli.json("maintain", "views", "nothing", code=2)["field"] == "name"
    assert cli.json("maintain", "seals", "nothing", code=2)["field"] == "name"
    for keep in ("messages", "messages=soon", "messages=0s", "projects=1d"):
        assert cli.json("maintain", "retention", "--keep", keep, code=2)["field"] == "keep"


def test_it_goes_on_until_it_is_told_to_stop(cli: Cli) -> None:
    words = command("maintain", "views", "--every", "1h", "--json")
    with subprocess.Popen(words, cwd=cli.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        told += [json.loads(line) for line in process.stdout]
        assert process.wait(30) == 0
    assert [line["event"] for line in told] == ["started", "done", "stopped"]
