"""Agents: registering, finding, and a record that is kept from their executions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenantry import Database
from tenantry.errors import InvalidInput, NotFound, PermissionDenied, RuleViolated
from tenantry.handles import TenantRepositories
from tenantry.ids import uuid7
from tenantry.models import AGENT_TYPES, Agent, Tenant

_RECOUNT = """
SELECT count(*), count(*) FILTER (WHERE status = 'success'),
       count(*) FILTER (WHERE status = 'success')::float8 / nullif(count(*), 0), avg(duration_ms)::float8
FROM tenantry.agent_executions
WHERE agent_id = $1 AND status NOT IN ('pending', 'running')"""


async def agrees(handle: TenantRepositories, agent: Agent) -> Agent:
    """The agent, once its record is found to equal a recount."""
    kept = await handle.agents.get(agent.id)
    [(executions, successes, rate, mean)] = await handle._scope.fetch(_RECOUNT, agent.id)
    assert (kept.execution_count, kept.success_count) == (executions, successes)
    assert kept.success_rate == pytest.approx(rate)
    assert kept.avg_execution_time_ms == pytest.approx(mean)
    return kept


async def test_register_makes_the_agent_once_and_changes_what_is_given(
    db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    first = await t.agents.register(name="Ada", agent_type="architect", tags=["core"])
    again = await t.agents.register(name="Ada", agent_type="architect", version="2.0.0")
    other = await t.agents.register(name="Ada", agent_type="reviewer")
    assert (again.id, again.version, again.tags) == (first.id, "2.0.0", ["core"])
    assert other.id != first.id
    assert await t.agents.count() == 2


async def test_agents_by_kind_by_tag_and_active_ones(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    await t.agents.create_many([{"name": n, "agent_type": n} for n in AGENT_TYPES])
    await t.agents.create(name="Own", agent_type="of_our_own", tags=["a", "b"])
    await t.agents.create(name="Old", agent_type="of_our_own", tags=["b"], is_active=False)
    assert {a.name for a in await t.agents.by_type("of_our_own")} == {"Own", "Old"}
    assert len(await t.agents.active()) == len(AGENT_TYPES) + 1
    assert [a.name for a in await t.agents.tagged("a", "b")] == ["Own"]
    assert {a.name for a in await t.agents.tagged("a", "b", any=True)} == {"Own", "Old"}
    assert len(await t.agents.by_type("of_our_own", is_active=True)) == 1
    with pytest.raises(InvalidInput):
        await t.agents.tagged()
    with pytest.raises(RuleViolated):
        await t.agents.create(name="x", agent_type="")


async def test_a_record_follows_single_writes(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    bob = await t.agents.create(name="Bob", agent_type="tester")
    assert (await agrees(t, ada)).success_rate is None
    run = await t.executions.start(agent_id=ada.id)
    assert (await agrees(t, ada)).execution_count == 0
    await t.executions.finish(run.id, duration_ms=300)
    failed = await t.executions.create(agent_id=ada.id, status="failure", duration_ms=100)
    kept = await agrees(t, ada)
    assert (kept.success_rate, kept.avg_execution_time_ms) == (0.5, 200)
    await t.executions.update(failed.id, status="success", duration_ms=500)
    assert (await agrees(t, ada)).success_rate == 1
    await t.executions.update(failed.id, status="running")
    assert (await agrees(t, ada)).execution_count == 1
    await t.executions.update(run.id, agent_id=bob.id)
    assert (await agrees(t, ada)).success_rate is None
    assert (await agrees(t, bob)).avg_execution_time_ms == 300
    await t.executions.delete(run.id)
    assert (await agrees(t, bob)).execution_count == 0


async def test_a_record_follows_writes_of_many_rows(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    agents = await t.agents.create_many([{"name": f"A{n}", "agent_type": "x"} for n in range(3)])
    status = ["success", "failure", "timeout", "cancelled", "running", "pending"]
    rows = [
        {"agent_id": agents[n % 3].id, "status": status[n % 5], "duration_ms": n * 10}
        for n in range(60)
    ]
    await t.executions.create_many([*rows, {"status": "success"}])
    for agent in agents:
        assert (await agrees(t, agent)).execution_count == 16
    await t.execute(
        "UPDATE tenantry.agent_executions SET status = 'success' WHERE status = 'running'"
    )
    await t.execute(
        "UPDATE tenantry.agent_executions SET agent_id = $1 WHERE agent_id = $2",
        agents[0].id, agents[1].id,
    )  # fmt: skip
    for agent in agents:
        await agrees(t, agent)
    await t.execute("DELETE FROM tenantry.agent_executions WHERE status <> 'success'")
    for agent in agents:
        await agrees(t, agent)
    assert (await t.agents.get(agents[0].id)).success_rate == 1


async def test_runs_that_go_with_their_task_leave_the_record(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    task = await t.tasks.create(title="T")
    await t.executions.create_many(
        [
            {"agent_id": ada.id, "task_id": task.id, "status": "success"},
            {"agent_id": ada.id, "status": "failure"},
        ]
    )
    await t.tasks.delete(task.id)
    assert (await agrees(t, ada)).success_rate == 0
    await t.agents.delete(ada.id)
    [left] = await t.executions.list()
    assert (left.agent_id, left.agent_type) == (None, "architect")


async def test_stats_tell_more_than_the_record(db: Database, acme: Tenant, beta: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    await t.executions.create(
        agent_id=ada.id, status="success", input_tokens=5, cost_usd=Decimal(1)
    )
    newest = await t.executions.start(agent_id=ada.id, output_tokens=7)
    stats = await t.agents.stats(ada.id)
    assert (stats.executions, stats.by_status) == (1, {"running": 1, "success": 1})
    assert (stats.input_tokens, stats.output_tokens, stats.cost_usd) == (5, 7, Decimal(1))
    assert stats.last_started_at == newest.started_at
    for missing in (uuid7(), ada.id):
        with pytest.raises(NotFound):
            await db.tenant(beta.id).agents.stats(missing)


async def test_the_record_is_the_database_s_alone(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    with pytest.raises(PermissionDenied):
        await t.agents.update(ada.id, success_rate=1.0)
