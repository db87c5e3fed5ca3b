"""What sessions do now, what they wait for, and who holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tenantry.kernel.literals import without_values

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class Session:
    pid: int
    role: str
    #: As the program named itself.
    program: str
    #: The database it is in.
    database: str
    client: str
    state: str
    #: What it waits for, as `Lock: relation`; empty while it works.
    wait: str
    #: How long its transaction has been open, and how long it has been in its state.
    transaction_s: float | None
    state_s: float | None
    blocked_by: tuple[int, ...]
    #: The statement of now, or the last one; without values.
    text: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """Of the whole server, those that have work or a transaction open; the longest first."""

    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """A session that waits for a lock, and those that it waits for."""

    waiting: Session
    #: What it wants, as `AccessExclusiveLock on tasks`.
    wanted: str
    holders: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Locks:
    waits: tuple[Wait, ...]


_COLUMNS: Final = """
    a.pid, coalesce(a.usename, a.backend_type) AS role, coalesce(a.application_name, '') AS program,
    coalesce(a.datname, '') AS database, coalesce(host(a.client_addr), '') AS client, coalesce(a.state, '') AS state,
    CASE WHEN a.state = 'active' THEN coalesce(a.wait_event_type || ': ' || a.wait_event, '') ELSE '' END AS wait,
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction_s,
    extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_s,
    CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blocked_by,
    coalesce(a.query, '') AS text"""
_RUNNING: Final = f"""
    SELECT {_COLUMNS} FROM pg_stat_activity AS a
    WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.state <> 'idle'
    ORDER BY a.xact_start NULLS LAST, a.pid LIMIT $1"""  # noqa: S608 - our own columns
_WAITING: Final = f"""
    WITH waiting AS MATERIALIZED (
        SELECT {_COLUMNS}, a.wait_event FROM pg_stat_activity AS a WHERE a.wait_event_type = 'Lock'
        ORDER BY a.state_change, a.pid LIMIT $1)
    SELECT w.*, coalesce(l.mode, w.wait_event) AS mode, coalesce(
        c.relname, CASE l.locktype WHEN 'transactionid' THEN 'a row' WHEN 'virtualxid' THEN 'a snapshot'
                   ELSE l.locktype END) AS "on"
    FROM waiting AS w LEFT JOIN LATERAL (
        SELECT * FROM pg_locks AS l WHERE l.pid = w.pid AND NOT l.granted LIMIT 1) AS l ON true
    LEFT JOIN pg_class AS c ON c.oid = l.relation
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""  # noqa: S608
_HOLDING: Final = f"SELECT {_COLUMNS} FROM pg_stat_activity AS a WHERE a.pid = ANY ($1)"  # noqa: S608


async def running(source: Source) -> tuple[Session, ...]:
    rows = await (await source.server()).fetch(_RUNNING, source.rows)
    return tuple(map(_session, rows))


async def _running(source: Source) -> Sessions:
    return Sessions(await running(source))


async def _waiting(source: Source) -> Locks:
    server = await source.server()
    found = await server.fetch(_WAITING, source.rows)
    pids = sorted({pid for row in found for pid in row["blocked_by"]})
    holders = {row["pid"]: _session(row) for row in await server.fetch(_HOLDING, pids)}
    return Locks(
        tuple(
            Wait(
                _session(row),
                f"{row['mode']} on {row['on']}" if row["on"] else row["mode"],
                # A prepared transaction holds locks too, without a session: its pid is 0.
                tuple(holders[pid] for pid in row["blocked_by"] if pid in holders),
            )
            for row in found
        )
    )


_FIELDS: Final = tuple(Session.__dataclass_fields__)


def _session(row: Mapping[str, Any]) -> Session:
    values = {name: row[name] for name in _FIELDS}
    return Session(
        **{
            **values,
            "blocked_by": tuple(dict.fromkeys(values["blocked_by"])),
            "text": without_values(values["text"]),
        }
    )


SESSIONS = Section(
    "sessions", "what sessions do now, and how long their transactions are", _running
)
LOCKS = Section("locks", "who waits for a lock, and who holds it", _waiting)
