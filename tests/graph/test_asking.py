"""t.graph: what is asked, what comes back, and what it may cost."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st

import tenantry.sync
from tenantry import Database
from tenantry.errors import (
    CypherRefused,
    GraphUnavailable,
    InvalidInput,
    StatementTimeout,
    TenantNotWritable,
    TenantryError,
    UnknownGraphQuery,
)
from tenantry.graph import Edge, Path, Vertex
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant

from .test_following import for_any

pytestmark = pytest.mark.postgres("wheel")
TITLES = "MATCH (t:Task) RETURN t.title AS title ORDER BY title"


@pytest.fixture
async def tenant(gdb: Database) -> Tenant:
    return await make_tenant(gdb, "acme")


async def named(gdb: Database, **questions: str) -> None:
    async with gdb.service("name questions") as s:
        for name, text in questions.items():
            await s.graph_queries.put(name, text)


async def test_answers_are_typed(gdb: Database, tenant: Tenant) -> None:
    t = gdb.tenant(tenant.id)
    one, two = [await t.tasks.create(title=title) for title in ("one", "two")]
    link = await t.dependencies.create(task_id=one.id, depends_on_id=two.id)
    answer = await t.graph.ask(
        "MATCH p = (a:Task)-[r:DEPENDS_ON]->(b:Task)"
        " RETURN p, r, b, length(p) AS long, [1.5, null, 'x'] AS list, {k: true} AS map"
    )
    assert answer.columns == ("p", "r", "b", "long", "list", "map")
    row = answer.one()
    assert isinstance(row["p"], Path)
    assert isinstance(row["r"], Edge)
    assert isinstance(row["b"], Vertex)
    assert row["r"].properties == {"id": str(link.id)}
    assert (row["b"].label, row["b"].properties["title"]) == ("Task", "two")
    assert (row["long"], row["list"], row["map"]) == (1, [1.5, None, "x"], {"k": True})


async def test_answers_end_at_their_limit_and_say_so(gdb: Database, tenant: Tenant) -> None:
    t = gdb.tenant(tenant.id)
    await t.tasks.create_many([{"title": f"T{n}"} for n in range(5)])
    await named(gdb, titles=TITLES)
    for call in (partial(t.graph.ask, TITLES), partial(t.graph.run, "titles")):
        assert (len(await call(limit=4)), (await call(limit=4)).truncated) == (4, True)
        assert (len(await call(limit=5)), (await call(limit=5)).truncated) == (5, False)
        assert (await call()).scalars() == [f"T{n}" for n in range(5)]
        for limit in (0, -1, 10_001):
            with pytest.raises(InvalidInput):
                await call(limit=limit)
        for timeout in (0, -1, 3601, float("nan")):
            with pytest.raises(InvalidInput):
                await call(timeout=timeout)


async def test_questions_are_known_by_name_with_their_parameters(
    gdb: Database, tenant: Tenant
) -> None:
    t = gdb.tenant(tenant.id)
    task = await t.tasks.create(title="one")
    await named(
        gdb,
        title="MATCH (t:Task {id: $task}) RETURN t.title AS title",
        none="MATCH (t:Task) WHERE t.title = 'no such' RETURN t",
    )
    assert (await t.graph.run("title", task=task.id)).one()["title"] == "one"
    assert (await t.graph.run("title", {"task": task.id})).scalars() == ["one"]
    assert len(await t.graph.run("none")) == 0
    assert sorted(q.name for q in await t.graph.queries()) == ["none", "title"]
    with pytest.raises(UnknownGraphQuery):
        await t.graph.run("titel", task=task.id)
    for given in ({}, {"task": task.id, "more": 1}, {"tusk": task.id}):
        with pytest.raises(CypherRefused):
            await t.graph.run("title", given)
    with pytest.raises(InvalidInput):
        await t.graph.run("title", task=object())
    with pytest.raises(CypherRefused):
        await t.graph.ask("MATCH (t:Task {id: $task}) RETURN t")


async def test_a_question_has_its_time_and_the_transaction_keeps_its_own(
    gdb: Database, tenant: Tenant
) -> None:
    t = gdb.tenant(tenant.id)
    await t.tasks.create_many([{"title": f"T{n}"} for n in range(300)])
    await t.fetch("SELECT tenantry.open_graph()")
    # No pair of these is told apart by an index or a hash.
    long = (
        "MATCH (a:Task), (b:Task), (c:Task) WHERE a.title <> b.title AND b.title <> c.title"
        " RETURN count(*) AS n"
    )
    with pytest.raises(StatementTimeout):
        await t.graph.ask(long, timeout=0.1)
    async with t as tx:
        before = await tx.fetch_value("SHOW statement_timeout")
        with pytest.raises(StatementTimeout):
            async with tx.savepoint():
                await tx.graph.ask(long, timeout=0.1)
        assert await tx.fetch_value("SHOW statement_timeout") == before
        assert len(await tx.graph.ask(TITLES, timeout=9)) == 300
        assert await tx.fetch_value("SHOW statement_timeout") == before
        with pytest.raises(TenantryError):
            async with tx.savepoint():
                await tx.graph.ask("MATCH (t:Task) RETURN toInteger({}) AS x")
        assert await tx.fetch_value("SHOW statement_timeout") == before


async def test_a_transaction_sees_what_it_did_and_no_more_than_it_kept(
    gdb: Database, tenant: Tenant
) -> None:
    async with gdb.tenant(tenant.id) as t:
        await t.tasks.create(title="kept")
        assert (await t.graph.ask(TITLES)).scalars() == ["kept"]
        with pytest.raises(ZeroDivisionError):
            async with t.savepoint():
                await t.tasks.create(title="lost")
                await t.graph.put_node("Service")
                assert (await t.graph.ask(TITLES)).scalars() == ["kept", "lost"]
                raise ZeroDivisionError
        assert (await t.graph.ask(TITLES)).scalars() == ["kept"]
        assert len(await t.graph.ask("MATCH (s:Service) RETURN s")) == 0
    assert (await gdb.tenant(tenant.id).graph.ask(TITLES)).scalars() == ["kept"]


async def test_who_only_reads_asks_of_a_graph_that_is_made(gdb: Database, tenant: Tenant) -> None:
    t, reader = gdb.tenant(tenant.id), gdb.tenant(tenant.id, readonly=True)
    await t.tasks.create(title="one")
    with pytest.raises(GraphUnavailable) as caught:
        await reader.graph.ask(TITLES)
    assert caught.value.reason == "readonly"
    await t.graph.ask(TITLES)
    assert (await reader.graph.ask(TITLES)).scalars() == ["one"]
    with pytest.raises(TenantryError):
        await reader.graph.put_node("Service")


async def test_a_suspended_tenant_asks_and_writes_nothing(gdb: Database, tenant: Tenant) -> None:
    t = gdb.tenant(tenant.id)
    await t.tasks.create(title="one")
    async with gdb.service("they do not pay") as s:
        await s.tenants.update(tenant.id, status="suspended")
    assert (await t.graph.ask(TITLES)).scalars() == ["one"]
    with pytest.raises(TenantNotWritable):
        await t.graph.put_node("Service")


async def test_the_service_role_asks_of_one_tenant_at_a_time(gdb: Database, tenant: Tenant) -> None:
    other = await make_tenant(gdb, "other")
    await gdb.tenant(tenant.id).tasks.create(title="ours")
    await gdb.tenant(other.id).tasks.create(title="theirs")
    await named(gdb, titles=TITLES)
    async with gdb.service("look") as s:
        assert (await s.tenant(tenant.id).graph.run("titles")).scalars() == ["ours"]
        assert (await s.tenant(other.id).graph.run("titles")).scalars() == ["theirs"]
        assert (await s.tenant(tenant.id).graph.ask(TITLES)).scalars() == ["ours"]
        with pytest.raises(GraphUnavailable) as caught:
            async with s.savepoint():
                await s.tenant(uuid7()).graph.run("titles")
        assert caught.value.reason == "tenant"
        for call in ("open_graph()", "graph_run('titles', '{}', 1)"):
            with pytest.raises(TenantryError) as nobody:
                async with s.savepoint():
                    await s.fetch(f"SELECT * FROM tenantry.{call}")
            assert not isinstance(nobody.value, GraphUnavailable)


async def test_in_plain_code(gdb: Database, tenant: Tenant, graphs: Place) -> None:
    def ask() -> list[Any]:
        with tenantry.sync.connect(settings=graphs.settings()) as db:
            t = db.tenant(tenant.id)
            t.graph.put_node("Service", {"name": "mail"})
            answer: list[Any] = t.graph.ask("MATCH (s:Service) RETURN s.name AS n").scalars()
            return answer

    assert await asyncio.to_thread(ask) == ["mail"]


async def test_answers_have_their_size(gdb: Database, tenant: Tenant) -> None:
    t = gdb.tenant(tenant.id)
    rows = [{"label": "Big", "properties": {"text": "x" * 60_000}} for _ in range(300)]
    await t.graph.nodes.create_many(rows)
    question = "MATCH (b:Big) RETURN b.text AS text"
    assert len(await t.graph.ask(question, limit=200)) == 200
    with pytest.raises(CypherRefused, match="larger than 16 MB"):
        await t.graph.ask(question)


async def test_parameters_have_their_size(gdb: Database, tenant: Tenant) -> None:
    t, much = gdb.tenant(tenant.id), "x" * 20_000
    question = "MATCH (t:Task {title: $title}) RETURN t"
    with pytest.raises(CypherRefused, match="16 kB"):
        await t.graph.ask(question, title=much)
    await named(gdb, titled=question)
    assert list(await t.graph.run("titled", title=much)) == []


@pytest.mark.parametrize("many", [12])
async def test_the_graph_and_the_repository_agree_on_what_waits_for_what(
    gdb: Database, tenant: Tenant, many: int
) -> None:
    await named(
        gdb,
        needs="MATCH (t:Task {id: $id})-[:DEPENDS_ON*1..15]->(d:Task) RETURN DISTINCT d.id AS id",
        needed="MATCH (t:Task {id: $id})<-[:DEPENDS_ON*1..15]-(d:Task) RETURN DISTINCT d.id AS id",
    )
    t = gdb.tenant(tenant.id)

    async def check(links: set[tuple[int, int]]) -> None:
        tasks = await t.tasks.create_many([{"title": f"T{n}"} for n in range(many)])
        ids = [task.id for task in tasks]
        if rows := [
            {"task_id": ids[max(pair)], "depends_on_id": ids[min(pair)]}
            for pair in {(min(p), max(p)) for p in links if p[0] != p[1]}
        ]:
            await t.dependencies.create_many(rows)
        for n in {0, many // 2, many - 1}:
            for name, call in (
                ("needs", t.tasks.dependencies(ids[n], transitive=True)),
                ("needed", t.tasks.dependents(ids[n], transitive=True)),
            ):
                asked = (await t.graph.run(name, id=ids[n])).scalars()
                found = [str(linked.id) for linked in await call]
                assert len(asked) == len(set(asked))
                assert sorted(asked) == sorted(found)

    number = st.integers(0, many - 1)
    await for_any(check, 25, links=st.sets(st.tuples(number, number), max_size=24))
