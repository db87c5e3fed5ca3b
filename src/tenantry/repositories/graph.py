"""What a tenant adds to its graph, and the questions the platform has named."""

from __future__ import annotations

from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import GraphEdge, GraphNode, GraphQuery

from .base import Creates, Repository

_PROPERTIES = (
    "Properties are an object of up to 64 KB, without `id`, of no number beyond 64 bits, and no more "
    "than 63 deep."
)
CONSTRAINT_MESSAGES.update(
    {
        "graph_nodes_label_check": "A label of your own begins with a capital, has a small letter, "
        "up to 40 letters and digits, as Service; the platform's own and the words of Cypher are taken.",
        "graph_edges_label_check": "An edge's label is up to 40 capitals, digits and underscores, as "
        "USES; the platform's own and the words of Cypher are taken.",
        "graph_nodes_properties_check": _PROPERTIES,
        "graph_edges_properties_check": _PROPERTIES,
        "graph_queries_name_check": "A question's name is up to 63 small letters, digits, hyphens "
        "and underscores.",
        "graph_queries_name_key": "There is a question of this name already.",
        **{
            f"graph_edges_{side}_{kind}_id_fkey": f"There is no such {word} for an edge."
            for side in ("from", "to")
            for kind, word in (
                ("task", "task"),
                ("agent", "agent"),
                ("desk", "desk"),
                ("project", "project"),
                ("node", "node"),
            )
        },
    }
)


class GraphNodes(Repository[GraphNode]):
    model = GraphNode
    create = Creates(GraphNode)


class GraphEdges(Repository[GraphEdge]):
    model = GraphEdge
    create = Creates(GraphEdge)


class GraphQueries(Repository[GraphQuery]):
    """Tenants read them; only the service role changes them."""

    model = GraphQuery
    create = Creates(GraphQuery)

    async def by_name(self, name: str) -> GraphQuery | None:
        page = await self.list(name=name, limit=1)
        return page[0] if page else None
