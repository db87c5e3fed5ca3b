"""What the tables look like as a graph, and what is there where graphs are kept.

Every vertex and edge is made of one row, whose id it carries: so a row's change finds it again, and
a graph can be compared with the tables it was made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .roles import GRAPH, GRAPH_READER, SERVICE, TENANT_ROLES
from .triggers import TRANSITIONS


def _moment(column: str) -> str:
    """In the order of time as text."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""


@dataclass(frozen=True, slots=True)
class Vertex:
    """A row as a vertex: its id, and these properties, as SQL of the row `r`. None may be null."""

    table: str
    label: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """A row as an edge. Each of `ends` that it has (label, column) is one."""

    table: str
    label: str
    start: tuple[str, str]
    ends: tuple[tuple[str, str], ...]
    properties: Mapping[str, str]
    #: SQL of the row `r`: whether it is one at all.
    when: str = "true"


VERTICES: Final = (
    Vertex("projects", "Project", {
        "name": "r.name", "status": "r.status", "created_at": _moment("r.created_at"),
    }),
    Vertex("agents", "Agent", {
        "type": "r.agent_type", "name": "r.name", "created_at": _moment("r.created_at"),
    }),
    Vertex("desks", "Desk", {"code": "r.code", "title": "r.title"}),
    Vertex("tasks", "Task", {
        "type": "r.type", "title": "r.title", "status": "r.status", "state": "r.state_category",
        "priority": "r.priority", "created_at": _moment("r.created_at"),
    }),
    Vertex("agent_executions", "Execution", {
        "status": "r.status", "started_at": _moment("r.started_at"),
    }),
)  # fmt: skip
EDGES: Final = (
    Edge("desks", "REPORTS_TO", ("Desk", "id"), (("Desk", "reports_to_id"),), {}),
    Edge("desks", "HELD_BY", ("Desk", "id"), (("Agent", "agent_id"),), {}),
    Edge("tasks", "IN_PROJECT", ("Task", "id"), (("Project", "project_id"),), {}),
    Edge("tasks", "SUBTASK_OF", ("Task", "id"), (("Task", "parent_id"),), {}),
    Edge("tasks", "ASSIGNED_TO", ("Task", "id"),
         (("Agent", "assigned_to_agent_id"), ("Desk", "assigned_to_desk_id")), {}),
    Edge("task_dependencies", "DEPENDS_ON", ("Task", "task_id"), (("Task", "depends_on_id"),), {}),
    Edge("delegations", "DELEGATED_TO", ("Desk", "from_desk_id"), (("Desk", "to_desk_id"),),
         {"task_id": "r.task_id", "status": "r.status"}),
    Edge("agent_executions", "RAN", ("Agent", "agent_id"), (("Execution", "id"),), {}),
    Edge("agent_executions", "FOR_TASK", ("Execution", "id"), (("Task", "task_id"),), {}),
    Edge("agent_executions", "EXECUTED", ("Agent", "agent_id"), (("Task", "task_id"),),
         {"result": "CASE r.status WHEN 'success' THEN 'success' ELSE 'failure' END",
          "timestamp": _moment("coalesce(r.completed_at, r.started_at)")},
         when="r.status IN ('success', 'failure', 'timeout')"),
)  # fmt: skip
#: What AGE makes in each graph, for all others to inherit from.
ROOTS: Final = ("_ag_label_vertex", "_ag_label_edge")
#: Every table that a graph is made of: the platform's, and those of what a tenant adds.
TABLES: Final = tuple(dict.fromkeys(element.table for element in (*VERTICES, *EDGES)))
_OWN: Final = ("graph_nodes", "graph_edges")


# ---- where it is enabled -------------------------------------------------------------------------

#: Triggers that are there or not as an operator chose.
TRIGGERS: Final = "keep_graph"
#: (table, trigger, function) of each.
KEEPERS: Final = (
    *(
        (table, f"{TRIGGERS}_{event.lower()}", f"keep_graph_{table}")
        for table in (*TABLES, *_OWN)
        for event in TRANSITIONS
    ),
    ("tenants", f"{TRIGGERS}_going", "drop_graph_of_tenant"),
)


def keep() -> list[str]:
    """Statements that have the graphs follow their tables."""
    statements = [
        f"CREATE OR REPLACE TRIGGER {TRIGGERS}_{event.lower()} AFTER {event} ON tenantry.{table}"
        f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION tenantry.keep_graph_{table}()"
        for table in (*TABLES, *_OWN)
        for event, rows in TRANSITIONS.items()
    ]
    return [
        *statements,
        f"CREATE OR REPLACE TRIGGER {TRIGGERS}_going BEFORE DELETE ON tenantry.tenants"
        " FOR EACH ROW EXECUTE FUNCTION tenantry.drop_graph_of_tenant()",
    ]


def let_go() -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {name} ON tenantry.{table}" for table, name, _ in KEEPERS]


#: Whether they follow, and new ones can be made: a dump brings triggers along, and no database's grants.
IS_KEPT: Final = (
    f"SELECT has_database_privilege('{GRAPH}', current_database(), 'CREATE') AND count(*) = {{}}"
    " FROM pg_catalog.pg_trigger AS g"
    " JOIN (VALUES {}) AS k (relation, name) ON g.tgname = k.name"
    " AND g.tgrelid = to_regclass('tenantry.' || k.relation) AND g.tgenabled <> 'D'"
).format(len(KEEPERS), ", ".join(f"('{table}', '{name}')" for table, name, _ in KEEPERS))
#: For the extension, by who may: nobody else gets near. Variable-length matches read any graph,
#: whatever row security says.
AFTER_EXTENSION: Final = (
    "REVOKE ALL ON SCHEMA ag_catalog FROM PUBLIC",
    "REVOKE ALL ON ALL TABLES IN SCHEMA ag_catalog FROM PUBLIC",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ag_catalog FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA ag_catalog TO {GRAPH}, {GRAPH_READER}",
    f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ag_catalog TO {GRAPH}, {GRAPH_READER}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ag_catalog.ag_graph, ag_catalog.ag_label TO {GRAPH}",
    f"GRANT SELECT ON ag_catalog.ag_graph, ag_catalog.ag_label TO {GRAPH_READER}",
    # Each graph is a schema. And `{id: $id}` is to be found by the index of ids.
    f"""DO $$ BEGIN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO {GRAPH}', current_database());
        EXECUTE format('ALTER DATABASE %I SET age.enable_containment = off', current_database());
    END $$""",
)
BEFORE_IT_GOES: Final = (
    f"""DO $$ BEGIN
        EXECUTE format('REVOKE CREATE ON DATABASE %I FROM {GRAPH}', current_database());
        EXECUTE format('ALTER DATABASE %I RESET age.enable_containment', current_database());
    END $$""",
)

#: What tenants may call only where an operator has said so: a question of their own.
QUESTIONS: Final = "graph_ask(text, integer, jsonb, integer)"
#: What tenants may call of all that reaches a graph: these take that of the context.
ENTRANCES: Final = ("open_graph()", "graph_run(text, jsonb, integer)", QUESTIONS)
_ASKERS: Final = ", ".join((*TENANT_ROLES, SERVICE))


def allow_questions() -> list[str]:
    return [f"GRANT EXECUTE ON FUNCTION tenantry.{QUESTIONS} TO {_ASKERS}"]


def forbid_questions() -> list[str]:
    return [f"REVOKE EXECUTE ON FUNCTION tenantry.{QUESTIONS} FROM {_ASKERS}"]


#: Whether they may.
IS_ASKED: Final = (
    f"SELECT has_function_privilege('{TENANT_ROLES[0]}', 'tenantry.{QUESTIONS}', 'EXECUTE')"
)
