"""What tasks wait for: all the way, in which order, and what takes longest."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tenantry
import tenantry.sync
from tenantry import Database
from tenantry.errors import InvalidInput, NotFound
from tenantry.handles import Tenant as Handle
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.repositories import LinkedTask, task_graph_queries
from tests.coordination import soak
from tests.fixtures.database import Place, make_tenant

_URGENCY = ("critical", "high", "medium", "low")
#: What stands for the categories in the workflow `basic`.
_STAGES = {"todo": "pending", "active": "running", "done": "completed", "failed": "failed"}


@dataclass(frozen=True)
class Plan:
    """A graph of tasks by their numbers: each waits only for tasks of lower ones."""

    needs: list[set[int]]
    states: list[str]
    priorities: list[str]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    many = draw(st.integers(1, 9))
    needs = [draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set() for n in range(many)]
    each: dict[str, Any] = {"min_size": many, "max_size": many}
    states = draw(st.lists(st.sampled_from(["todo", "todo", "active", "done", "failed"]), **each))
    return Plan(needs, states, draw(st.lists(st.sampled_from(_URGENCY), **each)))


async def made(t: Handle, plan: Plan, **values: Any) -> list[UUID]:
    """Its tasks, whose numbers are their places; ids are in no order of theirs."""
    rows = [
        {"title": f"T{n}", "status": _STAGES[state], "priority": priority, **values}
        for n, (state, priority) in enumerate(zip(plan.states, plan.priorities, strict=True))
    ]
    ids = [task.id for task in await t.tasks.create_many(rows[::-1])][::-1]
    links = [
        {"task_id": ids[n], "depends_on_id": ids[m]}
        for n, needed in enumerate(plan.needs)
        for m in needed
    ]
    if links:
        await t.dependencies.create_many(links)
    return ids


# ---- plain words for the same ---------------------------------------------------------------


def far(start: int, links: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """How many steps each is away that is reached."""
    depth, at = {start: 0}, [start]
    for n in at:
        for m in links[n]:
            if m not in depth:
                depth[m] = depth[n] + 1
                at.append(m)
    del depth[start]
    return depth


def still_needed(plan: Plan) -> dict[int, set[int]]:
    """The links to what is not done."""
    return {
        n: {m for m in needed if plan.states[m] != "done"} for n, needed in enumerate(plan.needs)
    }


def chains(n: int, links: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Every way down from here, itself the last."""
    below = [chain for m in links[n] for chain in chains(m, links)]
    return [[*chain, n] for chain in below] or [[n]]


def in_layers(wanted: set[int], links: Mapping[int, set[int]], plan: Plan, ids: list[UUID]) -> Any:
    layers: list[list[UUID]] = []
    done: set[int] = set()
    while done != wanted:
        layer = {n for n in wanted - done if links[n] & wanted <= done}
        order = sorted(layer, key=lambda n: (_URGENCY.index(plan.priorities[n]), ids[n]))
        layers.append([ids[n] for n in order])
        done |= layer
    return layers


@given(plan=plans(), data=st.data())
@settings(
    max_examples=soak(15, 30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_answers_are_those_of_plain_code(place: Place, plan: Plan, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(plan.needs) - 1))
    weights = data.draw(
        st.lists(st.integers(0, 5), min_size=len(plan.needs), max_size=len(plan.needs))
    )

    async def check() -> None:
        async with await tenantry.connect(settings=place.settings()) as db:
            tenant = await make_tenant(db, f"t-{uuid7().hex}")
            t = db.tenant(tenant.id)
            project = await t.projects.create(name="P")
            # Another plan, which is nobody's business.
            await made(t, Plan([set(), {0}], ["todo", "todo"], ["critical", "high"]))
            ids = await made(t, plan, project_id=project.id)
            await _linked(t, plan, ids, start)
            await _to_do(t, plan, ids, start, project.id)
            await _longest(t, plan, ids, start, dict(zip(ids, weights, strict=True)))

    asyncio.run(check())


async def _linked(t: Handle, plan: Plan, ids: list[UUID], start: int) -> None:
    needs = dict(enumerate(plan.needs))
    needed_by = {n: {m for m in needs if n in needs[m]} for n in needs}
    below = await t.tasks.dependencies(ids[start], transitive=True)
    assert {x.id: x.depth for x in below} == {ids[n]: d for n, d in far(start, needs).items()}
    assert below == sorted(below, key=lambda x: (x.depth, x.id))
    above = await t.tasks.dependents(ids[start], transitive=True)
    assert {x.id: x.depth for x in above} == {ids[n]: d for n, d in far(start, needed_by).items()}
    closure = await t.tasks.closure(ids[start])
    assert (closure.task.id, closure.tasks, closure.cut) == (ids[start], below, False)
    inside = {start, *far(start, needs)}
    assert set(closure.links) == {(ids[n], ids[m]) for n in inside for m in needs[n]}
    assert len(set(closure.links)) == len(closure.links)


async def _to_do(t: Handle, plan: Plan, ids: list[UUID], start: int, project_id: UUID) -> None:
    open_needs = still_needed(plan)
    ready = {n for n in open_needs if plan.states[n] == "todo" and not open_needs[n]}
    in_order = sorted(ready, key=lambda n: (_URGENCY.index(plan.priorities[n]), ids[n]))
    found = await t.tasks.runnable(project_id=project_id)
    assert [x.id for x in found] == [ids[n] for n in in_order]
    assert len(await t.tasks.runnable()) == len(ready) + 1

    blocked = far(start, open_needs) if plan.states[start] != "done" else {}
    blockers = await t.tasks.blocked_by(ids[start])
    assert {b.task.id: b.task.depth for b in blockers} == {ids[n]: d for n, d in blocked.items()}
    assert {b.task.id for b in blockers if b.can_start} == {ids[n] for n in blocked if n in ready}
    assert [can for can, _ in groupby(b.can_start for b in blockers)] in ([], [True], [False], [True, False])  # fmt: skip

    layers = await t.tasks.runnable_order([ids[start]])
    wanted = {start, *blocked} if plan.states[start] != "done" else set()
    assert [[x.id for x in layer] for layer in layers] == in_layers(wanted, open_needs, plan, ids)
    opened = [n for n, state in enumerate(plan.states) if state not in ("done", "failed")]
    wanted = {*opened, *(m for n in opened for m in far(n, open_needs))}
    layers = await t.tasks.runnable_order(project_id=project_id)
    assert [[x.id for x in layer] for layer in layers] == in_layers(wanted, open_needs, plan, ids)
    path = await t.tasks.critical_path(project_id=project_id)
    assert len(path.tasks) == path.weight == len(layers)


async def _longest(
    t: Handle, plan: Plan, ids: list[UUID], start: int, weights: dict[UUID, float]
) -> None:
    open_needs = still_needed(plan)
    ways = chains(start, open_needs) if plan.states[start] != "done" else [[start]]
    every = [[ids[n] for n in chain[:-1]] for chain in ways]
    path = await t.tasks.critical_path(ids[start])
    assert len(path.tasks) == path.weight == max(map(len, every))
    assert [x.id for x in path.tasks] in every
    path = await t.tasks.critical_path(ids[start], weights=weights)
    assert path.weight == max(sum(weights[one] for one in chain) for chain in every)
    assert path.weight == sum(weights[x.id] for x in path.tasks)
    assert any([x.id for x in path.tasks] == chain for chain in every)


# ---- what plain code does not say -----------------------------------------------------------


async def test_what_is_done_is_waited_for_no_longer_nor_what_it_has_waited_for(
    db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    plan = Plan([set(), {0}, {1}], ["todo", "done", "todo"], ["low"] * 3)
    design, build, ship = await made(t, plan)
    assert await t.tasks.blocked_by(ship) == []
    assert [x.id for x in await t.tasks.runnable()] == sorted([design, ship])
    assert [x.id for x in await t.tasks.dependencies(ship, transitive=True)] == [build, design]
    await t.tasks.transition(design, "running")
    assert [x.id for x in await t.tasks.runnable()] == [ship]


async def test_a_task_in_brief(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    project = await t.projects.create(name="P")
    a = await t.tasks.create(title="A", type="docs", priority="high", project_id=project.id)
    b = await t.tasks.create(title="B")
    await t.tasks.add_dependency(b.id, on=a.id)
    (brief,) = await t.tasks.dependencies(b.id, transitive=True)
    assert brief == LinkedTask(a.id, "A", "docs", "pending", "todo", "high", project.id, 1)


async def test_a_closure_ends_where_it_is_told(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    chain = await made(t, Plan([set(), {0}, {1}, {2}, {3}], ["todo"] * 5, ["low"] * 5))
    closure = await t.tasks.closure(chain[4], depth=2)
    assert [x.id for x in closure.tasks] == [chain[3], chain[2]]
    assert set(closure.links) == {(chain[4], chain[3]), (chain[3], chain[2])}
    closure = await t.tasks.closure(chain[4], limit=2)
    assert ([x.id for x in closure.tasks], closure.cut) == ([chain[3]], True)
    assert closure.links == [(chain[4], chain[3])]
    assert not (await t.tasks.closure(chain[4], limit=5)).cut
    up = await t.tasks.closure(chain[0], dependents=True, depth=1)
    assert up.links == [(chain[1], chain[0])]
    assert (await t.tasks.closure(chain[0], depth=0)).tasks == []


async def test_the_order_of_several_tasks_names_each_once(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    priorities = ["low", "critical", "low", "medium"]
    ids = await made(t, Plan([set(), set(), {0, 1}, {1}], ["todo"] * 4, priorities))
    layers = await t.tasks.runnable_order([ids[2], ids[3], ids[2], ids[1]])
    assert [[x.id for x in layer] for layer in layers] == [[ids[1], ids[0]], [ids[3], ids[2]]]
    assert await t.tasks.runnable_order([]) == []
    assert [x.id for x in await t.tasks.runnable(limit=1)] == [ids[1]]


async def test_what_there_is_not_and_what_makes_no_sense(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    foreign = (await db.tenant(beta.id).tasks.create(title="Beta's")).id
    theirs = (await db.tenant(beta.id).projects.create(name="Beta's")).id
    t = db.tenant(acme.id)
    ours = (await t.tasks.create(title="Ours")).id
    for one in (uuid7(), foreign):
        no_tasks: tuple[Coroutine[Any, Any, Any], ...] = (
            t.tasks.dependencies(one, transitive=True),
            t.tasks.dependents(one, transitive=True),
            t.tasks.closure(one),
            t.tasks.blocked_by(one),
            t.tasks.critical_path(one),
            t.tasks.runnable_order([ours, one]),
        )
        for call in no_tasks:
            with pytest.raises(NotFound) as caught:
                await call
            assert (caught.value.resource, caught.value.id) == ("tasks", str(one))
    for one in (uuid7(), theirs):
        no_projects: tuple[Coroutine[Any, Any, Any], ...] = (
            t.tasks.critical_path(project_id=one),
            t.tasks.runnable_order(project_id=one),
            t.tasks.runnable(project_id=one),
        )
        for call in no_projects:
            with pytest.raises(NotFound):
                await call
    senseless: tuple[Coroutine[Any, Any, Any], ...] = (
        t.tasks.critical_path(),
        t.tasks.critical_path(ours, project_id=theirs),
        t.tasks.critical_path(ours, weights={ours: -1}),
        t.tasks.critical_path(ours, weights={ours: float("nan")}),
        t.tasks.runnable_order([ours], project_id=theirs),
        t.tasks.runnable(limit=0),
        t.tasks.closure(ours, limit=0),
        t.tasks.closure(ours, depth=-1),
    )
    for call in senseless:
        with pytest.raises(InvalidInput):
            await call


async def test_an_empty_project_has_no_order(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    project = await t.projects.create(name="P")
    assert await t.tasks.runnable_order(project_id=project.id) == []
    path = await t.tasks.critical_path(project_id=project.id)
    assert (path.tasks, path.weight) == ([], 0)


async def test_it_ends_even_on_a_circle(place: Place, db: Database, acme: Tenant) -> None:
    """Which the database refuses; only a superuser can make one."""
    t = db.tenant(acme.id)
    a, b, c = await made(t, Plan([set(), {0}, {1}], ["todo"] * 3, ["low"] * 3))
    admin = await place.connection("superuser")
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(
        "INSERT INTO tenantry.task_dependencies (tenant_id, task_id, depends_on_id)"
        " VALUES ($1, $2, $3)",
        acme.id, a, c,
    )  # fmt: skip
    await admin.close()
    assert [x.id for x in await t.tasks.dependencies(b, transitive=True)] == [a, c]
    assert [x.id for x in await t.tasks.dependents(b, transitive=True)] == [c, a]
    assert len((await t.tasks.closure(b)).links) == 3
    assert {x.task.id for x in await t.tasks.blocked_by(b)} == {a, c}


async def test_the_service_role_asks_for_a_tenant(db: Database, acme: Tenant, beta: Tenant) -> None:
    a, b = await made(db.tenant(acme.id), Plan([set(), {0}], ["todo"] * 2, ["low"] * 2))
    async with db.service("to look") as s:
        assert [x.id for x in await s.tenant(acme.id).tasks.runnable()] == [a]
        assert await s.tenant(beta.id).tasks.runnable() == []
        found = await s.tenant(acme.id).tasks.dependencies(b, transitive=True)
        assert [x.id for x in found] == [a]
        with pytest.raises(NotFound):
            await s.tenant(beta.id).tasks.dependencies(b, transitive=True)


def test_the_synchronous_face(place: Place) -> None:
    with tenantry.sync.connect(settings=place.settings()) as db:
        with db.service("test") as s:
            tenant = s.tenants.create(name="T", slug="t")
        with db.tenant(tenant.id) as t:
            a, b = (t.tasks.create(title=x).id for x in "AB")
            t.tasks.add_dependency(b, on=a)
            assert [x.title for x in t.tasks.dependencies(b, transitive=True)] == ["A"]
            assert t.tasks.critical_path(b).tasks[0].title == "A"
            assert [[x.id for x in layer] for layer in t.tasks.runnable_order([b])] == [[a], [b]]
            assert t.tasks.closure(b).links == [(b, a)]


async def test_no_more_than_asked_for_is_fetched(db: Database, acme: Tenant) -> None:
    """However many tasks a level has."""
    t = db.tenant(acme.id)
    one, *others = [(await t.tasks.create(title=f"T{n}")).id for n in range(12)]
    for other in others:
        await t.tasks.add_dependency(one, on=other)
    closure = await t.tasks.closure(one, limit=3)
    assert (len(closure.tasks), closure.cut) == (2, True)
    rows = await t.fetch(task_graph_queries.closure(waiting=False), acme.id, one, 5, 3)
    assert len(rows) == 4
