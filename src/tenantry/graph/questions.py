"""The platform's named questions, for the service role to keep."""

from __future__ import annotations

from tenantry.errors import UnknownGraphQuery
from tenantry.models import GraphQuery
from tenantry.repositories import GraphQueries
from tenantry.schema.cypher import TEMPLATE_HOPS

from .cypher import parse


class Questions(GraphQueries):
    """`s.graph_queries`. Tenants ask them with `t.graph.run(name, …)`."""

    async def put(self, name: str, text: str, *, description: str = "") -> GraphQuery:
        """Name a question, or give the name another text."""
        query = parse(text, max_hops=TEMPLATE_HOPS)
        return await self.upsert(
            on="name",
            name=name,
            description=description,
            text=query.text,
            result_columns=list(query.columns),
            parameters=list(query.parameters),
            literals=dict(query.literals),
        )

    async def remove(self, name: str) -> None:
        found = await self.by_name(name)
        if found is None:
            raise UnknownGraphQuery(name)
        await self.delete(found.id)
