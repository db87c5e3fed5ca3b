"""`graph list`, `rebuild`, `verify` and `drop`."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.ops import features
from tests.fixtures.database import Place

from .helpers import Cli

TASKS = "MATCH (t:Task) RETURN t.title AS title ORDER BY title"

wheel = pytest.mark.postgres("wheel")


@pytest.fixture
def kept(cli: Cli, place: Place) -> Cli:
    """Two tenants with a task each, of which the first has a graph."""
    asyncio.run(features.enable(place.settings(), "graph", admin_url=place.url("superuser")))
    cli("graph", "query", "add", "tasks", "--text", TASKS)
    for slug in ("acme", "beta"):
        cli("tenant", "create", slug)
        cli("task", "create", slug, f"Of {slug}")
    assert titles(cli, "acme") == ["Of acme"]
    return cli


def titles(cli: Cli, tenant: str) -> list[str]:
    return [row["title"] for row in cli.json("graph", "run", tenant, "tasks")["rows"]]


def with_graph(cli: Cli) -> list[str]:
    return [graph["tenant"] for graph in cli.json("graph", "list")["graphs"]]


def graph_of(cli: Cli, tenant: str) -> str:
    found: str = cli.json("tenant", "show", tenant)["id"]
    return f'"tg_{found.replace("-", "")}"'


async def _as_superuser(place: Place, *statements: str) -> None:
    root = await place.connection("superuser")
    for statement in statements:
        await root.execute(statement)
    await root.close()


def as_superuser(place: Place, *statements: str) -> None:
    asyncio.run(_as_superuser(place, "LOAD 'age'", *statements))


@wheel
def test_graphs_are_listed(kept: Cli) -> None:
    (acme,) = kept.json("graph", "list")["graphs"]
    assert acme["tenant"] == "acme"
    assert acme["labels"] == 1
    assert acme["bytes"] > 0
    assert kept("graph", "list").out.splitlines()[1].split()[:2] == ["acme", "1"]


@wheel
def test_missing_ones_are_made_and_deleted_tenants_get_none(kept: Cli) -> None:
    kept("tenant", "create", "gone")
    kept("tenant", "delete", "gone", "--yes")
    made = kept.json("graph", "rebuild", "--missing")["rebuilt"]
    assert [graph["tenant"] for graph in made] == ["beta"]
    assert with_graph(kept) == ["acme", "beta"]
    assert kept("graph", "rebuild", "--missing").out == "Every tenant has a graph.\n"
    assert kept.json("graph", "verify", "--all")["ok"] is True


@wheel
def test_a_lost_graph_comes_back(kept: Cli, place: Place) -> None:
    """As after a restore: the tables are there and the graph is not."""
    as_superuser(place, f'DELETE FROM {graph_of(kept, "acme")}."Task"')
    assert titles(kept, "acme") == []
    assert kept("graph", "rebuild", "--tenant", "acme").err == "Made 1.\n"
    assert titles(kept, "acme") == ["Of acme"]
    made = kept.json("graph", "rebuild", "--all")["rebuilt"]
    assert [graph["tenant"] for graph in made] == ["acme"]
    made = kept.json("graph", "rebuild", "--tenant", "beta")["rebuilt"]
    assert [graph["tenant"] for graph in made] == ["beta"]


@wheel
def test_a_graph_that_differs_is_an_alarm_and_is_mended(kept: Cli, place: Place) -> None:
    kept("graph", "rebuild", "--tenant", "beta")
    assert kept("graph", "verify", "--all").out == "2 compared: all as their tables.\n"
    graph = graph_of(kept, "acme")
    as_superuser(
        place,
        f"""UPDATE {graph}."Task" SET properties = '{{"id": "x"}}'""",
        f"""INSERT INTO {graph}."Task" (properties) VALUES ('{{"id": "y"}}')""",
    )
    found = kept.json("graph", "verify", "--all", code=1)
    assert (found["ok"], found["kept"]) == (False, True)
    acme, beta = found["graphs"]
    assert acme["differences"] == [{"label": "Task", "missing": 1, "surplus": 2}]
    assert (acme["ok"], beta["ok"], beta["differences"]) == (False, True, [])
    said = kept("graph", "verify", "--tenant", "acme", code=1)
    assert said.out.splitlines()[1].split() == ["acme", "Task", "1", "2", "no"]
    assert "--mend" in said.err
    mended = kept.json("graph", "verify", "--all", "--mend")
    assert mended["ok"] is True
    acme, beta = mended["graphs"]
    assert (acme["ok"], acme["mended"], beta["mended"]) == (True, True, False)
    assert kept.json("graph", "verify", "--all")["graphs"][0]["differences"] == []
    assert titles(kept, "acme") == ["Of acme"]


@wheel
def test_triggers_that_are_gone_are_an_alarm(kept: Cli, place: Place) -> None:
    as_superuser(place, "DROP TRIGGER keep_graph_insert ON tenantry.tasks")
    found = kept.json("graph", "verify", "--all", "--mend", code=1)
    assert (found["ok"], found["kept"]) == (False, False)
    assert "feature enable graph" in kept("graph", "verify", "--all", code=1).err
    asyncio.run(features.enable(place.settings(), "graph", admin_url=place.url("superuser")))
    assert kept.json("graph", "verify", "--all")["ok"] is True


@wheel
def test_a_tenant_without_one_has_nothing_to_verify(kept: Cli) -> None:
    assert kept("graph", "verify", "--tenant", "beta").out == "There is none yet.\n"
    assert kept.json("graph", "verify", "--tenant", "beta")["graphs"] == []
    assert with_graph(kept) == ["acme"]


@wheel
def test_graphs_are_dropped_with_a_yes(kept: Cli) -> None:
    kept("graph", "rebuild", "--missing")
    assert kept.json("graph", "drop", "--all", code=2)["field"] == "yes"
    assert with_graph(kept) == ["acme", "beta"]
    dropped = kept.json("graph", "drop", "--tenant", "acme", "--yes")["dropped"]
    assert [graph["tenant"] for graph in dropped] == ["acme"]
    assert kept("graph", "drop", "--tenant", "acme", "-y").out == "There was none.\n"
    assert kept("graph", "drop", "--all", "-y").out == "Dropped 1.\n"
    assert with_graph(kept) == []
    assert titles(kept, "beta") == ["Of beta"]


@wheel
def test_all_dropped_the_feature_can_go(
    kept: Cli, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setenv("TENANTRY_ADMIN_URL", place.url("superuser"))
    assert "graph drop --all" in kept.json("feature", "disable", "graph", code=1)["hint"]
    kept("graph", "drop", "--all", "--yes")
    kept("feature", "disable", "graph")


@wheel
def test_one_entry_in_the_record_for_all(kept: Cli, place: Place) -> None:
    async def reasons() -> list[str]:
        root = await place.connection("superuser")
        rows = await root.fetch(
            "SELECT reason FROM tenantry.platform_log WHERE action = 'service_use'"
        )
        await root.close()
        return [row[0] for row in rows]

    kept("graph", "rebuild", "--missing")
    kept("graph", "verify", "--all")
    found = asyncio.run(reasons())
    assert found.count("tenantry graph rebuild") == 1
    assert found.count("tenantry graph verify") == 1


@pytest.mark.parametrize("command", ["rebuild", "verify", "drop"])
def test_whose_must_be_said_once(cli: Cli, command: str) -> None:
    for words in ([], ["--all", "--tenant", "acme"]):
        assert cli.json("graph", command, *words, code=2)["field"] == "tenant"


@wheel
@pytest.mark.parametrize("command", ["rebuild", "verify", "drop"])
def test_an_unknown_tenant(kept: Cli, command: str) -> None:
    words = ["--yes"] if command == "drop" else []
    kept("graph", command, "--tenant", "nobody", *words, code=5)


def test_without_the_feature_there_is_nothing_to_keep(cli: Cli) -> None:
    for words in (
        ["list"], ["rebuild", "--all"], ["rebuild", "--missing"], ["verify", "--all"],
        ["drop", "--all", "--yes"],
    ):  # fmt: skip
        refused = cli.json("graph", *words, code=1)
        assert (refused["error"], refused["reason"]) == ("graph_unavailable", "feature")
        assert "feature enable graph" in refused["hint"]
