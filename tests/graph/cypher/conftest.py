"""A database with the check of Cypher text and, where AGE is to be had, a small graph."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from tenantry.graph.cypher import CypherQuery
from tenantry.ops.setup import in_database
from tenantry.schema.cypher import HOPS, check_function
from tests.fixtures.servers import Server

GRAPH = "small_graph"
_SMALL = """
CREATE (a:Task {id: 'a', n: 1, name: 'one', tags: ['x', 'y']})-[:DEPENDS_ON {w: 1}]->
       (b:Task {id: 'b', n: 2})-[:DEPENDS_ON {w: 2}]->(:Task {id: 'c', n: 3}),
       (:Agent {id: 'd', name: 'Ada'})-[:EXECUTED {ok: true}]->(a)
"""


class Scratch:
    """One connection of a superuser, driven from tests that are not asynchronous."""

    def __init__(self, server: Server) -> None:
        self.has_age = "age" in server.extensions
        self._server = server
        self._runner = asyncio.Runner()
        self._name = f"cypher_{uuid.uuid4().hex[:12]}"
        self._connection: asyncpg.Connection[Any]
        self._runner.run(self._start())

    async def _start(self) -> None:
        admin = await asyncpg.connect(self._server.superuser_url)
        await admin.execute(f"CREATE DATABASE {self._name}")
        await admin.close()
        self._connection = await asyncpg.connect(
            in_database(self._server.superuser_url, self._name), statement_cache_size=0
        )
        await self._connection.execute("CREATE SCHEMA tenantry")
        await self._connection.execute(check_function())
        if self.has_age:
            await self._connection.execute("CREATE EXTENSION age")
            await self._connection.execute("SELECT ag_catalog.agtype_build_map()")
            await self._connection.execute("SET search_path = ag_catalog, pg_catalog, pg_temp")
            await self._connection.execute(f"SELECT create_graph('{GRAPH}')")
            await self._connection.execute(
                f"SELECT * FROM cypher('{GRAPH}', $${_SMALL}$$) AS (none agtype)"
            )

    def close(self) -> None:
        async def end() -> None:
            await self._connection.close()
            admin = await asyncpg.connect(self._server.superuser_url)
            await admin.execute(f"DROP DATABASE {self._name}")
            await admin.close()

        self._runner.run(end())
        self._runner.close()

    def check(self, text: str | None, hops: int | None = HOPS) -> None:
        self._runner.run(
            self._connection.fetchval("SELECT tenantry.check_cypher($1, $2)", text, hops)
        )

    def refused(self, text: str | None, hops: int | None = HOPS) -> bool:
        try:
            self.check(text, hops)
        except asyncpg.PostgresError as error:
            assert error.sqlstate == "TN011", error
            assert {"found", "position"} == set(json.loads(error.detail or ""))
            return True
        return False

    def values(self, sql: str) -> list[Any]:
        async def values() -> list[Any]:
            return [row[0] for row in await self._connection.fetch(sql)]

        return self._runner.run(values())

    def run(self, text: str, columns: int, parameters: dict[str, Any]) -> list[list[Any]]:
        """What AGE answers, each value as its text."""
        names = ", ".join(f"c{i} agtype" for i in range(columns))
        sql = f"SELECT * FROM cypher('{GRAPH}', $cypher$ {text} $cypher$, $1) AS ({names})"

        async def rows() -> list[list[Any]]:
            statement = await self._connection.prepare(sql)
            return [list(r) for r in await statement.fetch(json.dumps(parameters), timeout=20)]

        return self._runner.run(rows())

    def reached(self, text: str, columns: int) -> set[str]:
        """The functions and tables in AGE's plan of this text."""
        names = ", ".join(f"c{i} agtype" for i in range(columns))
        plan = self._runner.run(
            self._connection.fetch(
                f"EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM"
                f" cypher('{GRAPH}', $cypher$ {text} $cypher$, $1) AS ({names})",
                "{}",
            )
        )
        lines = "\n".join(row[0] for row in plan)
        return set(re.findall(r"([a-z_][\w.]*)\(", lines)) | set(
            re.findall(r"Scan.* on ([a-z_]+\.[\w\"]+)", lines)
        )

    def ask(self, query: CypherQuery, **parameters: Any) -> list[list[Any]]:
        self.check(query.text)
        return self.run(query.text, len(query.columns), {**parameters, **query.literals})


@pytest.fixture(scope="module")
def scratch(postgres_server: Server) -> Iterator[Scratch]:
    scratch = Scratch(postgres_server)
    yield scratch
    scratch.close()
