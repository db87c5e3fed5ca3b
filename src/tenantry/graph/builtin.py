"""Questions that most platforms ask, for `tenantry graph query add --builtin` to name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tenantry.schema.cypher import TEMPLATE_HOPS


@dataclass(frozen=True, slots=True)
class Builtin:
    name: str
    description: str
    text: str


BUILTIN: Final = (
    Builtin(
        "task-dependencies",
        "What a task waits for, and how many steps away each is",
        f"MATCH p = (:Task {{id: $task}})-[:DEPENDS_ON*1..{TEMPLATE_HOPS}]->(t:Task)"
        " RETURN t.id AS id, t.title AS title, t.status AS status, min(length(p)) AS depth"
        " ORDER BY depth, title",
    ),
    Builtin(
        "task-dependents",
        "What waits for a task, and how many steps away each is",
        f"MATCH p = (:Task {{id: $task}})<-[:DEPENDS_ON*1..{TEMPLATE_HOPS}]-(t:Task)"
        " RETURN t.id AS id, t.title AS title, t.status AS status, min(length(p)) AS depth"
        " ORDER BY depth, title",
    ),
    Builtin(
        "task-executions",
        "Which agents executed a task, the latest first",
        "MATCH (a:Agent)-[e:EXECUTED]->(:Task {id: $task})"
        " RETURN a.id AS id, a.name AS agent, e.result AS result, e.timestamp AS at"
        " ORDER BY at DESC",
    ),
    Builtin(
        "agent-history",
        "Which tasks an agent executed, and with which result, the latest first",
        "MATCH (:Agent {id: $agent})-[e:EXECUTED]->(t:Task)"
        " RETURN t AS task, e.result AS result, e.timestamp AS at ORDER BY at DESC",
    ),
    Builtin(
        "chain-of-command",
        "Whom a desk reports to, up to the top",
        f"MATCH p = (:Desk {{id: $desk}})-[:REPORTS_TO*1..{TEMPLATE_HOPS}]->(d:Desk)"
        " RETURN d.id AS id, d.code AS code, d.title AS title, length(p) AS steps ORDER BY steps",
    ),
)
