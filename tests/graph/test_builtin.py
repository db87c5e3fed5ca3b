"""The built-in questions give the answers that the tables give."""

from __future__ import annotations

from datetime import datetime

import pytest

from tenantry import Database
from tenantry.graph import Vertex
from tenantry.graph.builtin import BUILTIN
from tenantry.models.agents import ExecutionStatus
from tests.fixtures.database import make_tenant

pytestmark = pytest.mark.postgres("wheel")

ENDS: tuple[ExecutionStatus, ...] = ("success", "failure", "timeout", "running", "cancelled")


@pytest.fixture
async def named(gdb: Database) -> Database:
    async with gdb.service("the built-in questions") as s:
        for question in BUILTIN:
            await s.graph_queries.put(question.name, question.text)
    return gdb


async def test_what_a_task_waits_for_and_what_waits_for_it(named: Database) -> None:
    t = named.tenant((await make_tenant(named, "acme")).id)
    a, b, c, d = [await t.tasks.create(title=title) for title in "abcd"]
    for task, on in ((b, a), (c, b), (d, c), (d, a)):
        await t.tasks.add_dependency(task.id, on=on.id)
    found = await t.graph.run("task-dependencies", task=d.id)
    assert [(row["title"], row["depth"]) for row in found] == [("a", 1), ("c", 1), ("b", 2)]
    linked = await t.tasks.dependencies(d.id, transitive=True)
    assert {(r["id"], r["depth"]) for r in found} == {(str(x.id), x.depth) for x in linked}
    found = await t.graph.run("task-dependents", task=a.id)
    assert [(row["title"], row["depth"]) for row in found] == [("b", 1), ("d", 1), ("c", 2)]


async def test_an_execution_succeeded_or_failed(named: Database) -> None:
    t = named.tenant((await make_tenant(named, "acme")).id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    task = await t.tasks.create(title="Build")
    ended = []
    for status in ENDS:
        made = await t.executions.create(agent_id=ada.id, task_id=task.id, status=status)
        ended += [made.completed_at] if status in ENDS[:3] else []
        # Asked between: the first is in the graph since it was made, the others were added.
        await t.graph.run("agent-history", agent=ada.id)
    found = await t.graph.run("agent-history", agent=ada.id)
    assert [row["result"] for row in found] == ["failure", "failure", "success"]
    assert all(isinstance(row["task"], Vertex) and row["task"].id == task.id for row in found)
    assert [datetime.fromisoformat(row["at"]) for row in found] == ended[::-1]
    latest = await t.graph.run("agent-history", agent=ada.id, limit=1)
    assert list(latest) == list(found[:1])
    assert latest.truncated
    who = await t.graph.run("task-executions", task=task.id)
    assert [(row["agent"], row["result"]) for row in who] == [
        ("Ada", "failure"), ("Ada", "failure"), ("Ada", "success"),
    ]  # fmt: skip


async def test_whom_a_desk_reports_to(named: Database) -> None:
    t = named.tenant((await make_tenant(named, "acme")).id)
    top = await t.desks.create(code="ceo", title="Chief")
    middle = await t.desks.create(code="cto", title="Technology", reports_to_id=top.id)
    desk = await t.desks.create(code="dev", title="Developer", reports_to_id=middle.id)
    found = await t.graph.run("chain-of-command", desk=desk.id)
    assert [(row["code"], row["steps"]) for row in found] == [("cto", 1), ("ceo", 2)]
