"""What is old: the transactions that hold back VACUUM, and how far transaction numbers have run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class OldTransaction:
    """The oldest that is open, in this database."""

    #: Of its session; None for a prepared one, which has none.
    pid: int | None
    #: The role; of a prepared one its name too.
    whose: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DatabaseAge:
    """How many transactions ago its oldest rows are from. At two thousand million they would come round."""

    database: str
    transactions: int
    multixacts: int


@dataclass(frozen=True, slots=True)
class Ages:
    oldest: OldTransaction | None
    databases: tuple[DatabaseAge, ...]
    #: From where on autovacuum forces itself on a table.
    forced_at: int

    @property
    def transactions(self) -> int:
        """Of the oldest database."""
        return max((one.transactions for one in self.databases), default=0)


_OLDEST: Final = """
    SELECT pid, whose, extract(epoch FROM clock_timestamp() - began)::float8 AS seconds
    FROM (SELECT pid, usename::text AS whose, xact_start AS began FROM pg_stat_activity
          WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
          UNION ALL
          SELECT NULL, owner || ' (prepared)', prepared FROM pg_prepared_xacts WHERE database = current_database()) AS t
    WHERE began IS NOT NULL ORDER BY began LIMIT 1"""
_DATABASES: Final = """
    SELECT datname AS database, age(datfrozenxid) AS transactions, mxid_age(datminmxid) AS multixacts
    FROM pg_database ORDER BY 2 DESC, 1 LIMIT $1"""


async def _look(source: Source) -> Ages:
    server = await source.server()
    oldest = await server.fetchrow(_OLDEST)
    return Ages(
        OldTransaction(**oldest) if oldest else None,
        tuple(DatabaseAge(**row) for row in await server.fetch(_DATABASES, source.rows)),
        int(await server.fetchval("SELECT current_setting('autovacuum_freeze_max_age')")),
    )


AGES = Section("ages", "the oldest transaction, and how far transaction numbers have run", _look)
