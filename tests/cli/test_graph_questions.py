"""`graph run`, `graph ask` and `graph query`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tenantry.graph.builtin import BUILTIN
from tenantry.ops import features
from tests.fixtures.database import Place

from .helpers import Cli

TASKS = "MATCH (t:Task) RETURN t.title AS title ORDER BY title"

wheel = pytest.mark.postgres("wheel")


@pytest.fixture
def asked(cli: Cli, place: Place) -> Cli:
    """A tenant that may ask its graph, with two tasks."""
    for name in ("graph", "graph-questions"):
        asyncio.run(features.enable(place.settings(), name, admin_url=place.url("superuser")))
    cli("tenant", "create", "initech")
    cli("task", "create", "initech", "Design")
    cli("task", "create", "initech", "Build", "--label", "now")
    return cli


# ---- naming, which needs no graph engine ---------------------------------------------------------


def test_a_question_is_named_shown_and_removed(cli: Cli) -> None:
    assert cli("graph", "query", "list").out == "No question has a name.\n"
    text = "MATCH (t:Task {status: $status}) WHERE t.type = 'bugfix' RETURN t.title AS title"
    said = cli("graph", "query", "add", "bugs", "--text", text, "--description", "By status")
    assert said.out == "Named bugs. It takes status.\n"
    (listed,) = cli.json("graph", "query", "list")["queries"]
    shown = cli.json("graph", "query", "show", "bugs")
    assert listed == shown
    assert (shown["parameters"], shown["result_columns"]) == (["status"], ["title"])
    assert shown["literals"] == {"lit_1": "bugfix"}
    assert "By status" in cli("graph", "query", "list").out
    assert shown["text"] in cli("graph", "query", "show", "bugs").out
    # Again under the same name: another text.
    cli("graph", "query", "add", "bugs", "--text", TASKS)
    assert cli.json("graph", "query", "show", "bugs")["parameters"] == []
    assert cli("graph", "query", "remove", "bugs").out == "Removed bugs.\n"
    assert cli.json("graph", "query", "list")["queries"] == []


def test_its_text_may_be_a_file_or_come_from_stdin(cli: Cli, project: Path) -> None:
    (project / "tasks.cypher").write_text(TASKS + "\n")
    from_file = cli.json("graph", "query", "add", "tasks", "tasks.cypher")
    assert cli.json("graph", "query", "add", "tasks", "-", stdin=TASKS)["text"] == from_file["text"]


def test_the_built_in_ones_all_or_one(cli: Cli) -> None:
    one = cli.json("graph", "query", "add", "agent-history", "--builtin")["queries"]
    assert [q["name"] for q in one] == ["agent-history"]
    cli("graph", "query", "add", "--builtin")
    named = [q["name"] for q in cli.json("graph", "query", "list")["queries"]]
    assert named == sorted(q.name for q in BUILTIN)
    refused = cli.json("graph", "query", "add", "tasks", "--builtin", code=2)
    assert "agent-history" in refused["hint"]


def test_what_cannot_be_named(cli: Cli, project: Path) -> None:
    refused = cli.json("graph", "query", "add", "x", "--text", "MATCH (n:Task) DELETE n", code=2)
    assert (refused["error"], refused["found"], refused["line"]) == ("cypher_refused", "DELETE", 1)
    assert "^" not in refused["hint"]
    for words in (["x"], ["x", "f", "--text", TASKS], [], ["--text", TASKS]):
        assert cli.json("graph", "query", "add", *words, code=2)["field"] == "name"
    assert cli.json("graph", "query", "add", "x", "no.cypher", code=2)["field"] == "file"
    (project / "latin").write_bytes(b"\xe9")
    assert cli.json("graph", "query", "add", "x", "latin", code=2)["field"] == "file"
    cli("graph", "query", "add", "Not A Name", "--text", TASKS, code=6)
    for command in ("show", "remove"):
        assert cli.json("graph", "query", command, "x", code=5)["error"] == "unknown_graph_query"


def test_people_see_the_place_that_is_refused(cli: Cli) -> None:
    text = "MATCH (t:Task)\nWHERE t.title =~ $x\nRETURN t"
    said = cli("graph", "query", "add", "x", "-", stdin=text, code=2).err.splitlines()
    at = said.index("WHERE t.title =~ $x")
    assert said[at + 1] == "              ^"
    assert "line 2, column 15" in said[at - 1]


# ---- asking --------------------------------------------------------------------------------------


@wheel
def test_a_named_question_is_asked_as_a_tenant(asked: Cli) -> None:
    asked("tenant", "create", "hooli")
    text = "MATCH (t:Task) WHERE t.title STARTS WITH $start RETURN t.title AS title, t AS task"
    asked("graph", "query", "add", "titled", "--text", text)
    found = asked.json("graph", "run", "initech", "titled", "-p", "start=Bu")
    assert (found["columns"], found["truncated"]) == (["title", "task"], False)
    (row,) = found["rows"]
    assert row["title"] == "Build"
    assert (row["task"]["label"], row["task"]["properties"]["type"]) == ("Task", "task")
    drawn = asked("graph", "run", "initech", "titled", "-p", "start=Bu").out.splitlines()
    assert drawn[0].split() == ["title", "task"]
    assert drawn[1].startswith("Build  (:Task {")
    # Another tenant has none of these, and nobody may leave out what is asked for.
    assert asked("graph", "run", "hooli", "titled", "-p", "start=").out == "No rows.\n"
    assert asked.json("graph", "run", "initech", "titled", code=2)["error"] == "cypher_refused"
    unknown = asked.json("graph", "run", "initech", "nobody", code=5)
    assert (unknown["error"], unknown["name"]) == ("unknown_graph_query", "nobody")
    asked("graph", "run", "nobody", "titled", code=5)


@wheel
def test_a_question_of_ones_own(asked: Cli) -> None:
    assert asked.json("graph", "ask", "initech", TASKS)["rows"] == [
        {"title": "Build"},
        {"title": "Design"},
    ]
    assert asked.json("graph", "ask", "initech", "-", stdin=TASKS)["columns"] == ["title"]
    cut = asked.json("graph", "ask", "initech", TASKS, "--limit", "1")
    assert (len(cut["rows"]), cut["truncated"]) == (1, True)
    assert "--limit" in asked("graph", "ask", "initech", TASKS, "--limit", "1").err
    refused = asked.json("graph", "ask", "initech", "CREATE (n:Task) RETURN n", code=2)
    assert (refused["error"], refused["position"]) == ("cypher_refused", 1)
    assert "\n^\n" in asked("graph", "ask", "initech", "CREATE (n:Task) RETURN n", code=2).err


@wheel
@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("3", 3), ("2.5", 2.5), ("true", True), ("null", None), ('"3"', "3"), ("[1,2]", [1, 2]),
        ("Ship it", "Ship it"), ("007", "007"), ("NaN", "NaN"), ("a=b", "a=b"), ("", ""),
    ],
)  # fmt: skip
def test_values_are_json_or_text(asked: Cli, given: str, value: object) -> None:
    asking = ("graph", "ask", "initech", "RETURN $x AS x", "-p", f"x={given}")
    assert asked.json(*asking)["rows"] == [{"x": value}]


@wheel
def test_a_pair_is_a_pair(asked: Cli) -> None:
    for wrong in ("x", "=3"):
        refused = asked.json("graph", "ask", "initech", TASKS, "-p", wrong, code=2)
        assert refused["field"] == "param"


@wheel
def test_the_built_in_ones_answer(asked: Cli) -> None:
    asked("graph", "query", "add", "--builtin")
    design, build = (
        asked.json("task", "create", "initech", title)["id"] for title in ("First", "Second")
    )
    last = asked.json(
        "task", "create", "initech", "Last", "--waits-for", build, "--waits-for", design
    )["id"]
    found = asked.json("graph", "run", "initech", "task-dependencies", "-p", f"task={last}")
    assert [(r["title"], r["depth"]) for r in found["rows"]] == [("First", 1), ("Second", 1)]
    found = asked.json("graph", "run", "initech", "task-dependents", "-p", f"task={build}")
    assert [(r["id"], r["status"], r["depth"]) for r in found["rows"]] == [(last, "pending", 1)]
    for name, *given in (
        ("task-executions", f"task={last}"),
        ("agent-history", f"agent={last}"),
        ("chain-of-command", f"desk={last}"),
    ):
        words = [word for pair in given for word in ("-p", pair)]
        assert asked.json("graph", "run", "initech", name, *words)["rows"] == []


@wheel
def test_without_the_features(cli: Cli, place: Place) -> None:
    cli("tenant", "create", "initech")
    cli("graph", "query", "add", "tasks", "--text", TASKS)
    refused = cli.json("graph", "run", "initech", "tasks", code=1)
    assert (refused["error"], refused["reason"]) == ("graph_unavailable", "feature")
    asyncio.run(features.enable(place.settings(), "graph", admin_url=place.url("superuser")))
    assert cli.json("graph", "run", "initech", "tasks")["rows"] == []
    refused = cli.json("graph", "ask", "initech", TASKS, code=1)
    assert (refused["error"], refused["reason"]) == ("graph_unavailable", "questions")
