"""The whole schema as statements, in the order in which they can be run on an empty one.

This is what the models *mean*. Revisions bring a database there step by step; `migrate check` and
`migrate generate` compare a database with it, object by object.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.schema import CreateIndex, CreateTable

from tenantry.models.base import Partitioned, model_of

from .access import grants, row_security
from .cypher import check_function
from .graph import QUESTIONS
from .graph_functions import graph_functions
from .oneshot import one_shots
from .roles import (
    APP,
    AUDIT,
    AUTH,
    DEFINERS,
    GRAPH,
    GRAPH_READER,
    KEEPER,
    LOGINS,
    SCHEMA_USAGE,
    SERVICE,
    TENANT_ROLES,
    TRANSFER,
)
from .sealing import context_functions
from .triggers import triggers
from .walk import walks

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]

_EVERYONE = (*LOGINS, *DEFINERS)
#: Functions every role may call, and those that write to the record.
_FOR_ALL = (
    "uuidv7()",
    "current_tenant_id()",
    "current_user_id()",
    "set_tenant_context(uuid, uuid)",
    "same_context(uuid)",
    "is_service()",
    "seal_holds()",
    "acting()",
    "uuid_at(timestamptz)",
    "time_of(uuid)",
    "milliseconds_of(uuid)",
    "uuid_of(bigint)",
)
#: Functions that read and write tables, by subject.
_AFTER_TABLES = (
    "rows.sql",
    "locks.sql",
    "record.sql",
    "identity.sql",
    "sealing.sql",
    "workflows.sql",
    "tasks.sql",
    "work.sql",
    "desks.sql",
    "totals.sql",
    "accounting.sql",
    "learning.sql",
    "views.sql",
    "events.sql",
    "graph.sql",
    "transfer.sql",
)
_FOR_APP = (
    "record_event(text, text, uuid, jsonb)",
    "authenticate_key(bytea)",
    "identity_member(text, text)",
    "my_identities()",
    "record_lesson_outcome(uuid, boolean)",
    "record_lesson_applied(uuid)",
    "data_source_credentials(uuid)",
    "publish_event(text, jsonb, text)",
)
#: What the readonly role may ask as well.
_FOR_TENANTS = (
    "search_tasks(text, integer)",
    "tasks_labelled(text, integer)",
    "search_lessons(text, integer)",
    "search_evidence(text, integer)",
    "search_chunks(text, uuid, integer)",
    "lessons_tagged(text[], boolean, integer)",
    "evidence_tagged(text[], boolean, integer)",
    "desk_subtree(uuid)",
    "cost_summary()",
    "desk_figures()",
    "tenant_statistics(uuid)",
    "open_graph()",
    "graph_run(text, jsonb, integer)",
)
_FOR_SERVICE = (
    "partition_gaps(text)",
    "sealed_between(text, uuid, uuid)",
    "record_platform_event(text, text, uuid, jsonb)",
    "refresh_view(text)",
    "refresh_all_views()",
    "install_workflows(uuid)",
    "rebuild_graph(uuid)",
    "tenants_with_graph()",
    "compare_graph(uuid)",
    "drop_graph(uuid)",
    "forget_executions(uuid, uuid, uuid)",
    "load_rows(uuid, text, text[], text)",
    "unload_rows(uuid, text, text[], text)",
    "check_references(uuid)",
    "count_tenant_rows(uuid)",
    "purge_tenant(uuid, jsonb)",
    "tenant_tables()",
)
#: Parts of those that put tenants in and take them out: nobody else calls them.
FOR_TRANSFER = (
    "without_triggers()",
    "triggers_again()",
    "is_arriving(uuid)",
    "transferable(regclass, uuid)",
    "tenant_references()",
    "require_trusted(regclass)",
    "tell_transfer(text, regclass, uuid, bigint)",
    "refuse_pointed_at(uuid)",
)
#: What it calls of others'.
_TRANSFER_CALLS = (
    "tenant_tables()",
    "drop_graph(uuid)",
    "sealed_between(text, uuid, uuid)",
    "record_platform_entry(text, text, uuid, jsonb)",
)
_FOR_AUDIT = (
    "record_entry(text, text, uuid, jsonb)",
    "require_writable(uuid, text)",
    "record_platform_entry(text, text, uuid, jsonb)",
)
_FOR_KEEPER = (
    "refuse_foreign(uuid, text)",
    "workflow_lock(uuid)",
    "structure_lock(text, uuid)",
    "one_at_a_time(uuid)",
    "hold_hierarchy(uuid)",
    "book_session(uuid, uuid)",
    "event_lane(uuid, text, text)",
    "limit_labels(bigint, text)",
)


_FOR_GRAPH = (
    "graph_name(uuid)",
    "graph_lane(uuid)",
    "graph_missed()",
    "look_again()",
    "graph_kept(uuid)",
    "graph_label(text, text, text)",
    "own_label(text, text, text)",
    "limit_labels(bigint, text)",
    "make_graph(uuid)",
    "fill_vertices(uuid, text)",
    "fill_graph(uuid, text)",
    "compare_label(uuid, text, text, text, text)",
)
_FOR_GRAPH_READER = (
    "graph_ready(uuid)",
    "check_cypher(text, integer)",
    "cypher_rows(text, text, integer, jsonb, integer)",
)


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text()


#: Functions whose body is the server's to choose, with the text that chooses.
SERVER_DEPENDENT = {"uuidv7()": _read("uuidv7.sql")}


def install(metadata: MetaData) -> Iterator[str]:
    """Statements (some hold several, so they are for a driver's simple protocol)."""
    tables = metadata.sorted_tables
    yield SCHEMA_USAGE
    # Definer roles own functions, for which they need CREATE while those are being made.
    yield f"GRANT CREATE ON SCHEMA tenantry TO {', '.join(DEFINERS)}"
    yield from SERVER_DEPENDENT.values()
    yield context_functions(sealed=False)
    yield _read("context.sql")
    yield _read("partitions.sql")
    for table in tables:
        yield from create_table(table)
    for name in _AFTER_TABLES:
        yield _read(name)
    yield check_function()
    yield from graph_functions()
    for table in tables:
        yield from row_security(table)
        yield from triggers(table)
        yield from one_shots(table)
        yield from walks(table)
        yield from grants(table)
        yield from _default_partition(table)
    for function in (
        *_FOR_ALL,
        *_FOR_APP,
        *_FOR_TENANTS,
        *_FOR_SERVICE,
        *_FOR_AUDIT,
        *_FOR_KEEPER,
        *_FOR_GRAPH,
        *_FOR_GRAPH_READER,
        *FOR_TRANSFER,
        QUESTIONS,
    ):
        yield f"REVOKE ALL ON FUNCTION tenantry.{function} FROM PUBLIC"
    # Who reads a secret is on record.
    yield f"GRANT EXECUTE ON FUNCTION tenantry.{_FOR_AUDIT[0]} TO {AUTH}"
    for function in _FOR_AUDIT:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {AUDIT}"
    # What the trigger of every table asks, and the record.
    yield f"GRANT EXECUTE ON FUNCTION tenantry.{_FOR_AUDIT[1]} TO {KEEPER}"
    for function in _FOR_KEEPER:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {KEEPER}"
    for role, functions in (
        (GRAPH, _FOR_GRAPH),
        (GRAPH_READER, _FOR_GRAPH_READER),
        (TRANSFER, (*FOR_TRANSFER, *_TRANSFER_CALLS)),
    ):
        for function in functions:
            yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {role}"
    # Whoever changes a named question has its text checked.
    yield f"GRANT EXECUTE ON FUNCTION tenantry.check_cypher(text, integer) TO {SERVICE}"
    for function in _FOR_TENANTS:
        # The service role too, which sets the context of the tenant it works for.
        readers = ", ".join((*TENANT_ROLES, SERVICE))
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {readers}"
    for function in _FOR_SERVICE:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {SERVICE}"
    for function in _FOR_ALL:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {', '.join(_EVERYONE)}"
    for function in _FOR_APP:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {APP}, {SERVICE}"
    yield f"REVOKE CREATE ON SCHEMA tenantry FROM {', '.join(DEFINERS)}"


def create_table(table: Table) -> Iterator[str]:
    ddl = str(CreateTable(table).compile(dialect=_DIALECT)).strip()
    if issubclass(model_of(table), Partitioned):
        ddl += " PARTITION BY RANGE (id)"
    yield ddl
    for index in sorted(table.indexes, key=lambda i: str(i.name)):
        yield str(CreateIndex(index).compile(dialect=_DIALECT))


def _default_partition(table: Table) -> Iterator[str]:
    """Catches what no partition was made for, so that nothing is ever refused for its date."""
    if issubclass(model_of(table), Partitioned):
        child = f"{table.name}_default"
        yield f"CREATE TABLE tenantry.{child} PARTITION OF tenantry.{table.name} DEFAULT"
        yield f"SELECT tenantry.secure_partition('{child}', '{table.name}')"
