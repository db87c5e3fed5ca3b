"""Indexes built while their table is written to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from tenantry.errors import MigrationError

from .autocommit import autocommitting, patiently

_INDEX: Final = re.compile(
    r"CREATE (?P<unique>UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?(?P<name>\w+)"
    r" ON (?:ONLY )?(?P<schema>\w+)\.(?P<table>\w+) (?P<rest>.*)",
    re.DOTALL,
)


def build_indexes(statements: Iterable[str]) -> None:
    """Build these (`CREATE INDEX name ON tenantry.table …`) with CONCURRENTLY, and each partition's for
    itself; also those of a table that is yet to be adopted, `public.orders`. Best in a revision that does nothing else: interrupted, it is run again, keeps what is built
    and removes what was left half-built."""
    for statement in statements:
        found = _INDEX.match(" ".join(statement.split()))
        if found is None:
            raise MigrationError(f"This is no statement that builds an index: {statement[:80]}")
        said = f"CREATE {found['unique'] or ''}INDEX CONCURRENTLY {found['name']} ON {found['schema']}.{found['table']} {found['rest']}"
        with autocommitting(said) as connection:
            if connection is not None:
                _build(connection, found)


def _build(connection: Connection, found: re.Match[str]) -> None:
    schema, name, table, rest = found["schema"], found["name"], found["table"], found["rest"]
    create = f"CREATE {found['unique'] or ''}INDEX"
    children = list(_partitions(connection, schema, table))
    if not children:
        _concurrently(connection, create, schema, name, f"{schema}.{table} {rest}")
        return
    if _state(connection, schema, name) is None:
        patiently(connection, f"{create} {name} ON ONLY {schema}.{table} {rest}")
    if _state(connection, schema, name):
        return
    for child in children:
        own = f"{child}_{name.removeprefix(table).strip('_')}"[:63]
        _concurrently(connection, create, schema, own, f"{schema}.{child} {rest}")
        patiently(connection, f"ALTER INDEX {schema}.{name} ATTACH PARTITION {schema}.{own}")


def _concurrently(connection: Connection, create: str, schema: str, name: str, on: str) -> None:
    state = _state(connection, schema, name)
    if state is False:
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {schema}.{name}")
    if not state:
        # It waits for every transaction that is under way, and holds up none while it does.
        connection.exec_driver_sql("SET lock_timeout = 0")
        connection.exec_driver_sql(f"{create} CONCURRENTLY {name} ON {on}")


def _state(connection: Connection, schema: str, name: str) -> bool | None:
    """Whether it is fit for use; None where there is none."""
    row = connection.exec_driver_sql(
        f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{schema}.{name}')"
    ).first()
    return None if row is None else bool(row[0])


def _partitions(connection: Connection, schema: str, table: str) -> Iterator[str]:
    rows = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        f" WHERE i.inhparent = to_regclass('{schema}.{table}') ORDER BY 1"
    )
    for row in rows:
        yield str(row[0])
