"""Partitions made for past and future events, and the default ones emptied into those.

Rows are never refused for their time: what no partition was made for is kept by its table's default
partition. That a default holds rows is the alarm (`status`), and `drain` is what answers it. Making a
partition takes locks that wait for writers; it gives up early and tries again, so that nobody queues
behind it for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from tenantry import ids
from tenantry.errors import InvalidInput
from tenantry.kernel.patience import SHORT_WAITS, patiently
from tenantry.kernel.plain import connected
from tenantry.models import metadata
from tenantry.schema.partitions import AHEAD, moments, partitioned, upcoming
from tenantry.schema.roles import OWNER

SETUP = f"SET statement_timeout = 0; {SHORT_WAITS}; SET ROLE {OWNER}"
#: From the catalog alone, which every login may read, and without a lock on any partition: who asks all the
#: time waits for nobody who makes one. $1: tables.
REACH: Final = r"""
    SELECT p.relname AS table, bounds[1]::uuid AS starts, bounds[2]::uuid AS stops,
           CASE WHEN bounds IS NULL THEN pg_stat_get_live_tuples(c.oid) END AS strays
    FROM pg_class AS p JOIN pg_namespace AS n ON n.oid = p.relnamespace AND n.nspname = 'tenantry'
    LEFT JOIN pg_inherits AS i ON i.inhparent = p.oid
    LEFT JOIN pg_class AS c ON c.oid = i.inhrelid
    LEFT JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, 0), 'FROM \(''(.+)''\) TO \(''(.+)''\)') AS bounds
      ON true
    WHERE p.relkind = 'p' AND p.relname = ANY ($1) ORDER BY 1, 2"""
_ADD = "SELECT tenantry.add_partition($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Standing:
    """One partitioned table. `strays` are rows in its default partition: the alarm."""

    table: str
    period: str
    partitions: int
    #: What the made ones reach from and to; there may be gaps.
    since: datetime | None
    until: datetime | None
    #: How many periods beyond the current one can begin; -1 when the current one has no partition.
    ahead: int
    strays: int
    oldest_stray: datetime | None
    newest_stray: datetime | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Of one partitioned table what the catalog tells."""

    table: str
    period: str
    #: As `Standing.ahead`.
    ahead: int
    #: Rows in the default partition by the server's statistics: some seconds late, and 0 after a crash
    #: until somebody analyzes it. `Standing` counts them.
    strays: int


async def ensure(
    owner_url: str,
    since: datetime,
    until: datetime,
    *,
    tables: Iterable[str] | None = None,
    patience: float = 60.0,
) -> list[str]:
    """Make the missing partitions for events from `since` to `until`, as before an import."""
    for moment in (since, until):
        if moment.tzinfo is None:
            raise InvalidInput("A partition's time needs a timezone.", field="since")
    if until < since:
        raise InvalidInput("The range ends before it begins.", field="until")
    wanted = {t: list(moments(p, since, until)) for t, p in _chosen(tables).items()}
    return await _make(owner_url, wanted, patience)


async def prepare(
    owner_url: str,
    *,
    ahead: int = AHEAD,
    tables: Iterable[str] | None = None,
    patience: float = 60.0,
) -> list[str]:
    """Make the missing partitions of the current period and of those that follow."""
    now = datetime.now(UTC)
    wanted = {t: list(upcoming(p, ahead, now)) for t, p in _chosen(tables).items()}
    return await _make(owner_url, wanted, patience)


async def drain(
    owner_url: str, *, tables: Iterable[str] | None = None, patience: float = 60.0
) -> list[str]:
    """Empty the default partitions into ones of the right time; the partitions made for it."""
    made = []
    async with connected(owner_url, SETUP) as connection:
        for table, period in _chosen(tables).items():
            call = "SELECT tenantry.drain_default($1, $2)"
            while name := await patiently(connection, patience, call, table, period):
                made.append(name)
    return made


async def status(
    service_url: str, *, tables: Iterable[str] | None = None, setup: Sequence[str] = ()
) -> list[Standing]:
    """How every partitioned table stands. The service role sees the rows; the owner sees none. `setup`
    is run first, as limits of time."""
    async with connected(service_url, *setup) as connection:
        return await standings(connection, tables=tables)


async def standings(
    service: asyncpg.Connection[Any], *, tables: Iterable[str] | None = None
) -> list[Standing]:
    """The same by a connection that is there."""
    async with service.transaction(readonly=True):
        return [await _standing(service, t, p) for t, p in _chosen(tables).items()]


def reaches(rows: Iterable[asyncpg.Record]) -> list[Reach]:
    """From what `REACH` finds."""
    periods = partitioned(metadata)
    ranges: dict[str, list[tuple[UUID, UUID]]] = {}
    strays: dict[str, int] = {}
    for row in rows:
        made = ranges.setdefault(row["table"], [])
        if row["starts"] is not None:
            made.append((row["starts"], row["stops"]))
        strays[row["table"]] = strays.get(row["table"], 0) + (row["strays"] or 0)
    return [
        Reach(table, periods[table], periods_ahead(periods[table], _gaps(made)), strays[table])
        for table, made in ranges.items()
    ]


def _gaps(made: list[tuple[UUID, UUID]]) -> list[tuple[datetime | None, datetime | None]]:
    """What the ranges, in order, leave."""
    starts = [ids.time_of(start) for start, _ in made]
    stops = [ids.time_of(stop) for _, stop in made]
    gaps = zip([None, *stops], [*starts, None], strict=True)
    return [(stop, start) for stop, start in gaps if stop is None or stop != start]


async def _make(owner_url: str, wanted: dict[str, list[datetime]], patience: float) -> list[str]:
    known, made = partitioned(metadata), []
    async with connected(owner_url, SETUP) as connection:
        for table, times in wanted.items():
            for moment in times:
                name = await patiently(connection, patience, _ADD, table, known[table], moment)
                made += [name] if name else []
    return made


async def _standing(connection: asyncpg.Connection[Any], table: str, period: str) -> Standing:
    gaps = await connection.fetch("SELECT lower, upper FROM tenantry.partition_gaps($1)", table)
    outside = " OR ".join(
        _within(lower, upper) for lower, upper in gaps if (lower, upper) != (None, None)
    )
    row = await connection.fetchrow(
        "SELECT count(*), min(id::text)::uuid, max(id::text)::uuid"  # noqa: S608 - names and ids of ours
        f" FROM tenantry.{table} WHERE {outside or 'true'}"
    )
    made = await connection.fetchval(
        "SELECT count(*) - 1 FROM pg_inherits WHERE inhparent = $1::regclass", f"tenantry.{table}"
    )
    strays, *ends = row or (0, None, None)
    known = [ids.time_of(gap) for pair in gaps for gap in pair if gap is not None]
    open_ = [
        (_time(lower), _time(upper)) for lower, upper in gaps if lower != upper or lower is None
    ]
    oldest, newest = (_time(end) for end in ends)
    return Standing(
        table, period, made, min(known, default=None), max(known, default=None), periods_ahead(period, open_),
        strays, oldest, newest,
    )  # fmt: skip


def periods_ahead(period: str, gaps: Sequence[tuple[datetime | None, datetime | None]]) -> int:
    """From what the gaps between partitions leave: see `Standing.ahead`."""
    now = datetime.now(UTC)
    if any((not lower or lower <= now) and (not upper or now < upper) for lower, upper in gaps):
        return -1
    reach = min(lower for lower, _ in gaps if lower and lower > now)
    return sum(1 for _ in moments(period, now, reach - timedelta(milliseconds=1))) - 1


def _within(lower: UUID | None, upper: UUID | None) -> str:
    bounds = [f"id >= '{lower}'"] if lower else []
    bounds += [f"id < '{upper}'"] if upper else []
    return f"({' AND '.join(bounds)})"


def _time(id: UUID | None) -> datetime | None:
    """None also for a time beyond the calendar, which an id that is no UUIDv7 may carry."""
    try:
        return ids.time_of(id) if id is not None else None
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _chosen(tables: Iterable[str] | None) -> dict[str, str]:
    known = partitioned(metadata)
    if tables is None:
        return known
    if unknown := [t for t in tables if t not in known]:
        raise InvalidInput(f"{unknown[0]} is no partitioned table.", field="tables")
    return {t: known[t] for t in tables}
