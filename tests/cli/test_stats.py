from __future__ import annotations

import pytest

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


def test_a_tenant_in_figures(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    for title in ("One", "Two"):
        cli("task", "create", "initech", title)
    figures = cli.json("stats", "initech")
    assert (figures["tenant"], figures["tasks"], figures["tasks_open"]) == ("initech", 2, 2)
    shown = cli("stats", "initech").out
    assert "Tasks open" in shown
    assert "$0.00" in shown


def test_every_tenant_counts_its_own(cli: Cli) -> None:
    assert cli("stats").out == "There are no tenants.\n"
    for slug in ("one", "two"):
        cli("tenant", "create", slug)
    cli("task", "create", "two", "Only there")
    tasks = {t["tenant"]: t["tasks"] for t in cli.json("stats")["tenants"]}
    assert tasks == {"one": 0, "two": 1}
    assert [t["tenant"] for t in cli.json("stats", "--limit", "1")["tenants"]] == ["two"]
    assert cli("stats").out.splitlines()[1].split()[0] == "two"
    assert (
        cli.json("stats", "three", code=5)["hint"]
        == "`tenantry tenant list` shows those there are."
    )
