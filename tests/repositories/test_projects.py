"""What a repository does, shown on projects: the same holds for every tenant-scoped table."""

from __future__ import annotations

import pytest

from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    InvalidInput,
    InvalidRows,
    NotFound,
    QuotaExceeded,
    ReferenceNotFound,
    RuleViolated,
)
from tenantry.ids import uuid7
from tenantry.models import Project, Tenant
from tests.fixtures.database import make_user


async def test_create_returns_what_is_stored_with_its_defaults(db: Database, acme: Tenant) -> None:
    made = await db.tenant(acme.id).projects.create(name="Apollo", config={"ai_model": "m"})
    read = await db.tenant(acme.id).projects.get(made.id)
    assert (read.name, read.status, read.default_branch) == ("Apollo", "active", "main")
    assert (read.config, read.tech_stack) == ({"ai_model": "m"}, [])
    assert read.tenant_id == acme.id
    assert read.created_at == made.created_at


async def test_get_of_nothing_is_not_found_and_find_is_none(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    with pytest.raises(NotFound) as caught:
        await handle.projects.get(missing := uuid7())
    assert caught.value.id == str(missing)
    assert await handle.projects.find(missing) is None


async def test_list_pages_through_everything_once_newest_first(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    made = await handle.projects.create_many([{"name": f"P{n}"} for n in range(7)])
    seen, after = [], None
    while True:
        page = await handle.projects.list(limit=3, after=after)
        seen += [p.id for p in page]
        if page.next is None:
            break
        after = page.next
    assert seen == sorted((p.id for p in made), reverse=True)
    oldest = [p.id async for p in handle.projects.iterate(batch=2)]
    assert oldest == seen[::-1]


async def test_filters_by_value_by_null_by_several_and_by_expression(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        await t.projects.create_many(
            [
                {"name": "A", "slug": "a"},
                {"name": "B", "status": "archived"},
                {"name": "C", "status": "deleted"},
            ]
        )

        async def names(*criteria: object, **filters: object) -> set[str]:
            return {p.name for p in await t.projects.list(*criteria, **filters)}  # type: ignore[arg-type]

        assert await names(status="archived") == {"B"}
        assert await names(slug=None) == {"B", "C"}
        assert await names(status=["archived", "deleted"]) == {"B", "C"}
        assert await names(Project.name > "A", Project.status != "deleted") == {"B"}
        assert await names(Project.name.in_(["A", "C"]), status="active") == {"A"}
        assert await t.projects.count(status="active") == 1
        assert await t.projects.count(Project.name.like("%")) == 3
        assert await t.projects.exists(slug="a")
        assert not await t.projects.exists(slug="z")


async def test_create_many_keeps_order_and_mixed_columns(db: Database, acme: Tenant) -> None:
    rows = [{"name": f"P{n}", **({"slug": f"s{n}"} if n % 3 else {})} for n in range(10)]
    made = await db.tenant(acme.id).projects.create_many(rows)
    assert [p.name for p in made] == [r["name"] for r in rows]
    assert [p.slug for p in made] == [r.get("slug") for r in rows]
    assert await db.tenant(acme.id).projects.create_many([]) == []


async def test_create_many_is_all_or_nothing(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    with pytest.raises(InvalidRows) as wrong:
        await handle.projects.create_many([{"name": "fine"}, {"name": ""}])
    assert [fault["index"] for fault in wrong.value.errors] == [1]
    with pytest.raises(AlreadyExists) as twice:
        await handle.projects.create_many(
            [{"name": "x"}, {"name": "y", "slug": "s"}, {"name": "z", "slug": "s"}]
        )
    assert [fault["index"] for fault in twice.value.fields["errors"]] == [2]
    assert await handle.projects.count() == 0


async def test_update_changes_only_what_is_named(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    made = await handle.projects.create(name="A", description="d")
    changed = await handle.projects.update(made.id, name="B", description=None)
    assert (changed.name, changed.description, changed.status) == ("B", None, "active")
    assert changed.updated_at > made.updated_at
    with pytest.raises(NotFound):
        await handle.projects.update(uuid7(), name="B")
    with pytest.raises(InvalidInput):
        await handle.projects.update(made.id)


async def test_upsert_inserts_then_changes(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    first = await handle.projects.upsert(on="slug", slug="s", name="One")
    second = await handle.projects.upsert(on="slug", slug="s", name="Two")
    assert (first.id, second.name) == (second.id, "Two")
    with pytest.raises(InvalidInput):
        await handle.projects.upsert(on="slug", name="no slug")


async def test_delete_says_whether_there_was_one(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    made = await handle.projects.create(name="A")
    assert await handle.projects.delete(made.id)
    assert not await handle.projects.delete(made.id)


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"nam": "x"}, InvalidInput, "nam"),
        ({"name": "x", "tenant_id": uuid7()}, InvalidInput, "tenant_id"),
        ({"name": 3}, InvalidInput, ""),
        ({"name": ""}, RuleViolated, None),
        ({"name": "x", "status": "odd"}, RuleViolated, None),
        ({}, RuleViolated, None),
        ({"name": "x\0y"}, InvalidInput, None),
        ({"name": "x", "owner_id": uuid7()}, ReferenceNotFound, None),
    ],
)
async def test_bad_values_are_refused_with_their_reason(
    db: Database, acme: Tenant, values: dict[str, object], error: type[Exception], field: str | None
) -> None:
    with pytest.raises(error) as caught:
        await db.tenant(acme.id).projects.create(**values)  # type: ignore[arg-type]
    if field is not None:
        assert getattr(caught.value, "field", None) == field
    assert await db.tenant(acme.id).projects.count() == 0


async def test_limits_outside_reason_are_refused(db: Database, acme: Tenant) -> None:
    for limit in (0, -1, 10_001):
        with pytest.raises(InvalidInput):
            await db.tenant(acme.id).projects.list(limit=limit)


async def test_one_slug_in_two_tenants_but_not_twice_in_one(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    await db.tenant(acme.id).projects.create(name="A", slug="same")
    await db.tenant(beta.id).projects.create(name="B", slug="same")
    with pytest.raises(AlreadyExists):
        await db.tenant(acme.id).projects.create(name="C", slug="same")


async def test_an_owner_who_leaves_leaves_the_project(db: Database, acme: Tenant) -> None:
    user = await make_user(db, "ann@example.com", acme)
    project = await db.tenant(acme.id).projects.create(name="A", owner_id=user.id)
    async with db.service("leaving") as s:
        members = s.tenant(acme.id).memberships
        membership = await members.of(user.id)
        assert membership is not None
        await members.delete(membership.id)
    assert (await db.tenant(acme.id).projects.get(project.id)).owner_id is None


async def test_quota_is_exact_under_single_and_bulk_inserts(db: Database, acme: Tenant) -> None:
    async with db.service("limits") as s:
        await s.tenants.set_quotas(acme.id, max_projects=3)
    handle = db.tenant(acme.id)
    await handle.projects.create_many([{"name": "1"}, {"name": "2"}])
    with pytest.raises(QuotaExceeded) as caught:
        await handle.projects.create_many([{"name": "3"}, {"name": "4"}])
    assert (caught.value.quota, caught.value.limit) == ("max_projects", 3)
    third = await handle.projects.create(name="3")
    with pytest.raises(QuotaExceeded):
        await handle.projects.create(name="4")
    await handle.projects.delete(third.id)
    await handle.projects.create(name="4")
    assert (await handle.account.usage()).current_projects == 3
