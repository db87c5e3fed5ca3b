"""What gathers around a task: comments, files, results."""

from __future__ import annotations

import pytest

from tenantry import Database
from tenantry.errors import AlreadyExists, NotFound, ReferenceNotFound, RuleViolated
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tests.fixtures.database import make_user


async def test_people_and_machines_talk_about_a_task(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    async with db.tenant(acme.id) as t:
        task, other = await t.tasks.create_many([{"title": "T"}, {"title": "other"}])
        (agent,) = await t.fetch(
            "INSERT INTO tenantry.agents (tenant_id, name, agent_type) VALUES ($1, 'r', 'reviewer')"
            " RETURNING id", acme.id,
        )  # fmt: skip
        said = await t.comments.add(task.id, "Why?", author_id=ann.id)
        answered = await t.comments.add(
            task.id, "Because.", agent_id=agent["id"], ai_metadata={"model": "m"}
        )
        nameless = await t.comments.add(task.id, "Beep.", ai_metadata={"model": "m"})
        await t.comments.add(other.id, "Elsewhere")
        thread = await t.comments.of(task.id)
    assert [c.id for c in thread] == [said.id, answered.id, nameless.id]
    assert [c.is_ai_generated for c in thread] == [False, True, True]
    assert thread[1].ai_metadata == {"model": "m"}
    handle = db.tenant(acme.id)
    first = await handle.comments.of(task.id, limit=2)
    assert [c.id for c in await handle.comments.of(task.id, after=first.next)] == [nameless.id]
    newest = await handle.comments.of(task.id, limit=1, order="newest")
    assert [c.content for c in newest] == ["Beep."]
    with pytest.raises(RuleViolated):
        await handle.comments.add(task.id, "")


async def test_a_comment_of_github_is_taken_over_once(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    await handle.comments.create(task_id=task.id, content="a", github_comment_id=2**40)
    with pytest.raises(AlreadyExists):
        await handle.comments.create(task_id=task.id, content="b", github_comment_id=2**40)
    changed = await handle.comments.upsert(
        on="github_comment_id", task_id=task.id, content="b", github_comment_id=2**40
    )
    assert changed.content == "b"
    assert await handle.comments.count() == 1


async def test_files_and_what_they_prove(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    log = await handle.attachments.add(
        task_id=task.id, filename="run.log", storage_path="s3://b/run.log", size_bytes=3 * 2**31,
        is_evidence=True,
    )  # fmt: skip
    await handle.attachments.add(task_id=task.id, filename="a.png", storage_path="s3://b/a.png")
    assert [a.filename for a in await handle.attachments.of(task.id)] == ["run.log", "a.png"]
    proof = await handle.attachments.list(task_id=task.id, is_evidence=True)
    assert [a.id for a in proof] == [log.id]
    with pytest.raises(RuleViolated):
        await handle.attachments.update(log.id, size_bytes=-1)


async def test_results_are_approved_or_rejected(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    made = await handle.artifacts.add(task_id=task.id, type="diff", path="a.diff", content="+1")
    assert made.approved is None
    assert (await handle.artifacts.approve(made.id)).approved is True
    assert (await handle.artifacts.reject(made.id)).approved is False
    assert [a.id for a in await handle.artifacts.of(task.id)] == [made.id]
    with pytest.raises(NotFound):
        await handle.artifacts.approve(uuid7())
    with pytest.raises(RuleViolated):
        await handle.artifacts.add(task_id=task.id, type="diff", path="")


async def test_nothing_gathers_around_another_tenants_task(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    task = await db.tenant(beta.id).tasks.create(title="T")
    await db.tenant(beta.id).comments.add(task.id, "ours")
    handle = db.tenant(acme.id)
    with pytest.raises(ReferenceNotFound):
        await handle.comments.add(task.id, "theirs")
    with pytest.raises(ReferenceNotFound):
        await handle.artifacts.add(task_id=task.id, type="diff", path="x")
    with pytest.raises(ReferenceNotFound):
        await handle.approvals.request(task.id)
    assert await handle.comments.of(task.id) == []
