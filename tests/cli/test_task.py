from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.fixtures.database import Place

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def desk(cli: Cli) -> Cli:
    cli("tenant", "create", "initech")
    return cli


def _made(cli: Cli, title: str, *options: str) -> str:
    made: str = cli.json("task", "create", "initech", title, *options)["id"]
    return made


def test_a_task_from_creation_to_its_end(desk: Cli) -> None:
    task = _made(desk, "Write the report", "--type", "docs", "--priority", "high", "--label", "q4")
    assert desk("task", "move", "initech", task, "running").out == f"Task {task} is running.\n"
    shown = desk.json("task", "show", "initech", task)
    assert (shown["status"], shown["state_category"], shown["labels"]) == (
        "running",
        "active",
        ["q4"],
    )
    assert "completed" in shown["allowed_transitions"]
    assert shown["started_at"] is not None
    desk("task", "move", "initech", task, "completed", "--expected", "running")
    text = desk("task", "show", "initech", task).out
    assert "completed (done)" in text
    assert "Write the report" in text


def test_what_a_workflow_does_not_allow(desk: Cli) -> None:
    task = _made(desk, "Ship", "--workflow", "issue")
    refused = desk.json("task", "move", "initech", task, "in_review", code=6)
    assert refused["error"] == "invalid_transition"
    assert "in_progress" in refused["allowed"]
    desk("task", "move", "initech", task, "draft", "--expected", "blocked", code=6)
    assert desk.json("task", "show", "initech", task)["status"] == "open"
    desk("task", "create", "initech", "X", "--workflow", "none-such", code=5)
    desk("task", "show", "initech", str(uuid.uuid4()), code=5)
    desk("task", "show", "initech", "no-id", code=2)


def test_list_filters_and_pages(desk: Cli) -> None:
    assert desk("task", "list", "initech").out == "No tasks.\n"
    first, second = _made(desk, "First", "--priority", "low"), _made(desk, "Second")
    desk("task", "move", "initech", first, "running")

    def listed(*options: str) -> list[str]:
        return [t["id"] for t in desk.json("task", "list", "initech", *options)["tasks"]]

    assert listed() == [second, first]
    assert listed("--status", "running") == listed("--category", "active") == [first]
    assert listed("--priority", "low") == [first]
    page = desk.json("task", "list", "initech", "--limit", "1")
    assert listed("--after", page["next"]) == [first]
    assert "--after" in desk("task", "list", "initech", "--limit", "1").err
    assert (
        desk.json("task", "list", "initech", "--project", "apollo", code=5)["error"] == "not_found"
    )


def test_parts_and_what_waits(desk: Cli) -> None:
    whole = _made(desk, "Release")
    part = _made(desk, "Test it", "--parent", whole)
    last = _made(desk, "Announce it", "--parent", whole, "--waits-for", part)
    tree = desk.json("task", "tree", "initech", whole)
    assert [child["id"] for child in tree["children"]] == [part, last]
    drawn = desk("task", "tree", "initech", whole).out
    assert drawn.splitlines()[0].rstrip() == "Release (pending)"
    assert "Announce it (pending)" in drawn
    assert [x["id"] for x in desk.json("task", "show", "initech", last)["waits_for"]] == [part]


def test_search_finds_the_tenants_own(desk: Cli) -> None:
    found = _made(desk, "Repair the printer", "--description", "It prints everything twice.")
    desk("tenant", "create", "hooli")
    desk("task", "create", "hooli", "Buy a printer")
    assert [t["id"] for t in desk.json("task", "search", "initech", "printer")["tasks"]] == [found]
    assert [t["id"] for t in desk.json("task", "search", "initech", "twice")["tasks"]] == [found]
    assert desk("task", "search", "initech", "scanner").out == "No tasks.\n"


def test_the_record_says_which_command_it_was(desk: Cli, place: Place) -> None:
    task = _made(desk, "Write the report")

    async def recorded() -> list[tuple[str, str]]:
        connection = await place.connection("superuser")
        sql = "SELECT action, reason FROM tenantry.audit_logs WHERE resource_id = $1"
        rows = await connection.fetch(sql, uuid.UUID(task))
        await connection.close()
        return [tuple(row) for row in rows]

    assert asyncio.run(recorded()) == [("create", "tenantry task create initech")]
