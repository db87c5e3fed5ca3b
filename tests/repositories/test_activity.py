"""The feed: what is shown to whom, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tenantry import Database
from tenantry.models import Tenant

_START = datetime(2026, 5, 1, tzinfo=UTC)


async def test_the_feed_by_project_task_user_and_what_is_public(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    t = db.tenant(acme.id, user_id=None)
    project = await t.projects.create(name="P")
    task = await t.tasks.create(title="T", project_id=project.id)
    await t.activity.post(activity_type="project_made", project_id=project.id, is_public=True)
    await t.activity.post(activity_type="task_made", project_id=project.id, task_id=task.id)
    await t.activity.post(activity_type="user_joined", user_id=acme.id, details={"by": "x"})
    await db.tenant(beta.id).activity.post(activity_type="other", is_public=True)

    async def kinds(**filters: object) -> list[str]:
        return [a.activity_type for a in await t.activity.feed(**filters)]  # type: ignore[arg-type]

    assert await kinds() == ["user_joined", "task_made", "project_made"]
    assert await kinds(public=True) == ["project_made"]
    assert await kinds(public=False) == ["user_joined", "task_made"]
    assert await kinds(project_id=project.id) == ["task_made", "project_made"]
    assert await kinds(task_id=task.id) == ["task_made"]
    assert await kinds(user_id=acme.id) == ["user_joined"]


async def test_the_feed_pages_through_its_past_in_order(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    days = [_START + timedelta(days=20 * n) for n in range(10)]
    await t.activity.create_many(
        [{"activity_type": "a", "summary": str(n), "created_at": d} for n, d in enumerate(days)]
    )
    seen, after = [], None
    while True:
        page = await t.activity.feed(limit=3, after=after)
        seen += [a.summary for a in page]
        if (after := page.next) is None:
            break
    assert seen == [str(n) for n in reversed(range(10))]
    some = await t.activity.feed(since=days[2], until=days[4])
    assert [a.created_at for a in some] == [days[3], days[2]]
