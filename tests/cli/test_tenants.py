from __future__ import annotations

import pytest

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


def test_a_tenant_from_creation_to_deletion_and_back(cli: Cli) -> None:
    made = cli.json(
        "tenant", "create", "initech", "--plan", "starter", "--owner-email", "a@b.example"
    )
    assert (made["slug"], made["name"], made["plan"], made["status"]) == (
        "initech", "Initech", "starter", "active",
    )  # fmt: skip
    assert cli("tenant", "suspend", "initech").out == "Tenant initech is suspended.\n"
    assert cli.json("tenant", "show", "initech")["suspended_at"] is not None
    assert cli("tenant", "resume", made["id"]).out == "Tenant initech is active.\n"
    assert cli.json("tenant", "delete", "initech", "--yes")["status"] == "deleted"
    assert cli.json("tenant", "resume", "initech")["status"] == "active"


def test_list_shows_filters_and_pages(cli: Cli) -> None:
    assert cli("tenant", "list").out == "There are no tenants.\n"
    for slug in ("one", "two", "three"):
        cli("tenant", "create", slug, "--plan", "free")
    cli("tenant", "suspend", "two")
    assert [line.split()[0] for line in cli("tenant", "list").out.splitlines()] == [
        "Slug", "three", "two", "one",
    ]  # fmt: skip
    assert [t["slug"] for t in cli.json("tenant", "list", "--status", "suspended")["tenants"]] == [
        "two"
    ]
    first = cli.json("tenant", "list", "--limit", "2")
    rest = cli.json("tenant", "list", "--after", first["next"])
    assert [t["slug"] for t in rest["tenants"]] == ["one"]
    assert rest["next"] is None
    # The way on is a note: a pipe gets rows alone.
    assert "--after" in cli("tenant", "list", "--limit", "2").err


@pytest.mark.demo
def test_show_tells_quotas_and_usage(cli: Cli) -> None:
    assert "4 of 10" in cli("tenant", "show", "globex").out
    shown = cli.json("tenant", "show", "globex")
    assert shown["quotas"]["max_users"] == 10
    assert shown["usage"]["current_projects"] == 2


def test_what_is_not_there_or_not_possible(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    twice = cli.json("tenant", "create", "initech", code=6)
    assert twice["error"] == "already_exists"
    assert twice["message"] == "There is a tenant with this slug already."
    bad = cli("tenant", "create", "Not A Slug", code=6)
    assert bad.err.startswith("Error: A slug is up to 100 lower-case letters")
    unknown = cli.json("tenant", "show", "hooli", code=5)
    assert unknown["error"] == "not_found"
    assert unknown["hint"] == "`tenantry tenant list` shows those there are."
    cli("tenant", "suspend", "0199f354-1d00-71b6-b1f5-dcf659b078e9", code=5)
    assert "'gold' is not one of" in cli("tenant", "create", "x", "--plan", "gold", code=2).err
    assert cli.json("tenant", "create", code=2)["error"] == "usage"
    refused = cli("tenant", "delete", "initech", code=2)
    assert "--yes" in refused.err
    assert cli.json("tenant", "show", "initech")["status"] == "active"


def test_the_record_says_which_command_it_was(cli: Cli) -> None:
    cli("tenant", "create", "initech")
    sql = "SELECT reason, user_agent LIKE 'tenantry (%@%)' FROM tenantry.platform_log WHERE action = 'service_use'"
    found = cli.process("psql", "--role", "service", "--", "-Atc", sql)
    assert found.out == "tenantry tenant create initech|t\n"
