"""What a tenant adds to its graph, and the questions the platform has named.

The rest of the graph is made of the other tables: see `schema/graph.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from .base import OWN_TENANT, Access, Audited, Rule, TenantScoped, Timestamped
from .columns import NEW_ID, Json, column, reference

#: The platform's own labels of vertices and edges, which no tenant can use.
VERTEX_LABELS = ("Agent", "Desk", "Execution", "Project", "Task")
EDGE_LABELS = (
    "ASSIGNED_TO", "DELEGATED_TO", "DEPENDS_ON", "EXECUTED", "FOR_TASK", "HELD_BY", "IN_PROJECT",
    "RAN", "REPORTS_TO", "SUBTASK_OF",
)  # fmt: skip
#: The words of Cypher, of AGE 1.5 to 1.8: nothing could be asked of a label that is one, in any case.
CYPHER_WORDS = (
    "all", "analyze", "and", "any", "as", "asc", "ascending", "by", "call", "case", "coalesce",
    "contains", "count", "create", "delete", "desc", "descending", "detach", "distinct", "else",
    "end", "ends", "exists", "explain", "false", "in", "is", "limit", "match", "merge", "none", "not",
    "null", "on", "operator", "optional", "or", "order", "reduce", "remove", "return", "set", "single",
    "skip", "starts", "then", "true", "union", "unwind", "verbose", "when", "where", "with", "xor",
    "yield",
)  # fmt: skip


def _own(pattern: str, taken: tuple[str, ...]) -> str:
    return (
        f"label ~ '{pattern}' AND label NOT IN ({_listed(taken)})"
        f""" AND lower(label COLLATE "C") NOT IN ({_listed(CYPHER_WORDS)})"""
    )


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(repr(word) for word in words)


# What the graph can hold: one row with a number that is none there, and none could be made.
_PROPERTIES = (
    "jsonb_typeof(properties) = 'object' AND NOT properties ? 'id'"
    " AND octet_length(properties::text) <= 65536"
    " AND NOT jsonb_path_exists(properties, 'strict $.**{64}')"
    """ AND NOT jsonb_path_exists(properties, 'strict $.** ? (@.type() == "number" && ("""
    "@ > 9223372036854775807 || @ < -9223372036854775808 || @ != 0 && @ > -1e-300 && @ < 1e-300))')"
)
#: What a tenant's own edge may lead from and to.
EDGE_ENDS = ("task", "agent", "desk", "project", "node")


def _one_end(side: str) -> CheckConstraint:
    columns = ", ".join(f"{side}_{kind}_id" for kind in EDGE_ENDS)
    return CheckConstraint(f"num_nonnulls({columns}) = 1", name=f"one_{side}")


class GraphNode(TenantScoped, Audited):
    """A thing of the tenant's own in its graph: a service, a customer, whatever it reasons about."""

    __tablename__ = "graph_nodes"
    __access__ = replace(OWN_TENANT, update=("properties",))
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("limit_graph_labels", "INSERT", set_based=True),
        Rule("refuse_other_label", "BEFORE UPDATE OF label"),
    )
    __table_args__ = (Index("graph_nodes_label_idx", "tenant_id", "label", "id"),)

    label: Mapped[str] = column(
        # With a small letter, so that no edge's label can be the same.
        check=_own("^(?=.*[a-z])[A-Z][A-Za-z0-9]{0,39}$", VERTEX_LABELS),
        doc="as `Service`",
    )
    properties: Mapped[Json] = column(default={}, check=_PROPERTIES)


class GraphEdge(TenantScoped, Audited):
    """A relation of the tenant's own between two things of its graph. It goes with either end."""

    __tablename__ = "graph_edges"
    __access__ = replace(OWN_TENANT, update=("properties",))
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("limit_graph_labels", "INSERT", set_based=True),
        Rule("refuse_other_label", "BEFORE UPDATE OF label"),
    )
    __table_args__ = (
        Index("graph_edges_label_idx", "tenant_id", "label", "id"),
        *(
            Index(f"graph_edges_{side}_{kind}_id_idx", "tenant_id", f"{side}_{kind}_id")
            for side in ("from", "to")
            for kind in EDGE_ENDS
        ),
        _one_end("from"),
        _one_end("to"),
    )

    label: Mapped[str] = column(check=_own("^[A-Z][A-Z0-9_]{0,39}$", EDGE_LABELS), doc="as `USES`")
    from_task_id: Mapped[UUID | None] = reference("tasks", default=None)
    from_agent_id: Mapped[UUID | None] = reference("agents", default=None)
    from_desk_id: Mapped[UUID | None] = reference("desks", default=None)
    from_project_id: Mapped[UUID | None] = reference("projects", default=None)
    from_node_id: Mapped[UUID | None] = reference("graph_nodes", default=None)
    to_task_id: Mapped[UUID | None] = reference("tasks", default=None)
    to_agent_id: Mapped[UUID | None] = reference("agents", default=None)
    to_desk_id: Mapped[UUID | None] = reference("desks", default=None)
    to_project_id: Mapped[UUID | None] = reference("projects", default=None)
    to_node_id: Mapped[UUID | None] = reference("graph_nodes", default=None)
    properties: Mapped[Json] = column(default={}, check=_PROPERTIES)


class GraphQuery(Timestamped, Audited):
    """A question in Cypher that the platform has named, for every tenant to ask of its own graph."""

    __tablename__ = "graph_queries"
    __access__ = Access(rows="true")
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("check_graph_query", "BEFORE INSERT OR UPDATE"),)
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    name: Mapped[str] = column(check="name ~ '^[a-z][a-z0-9_-]{0,62}$'")
    description: Mapped[str] = column(default="")
    text: Mapped[str] = column(doc="Cypher as the parser wrote it: no literal text is left in it")
    result_columns: Mapped[list[str]] = column(
        check="CASE jsonb_typeof(result_columns) WHEN 'array'"
        " THEN jsonb_array_length(result_columns) BETWEEN 1 AND 50 ELSE false END"
    )
    parameters: Mapped[list[str]] = column(default=[], doc="what the caller gives")
    literals: Mapped[Json] = column(default={}, doc="what the text itself gave")
