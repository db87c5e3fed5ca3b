"""A tenant's graph: questions in Cypher, and what the tenant adds to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from tenantry.errors import GraphUnavailable, InvalidInput, PermissionDenied, UnknownGraphQuery
from tenantry.models import Agent, Desk, GraphEdge, GraphNode, GraphQuery, Project, Task
from tenantry.repositories import GraphEdges, GraphNodes, GraphQueries, Scope

from .cypher import parse
from .parameters import encode, encode_properties
from .result import GraphResult

MOST_ROWS: Final = 10_000
#: What an edge of one's own may lead from and to, and which reference keeps it.
_ENDS: Final = {Task: "task", Agent: "agent", Desk: "desk", Project: "project", GraphNode: "node"}
End = Task | Agent | Desk | Project | GraphNode

# A graph is made when it is first asked, which is not part of the time that the question has.
_OPEN = (
    "SELECT tenantry.open_graph(), current_setting('statement_timeout'),"
    " set_config('statement_timeout', $1, true)"
)
_RESTORE = "SELECT set_config('statement_timeout', $1, true)"
_RUN = (
    "SELECT q.result_columns, r.cells FROM tenantry.graph_queries AS q"
    " LEFT JOIN LATERAL tenantry.graph_run(q.name, $2::text::jsonb, $3) AS r (cells) ON true"
    " WHERE q.name = $1"
)
_ASK = "SELECT cells FROM tenantry.graph_ask($1, $2, $3::text::jsonb, $4) AS r (cells)"


class Graph:
    """`t.graph`. Questions only read; what they read follows the tables within the transaction."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.nodes = GraphNodes(scope)
        self.edges = GraphEdges(scope)

    # ---- asking -----------------------------------------------------------------------------

    async def run(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        limit: int = 1_000,
        timeout: float = 5.0,
        **named: Any,
    ) -> GraphResult:
        """A question that the platform has named (`tenantry graph query add`)."""
        given = encode({**(params or {}), **named})
        rows = await self._bounded(timeout, _RUN, name, given, _checked(limit) + 1)
        if not rows:
            raise UnknownGraphQuery(name)
        columns = tuple(rows[0][0])
        return _result(columns, [row[1] for row in rows if row[1] is not None], limit)

    async def ask(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        limit: int = 1_000,
        timeout: float = 5.0,
        **named: Any,
    ) -> GraphResult:
        """A question of one's own, an agent's say: Cypher that reads, of clauses, functions and hops
        that are known to be safe. Needs the feature `graph-questions`."""
        values = {**(params or {}), **named}
        query = parse(text, parameters=values)
        given = encode({**values, **query.literals})
        most = _checked(limit) + 1
        try:
            rows = await self._bounded(timeout, _ASK, query.text, len(query.columns), given, most)
        except PermissionDenied as error:
            raise GraphUnavailable(
                "Tenants may not ask their graph questions of their own here.",
                hint="An operator allows it: `tenantry feature enable graph-questions`.",
                feature="graph-questions",
                reason="questions",
            ) from error
        return _result(query.columns, [row[0] for row in rows], limit)

    async def queries(self) -> Sequence[GraphQuery]:
        """The questions that the platform has named."""
        return await GraphQueries(self._scope).list(limit=MOST_ROWS)

    async def _bounded(self, timeout: float, sql: str, *args: Any) -> Sequence[Any]:
        if not 0 < timeout <= 3600:
            raise InvalidInput("timeout is in seconds, up to an hour.", field="timeout")
        async with self._scope.transaction() as scope:
            ((_, before, _),) = await scope.within(_OPEN, f"{max(1, round(timeout * 1000))}ms")
            rows = await scope.within(sql, *args)
            await scope.fetch(_RESTORE, before)
        return rows

    # ---- the tenant's own -------------------------------------------------------------------

    async def put_node(
        self, label: str, properties: Mapping[str, Any] | None = None, *, id: UUID | None = None
    ) -> GraphNode:
        """A vertex of one's own, under a label of one's own as `Service`. With the `id` of one that is
        there, its properties become these."""
        values: dict[str, Any] = {"label": label, "properties": _properties(properties)}
        if id is None:
            return await self.nodes.create(**values)
        async with self._scope.transaction() as scope:
            nodes = GraphNodes(scope)
            found = await nodes.find(id)
            if found is None:
                return await nodes.create(id=id, **values)
            _same(found.label, label)
            return await nodes.update(id, properties=values["properties"])

    async def put_edge(
        self,
        label: str,
        start: End,
        end: End,
        properties: Mapping[str, Any] | None = None,
        *,
        id: UUID | None = None,
    ) -> GraphEdge:
        """An edge of one's own, as `USES`, between tasks, agents, desks, projects and nodes. It goes
        when one of them does. With the `id` of one that is there, its properties become these."""
        ends = {_column("from", start): start.id, _column("to", end): end.id}
        values: dict[str, Any] = {"label": label, "properties": _properties(properties), **ends}
        if id is None:
            return await self.edges.create(**values)
        async with self._scope.transaction() as scope:
            edges = GraphEdges(scope)
            found = await edges.find(id)
            if found is None:
                return await edges.create(id=id, **values)
            _same(found.label, label)
            if any(getattr(found, column) != there for column, there in ends.items()):
                raise InvalidInput(
                    "The edge of this id leads from or to something else.",
                    field="id",
                    hint="Remove it, and put another.",
                )
            return await edges.update(id, properties=values["properties"])

    async def remove_node(self, id: UUID) -> bool:
        """With its edges; whether there was one."""
        return await self.nodes.delete(id)

    async def remove_edge(self, id: UUID) -> bool:
        """Whether there was one."""
        return await self.edges.delete(id)


def _result(columns: tuple[str, ...], rows: list[list[str | None]], limit: int) -> GraphResult:
    return GraphResult.read(columns, rows[:limit], truncated=len(rows) > limit)


def _checked(limit: int) -> int:
    if not 0 < limit <= MOST_ROWS:
        raise InvalidInput(f"limit must be 1 to {MOST_ROWS}.", field="limit")
    return limit


def _properties(given: Mapping[str, Any] | None) -> dict[str, Any]:
    properties: dict[str, Any] = json.loads(encode_properties(given or {}))
    return properties


def _column(side: str, end: End) -> str:
    kind = _ENDS.get(type(end))
    if kind is None:
        raise InvalidInput(
            f"An edge cannot lead {side} a {type(end).__name__}.",
            field="start" if side == "from" else "end",
            hint="Give a task, an agent, a desk, a project or a node.",
        )
    return f"{side}_{kind}_id"


def _same(there: str, given: str) -> None:
    if there != given:
        raise InvalidInput(
            f"What has this id is labelled {there}, not {given}.",
            field="label",
            hint="A label stays: remove it and put another.",
        )
