"""What tasks wait for and what they are parts of: never in a circle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tenantry.sync
from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    CircularReference,
    InvalidRows,
    ReferenceNotFound,
    SerializationFailure,
    TenantryError,
)
from tenantry.ids import uuid7
from tenantry.models import Task, Tenant
from tenantry.repositories import TaskNode
from tests.coordination import soak
from tests.fixtures.database import Place, make_tenant


async def tasks(db: Database, tenant: Tenant, many: int) -> list[Task]:
    rows = [{"title": f"T{n}"} for n in range(many)]
    return list(await db.tenant(tenant.id).tasks.create_many(rows))


async def test_a_task_waits_for_others(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    build, test, ship = await tasks(db, acme, 3)
    await handle.tasks.add_dependency(test.id, on=build.id)
    await handle.tasks.add_dependency(ship.id, on=test.id)
    await handle.tasks.add_dependency(ship.id, on=build.id)
    assert [t.id for t in await handle.tasks.dependencies(ship.id)] == [build.id, test.id]
    assert [t.id for t in await handle.tasks.dependents(build.id)] == [test.id, ship.id]
    with pytest.raises(AlreadyExists) as caught:
        await handle.tasks.add_dependency(ship.id, on=build.id)
    assert caught.value.message == "It waits for that task already."
    assert await handle.tasks.remove_dependency(ship.id, on=build.id)
    assert not await handle.tasks.remove_dependency(ship.id, on=build.id)
    assert [t.id for t in await handle.tasks.dependencies(ship.id)] == [test.id]
    await handle.tasks.delete(test.id)
    assert await handle.tasks.dependencies(ship.id) == []


async def test_circles_of_every_length_are_refused(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    many = await tasks(db, acme, 12)
    with pytest.raises(CircularReference) as caught:
        await handle.tasks.add_dependency(many[0].id, on=many[0].id)
    assert caught.value.constraint == "no_circular_dependency"
    for n in range(11):
        await handle.tasks.add_dependency(many[n].id, on=many[n + 1].id)
        with pytest.raises(CircularReference):
            await handle.tasks.add_dependency(many[n + 1].id, on=many[0].id)
    (link,) = await handle.dependencies.list(task_id=many[5].id)
    with pytest.raises(CircularReference):
        await handle.dependencies.update(link.id, depends_on_id=many[4].id)
    assert await handle.dependencies.count() == 11


async def test_a_circle_within_a_bulk_is_refused_and_nothing_of_it_stays(
    db: Database, acme: Tenant
) -> None:
    handle = db.tenant(acme.id)
    ids = [t.id for t in await tasks(db, acme, 5)]
    ring = [
        {"task_id": a, "depends_on_id": b} for a, b in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    with pytest.raises(InvalidRows) as caught:
        await handle.dependencies.create_many(ring)
    assert [fault["index"] for fault in caught.value.errors] == [4]
    assert isinstance(caught.value.__cause__, CircularReference)
    assert await handle.dependencies.count() == 0
    await handle.dependencies.create_many(ring[:-1])
    with pytest.raises(InvalidRows):
        await handle.dependencies.create_many(ring[-1:])


async def test_nothing_of_another_tenant_is_waited_for(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    (mine,), (theirs,) = await tasks(db, acme, 1), await tasks(db, beta, 1)
    handle = db.tenant(acme.id)
    for one, other in ((mine, theirs), (theirs, mine)):
        with pytest.raises(ReferenceNotFound):
            await handle.tasks.add_dependency(one.id, on=other.id)


async def _together(db: Database, tenant: Tenant, isolation: Any, *steps: Any) -> list[Any]:
    """Each step in a transaction of its own, whose snapshots are all older than any step."""
    ready = asyncio.Barrier(len(steps))

    async def one(step: Any) -> None:
        async with db.tenant(tenant.id, isolation=isolation) as t:
            await t.tasks.count()
            await ready.wait()
            await step(t)

    return await asyncio.gather(*map(one, steps), return_exceptions=True)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
@pytest.mark.parametrize("length", [2, 3, 5])
async def test_of_those_who_close_a_circle_together_one_fails(
    db: Database, acme: Tenant, isolation: Any, length: int
) -> None:
    ids = [t.id for t in await tasks(db, acme, length)]
    pairs = list(zip(ids, [*ids[1:], ids[0]], strict=True))
    linked = await _together(
        db, acme, isolation, *(lambda t, a=a, b=b: t.tasks.add_dependency(a, on=b) for a, b in pairs)
    )  # fmt: skip
    failed = [e for e in linked if e is not None]
    made = await db.tenant(acme.id).dependencies.count()
    assert made == length - len(failed)
    if isolation == "read committed":
        assert [type(e) for e in failed] == [CircularReference]
    else:
        assert failed
        assert {type(e) for e in failed} <= {SerializationFailure, CircularReference}

    await db.tenant(acme.id).execute("DELETE FROM tenantry.task_dependencies")
    placed = await _together(
        db, acme, isolation, *(lambda t, a=a, b=b: t.tasks.update(a, parent_id=b) for a, b in pairs)
    )  # fmt: skip
    failed = [e for e in placed if e is not None]
    assert failed
    assert {type(e) for e in failed} <= {SerializationFailure, CircularReference}
    if isolation == "read committed":
        assert [type(e) for e in failed] == [CircularReference]


@pytest.fixture
async def place_of(place: Place) -> tuple[Place, Tenant]:
    async with await tenantry.connect(settings=place.settings()) as db:
        return place, await make_tenant(db, "graphs")


_EDGES = st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6), max_size=8)


def test_no_series_of_bulks_makes_a_circle(place_of: tuple[Place, Tenant]) -> None:
    place, tenant = place_of
    with tenantry.sync.connect(settings=place.settings()) as db:
        handle = db.tenant(tenant.id)

        @settings(
            max_examples=soak(25, 60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
        @given(_EDGES)
        def grow(bulks: list[list[tuple[int, int]]]) -> None:
            ids = [t.id for t in handle.tasks.create_many([{"title": "T"}] * 7)]
            stored: set[tuple[int, int]] = set()
            for bulk in bulks:
                wanted = stored | set(bulk)
                fine = not _circular(wanted) and len(wanted) == len(stored) + len(bulk)
                rows = [{"task_id": ids[a], "depends_on_id": ids[b]} for a, b in bulk]
                try:
                    handle.dependencies.create_many(rows)
                except (InvalidRows, AlreadyExists):
                    assert not fine
                else:
                    assert fine
                    stored = wanted

        grow()


def _circular(edges: set[tuple[int, int]]) -> bool:
    left = set(edges)
    while ends := {b for _, b in left} - {a for a, _ in left}:
        left = {(a, b) for a, b in left if b not in ends}
    return bool(left)


# ---- parts --------------------------------------------------------------------------------------


def shape(node: TaskNode) -> Any:
    return {node.task.title: [shape(child) for child in node.children]}


async def test_a_tree_is_one_question(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        top = await t.tasks.create(title="top")
        left = await t.tasks.create(title="left", parent_id=top.id)
        await t.tasks.create(title="right", parent_id=top.id)
        await t.tasks.create(title="leaf", parent_id=left.id)
        await t.tasks.create(title="other")
        assert shape(await t.tasks.tree(top.id)) == {
            "top": [{"left": [{"leaf": []}]}, {"right": []}]
        }
        assert shape(await t.tasks.tree(left.id)) == {"left": [{"leaf": []}]}


async def test_no_task_is_a_part_of_itself(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    top, middle, leaf = await tasks(db, acme, 3)
    await handle.tasks.update(middle.id, parent_id=top.id)
    await handle.tasks.update(leaf.id, parent_id=middle.id)
    for parent in (top, middle, leaf):
        with pytest.raises(CircularReference) as caught:
            await handle.tasks.update(top.id, parent_id=parent.id)
        assert caught.value.constraint == "no_circular_parent"
    with pytest.raises(TenantryError):
        await handle.execute(
            "UPDATE tenantry.tasks SET parent_id = CASE id WHEN $1 THEN $2::uuid ELSE $1 END"
            " WHERE id IN ($1, $2)", top.id, middle.id,
        )  # fmt: skip
    moved = await handle.tasks.update(leaf.id, parent_id=top.id)
    assert moved.parent_id == top.id


async def test_nor_is_one_made_so(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    a, b, c = uuid7(), uuid7(), uuid7()
    with pytest.raises(CircularReference):
        await handle.tasks.create(title="A", id=a, parent_id=a)
    with pytest.raises(InvalidRows) as caught:
        await handle.tasks.create_many(
            [
                {"id": a, "title": "A", "parent_id": c},
                {"id": b, "title": "B", "parent_id": a},
                {"id": c, "title": "C", "parent_id": b},
            ]
        )
    assert [fault["index"] for fault in caught.value.errors] == [0, 1, 2]
    with pytest.raises(InvalidRows) as caught:
        await handle.tasks.create_many(
            [
                {"id": a, "title": "A", "parent_id": b},
                {"title": "B", "status": "nowhere"},
                {"id": b, "title": "C"},
            ]
        )
    assert caught.value.errors == [{"index": 1, "reason": "workflow basic has no stage nowhere"}]
    made = await handle.tasks.create_many(
        [
            {"id": a, "title": "A", "parent_id": b},
            {"id": b, "title": "B", "parent_id": c},
            {"id": c, "title": "C", "parent_id": None},
        ]
    )
    assert shape(await handle.tasks.tree(c)) == {"C": [{"B": [{"A": []}]}]}
    assert len(made) == 3


async def test_a_task_goes_with_its_parts(db: Database, acme: Tenant) -> None:
    handle = db.tenant(acme.id)
    top = await handle.tasks.create(title="top")
    part = await handle.tasks.create(title="part", parent_id=top.id)
    await handle.tasks.delete(top.id)
    assert await handle.tasks.find(part.id) is None
    assert (await handle.account.usage()).current_tasks == 0
