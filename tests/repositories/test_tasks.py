"""Tasks: what they are made with, how they are found, and what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import (
    InvalidInput,
    NotFound,
    QuotaExceeded,
    ReferenceNotFound,
    RuleViolated,
    TenantryError,
)
from tenantry.ids import uuid7
from tenantry.models import Task, Tenant
from tests.fixtures.database import Place, make_user
from tests.fixtures.wire import tap


async def test_a_task_is_made_of_little_and_says_the_rest(db: Database, acme: Tenant) -> None:
    task = await db.tenant(acme.id).tasks.create(title="Write it")
    assert (task.status, task.state_category, task.type) == ("pending", "todo", "task")
    assert (task.priority, task.max_retries, task.labels) == ("medium", 3, [])
    assert (task.started_at, task.completed_at) == (None, None)
    assert "search" not in vars(task)


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"prompt": "Fix the login\n\nIt fails on Fridays."}, "Fix the login"),
        ({"prompt": "\r\n  Fix it \r\nnow"}, "Fix it"),
        ({"prompt": "x" * 300}, "x" * 200),
        ({"prompt": "Fix it", "title": ""}, "Fix it"),
        ({"prompt": "Fix it", "title": "Login"}, "Login"),
    ],
)
async def test_a_title_comes_from_the_prompt_unless_given(
    db: Database, acme: Tenant, given: dict[str, Any], title: str
) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(**given)
    assert task.title == title
    if "title" not in given:
        assert (await handle.tasks.update(task.id, title="")).title == title
    (many,) = await handle.tasks.create_many([given])
    assert many.title == title


async def test_a_task_needs_a_title_or_a_prompt(db: Database, acme: Tenant) -> None:
    for given in ({}, {"prompt": " \n"}, {"title": ""}):
        with pytest.raises(RuleViolated) as caught:
            await db.tenant(acme.id).tasks.create(**given)  # type: ignore[arg-type]
        assert caught.value.column == "title"


async def test_other_systems_words_for_types_are_understood(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    bug = await handle.tasks.create(title="T", type="bug")  # type: ignore[arg-type]
    assert bug.type == "bugfix"
    assert (await handle.tasks.update(bug.id, type="documentation")).type == "docs"
    with pytest.raises(RuleViolated):
        await handle.tasks.create(title="T", type="epic")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": "urgent"},
        {"retry_count": -1},
        {"analysis": {"complexity": "huge"}},
        {"status": None},
        {"workflow_id": None},
        {"title": None},
        {"type": None},
    ],
)
async def test_values_that_make_no_sense_are_refused(
    db: Database, acme: Tenant, changes: dict[str, Any]
) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    with pytest.raises(TenantryError) as caught:
        await handle.tasks.update(task.id, **changes)
    assert isinstance(caught.value, (RuleViolated, ReferenceNotFound))
    assert (await handle.tasks.get(task.id)).updated_at == task.updated_at


async def test_nothing_of_another_tenant_can_be_named(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    theirs = db.tenant(beta.id)
    task = await theirs.tasks.create(title="T")
    project = await theirs.projects.create(name="P")
    user = await make_user(db, "ann@example.com", beta)
    handle = db.tenant(acme.id)
    for given in (
        {"parent_id": task.id},
        {"project_id": project.id},
        {"workflow_id": task.workflow_id},
        {"creator_id": user.id},
        {"assigned_to_user_id": user.id},
    ):
        with pytest.raises(ReferenceNotFound):
            await handle.tasks.create(title="T", **given)  # type: ignore[arg-type]
        mine = await handle.tasks.create(title="T")
        with pytest.raises(ReferenceNotFound):
            await handle.tasks.update(mine.id, **given)
    with pytest.raises(NotFound):
        await handle.tasks.transition(task.id, "running")
    with pytest.raises(NotFound):
        await handle.tasks.tree(task.id)
    with pytest.raises(NotFound):
        await handle.tasks.with_executions(task.id)
    with pytest.raises(ReferenceNotFound):
        await handle.tasks.checkpoint(task.id, "here")
    assert await handle.tasks.dependencies(task.id) == []


async def test_the_quota_of_tasks_is_exact(db: Database, acme: Tenant) -> None:
    async with db.service("limits") as s:
        await s.tenants.set_quotas(acme.id, max_tasks=3)
    handle = db.tenant(acme.id)
    await handle.tasks.create_many([{"title": "1"}, {"title": "2"}])
    with pytest.raises(QuotaExceeded) as caught:
        await handle.tasks.create_many([{"title": "3"}, {"title": "4"}])
    assert (caught.value.quota, caught.value.limit) == ("max_tasks", 3)
    await handle.tasks.create(title="3")
    with pytest.raises(QuotaExceeded):
        await handle.tasks.create(title="4")
    assert (await handle.account.usage()).current_tasks == 3


async def test_by_state_by_project_and_by_label(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        project = await t.projects.create(name="P")
        made = await t.tasks.create_many(
            [
                {"title": "a", "status": "running", "labels": ["ui", "now"]},
                {"title": "b", "status": "failed", "project_id": project.id},
                {"title": "c", "status": "cancelled", "project_id": project.id},
                {"title": "d", "labels": ["ui"], "project_id": project.id},
            ]
        )

        def titles(tasks: Sequence[Task]) -> list[str]:
            return [task.title for task in tasks]

        assert titles(await t.tasks.by_state("failed")) == ["b"]
        assert titles(await t.tasks.by_state(category="failed")) == ["c", "b"]
        assert titles(await t.tasks.by_state(category="todo", project_id=project.id)) == ["d"]
        page = await t.tasks.by_state(category="failed", limit=1)
        assert titles(await t.tasks.by_state(category="failed", after=page.next)) == ["b"]
        assert titles(await t.tasks.recent(project.id, limit=2)) == ["d", "c"]
        assert titles(await t.tasks.labelled("ui")) == ["d", "a"]
        assert titles(await t.tasks.labelled("ui", limit=1)) == ["d"]
        assert await t.tasks.labelled("u") == []
        for limit in (0, 10_001):
            with pytest.raises(InvalidInput):
                await t.tasks.labelled("ui", limit=limit)
        assert len(made) == 4


async def test_search_finds_words_in_any_form_best_match_first(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    await db.tenant(beta.id).tasks.create(title="Deploy the payment service")
    handle = db.tenant(acme.id)
    await handle.tasks.create_many(
        [
            {"title": "Clean up", "description": "after deploying the payments were slow"},
            {"title": "Payment deployment", "description": "payment deployments again"},
            {"title": "Invoices", "description": None},
        ]
    )

    async def found(text: str, limit: int = 20) -> list[str]:
        return [t.title for t in await handle.tasks.search(text, limit)]

    assert await found("payments deploy") == ["Payment deployment", "Clean up"]
    assert await found("payments deploy", limit=1) == ["Payment deployment"]
    assert await found("payment -slow") == ["Payment deployment"]
    assert await found('"payment deployment"') == ["Payment deployment"]
    assert await found("invoices or slow") == ["Invoices", "Clean up"]
    assert await found("'; DROP TABLE tasks; --") == []
    assert await found("") == await found("the") == []
    changed = (await handle.tasks.search("invoice"))[0]
    await handle.tasks.update(changed.id, title="Receipts")
    assert await found("invoice") == []
    assert await found("receipt") == ["Receipts"]
    async with db.service("looking for all") as s:
        for tenant, expected in ((acme, 2), (beta, 1)):
            assert len(await s.tenant(tenant.id).tasks.search("payment")) == expected
            assert await s.tenant(tenant.id).tasks.labelled("x") == []


async def test_a_task_with_all_that_was_done_is_one_question(
    place: Place, db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        task, other = await t.tasks.create_many([{"title": "T"}, {"title": "other"}])
        for made_for in (task, task, other):
            await t.execute(
                "INSERT INTO tenantry.agent_executions (tenant_id, task_id, cost_usd, output)"
                """ VALUES ($1, $2, 0.25, '{"said": "ok"}')""", acme.id, made_for.id,
            )  # fmt: skip
        artifact = await t.artifacts.add(task_id=task.id, type="diff", path="a.diff", metadata_={})
    socket = str(place.server.socket_dir / f".s.PGSQL.{place.server.port}")
    async with tap(place.url("app"), socket) as wire:
        through = await tenantry.connect(settings=place.settings(database_url=wire.url))
        async with through, through.tenant(acme.id) as t:
            await t.tasks.with_executions(task.id)
            wire.reset()
            details = await t.tasks.with_executions(task.id)
            assert wire.round_trips == 1
            alone = await t.tasks.with_executions(other.id, limit=1)
    assert details.task.title == "T"
    assert [(e.task_id, e.cost_usd) for e in details.executions] == [(task.id, Decimal("0.25"))] * 2
    assert details.executions[0].id < details.executions[1].id
    assert details.executions[0].output == {"said": "ok"}
    assert [a.id for a in details.artifacts] == [artifact.id]
    assert (len(alone.executions), alone.artifacts) == (1, [])
    with pytest.raises(NotFound):
        await db.tenant(acme.id).tasks.with_executions(uuid7())


async def test_a_checkpoint_is_where_to_go_on(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    assert await handle.tasks.last_checkpoint(task.id) is None
    await handle.tasks.checkpoint(task.id, "planned")
    last = await handle.tasks.checkpoint(task.id, "built", {"step": [1, {"n": 2}]}, ["a.py"])
    found = await handle.tasks.last_checkpoint(task.id)
    assert found is not None
    assert (found.id, found.data, found.artifacts) == (last.id, {"step": [1, {"n": 2}]}, ["a.py"])
    assert [c.state for c in await handle.checkpoints.of(task.id)] == ["planned", "built"]


async def test_many_at_once_keep_objects_and_lists_as_they_are(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    deep = {"a": [1, {"b": None}], "ü": '"quoted" {not, an, array}', "n": 1.5}
    rows: list[dict[str, Any]] = [
        {"labels": ["a", "b,c", '"d"', "{e}", "null", ""], "config": deep, "result": deep,
         "ai_suggestions": [1, "two", {"three": [3]}, [4, []], None], "metadata_": {"k": [[]]}},
        {"labels": [], "config": {}, "result": None, "ai_suggestions": [], "metadata_": {}},
        {"labels": ["x"], "analysis": {"complexity": "simple"}, "agent_queue": ["p", "q"]},
    ]  # fmt: skip
    made = await handle.tasks.create_many([{"title": f"T{n}", **row} for n, row in enumerate(rows)])
    for task, row in zip(made, rows, strict=True):
        read = await handle.tasks.get(task.id)
        for name, value in row.items():
            assert getattr(task, name) == getattr(read, name) == value, name
    # NULL, not JSON's null, where there is nothing.
    assert await handle.tasks.count(Task.result.is_(None)) == 2


async def test_the_owner_of_the_tables_reads_no_row(
    db: Database, place: Place, acme: Tenant
) -> None:
    await db.tenant(acme.id).tasks.create(title="T")
    owner = await place.connection("owner")
    await owner.execute(f"SET app.tenant_id = '{acme.id}'")
    assert await owner.fetchval("SELECT count(*) FROM tenantry.tasks") == 0
    assert await owner.fetchval("SELECT count(*) FROM tenantry.users") == 0
    assert await owner.execute("UPDATE tenantry.tasks SET title = 'x'") == "UPDATE 0"
    await owner.close()
