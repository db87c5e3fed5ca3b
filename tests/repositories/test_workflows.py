"""Workflows: what a tenant begins with, what a platform defines, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    NotFound,
    ReferenceNotFound,
    RuleViolated,
    StillReferenced,
    TenantryError,
)
from tenantry.models import Tenant, Workflow

STAGES: dict[str, dict[str, str]] = {
    "basic": {
        "pending": "todo",
        "running": "active",
        "awaiting_approval": "waiting",
        "completed": "done",
        "failed": "failed",
        "cancelled": "failed",
    },
    "aigentflow": {
        "pending": "todo",
        "analyzing": "active",
        "orchestrating": "active",
        "agent_working": "active",
        "awaiting_approval": "waiting",
        "completing": "active",
        "completed": "done",
        "failed": "failed",
        "aborted": "failed",
    },
    "agentdesk": {
        "pending": "todo",
        "assigned": "todo",
        "in_progress": "active",
        "in_review": "review",
        "completed": "done",
    },
    "issue": {
        "open": "todo",
        "draft": "todo",
        "in_progress": "active",
        "in_review": "review",
        "blocked": "waiting",
        "closed": "done",
    },
}


def document(**changes: Any) -> dict[str, Any]:
    """A workflow as the table has it."""
    return {
        "name": "mine",
        "stages": [{"name": "new", "category": "todo"}, {"name": "done", "category": "done"}],
        "transition_rules": {"new": ["done"]},
        "initial_stage": "new",
        **changes,
    }


async def test_a_new_tenant_has_the_presets_and_basic_is_its_default(
    db: Database, acme: Tenant
) -> None:
    handle = db.tenant(acme.id)
    made = {w.name: w for w in await handle.workflows.list()}
    assert {
        name: {s["name"]: s["category"] for s in w.stages} for name, w in made.items()
    } == STAGES
    assert all(w.is_builtin for w in made.values())
    assert (await handle.workflows.default()).name == "basic"
    assert (await handle.tasks.create(title="T")).workflow_id == made["basic"].id


async def test_each_tenant_has_its_own(db: Database, acme: Tenant, beta: Tenant) -> None:
    mine = await db.tenant(acme.id).workflows.by_name("issue")
    theirs = await db.tenant(beta.id).workflows.by_name("issue")
    assert mine is not None
    assert theirs is not None
    assert mine.id != theirs.id
    assert await db.tenant(acme.id).workflows.find(theirs.id) is None
    with pytest.raises(ReferenceNotFound):
        await db.tenant(acme.id).tasks.create(title="T", workflow_id=theirs.id)


async def test_a_platform_defines_its_own(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        made = await t.workflows.define(
            "support",
            stages=[("new", "todo"), ("answering", "active"), ("solved", "done")],
            transitions={"new": ["answering"], "answering": ["new", "solved"]},
        )
        task = await t.tasks.create_in("support", title="Help")
        assert (task.workflow_id, task.status, task.state_category) == (made.id, "new", "todo")
        task = await t.tasks.transition(task.id, "answering")
        again = await t.workflows.define(
            "support",
            stages=[("answering", "active"), ("solved", "done"), ("closed", "done")],
            transitions={"answering": ["closed"]},
            initial="solved",
        )
        assert again.id == made.id
        assert await t.tasks.allowed_transitions(task.id) == ["closed"]
        assert (await t.tasks.create_in("support", title="Late")).status == "solved"
        with pytest.raises(NotFound):
            await t.tasks.create_in("suport", title="T")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stages": []}, "no stage"),
        ({"stages": {"name": "new"}}, "no list"),
        ({"stages": "new"}, "no list"),
        ({"stages": ["new"]}, "no name"),
        ({"stages": [{"category": "todo"}]}, "no name"),
        ({"stages": [{"name": "", "category": "todo"}]}, "no name"),
        ({"stages": [{"name": "new", "category": "todo"}] * 2}, "twice"),
        ({"stages": [{"name": "new", "category": "odd"}]}, "category"),
        ({"stages": [{"name": "new"}]}, "category"),
        ({"initial_stage": "other"}, "initial stage"),
        ({"transition_rules": {"other": ["new"]}}, "transition names"),
        ({"transition_rules": {"new": ["other"]}}, "transition names"),
        ({"transition_rules": {"new": [None]}}, "transition names"),
        ({"transition_rules": {"new": "done"}}, "transitions are no lists"),
        ({"transition_rules": ["new"]}, "transitions are no lists"),
        ({"qa_pipeline": {"other": ["code_review"]}}, "pipeline names"),
        ({"qa_pipeline": {"new": ["looks_fine"]}}, "pipeline names"),
        ({"qa_pipeline": {"new": {}}}, "pipeline is no lists"),
        ({"qa_pipeline": []}, "pipeline is no lists"),
        ({"retry_rule": {"stage": "other"}}, "retry rule names"),
        ({"retry_rule": {"max_retries": "3"}}, "no number"),
        ({"retry_rule": [3]}, "retry rule is no object"),
    ],
)
async def test_a_document_that_makes_no_sense_is_refused_with_the_reason(
    db: Database, acme: Tenant, changes: dict[str, Any], reason: str
) -> None:
    handle = db.tenant(acme.id)
    with pytest.raises(RuleViolated) as caught:
        await handle.workflows.create(**document(**changes))
    assert caught.value.constraint == "workflow_rules"
    assert "workflow mine" in caught.value.message
    assert reason in caught.value.message
    good = await handle.workflows.create(**document())
    with pytest.raises(RuleViolated):
        await handle.workflows.update(good.id, **changes)


async def test_a_stage_tasks_stand_on_can_neither_go_nor_change_its_kind(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        flow = await t.workflows.create(**document())
        task = await t.tasks.create(title="T", workflow_id=flow.id)
    handle = db.tenant(acme.id)
    new, done = flow.stages
    for stages in ([done], [{"name": "new", "category": "active"}, done]):
        with pytest.raises(RuleViolated) as caught:
            await handle.workflows.update(
                flow.id, stages=stages, transition_rules={}, initial_stage="done"
            )
        assert "stand on its stage new" in caught.value.message
    with pytest.raises(StillReferenced):
        await handle.workflows.delete(flow.id)
    await handle.tasks.transition(task.id, "done")
    left = await handle.workflows.update(
        flow.id, stages=[done, {"name": "late", "category": "done"}],
        transition_rules={}, initial_stage="done",
    )  # fmt: skip
    assert [s["name"] for s in left.stages] == ["done", "late"]
    assert new not in left.stages
    await handle.tasks.delete(task.id)
    assert await handle.workflows.delete(flow.id)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_a_stage_cannot_go_while_a_task_is_moving_onto_it(
    db: Database, acme: Tenant, isolation: Any
) -> None:
    flow = await db.tenant(acme.id).workflows.create(**document())
    new = flow.stages[0]

    async def drop() -> Workflow:
        return await db.tenant(acme.id).workflows.update(flow.id, stages=[new], transition_rules={})

    async with db.tenant(acme.id, isolation=isolation) as t:
        task = await t.tasks.create(title="T", workflow_id=flow.id)
        await t.tasks.transition(task.id, "done")
        dropping = asyncio.create_task(drop())
        await asyncio.sleep(0.2)
        assert not dropping.done()
    with pytest.raises(RuleViolated):
        await dropping
    await db.tenant(acme.id).tasks.delete(task.id)

    # And the other way round: a task that would move onto what is going waits, and is refused.
    task = await db.tenant(acme.id).tasks.create(title="T", workflow_id=flow.id)

    async def move() -> None:
        async with db.tenant(acme.id, isolation=isolation) as t:
            await t.tasks.get(task.id)
            began.set()
            await dropped.wait()
            await t.tasks.transition(task.id, "done")

    began, dropped = asyncio.Event(), asyncio.Event()
    moving = asyncio.create_task(move())
    await began.wait()
    await drop()
    dropped.set()
    with pytest.raises(TenantryError):
        await moving
    assert (await db.tenant(acme.id).tasks.get(task.id)).status == "new"


async def test_stages_change_under_the_eyes_of_what_has_moved(db: Database, acme: Tenant) -> None:
    flow = await db.tenant(acme.id).workflows.create(**document())
    with pytest.raises(RuleViolated) as caught:
        await db.tenant(acme.id, isolation="repeatable read").workflows.update(
            flow.id, stages=[flow.stages[0]], transition_rules={}
        )
    assert "read committed" in caught.value.message


async def test_one_default_whoever_sets_it_at_once(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    flows = await handle.workflows.list()
    made = await asyncio.gather(*(handle.workflows.set_default(f.id) for f in flows * 4))
    assert all(w.is_default for w in made)
    assert await handle.workflows.count(is_default=True) == 1
    chosen = await handle.workflows.default()
    assert (await handle.tasks.create(title="T")).workflow_id == chosen.id
    with pytest.raises(AlreadyExists) as caught:
        await handle.workflows.create(**document(is_default=True))
    assert "set_default" in caught.value.message
    await handle.workflows.update(chosen.id, is_default=False)
    with pytest.raises(RuleViolated) as refused:
        await handle.tasks.create(title="T")
    assert refused.value.constraint == "workflow_default"
    with pytest.raises(NotFound):
        await handle.workflows.default()
