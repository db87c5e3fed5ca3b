from __future__ import annotations

import uuid
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree

import pytest

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def desk(cli: Cli) -> Cli:
    cli("tenant", "create", "initech")
    return cli


def _made(cli: Cli, title: str, *waits_for: str) -> str:
    options = [word for other in waits_for for word in ("--waits-for", other)]
    made: str = cli.json("task", "create", "initech", title, *options)["id"]
    return made


def test_a_task_with_what_it_waits_for_in_every_format(desk: Cli, project: Path) -> None:
    design = _made(desk, "Design")
    build = _made(desk, 'Build "it" <now>', design)
    ship = _made(desk, "Ship", build, design)
    drawn = desk("graph", "show", "initech", ship).out
    assert drawn.startswith("flowchart LR\n")
    assert 'n0["Ship<br/>pending"]' in drawn
    assert 'n2["Build #34;it#34; #60;now#62;<br/>pending"]' in drawn
    assert {line.strip() for line in drawn.splitlines() if "-->" in line} == {
        "n1 --> n0", "n2 --> n0", "n1 --> n2",
    }  # fmt: skip
    text = desk("graph", "show", "initech", ship, "--format", "dot").out
    assert 'label="Build \\"it\\" <now>\\npending"' in text
    wrote = desk("graph", "show", "initech", ship, "--format", "svg", "--out", "ship.svg")
    assert wrote.out == "Wrote ship.svg\n"
    root = ElementTree.fromstring((project / "ship.svg").read_text("utf-8"))  # noqa: S314 - ours
    assert root.get("aria-label") == "What has to be done before Ship"
    printed = desk("graph", "show", "initech", ship, "--format", "svg").out
    assert printed == (project / "ship.svg").read_text("utf-8")


def test_as_far_as_is_asked_and_the_other_way(desk: Cli) -> None:
    first = _made(desk, "First")
    second = _made(desk, "Second", first)
    third = _made(desk, "Third", second)
    shown = desk.json("graph", "show", "initech", third, "--depth", "1")
    assert [task["id"] for task in shown["tasks"]] == [second]
    assert (shown["task"]["id"], shown["task"]["depth"], shown["cut"]) == (third, 0, False)
    assert shown["links"] == [{"task_id": third, "depends_on_id": second}]
    assert shown["format"] == "mermaid"
    assert shown["drawing"].startswith("flowchart LR\n")
    shown = desk.json("graph", "show", "initech", first, "--dependents")
    assert [task["id"] for task in shown["tasks"]] == [second, third]
    assert "2 --> " not in shown["drawing"]


def test_a_graph_too_big_to_read_is_cut_and_says_so(desk: Cli) -> None:
    small = [_made(desk, f"T{n}") for n in range(3)]
    whole = _made(desk, "All", *small)
    with patch("tenantry.cli.graph._MOST", 3):
        shown = desk("graph", "show", "initech", whole)
        assert shown.err == "There is more: these are the 3 nearest. --depth shows fewer.\n"
        assert shown.out.count("-->") == 2
        assert desk.json("graph", "show", "initech", whole)["cut"] is True


def test_what_cannot_be_drawn(desk: Cli, project: Path) -> None:
    desk("graph", "show", "initech", str(uuid.uuid4()), code=5)
    desk("graph", "show", "initech", "no-id", code=2)
    task = _made(desk, "Alone")
    desk("graph", "show", "initech", task, "--format", "png", code=2)
    assert desk("graph", "show", "initech", task).out.count("\n") > 1
    refused = desk.json("graph", "show", "initech", task, "--out", "no/such/folder", code=2)
    assert refused["field"] == "out"
    assert not (project / "no").exists()
