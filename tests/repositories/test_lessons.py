"""Lessons, patterns, evidence and reviews."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
    ReferenceNotFound,
    RuleViolated,
    TenantNotWritable,
)
from tenantry.ids import uuid7
from tenantry.models import Lesson, Task, Tenant
from tests.fixtures.database import make_user


async def learn(db: Database, tenant: Tenant, title: str, **values: Any) -> Lesson:
    values = {"category": "testing", "summary": "", **values}
    return await db.tenant(tenant.id).lessons.create(title=title, **values)


async def make_task(db: Database, tenant: Tenant) -> Task:
    project = await db.tenant(tenant.id).projects.create(name="P")
    return await db.tenant(tenant.id).tasks.create(title="T", project_id=project.id)


# ---- lessons ------------------------------------------------------------------------------------


async def test_what_is_counted_is_not_written(db: Database, acme: Tenant) -> None:
    lesson = await learn(db, acme, "A")
    assert (lesson.application_count, lesson.success_rate, lesson.confidence) == (0, None, 0.5)
    lessons = db.tenant(acme.id).lessons
    for change in ({"success_rate": 1.0}, {"application_count": 9}):
        with pytest.raises(PermissionDenied):
            await lessons.update(lesson.id, **change)
        with pytest.raises(PermissionDenied):
            await learn(db, acme, "B", **change)
    async with db.service("import") as s:
        old = {"category": "c", "title": "t", "summary": "s", "application_count": 7}
        (imported,) = await s.tenant(acme.id).lessons.create_many([old])
        assert imported.application_count == 7
        assert await s.tenant(acme.id).lessons.record_applied(imported.id) == 8
        assert await s.tenant(acme.id).lessons.record_outcome(imported.id, True) == 1.0
    assert await lessons.record_applied(imported.id) == 9


async def test_applications_are_counted_by_all(db: Database, acme: Tenant) -> None:
    lesson = await learn(db, acme, "A")
    lessons = db.tenant(acme.id).lessons
    counts = await asyncio.gather(*(lessons.record_applied(lesson.id) for _ in range(40)))
    assert sorted(counts) == list(range(1, 41))


async def test_the_success_rate_is_a_moving_average(db: Database, acme: Tenant) -> None:
    """Random outcomes on lessons of their own, against the formula."""
    chance = random.Random(11)  # noqa: S311 - no secret
    lessons = db.tenant(acme.id).lessons

    async def play() -> None:
        lesson, expected = await learn(db, acme, "A"), None
        for _ in range(chance.randint(1, 15)):
            good = chance.random() < 0.6
            rate = await lessons.record_outcome(lesson.id, good)
            expected = float(good) if expected is None else expected * 0.8 + 0.2 * good
            assert rate == pytest.approx(expected)
        assert (await lessons.get(lesson.id)).success_rate == rate

    await asyncio.gather(*(play() for _ in range(25)))


async def test_another_tenant_s_lesson_is_not_rated(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    lesson = await learn(db, acme, "A")
    with pytest.raises(NotFound):
        await db.tenant(beta.id).lessons.record_applied(lesson.id)
    with pytest.raises(NotFound):
        await db.tenant(beta.id).lessons.record_outcome(lesson.id, True)
    async with db.service("suspend") as s:
        await s.tenants.suspend(acme.id)
    with pytest.raises(TenantNotWritable):
        await db.tenant(acme.id).lessons.record_applied(lesson.id)


async def test_search_finds_stemmed_words_of_one_tenant(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    retry = await learn(db, acme, "Retrying requests", summary="Back off", details="exponential")
    await learn(db, acme, "Cache", summary="one retry is enough, requested twice")
    await learn(db, acme, "Other", summary="nothing of it")
    await learn(db, beta, "Retry requests", summary="theirs")
    lessons = db.tenant(acme.id).lessons
    assert [x.title for x in await lessons.search("retries request")] == [
        "Retrying requests",
        "Cache",
    ]
    assert [x.id for x in await lessons.search('"back off"')] == [retry.id]
    assert [x.title for x in await lessons.search("retry -cache")] == ["Retrying requests"]
    assert len(await lessons.search("request", limit=1)) == 1
    assert await lessons.search("") == []
    with pytest.raises(InvalidInput):
        await lessons.search("x", limit=0)
    async with db.service("search") as s:
        assert [x.title for x in await s.tenant(beta.id).lessons.search("retry")] == [
            "Retry requests"
        ]
        assert len(await s.tenants.list()) == 2  # the tenant's context is gone again


async def test_tags_any_and_all(db: Database, acme: Tenant, beta: Tenant) -> None:
    await learn(db, acme, "AB", tags=["a", "b"], confidence=0.2)
    await learn(db, acme, "A", tags=["a"], confidence=0.9)
    await learn(db, acme, "C", tags=["c"])
    await learn(db, beta, "theirs", tags=["a"])
    lessons = db.tenant(acme.id).lessons
    assert [x.title for x in await lessons.by_tags(["a", "b"])] == ["A", "AB"]
    assert [x.title for x in await lessons.by_tags(["a", "b"], match="all")] == ["AB"]
    assert await lessons.by_tags([]) == []
    assert len(await lessons.by_tags([], match="all")) == 3
    with pytest.raises(InvalidInput):
        await lessons.by_tags("a")


async def test_by_category_and_validated(db: Database, acme: Tenant) -> None:
    user = await make_user(db, "ann@example.com", acme)
    first, second = await learn(db, acme, "A"), await learn(db, acme, "B")
    await learn(db, acme, "C", category="other")
    lessons = db.tenant(acme.id).lessons
    await lessons.record_applied(first.id)
    assert [x.id for x in await lessons.by_category("testing")] == [first.id, second.id]
    seen = await lessons.validate(first.id, user.id)
    assert (seen.human_validated, seen.validated_by) == (True, user.id)
    with pytest.raises(ReferenceNotFound):
        await lessons.validate(first.id, uuid7())


# ---- patterns -----------------------------------------------------------------------------------


async def test_a_pattern_is_counted_by_its_content(db: Database, acme: Tenant) -> None:
    patterns = db.tenant(acme.id).patterns
    await asyncio.gather(*(patterns.observe("error", {"a": 1, "b": [2]}) for _ in range(30)))
    again = await patterns.observe("error", {"b": [2], "a": 1})
    assert again.frequency == 31
    assert again.last_seen >= again.created_at
    other = await patterns.observe("error", {"a": 1, "b": [2]}, agent_type="coder")
    assert other.frequency == 1
    assert (await patterns.observe("slow", {"a": 1, "b": [2]})).frequency == 1
    assert [p.id for p in await patterns.frequent("error")] == [again.id, other.id]
    # One line when it was first seen, none for every time after that.
    lines = await db.tenant(acme.id).audit.list(resource_type="patterns")
    assert len(lines) == 3


# ---- evidence -----------------------------------------------------------------------------------


async def test_evidence_is_added_verified_found(db: Database, acme: Tenant, beta: Tenant) -> None:
    user = await make_user(db, "ann@example.com", acme)
    evidence = db.tenant(acme.id).evidence
    one = await evidence.add(
        source_type="test_result", title="Suites", content="All tests passed", tags=["ci", "green"]
    )
    two = await evidence.add(source_type="ai_output", content="Testing was passing", tags=["ci"])
    await db.tenant(beta.id).evidence.add(source_type="x", content="test passes", tags=["ci"])
    assert {e.id for e in await evidence.search("test pass")} == {one.id, two.id}
    seen = await evidence.verify(two.id, user.id, credibility_score=0.9)
    assert (seen.is_verified, seen.verified_by, seen.credibility_score) == (True, user.id, 0.9)
    assert seen.verified_at is not None
    assert [e.id for e in await evidence.by_tags(["ci", "x"])] == [two.id, one.id]
    assert [e.id for e in await evidence.by_tags(["ci", "green"], match="all")] == [one.id]
    with pytest.raises(RuleViolated):
        await evidence.verify(two.id, user.id, credibility_score=1.1)
    with pytest.raises(NotFound):
        await db.tenant(beta.id).evidence.verify(one.id, user.id)


async def test_contradictions_are_seen_from_both_sides(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    evidence = db.tenant(acme.id).evidence
    a, b, c = [await evidence.add(source_type="x", credibility_score=n / 10) for n in (1, 2, 3)]
    await evidence.link(a.id, b.id, "contradicts")
    await evidence.link(c.id, a.id, "contradicts", note="why")
    link = await evidence.link(c.id, b.id, "supports")
    assert [e.id for e in await evidence.contradictions(a.id)] == [c.id, b.id]
    assert [e.id for e in await evidence.contradictions(b.id)] == [a.id]
    assert [e.id for e in await evidence.supporting(b.id)] == [c.id]
    assert await evidence.supporting(c.id) == []
    again = await evidence.link(c.id, b.id, "supports", note="also")
    assert (again.id, again.note) == (link.id, "also")
    assert {x.target_id for x in await evidence.links(c.id)} == {a.id, b.id}
    assert await evidence.unlink(link.id)
    assert await evidence.supporting(b.id) == []
    await evidence.delete(c.id)
    assert [e.id for e in await evidence.contradictions(a.id)] == [b.id]
    with pytest.raises(RuleViolated):
        await evidence.link(a.id, a.id, "supports")
    with pytest.raises(ReferenceNotFound):
        await evidence.link(a.id, uuid7(), "supports")
    theirs = await db.tenant(beta.id).evidence.add(source_type="x")
    with pytest.raises(ReferenceNotFound):
        await evidence.link(a.id, theirs.id, "supports")
    with pytest.raises(ReferenceNotFound):
        await evidence.link(theirs.id, a.id, "supports")
    with pytest.raises(RuleViolated):
        await evidence.link(a.id, b.id, "proves")  # type: ignore[arg-type]
    with pytest.raises(RuleViolated):
        await evidence.link(a.id, b.id, target_type="dream")  # type: ignore[arg-type]


async def test_evidence_speaks_of_reviews_approvals_and_executions(
    db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    task = await make_task(db, acme)
    review = await t.reviews.submit(task.id, "code_review", "passed")
    piece = await t.evidence.add(source_type="x", task_id=task.id)
    async with t as inside:
        row = await inside.fetch_one(
            "INSERT INTO agent_executions (tenant_id, task_id) VALUES ($1, $2) RETURNING id",
            acme.id,
            task.id,
        )
        assert row is not None
    execution = UUID(str(row["id"]))
    await t.evidence.link(piece.id, review.id, target_type="review")
    await t.evidence.link(piece.id, execution, "contradicts", target_type="execution")
    assert [e.id for e in await t.evidence.supporting(review.id, target_type="review")] == [
        piece.id
    ]
    found = await t.evidence.contradictions(execution, target_type="execution")
    assert [e.id for e in found] == [piece.id]
    with pytest.raises(ReferenceNotFound):
        await t.evidence.link(piece.id, review.id, target_type="approval")


# ---- reviews ------------------------------------------------------------------------------------


async def test_reviews_say_when_they_were_given(db: Database, acme: Tenant) -> None:
    task = await make_task(db, acme)
    reviews = db.tenant(acme.id).reviews
    asked = await reviews.submit(task.id, "security_scan", "pending")
    assert asked.reviewed_at is None
    given_ = await reviews.submit(
        task.id, "code_review", "failed", quality_score=0.4, findings=[{"line": 3}], comment="no"
    )
    assert given_.reviewed_at is not None
    assert (given_.findings, given_.quality_score) == ([{"line": 3}], 0.4)
    done = await reviews.decide(asked.id, "passed")
    assert done.reviewed_at is not None
    assert [r.id for r in await reviews.of(task.id)] == [given_.id, asked.id]
    with pytest.raises(RuleViolated):
        await reviews.submit(task.id, "vibes", "passed")  # type: ignore[arg-type]
    with pytest.raises(ReferenceNotFound):
        await reviews.submit(uuid7(), "code_review", "passed")


async def test_self_reviews_count_their_iterations(db: Database, acme: Tenant) -> None:
    task = await make_task(db, acme)
    own = db.tenant(acme.id).self_reviews
    scores: Any = {"quality_score": 0.5, "completeness_score": 0.7, "correctness_score": 0.9}
    first = await own.submit(task.id, "coder", **scores, decision="revise", gaps=["tests"])
    second = await own.submit(task.id, "coder", **scores, decision="approve", overall_score=1.0)
    other = await own.submit(task.id, "tester", **scores, decision="approve")
    assert (first.iteration, second.iteration, other.iteration) == (1, 2, 1)
    assert first.overall_score == pytest.approx(0.7)
    assert (first.gaps, first.requirements, second.overall_score) == (["tests"], [], 1.0)
    assert [r.id for r in await own.of(task.id)] == [other.id, second.id, first.id]


async def test_a_search_says_how_many_it_finds_at_most(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    for limit in (0, -1, 1001):
        for search in (
            t.tasks.search("x", limit),
            t.tasks.labelled("x", limit),
            t.lessons.search("x", limit),
            t.lessons.by_tags(["x"], limit=limit),
            t.evidence.search("x", limit),
            t.evidence.by_tags(["x"], limit=limit),
            t.knowledge.search("x", limit=limit),
        ):
            with pytest.raises(InvalidInput, match="1 to 1000") as caught:
                await search
            assert caught.value.fields["field"] == "limit"
    await t.tasks.create_many([{"title": "x", "labels": ["x"]} for _ in range(3)])
    assert len(await t.tasks.search("x", 1000)) == len(await t.tasks.labelled("x", 1000)) == 3
