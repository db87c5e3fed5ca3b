"""After whatever is done to the tables, the graph is what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    CircularReference,
    InvalidInput,
    NotFound,
    ReferenceNotFound,
    RuleViolated,
    StillReferenced,
)
from tenantry.handles import TenantTransaction
from tenantry.ids import uuid7
from tests.fixtures.database import make_tenant

from .following import assert_follows

pytestmark = pytest.mark.postgres("wheel")
Connection: TypeAlias = "asyncpg.Connection[Any]"

#: What the domain refuses. Anything else is a fault.
_REFUSED: Final = (
    AlreadyExists, CircularReference, InvalidInput, NotFound, ReferenceNotFound, RuleViolated,
    StillReferenced,
)  # fmt: skip
_STATUSES: Final = ("pending", "running", "success", "failure", "timeout", "cancelled")


@dataclass(frozen=True)
class Do:
    """One change: which, and what it picks its rows and values by."""

    what: str
    a: int
    b: int
    text: str


@dataclass(frozen=True)
class Block:
    """Changes that stand or fall together."""

    steps: tuple[Do | Block, ...]
    #: `commit`, `rollback`, or `crash`: a last statement that fails.
    end: str


class Hand:
    """Makes changes as an application does."""

    def __init__(self, t: TenantTransaction, do: Do) -> None:
        self.t, self.do = t, do

    async def any_of(self, table: str, n: int) -> Any:
        """Some row of the tenant's, if it has one."""
        rows = await self.t.fetch(f"SELECT id FROM tenantry.{table} ORDER BY id LIMIT 20")
        return rows[n % len(rows)]["id"] if rows else None

    async def maybe(self, table: str, n: int) -> Any:
        return await self.any_of(table, n // 2) if n % 2 else None

    async def end_of_edge(self, n: int) -> Any:
        repositories: list[Any] = [
            self.t.tasks, self.t.agents, self.t.desks, self.t.projects, self.t.graph.nodes,
        ]  # fmt: skip
        repository = repositories[n % 5]
        chosen = await self.any_of(repository.model.__tablename__, n // 5)
        return await repository.get(chosen or uuid7())

    # ---- through the repositories ---------------------------------------------------------------

    async def create_task(self) -> None:
        await self.t.tasks.create(
            title=self.do.text,
            project_id=await self.maybe("projects", self.do.a),
            parent_id=await self.maybe("tasks", self.do.b),
            assigned_to_agent_id=await self.maybe("agents", self.do.b),
            assigned_to_desk_id=await self.maybe("desks", self.do.a),
        )

    async def create_tasks(self) -> None:
        """One in another, made in either order."""
        ids = [uuid7() for _ in range(1 + self.do.a % 4)]
        rows = [
            {"id": one, "title": self.do.text, "parent_id": ids[n - 1] if n else None}
            for n, one in enumerate(ids)
        ]
        await self.t.tasks.create_many(rows[:: 1 if self.do.b % 2 else -1])

    async def update_task(self) -> None:
        changes: dict[str, Any] = {
            "title": self.do.text,
            "priority": ("high", "low")[self.do.b % 2],
            "project_id": await self.maybe("projects", self.do.b),
            "parent_id": await self.maybe("tasks", self.do.b),
            "assigned_to_agent_id": await self.maybe("agents", self.do.b),
            "assigned_to_desk_id": await self.maybe("desks", self.do.b),
            "description": "nothing of the graph",
        }
        names = list(changes)[self.do.b % len(changes) :][: 1 + self.do.a % 3]
        chosen = await self.any_of("tasks", self.do.a)
        await self.t.tasks.update(chosen or uuid7(), **{name: changes[name] for name in names})

    async def move_task(self) -> None:
        chosen = await self.any_of("tasks", self.do.a)
        stages = await self.t.tasks.allowed_transitions(chosen or uuid7())
        if stages:
            await self.t.tasks.transition(chosen, stages[self.do.b % len(stages)])

    async def delete(self) -> None:
        repositories: list[Any] = [
            self.t.tasks, self.t.projects, self.t.agents, self.t.desks, self.t.dependencies,
            self.t.delegations, self.t.executions, self.t.graph.nodes, self.t.graph.edges,
        ]  # fmt: skip
        repository = repositories[self.do.a % len(repositories)]
        chosen = await self.any_of(repository.model.__tablename__, self.do.b)
        await repository.delete(chosen or uuid7())

    async def create_project(self) -> None:
        made = await self.t.projects.create(name=self.do.text)
        if self.do.a % 3 == 0:
            await self.t.projects.archive(made.id)

    async def create_agent(self) -> None:
        await self.t.agents.create(name=f"{self.do.text[:20]}{self.do.a}", agent_type="tester")

    async def create_desk(self) -> None:
        await self.t.desks.create(
            code=f"D{self.do.a}", title=self.do.text,
            reports_to_id=await self.maybe("desks", self.do.b),
            agent_id=await self.maybe("agents", self.do.a),
        )  # fmt: skip

    async def create_desks(self) -> None:
        """Those below are given first."""
        ids = [uuid7() for _ in range(1 + self.do.a % 4)]
        await self.t.desks.create_many(
            [
                {
                    "id": one, "code": f"M{self.do.b}-{n}", "title": self.do.text,
                    "reports_to_id": ids[n + 1] if n + 1 < len(ids) else None,
                }
                for n, one in enumerate(ids)
            ]
        )  # fmt: skip

    async def move_desk(self) -> None:
        chosen = await self.any_of("desks", self.do.a)
        await self.t.desks.move(chosen or uuid7(), to=await self.maybe("desks", self.do.b))

    async def seat(self) -> None:
        chosen = await self.any_of("desks", self.do.a)
        agent = await self.maybe("agents", self.do.b)
        await self.t.desks.update(chosen or uuid7(), agent_id=agent, title=self.do.text)

    async def depend(self) -> None:
        one, other = await self.any_of("tasks", self.do.a), await self.any_of("tasks", self.do.b)
        await self.t.dependencies.create(task_id=one or uuid7(), depends_on_id=other or uuid7())

    async def delegate(self) -> None:
        await self.t.delegations.create(
            task_id=await self.any_of("tasks", self.do.a) or uuid7(),
            from_desk_id=await self.maybe("desks", self.do.b),
            to_desk_id=await self.any_of("desks", self.do.a) or uuid7(),
        )

    async def answer(self) -> None:
        chosen = await self.any_of("delegations", self.do.a)
        await self.t.delegations.update(
            chosen or uuid7(), status=("accepted", "declined", "completed")[self.do.b % 3]
        )

    async def execute(self) -> None:
        run = await self.t.executions.create(
            agent_id=await self.maybe("agents", self.do.a),
            task_id=await self.maybe("tasks", self.do.b),
            project_id=await self.maybe("projects", self.do.a),
        )
        if self.do.b % 3:
            await self.t.executions.finish(run.id, ("success", "failure")[self.do.a % 2])

    async def execute_many(self) -> None:
        agent, task = await self.any_of("agents", self.do.a), await self.any_of("tasks", self.do.b)
        await self.t.executions.create_many(
            [{"agent_id": agent, "task_id": task, "status": status} for status in _STATUSES]
        )

    async def put_node(self) -> None:
        chosen = await self.maybe("graph_nodes", self.do.a)
        label = ("Service", "Customer")[self.do.b % 2]
        await self.t.graph.put_node(label, {"says": [self.do.text, {"b": 0.5}]}, id=chosen)

    async def put_edge(self) -> None:
        start, end = await self.end_of_edge(self.do.a), await self.end_of_edge(self.do.b)
        label = ("USES", "OWNS")[self.do.b % 2]
        made = await self.t.graph.put_edge(label, start, end, {"says": self.do.text})
        if self.do.a % 2:
            await self.t.graph.put_edge(label, start, end, {"n": self.do.b}, id=made.id)

    # ---- in SQL of one's own --------------------------------------------------------------------

    async def raw(self) -> None:
        await self.t.execute(_RAW[self.do.a % len(_RAW)], self.do.text)


_MINE: Final = "tenantry.current_tenant_id()"
_RAW: Final = (
    "UPDATE tenantry.tasks SET title = left(title, 40) || $1, priority = 'critical'",
    "UPDATE tenantry.tasks SET title = title WHERE $1 <> ''",
    "UPDATE tenantry.tasks SET parent_id = NULL, project_id = NULL WHERE title <> $1",
    "UPDATE tenantry.tasks SET assigned_to_agent_id = (SELECT min(id::text)::uuid FROM tenantry.agents),"
    " assigned_to_desk_id = (SELECT max(id::text)::uuid FROM tenantry.desks) WHERE title <> $1",
    "DELETE FROM tenantry.tasks WHERE id IN (SELECT id FROM tenantry.tasks WHERE title <> $1 ORDER BY id LIMIT 2)",
    f"INSERT INTO tenantry.tasks (tenant_id, title, parent_id, project_id)"
    f" SELECT {_MINE}, left(title, 40) || $1, id, project_id FROM tenantry.tasks",
    f"INSERT INTO tenantry.task_dependencies (tenant_id, task_id, depends_on_id)"
    f" SELECT {_MINE}, a.id, b.id FROM tenantry.tasks AS a JOIN tenantry.tasks AS b ON a.id < b.id"
    f" WHERE $1 <> '' ON CONFLICT DO NOTHING",
    "DELETE FROM tenantry.task_dependencies WHERE $1 <> ''",
    # In one statement a task, what waits for it and who does it. Of the two of these the edge comes
    # first: what no other part asks for is done last.
    f"WITH t AS (INSERT INTO tenantry.tasks (tenant_id, id, title) VALUES ({_MINE}, tenantry.uuidv7(), $1)"
    f" RETURNING id) INSERT INTO tenantry.task_dependencies (tenant_id, task_id, depends_on_id)"
    f" SELECT {_MINE}, t.id, o.id FROM t, tenantry.tasks AS o",
    f"WITH t AS (INSERT INTO tenantry.tasks (tenant_id, id, title) VALUES ({_MINE}, md5($1)::uuid, $1))"
    f" INSERT INTO tenantry.task_dependencies (tenant_id, task_id, depends_on_id)"
    f" SELECT {_MINE}, md5($1)::uuid, o.id FROM tenantry.tasks AS o",
    f"WITH a AS (INSERT INTO tenantry.agents (tenant_id, name, agent_type)"
    f" VALUES ({_MINE}, tenantry.uuidv7()::text, 'tester') RETURNING id), t AS ("
    f" UPDATE tenantry.tasks SET assigned_to_agent_id = (SELECT id FROM a) RETURNING id)"
    f" INSERT INTO tenantry.agent_executions (tenant_id, agent_id, task_id, status)"
    f" SELECT {_MINE}, a.id, t.id, 'success' FROM a, t WHERE $1 <> ''",
    f"WITH n AS (INSERT INTO tenantry.graph_nodes (tenant_id, label) VALUES ({_MINE}, 'Late') RETURNING id)"
    f" INSERT INTO tenantry.graph_edges (tenant_id, label, from_node_id, to_task_id)"
    f" SELECT {_MINE}, 'LATELY', n.id, t.id FROM n, tenantry.tasks AS t WHERE $1 <> ''",
    f"WITH gone AS (DELETE FROM tenantry.tasks WHERE title <> $1 RETURNING title, project_id)"
    f" INSERT INTO tenantry.tasks (tenant_id, title, project_id) SELECT {_MINE}, title, project_id FROM gone",
    "WITH one AS (UPDATE tenantry.desks SET title = $1 WHERE code < 'M')"
    " UPDATE tenantry.desks SET title = title || '!' WHERE code >= 'M'",
    f"INSERT INTO tenantry.agents AS a (tenant_id, name, agent_type) SELECT {_MINE}, n, 'tester'"
    f" FROM (SELECT name FROM tenantry.agents UNION SELECT 'new' WHERE $1 <> '') AS g (n)"
    f" ON CONFLICT (tenant_id, name, agent_type) DO UPDATE SET name = left(a.name, 60) || '+'",
    f"MERGE INTO tenantry.agents AS a USING (VALUES ('Ada', 1), ('new', 2), ($1 || 'z', 3)) AS g (n, k)"
    f" ON a.name = g.n WHEN MATCHED THEN UPDATE SET agent_type = 'merged'"
    f" WHEN NOT MATCHED THEN INSERT (tenant_id, name, agent_type) VALUES ({_MINE}, g.n, 'tester')",
    "UPDATE tenantry.agents SET agent_type = 'x', name = id::text WHERE $1 <> ''",
    "DELETE FROM tenantry.agents WHERE $1 <> ''",
    "UPDATE tenantry.desks SET reports_to_id = NULL, agent_id = NULL WHERE $1 <> ''",
    "DELETE FROM tenantry.desks WHERE reports_to_id IS NULL AND $1 <> ''",
    "UPDATE tenantry.delegations SET from_desk_id = to_desk_id WHERE $1 <> ''",
    "UPDATE tenantry.agent_executions SET status = 'failure', started_at = started_at - interval '90 days'"
    " WHERE $1 <> ''",
    "UPDATE tenantry.agent_executions SET status = 'running', agent_id = NULL WHERE $1 <> ''",
    "UPDATE tenantry.agent_executions SET task_id = (SELECT min(id::text)::uuid FROM tenantry.tasks) WHERE $1 <> ''",
    "DELETE FROM tenantry.agent_executions WHERE status <> 'success' AND $1 <> ''",
    "UPDATE tenantry.graph_nodes SET properties = jsonb_build_object('x', $1::text)",
    "UPDATE tenantry.graph_edges SET properties = properties || jsonb_build_object('x', $1::text)",
    f"INSERT INTO tenantry.graph_edges (tenant_id, label, from_task_id, to_task_id)"
    f" SELECT {_MINE}, (ARRAY['USES', 'NEEDS'])[1 + row_number() OVER () % 2], id, id FROM tenantry.tasks WHERE $1 <> ''",
    f"INSERT INTO tenantry.graph_nodes (tenant_id, label) SELECT {_MINE}, 'N' || n || 'x'"
    f" FROM generate_series(1, 3) AS n WHERE $1 <> ''",
    "DELETE FROM tenantry.graph_nodes WHERE $1 <> ''",
    "DELETE FROM tenantry.projects WHERE $1 <> ''",
)  # fmt: skip
_CHANGES: Final[tuple[str, ...]] = (
    "create_task", "create_task", "create_tasks", "update_task", "move_task", "delete",
    "create_project", "create_agent", "create_desk", "create_desks", "move_desk", "seat", "depend",
    "delegate", "answer", "execute", "execute_many", "put_node", "put_edge", "raw", "raw", "raw",
)  # fmt: skip

_texts = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(str.strip)
_changes = st.builds(
    Do, st.sampled_from(_CHANGES), st.integers(0, 300), st.integers(0, 300), _texts
)
_blocks = st.recursive(
    _changes,
    lambda inner: st.builds(
        Block,
        st.lists(inner, min_size=1, max_size=4).map(tuple),
        st.sampled_from(["commit", "commit", "rollback", "crash"]),
    ),
    max_leaves=8,
)


class _Undone(Exception):
    pass


async def act(t: TenantTransaction, step: Do | Block) -> None:
    """Within a savepoint each: what is refused leaves nothing."""
    with suppress(_Undone, asyncpg.PostgresError, *_REFUSED):
        async with t.savepoint():
            if isinstance(step, Do):
                await getattr(Hand(t, step), step.what)()
                return
            for inner in step.steps:
                await act(t, inner)
            await _end(t, step.end)


async def _end(t: TenantTransaction, end: str) -> None:
    if end == "crash":
        # A statement that has written before it fails.
        with pytest.raises(AlreadyExists):
            await t.execute(
                f"INSERT INTO tenantry.agents (tenant_id, name, agent_type)"
                f" SELECT {_MINE}, 'twice', 'x' FROM generate_series(1, 2)"
            )
    if end != "commit":
        raise _Undone


async def played(db: Database, tenant: UUID, step: Do | Block) -> None:
    """As a transaction."""
    steps, end = (step.steps, step.end) if isinstance(step, Block) else ((step,), "commit")
    with suppress(_Undone):
        async with db.tenant(tenant) as t:
            for inner in steps:
                await act(t, inner)
            await _end(t, end)


async def for_any(check: Callable[..., Awaitable[None]], examples: int, **drawn: Any) -> None:
    """Hypothesis is synchronous, and the connections live in this loop."""
    loop = asyncio.get_running_loop()

    @given(**drawn)
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def play(**values: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(**values), loop).result()  # type: ignore[arg-type]

    await asyncio.to_thread(play)


@pytest.fixture
async def seeded() -> list[Do | Block]:
    """Something to begin with."""
    return [
        Do(what, n, n + 1, f"{what} {n}")
        for n in range(2)
        for what in dict.fromkeys(_CHANGES)
        if what.startswith(("create", "depend", "delegate", "execute", "put"))
    ]


async def test_a_graph_follows_whatever_is_done(
    gdb: Database, root: Connection, seeded: list[Do | Block]
) -> None:
    async def check(steps: list[Do | Block], seed: bool, made: int) -> None:
        one = (await make_tenant(gdb, f"t-{uuid7().hex}")).id
        for n, step in enumerate([*(seeded if seed else ()), *steps]):
            if n == made:
                await gdb.tenant(one).fetch("SELECT tenantry.open_graph()")
            await played(gdb, one, step)
        await gdb.tenant(one).fetch("SELECT tenantry.open_graph()")
        await assert_follows(root, one)

    await for_any(
        check, 30,
        steps=st.lists(_blocks, min_size=1, max_size=6), seed=st.booleans(), made=st.integers(0, 25),
    )  # fmt: skip


async def test_each_statement_of_ones_own_is_followed(
    gdb: Database, root: Connection, seeded: list[Do | Block]
) -> None:
    one = (await make_tenant(gdb, "acme")).id
    for step in seeded:
        await played(gdb, one, step)
    await gdb.tenant(one).fetch("SELECT tenantry.open_graph()")
    for sql in _RAW:
        async with gdb.tenant(one) as t:
            assert await t.execute(sql, "some'\\\"thing\n"), sql
        await assert_follows(root, one)
        for step in seeded:
            await played(gdb, one, step)
