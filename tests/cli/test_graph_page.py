"""docs/graph.md says what is so."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path
from types import FunctionType

import pytest

import tenantry
from tenantry.graph import reference
from tenantry.graph.builtin import BUILTIN
from tenantry.ops import features
from tests.fixtures.database import Place, make_tenant

from .helpers import Cli

PAGE = (Path(__file__).parents[2] / "docs" / "graph.md").read_text("utf-8")

pytestmark = pytest.mark.postgres("wheel")


@pytest.mark.parametrize("part", ["elements", "builtin", "grammar"])
def test_its_lists_are_what_the_code_says(part: str) -> None:
    written = PAGE.partition(f"<!-- generated: {part} -->")[2].partition("<!-- end -->")[0]
    assert written.strip() == getattr(reference, part)().strip(), "run: make docs"


async def test_its_examples_run_as_printed(place: Place) -> None:
    for name in ("graph", "graph-questions"):
        await features.enable(place.settings(), name, admin_url=place.url("superuser"))
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 5
    async with await tenantry.connect(settings=place.settings()) as db:
        async with db.service("the built-in questions") as s:
            for question in BUILTIN:
                await s.graph_queries.put(question.name, question.text)
        names = {"db": db, "tenant_id": (await make_tenant(db, "acme")).id}
        for block in blocks:
            code = compile(block, "graph.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            await FunctionType(code, names)()


def test_the_drawing_is_what_the_command_draws(cli: Cli) -> None:
    cli("tenant", "create", "acme")
    made: dict[str, str] = {}
    for title, *waits_for in (
        ("Design",), ("Data model", "Design"), ("Screens", "Design"), ("API", "Data model"),
        ("Ship", "API", "Screens"),
    ):  # fmt: skip
        options = [word for other in waits_for for word in ("--waits-for", made[other])]
        made[title] = cli.json("task", "create", "acme", title, *options)["id"]
    cli("task", "move", "acme", made["Design"], "running")
    drawn = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    assert drawn is not None
    assert cli("graph", "show", "acme", made["Ship"]).out == drawn[1]


def test_the_refusal_is_what_people_see(cli: Cli) -> None:
    cli("tenant", "create", "acme")
    printed = re.search(r"\$ tenantry graph ask acme '(.*?)'\n(.*?)```", PAGE, re.DOTALL)
    assert printed is not None
    assert cli("graph", "ask", "acme", printed[1], code=2).err == printed[2]


def test_what_a_restore_lacks_is_made_by_enabling_again(cli: Cli, place: Place) -> None:
    """What dumps without `--create` leave out belongs to the database, not to anything in it."""

    async def enable() -> bool:
        found = await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
        return found.enabled

    async def forget() -> None:
        root = await place.connection("superuser")
        await root.execute(f"REVOKE CREATE ON DATABASE {place.name} FROM tenantry_graph")
        await root.execute(f"ALTER DATABASE {place.name} RESET ALL")
        await root.close()

    asyncio.run(enable())
    cli("tenant", "create", "acme")
    asyncio.run(forget())
    states = {f["name"]: f["enabled"] for f in cli.json("feature", "list")["features"]}
    assert states["graph"] is False
    cli("graph", "rebuild", "--missing", code=6)
    assert asyncio.run(enable())
    assert len(cli.json("graph", "rebuild", "--missing")["rebuilt"]) == 1
