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
from .oneshot import one_shots
from .roles import APP, DEFINERS, LOGINS, SCHEMA_USAGE, SERVICE
from .triggers import triggers

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]

_EVERYONE = (*LOGINS, *DEFINERS)
#: Functions every role may call, and those that write to the record.
_FOR_ALL = (
    "uuidv7()",
    "current_tenant_id()",
    "current_user_id()",
    "set_tenant_context(uuid, uuid)",
    "same_context(uuid)",
    "acting()",
    "uuid_at(timestamptz)",
    "time_of(uuid)",
)
_FOR_APP = (
    "record_event(text, text, uuid, jsonb)",
    "authenticate_key(bytea)",
    "my_identities()",
)

#: The platform's log is not the application's to write.
_FOR_SERVICE = ("record_platform_event(text, text, uuid, jsonb)",)


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
    yield _read("context.sql")
    yield _read("partitions.sql")
    for table in tables:
        yield from create_table(table)
    for name in ("rows.sql", "record.sql", "identity.sql"):
        yield _read(name)
    for table in tables:
        yield from row_security(table)
        yield from triggers(table)
        yield from one_shots(table)
        yield from grants(table)
        yield from _default_partition(table)
    for function in (*_FOR_ALL, *_FOR_APP, *_FOR_SERVICE):
        yield f"REVOKE ALL ON FUNCTION tenantry.{function} FROM PUBLIC"
    for function in _FOR_ALL:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {', '.join(_EVERYONE)}"
    for function in _FOR_SERVICE:
        yield f"GRANT EXECUTE ON FUNCTION tenantry.{function} TO {SERVICE}"
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
