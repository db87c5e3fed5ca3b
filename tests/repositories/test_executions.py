"""Executions: their times, and history that is imported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tenantry import Database, ids
from tenantry.errors import InvalidInput, NotFound, ReferenceNotFound, RuleViolated
from tenantry.models import Tenant


async def test_a_run_from_start_to_finish(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    run = await t.executions.start(agent_id=ada.id, input={"ask": 1})
    assert (run.status, run.agent_type) == ("running", "architect")
    assert (run.completed_at, run.duration_ms) == (None, None)
    done = await t.executions.finish(run.id, output={"a": 1}, input_tokens=3, cost_usd=Decimal(2))
    assert (done.status, done.output) == ("success", {"a": 1})
    assert (done.input_tokens, done.cost_usd) == (3, Decimal(2))
    assert done.completed_at is not None
    assert done.duration_ms is not None
    took = (done.completed_at - done.started_at) / timedelta(milliseconds=1)
    assert abs(done.duration_ms - took) < 1
    failed = await t.executions.finish(run.id, "failure", error="no")
    assert (failed.status, failed.error) == ("failure", "no")
    assert failed.completed_at == done.completed_at
    with pytest.raises(InvalidInput):
        await t.executions.finish(run.id, "running")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        await t.executions.finish(ids.uuid7())


async def test_times_that_are_given_stand_and_agree(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    start = datetime(2024, 3, 1, 12, tzinfo=UTC)
    measured = await t.executions.create(
        started_at=start, completed_at=start + timedelta(days=40), status="success"
    )
    assert measured.duration_ms == 40 * 86_400_000
    given = await t.executions.create(started_at=start, duration_ms=1500, status="timeout")
    assert given.completed_at == start + timedelta(milliseconds=1500)
    later = await t.executions.update(measured.id, completed_at=start + timedelta(seconds=1))
    assert later.duration_ms == 1000
    again = await t.executions.update(given.id, status="pending")
    assert (again.completed_at, again.duration_ms) == (None, None)


async def test_runs_of_a_task_and_of_an_agent_within_a_time(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ada = await t.agents.create(name="Ada", agent_type="architect")
    task = await t.tasks.create(title="T")
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 11)]
    made = await t.executions.create_many(
        [
            {"agent_id": ada.id, "task_id": task.id, "started_at": d, "status": "success"}
            for d in days
        ]
    )
    assert [ids.time_of(e.id) for e in made] == days
    assert [e.started_at for e in await t.executions.of_task(task.id)] == days[::-1]
    some = await t.executions.of_agent(ada.id, since=days[2], until=days[5], status="success")
    assert [e.started_at for e in some] == [days[4], days[3], days[2]]
    assert await t.executions.count(since=days[2]) == 8
    assert await t.executions.exists(until=days[0]) is False
    oldest = [e async for e in t.executions.iterate(since=days[8], batch=1)]
    assert [e.started_at for e in oldest] == days[8:]
    wrongs: tuple[Any, ...] = (datetime(2026, 1, 1), "2026-01-01")
    for wrong in wrongs:
        with pytest.raises(InvalidInput):
            await t.executions.list(since=wrong)
    with pytest.raises(InvalidInput):
        await t.executions.create(started_at=datetime(2026, 1, 1))


async def test_errors_name_the_table_and_not_its_partition(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    for when in (None, datetime(2019, 5, 1, tzinfo=UTC)):
        dated = {"started_at": when} if when else {}
        with pytest.raises(RuleViolated) as rule:
            await t.executions.create(input_tokens=-1, **dated)  # type: ignore[arg-type]
        assert rule.value.table == "agent_executions"
        assert rule.value.constraint == "agent_executions_input_tokens_check"
        with pytest.raises(ReferenceNotFound) as reference:
            await t.executions.create(agent_id=ids.uuid7(), **dated)  # type: ignore[arg-type]
        assert reference.value.constraint == "agent_executions_agent_id_fkey"
        assert "no such agent" in reference.value.message
