"""Tasks that wait for others in layers, in the tables and as a graph of Apache AGE's."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg

from bench.world import World
from tenantry.handles import Tenant

TASKS = 500

Links = list[tuple[int, int]]

_AGE_SESSION = "LOAD 'age'; SET search_path = ag_catalog, public"
_CLOSURE = """
    SELECT count(*) FROM ag_catalog.cypher('{graph}', $$
        MATCH (:Task {{id: '{id}'}})-[:DEPENDS_ON*]->(d:Task) RETURN DISTINCT d
    $$) AS (d ag_catalog.agtype)"""


@dataclass(frozen=True)
class Waiting:
    """A task, and the tenant's handle; it waits for all `TASKS` others, by way of each other."""

    t: Tenant
    id: UUID
    ids: list[UUID]
    links: Links

    async def closure(self) -> None:
        found = await self.t.tasks.dependencies(self.id, transitive=True)
        assert len(found) == TASKS


def layered(layers: int, most: int) -> Links:
    """Each task of a layer waits for one to `most` of the next, and each is waited for; the first
    task waits for the whole first layer. By their numbers, the first task's is 0."""
    chance = random.Random(7)  # noqa: S311 - no secret
    width = TASKS // layers
    rows = [range(1 + n * width, 1 + (n + 1) * width) for n in range(layers)]
    links = {(0, one) for one in rows[0]}
    for above, below in pairwise(rows):
        links |= {(one, other) for one, other in zip(above, below, strict=True)}
        for one in above:
            links |= {(one, other) for other in chance.sample(below, chance.randint(0, most - 1))}
    return sorted(links)


async def waiting(world: World, links: Links) -> Waiting:
    """In a tenant among the others."""
    t = world.db.tenant(world.projects[0][0])
    rows = [{"title": f"Task {n}", "prompt": "word " * 40} for n in range(TASKS + 1)]
    ids = [UUID(str(task.id)) for task in await t.tasks.create_many(rows)]
    await t.dependencies.create_many(
        [{"task_id": ids[one], "depends_on_id": ids[other]} for one, other in links]
    )
    async with world.admin() as admin:
        await admin.execute("VACUUM ANALYZE tenantry.tasks, tenantry.task_dependencies")
    return Waiting(t, ids[0], ids, links)


class Age:
    """The same graph in AGE, with the indexes its documentation advises, on a connection of its own."""

    def __init__(self, admin: asyncpg.Connection[Any], graph: str, of: Waiting) -> None:
        self._admin = admin
        self._graph = graph
        self._of = of

    async def make(self) -> None:
        await self._admin.execute("CREATE EXTENSION IF NOT EXISTS age")
        await self._admin.execute(_AGE_SESSION)
        graph = self._graph
        await self._admin.execute(f"""
            SELECT create_graph('{graph}');
            SELECT create_vlabel('{graph}', 'Task');
            SELECT create_elabel('{graph}', 'DEPENDS_ON');
            CREATE INDEX ON {graph}."Task" USING gin (properties)
        """)
        made = await self._admin.fetch(
            f'INSERT INTO {graph}."Task" (properties)'
            ' SELECT format(\'{"id": "%s"}\', id)::agtype FROM unnest($1::uuid[]) AS id'
            " RETURNING id::text",
            self._of.ids,
        )
        nodes = [row[0] for row in made]
        await self._admin.execute(
            f'INSERT INTO {graph}."DEPENDS_ON" (start_id, end_id)'
            " SELECT a::graphid, b::graphid FROM unnest($1::text[], $2::text[]) AS l (a, b)",
            [nodes[one] for one, _ in self._of.links],
            [nodes[other] for _, other in self._of.links],
        )
        await self._admin.execute(f'ANALYZE {graph}."Task", {graph}."DEPENDS_ON"')

    async def closure(self, *, patience: float) -> bool:
        """Whether it was found within so many seconds. Its tasks are counted, not even sent."""
        await self._admin.execute(f"SET statement_timeout = '{int(patience * 1000)}ms'")
        try:
            many = await self._admin.fetchval(_CLOSURE.format(graph=self._graph, id=self._of.id))
        except asyncpg.QueryCanceledError:
            return False
        assert many == TASKS
        return True
