"""Which statements take the server's time: as pg_stat_statements counted them, else those of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from tenantry.kernel.literals import without_values

from .sessions import Session, running
from .source import Section, Source


@dataclass(frozen=True, slots=True)
class Statement:
    """All calls of one form of statement, by one role in this database."""

    id: int
    role: str
    calls: int
    mean_ms: float
    max_ms: float
    total_ms: float
    rows: int
    #: Of the blocks it read, how much came from shared buffers; None if it read none.
    hit_ratio: float | None
    #: Without values.
    text: str


@dataclass(frozen=True, slots=True)
class Statements:
    """`counted` is None where nothing counts them; `running` are then those of now, longest first."""

    counted: tuple[Statement, ...] | None
    running: tuple[Session, ...] = ()
    #: Since when they are counted.
    since: datetime | None = None


_WHERE: Final = """
    SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'"""
# Statements of others are hidden from who is no monitor; they have no id then.
_SQL: Final = """
    SELECT s.queryid AS id, r.rolname AS role, s.calls, s.mean_exec_time AS mean_ms, s.max_exec_time AS max_ms,
           s.total_exec_time AS total_ms, s.rows,
           s.shared_blks_hit::float8 / nullif(s.shared_blks_hit + s.shared_blks_read, 0) AS hit_ratio, s.query AS text
    FROM {schema}.pg_stat_statements AS s JOIN pg_roles AS r ON r.oid = s.userid
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.queryid IS NOT NULL
    ORDER BY s.mean_exec_time DESC, s.queryid LIMIT $1"""

_SINCE: Final = "SELECT stats_reset FROM {schema}.pg_stat_statements_info"


async def _look(source: Source) -> Statements:
    server = await source.server()
    schema = await server.fetchval(_WHERE)
    if schema is not None:
        try:
            rows = await server.fetch(_SQL.format(schema=schema), source.rows)
            since = await server.fetchval(_SINCE.format(schema=schema))
        except asyncpg.ObjectNotInPrerequisiteStateError:
            pass  # the extension is there, but the server has not loaded its library
        else:
            found = (Statement(**{**row, "text": without_values(row["text"])}) for row in rows)
            return Statements(tuple(found), since=since)
    return Statements(None, await running(source))


STATEMENTS = Section("slow", "statements by their mean time, without their values", _look)
