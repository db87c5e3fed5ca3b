"""How tasks move: only as their workflow says, whoever tries, and however many at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tenantry
import tenantry.sync
from tenantry import Database
from tenantry.errors import (
    InvalidInput,
    InvalidTransition,
    NotFound,
    ReviewsMissing,
    RuleViolated,
    StageChanged,
    TenantryError,
)
from tenantry.handles import TenantTransaction
from tenantry.ids import uuid7
from tenantry.models import Task, Tenant, Workflow
from tenantry.models.quality import ReviewStage
from tests.coordination import soak
from tests.fixtures.database import Place, make_tenant

PRESETS = ("basic", "aigentflow", "agentdesk", "issue")
REVIEWS: tuple[ReviewStage, ...] = (
    "automated_tests",
    "code_review",
    "security_scan",
    "peer_review",
)
ENDED = {"done", "failed"}

_REVIEW = """INSERT INTO tenantry.qa_reviews (tenant_id, task_id, stage, verdict)
VALUES (tenantry.current_tenant_id(), $1, $2, $3)"""


async def review(t: TenantTransaction | Any, task: Task, verdict: str, *stages: str) -> None:
    for stage in stages or REVIEWS:
        await t.execute(_REVIEW, task.id, stage, verdict)


def kinds(flow: Workflow) -> dict[str, str]:
    return {stage["name"]: stage["category"] for stage in flow.stages}


def check_times(before: Task, after: Task, category: str) -> None:
    """What a move leaves: the kind of its stage, when work began, and when it ended."""
    assert after.state_category == category
    assert after.status_changed_at > before.status_changed_at
    if category == "active":
        assert after.started_at is not None
    if before.started_at is not None:
        assert after.started_at == before.started_at
    elif category != "active":
        assert after.started_at is None
    if category not in ENDED:
        assert after.completed_at is None
    elif before.state_category in ENDED:
        assert after.completed_at == before.completed_at
    else:
        assert after.completed_at is not None


@pytest.mark.parametrize("preset", PRESETS)
async def test_every_transition_of_a_preset_and_no_other(
    db: Database, acme: Tenant, preset: str
) -> None:
    async with db.tenant(acme.id) as t:
        flow = await t.workflows.by_name(preset)
        assert flow is not None
        for stage, category in kinds(flow).items():
            for to, to_category in kinds(flow).items():
                task = await t.tasks.create(title="T", workflow_id=flow.id, status=stage)
                assert task.state_category == category
                assert (task.started_at is not None) == (category == "active")
                assert (task.completed_at is not None) == (category in ENDED)
                allowed = flow.transition_rules.get(stage, [])
                assert await t.tasks.allowed_transitions(task.id) == allowed
                if stage in flow.qa_pipeline:
                    await review(t, task, "passed")
                if to in allowed:
                    moved = await t.tasks.transition(task.id, to, expected=stage)
                    assert moved.status == to
                    check_times(task, moved, to_category)
                    continue
                with pytest.raises(InvalidTransition) as caught:
                    async with t.savepoint():
                        await t.tasks.transition(task.id, to)
                assert (caught.value.stage, caught.value.to) == (stage, to)
                assert caught.value.allowed == allowed
                assert (await t.tasks.get(task.id)).status == stage


# ---- random walks -----------------------------------------------------------------------------


@pytest.fixture
async def walks(place: Place) -> tuple[Place, Tenant]:
    async with await tenantry.connect(settings=place.settings()) as db:
        return place, await make_tenant(db, "walkers")


_STEP = st.tuples(
    st.sampled_from(["allowed", "transition", "expected", "update", "sql", "review"]),
    st.integers(0, 40),
    st.integers(0, 40),
)


def test_of_random_moves_only_allowed_ones_ever_succeed(walks: tuple[Place, Tenant]) -> None:
    place, tenant = walks
    with tenantry.sync.connect(settings=place.settings()) as db:
        flows = {w.name: w for w in db.tenant(tenant.id).workflows.list()}

        @settings(
            max_examples=soak(60, 150), deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
        @given(st.sampled_from(PRESETS), st.lists(_STEP, min_size=5, max_size=30))
        def walk(preset: str, steps: list[tuple[str, int, int]]) -> None:
            flow: Workflow = flows[preset]
            names = [*kinds(flow), "nowhere", ""]
            handle = db.tenant(tenant.id)
            task: Task = handle.tasks.create(title="T", workflow_id=flow.id)
            passed: set[str] = set()
            for how, one, other in steps:
                if how == "review":
                    stage, verdict = REVIEWS[one % 4], ("passed", "failed", "pending")[other % 3]
                    handle.execute(_REVIEW, task.id, stage, verdict)
                    if verdict != "pending":  # which says nothing yet
                        (passed.add if verdict == "passed" else passed.discard)(stage)
                    continue
                to, guess = names[one % len(names)], names[other % len(names)]
                if how == "allowed" and (ways := flow.transition_rules.get(task.status)):
                    to = ways[one % len(ways)]
                allowed = to in flow.transition_rules.get(task.status, [])
                if allowed and kinds(flow)[to] in {"waiting", "review", "done"}:
                    allowed = passed >= set(flow.qa_pipeline.get(task.status, ()))
                if how == "expected":
                    allowed = allowed and guess == task.status
                elif how in {"update", "sql"} and to == task.status:
                    allowed = True  # and changes nothing
                try:
                    moved = _try(handle, task, how, to, guess)
                except TenantryError:
                    assert not allowed
                    assert handle.tasks.get(task.id).status == task.status
                else:
                    assert allowed
                    if moved.status != task.status:
                        passed.clear()
                        check_times(task, moved, kinds(flow)[to])
                    task = moved

        walk()


def _try(handle: Any, task: Task, how: str, to: str, guess: str) -> Any:
    if how == "update":
        return handle.tasks.update(task.id, status=to)
    if how == "sql":
        handle.execute("UPDATE tenantry.tasks SET status = $1 WHERE id = $2", to, task.id)
        return handle.tasks.get(task.id)
    return handle.tasks.transition(task.id, to, expected=guess if how == "expected" else None)


# ---- at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [None, "pending"])
async def test_of_many_who_take_a_task_at_once_one_gets_it(
    db: Database, acme: Tenant, expected: str | None
) -> None:
    handle = db.tenant(acme.id)
    for _ in range(5):
        task = await handle.tasks.create(title="T")
        took = await asyncio.gather(
            *(
                handle.tasks.transition(task.id, "running", expected=expected, current_agent=str(n))
                for n in range(12)
            ),
            return_exceptions=True,
        )
        winners = [t for t in took if isinstance(t, Task)]
        losers = [t for t in took if not isinstance(t, Task)]
        assert len(winners) == 1
        assert {type(e) for e in losers} == {StageChanged if expected else InvalidTransition}
        assert (await handle.tasks.get(task.id)).current_agent == winners[0].current_agent


async def test_two_ways_out_of_a_stage_are_never_both_taken(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    for _ in range(5):
        task = await handle.tasks.create(title="T", status="running")
        ways = ("completed", "failed", "cancelled", "awaiting_approval", "pending")
        went = await asyncio.gather(
            *(handle.tasks.transition(task.id, to, expected="running") for to in ways),
            return_exceptions=True,
        )
        (winner,) = [t for t in went if isinstance(t, Task)]
        assert {e.stage for e in went if isinstance(e, StageChanged)} == {winner.status}
        assert sum(isinstance(e, StageChanged) for e in went) == len(ways) - 1
        assert (await handle.tasks.get(task.id)).status == winner.status


async def test_the_errors_tell_what_would_help(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    task = await handle.tasks.create(title="T")
    with pytest.raises(InvalidTransition) as invalid:
        await handle.tasks.transition(task.id, "completed")
    assert invalid.value.to_dict()["allowed"] == ["running", "failed", "cancelled"]
    assert "pending -> completed" in invalid.value.message
    assert "running, failed, cancelled" in invalid.value.message
    with pytest.raises(InvalidTransition) as already:
        await handle.tasks.transition(task.id, "pending", expected="pending")
    assert (already.value.stage, already.value.allowed) == ("pending", invalid.value.allowed)
    with pytest.raises(StageChanged) as changed:
        await handle.tasks.transition(task.id, "failed", expected="running")
    assert (changed.value.expected, changed.value.stage) == ("running", "pending")
    with pytest.raises(NotFound):
        await handle.tasks.transition(uuid7(), "running")
    with pytest.raises(NotFound):
        await handle.tasks.allowed_transitions(uuid7())
    with pytest.raises(RuleViolated) as unknown:
        await handle.tasks.create(title="T", status="nowhere")
    assert unknown.value.constraint == "workflow_stage"


async def test_what_triggers_keep_is_not_to_be_written(
    db: Database, place: Place, acme: Tenant
) -> None:
    task = await db.tenant(acme.id).tasks.create(title="T")
    for column in ("state_category", "started_at", "completed_at", "status_changed_at"):
        with pytest.raises(TenantryError):
            await db.tenant(acme.id).execute(f"UPDATE tenantry.tasks SET {column} = DEFAULT")
    # The service role, which may write every column, gets round no rule either.
    async with db.service("to try") as s:
        await s.execute("UPDATE tenantry.tasks SET state_category = 'done'")
    connection = await place.connection("service")
    with pytest.raises(asyncpg.PostgresError) as caught:
        await connection.execute("UPDATE tenantry.tasks SET status = 'completed'")
    assert caught.value.sqlstate == "TN004"
    await connection.close()
    assert (await db.tenant(acme.id).tasks.get(task.id)).state_category == "todo"


async def test_history_that_the_service_role_imports_keeps_its_times(
    db: Database, acme: Tenant
) -> None:
    began, ended = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
    async with db.service("import") as s:
        task = await s.tenant(acme.id).tasks.create(  # type: ignore[call-arg]
            title="T", status="completed", started_at=began, completed_at=ended,
            status_changed_at=ended,
        )  # fmt: skip
    assert (task.started_at, task.completed_at, task.status_changed_at) == (began, ended, ended)


async def test_moves_of_many_at_once_are_all_or_none(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    await handle.tasks.create_many([{"title": f"T{n}"} for n in range(20)])
    await handle.tasks.create(title="odd", status="completed")
    with pytest.raises(InvalidTransition):
        await handle.execute("UPDATE tenantry.tasks SET status = 'running'")
    assert await handle.tasks.count(status="pending") == 20
    moved = await handle.execute(
        "UPDATE tenantry.tasks SET status = 'running' WHERE status = 'pending'"
    )
    assert moved == 20
    assert len(await handle.tasks.by_state(category="active")) == 20
    with pytest.raises(InvalidInput):
        await handle.tasks.by_state()


# ---- reviews ----------------------------------------------------------------------------------


async def in_review(t: TenantTransaction) -> Task:
    task = await t.tasks.create_in("agentdesk", title="T", status="in_progress")
    return await t.tasks.transition(task.id, "in_review")


async def test_a_pipeline_blocks_until_each_review_has_passed(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        task = await in_review(t)
        for done, _ in enumerate(REVIEWS):
            with pytest.raises(ReviewsMissing) as caught:
                async with t.savepoint():
                    await t.tasks.transition(task.id, "completed")
            assert caught.value.missing == list(REVIEWS[done:])
            assert caught.value.stage == "in_review"
            await review(t, task, "passed", REVIEWS[done])
        assert (await t.tasks.transition(task.id, "completed")).completed_at is not None


async def test_the_last_verdict_counts(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        task = await in_review(t)
        await review(t, task, "passed")
        await review(t, task, "failed", "peer_review")
        with pytest.raises(ReviewsMissing) as caught:
            async with t.savepoint():
                await t.tasks.transition(task.id, "completed")
        assert caught.value.missing == ["peer_review"]
        await t.execute("UPDATE tenantry.qa_reviews SET verdict = 'passed'")
        await t.tasks.transition(task.id, "completed")


async def test_back_to_work_is_always_open_and_asks_for_reviews_anew(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        task = await in_review(t)
        await review(t, task, "passed")
        await t.tasks.transition(task.id, "in_progress")
        await t.tasks.transition(task.id, "in_review")
        with pytest.raises(ReviewsMissing) as caught:
            async with t.savepoint():
                await t.tasks.transition(task.id, "completed")
        assert caught.value.missing == list(REVIEWS)
        await review(t, task, "failed")
        await t.tasks.transition(task.id, "in_progress")


async def test_reviews_of_other_tasks_and_old_or_open_ones_open_nothing(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        task, other = await in_review(t), await in_review(t)
        await review(t, other, "passed")
        await review(t, task, "pending")
        await t.execute(
            "INSERT INTO tenantry.qa_reviews (tenant_id, task_id, stage, verdict, reviewed_at)"
            " SELECT $1, $2, s, 'passed', $3 FROM unnest($4::text[]) AS s",
            acme.id, task.id, datetime.now(UTC) - timedelta(days=1), list(REVIEWS),
        )  # fmt: skip
        with pytest.raises(ReviewsMissing) as caught:
            async with t.savepoint():
                await t.tasks.transition(task.id, "completed")
        assert caught.value.missing == list(REVIEWS)
        await t.tasks.transition(other.id, "completed")


async def test_a_pipeline_is_not_left_by_waiting_nor_through_another_workflow(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        stages: Any = [("doing", "active"), ("checked", "review"), ("held", "waiting"),
                       ("out", "done"), ("dropped", "failed")]  # fmt: skip
        strict = await t.workflows.define(
            "strict", stages=stages,
            transitions={"checked": ["held", "out", "dropped"], "held": ["out"]},
            qa_pipeline={"checked": ["code_review"]},
        )  # fmt: skip
        lax = await t.workflows.define("lax", stages=stages, transitions={"checked": ["out"]})
        task = await t.tasks.create(title="T", workflow_id=strict.id, status="checked")
        for changes in ({"status": "held"}, {"workflow_id": lax.id}):
            with pytest.raises(ReviewsMissing):
                async with t.savepoint():
                    await t.tasks.update(task.id, **changes)
        with pytest.raises(InvalidTransition):
            async with t.savepoint():
                await t.tasks.update(task.id, workflow_id=lax.id, status="out")
        back = await t.tasks.update(task.id, workflow_id=lax.id, status="doing")
        assert (back.workflow_id, back.state_category) == (lax.id, "active")
        given_up = await t.tasks.create(title="T", workflow_id=strict.id, status="checked")
        assert (await t.tasks.transition(given_up.id, "dropped")).state_category == "failed"


async def test_a_task_moves_to_another_workflow_on_a_stage_of_its_kind(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        issue = await t.workflows.by_name("issue")
        assert issue is not None
        task = await t.tasks.create(title="T", status="running")
        for changes in ({}, {"status": "closed"}, {"status": "running"}):
            with pytest.raises(RuleViolated):
                async with t.savepoint():
                    await t.tasks.update(task.id, workflow_id=issue.id, **changes)
        moved = await t.tasks.update(task.id, workflow_id=issue.id, status="in_progress")
        assert (moved.status, moved.state_category) == ("in_progress", "active")
        assert moved.started_at == task.started_at


async def test_an_old_verdict_given_anew_counts_again(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        task = await in_review(t)
        made = [await t.reviews.submit(task.id, stage, "passed") for stage in REVIEWS]
        await t.tasks.transition(task.id, "in_progress")
        await t.tasks.transition(task.id, "in_review")
        for one in made:
            again = await t.reviews.decide(one.id, "passed")
            assert again.reviewed_at is not None
            assert one.reviewed_at is not None
            assert again.reviewed_at > one.reviewed_at
        assert (await t.tasks.transition(task.id, "completed")).state_category == "done"
