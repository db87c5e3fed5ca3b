"""A tenant's statistics equal counts, and are of nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tenantry import Database
from tenantry.models import Tenant
from tests.fixtures.database import make_user


async def test_statistics_equal_counts(db: Database, acme: Tenant, beta: Tenant) -> None:
    for tenant in (acme, beta):
        t = db.tenant(tenant.id)
        await make_user(db, f"{tenant.slug}@example.com", tenant)
        await t.projects.create_many([{"name": "P"}, {"name": "Q"}])
        await t.desks.create(code="d", title="D")
        await t.agents.create(name="A", agent_type="tester")
        await t.tasks.create_many([{"title": f"T{n}"} for n in range(3)])
        session = await t.sessions.open()
        conversation = await t.conversations.start(title="C")
        for place in ({"session_id": session.id}, {"conversation_id": conversation.id}):
            await t.messages.append(role="user", **place)  # type: ignore[arg-type]
        await t.messages.append(role="user", session_id=session.id, conversation_id=conversation.id)
        await t.executions.create_many([{}, {}])
        await t.costs.record(cost_usd=Decimal(2))
        await t.costs.record(cost_usd=Decimal(3), created_at=datetime(2025, 1, 1, tzinfo=UTC))
    await db.tenant(beta.id).projects.create(name="R")
    found = await db.tenant(acme.id).account.statistics()
    assert (found.users, found.projects, found.desks, found.agents) == (1, 2, 1, 1)
    assert (found.tasks, found.tasks_open, found.tasks_completed, found.tasks_failed) == (
        3,
        3,
        0,
        0,
    )
    assert (found.sessions, found.executions, found.messages) == (1, 2, 3)
    assert (found.lessons, found.evidence, found.knowledge_bases, found.documents) == (0, 0, 0, 0)
    assert (found.cost_this_month, found.cost_total) == (Decimal(2), Decimal(5))
    async with db.service("overview") as s:
        assert await s.tenant(acme.id).account.statistics() == found
        assert (await s.tenant(beta.id).account.statistics()).projects == 3


async def test_nobody_counts_another_tenant_s_rows(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    await db.tenant(beta.id).projects.create(name="P")
    rows = await db.tenant(acme.id).fetch("SELECT * FROM tenantry.tenant_statistics($1)", beta.id)
    assert set(rows[0].values()) == {0}
