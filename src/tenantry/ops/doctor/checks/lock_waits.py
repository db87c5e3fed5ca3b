"""Who waits for a lock, and for whom."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import literal

#: Only those who wait are asked whom they wait for: the answer holds up everyone's locking a moment.
_SQL = """
    WITH waiting AS (
        SELECT pid, min(waitstart) AS since,
               min(CASE WHEN relation IS NOT NULL THEN relation::regclass::text END) AS relation
        FROM pg_locks WHERE NOT granted AND (database IS NULL OR database = (
            SELECT oid FROM pg_database WHERE datname = current_database()))
        GROUP BY pid)
    SELECT w.pid, a.usename AS who, pg_blocking_pids(w.pid) AS blockers, w.relation,
           extract(epoch FROM clock_timestamp() - w.since)::float8 AS seconds
    FROM waiting AS w JOIN pg_stat_activity AS a USING (pid) WHERE a.datname = current_database()"""
_WHO = """
    SELECT pid, coalesce(usename, backend_type) AS who, coalesce(application_name, '') AS program,
           coalesce(state, 'at work') AS state
    FROM pg_stat_activity WHERE pid = ANY ($1)"""
_PREPARED = """
    SELECT DISTINCT p.gid FROM pg_prepared_xacts AS p
    JOIN pg_locks AS own ON own.transactionid = p.transaction AND own.pid IS NULL
    JOIN pg_locks AS h ON h.granted AND h.pid IS NULL AND h.virtualtransaction = own.virtualtransaction
    JOIN pg_locks AS w ON NOT w.granted AND (w.database = h.database AND w.relation = h.relation OR w.transactionid = h.transactionid)
    WHERE p.database = current_database() ORDER BY 1"""


async def _look(patient: Patient) -> list[Finding]:
    waiting = {row["pid"]: row for row in await patient.sessions(_SQL)}
    held: dict[int, list[asyncpg.Record]] = {}
    for row in waiting.values():
        # The time is not there yet for a wait that begins just now.
        if (row["seconds"] or 0) <= patient.limits.lock_wait.total_seconds():
            continue
        for blocker in _firsts(row["pid"], waiting):
            held.setdefault(blocker, []).append(row)
    people = {row["pid"]: row for row in await patient.server.fetch(_WHO, list(held))}
    # A prepared transaction has no session: the server says 0.
    prepared = [row["gid"] for row in await patient.server.fetch(_PREPARED)] if 0 in held else []
    return [
        *(_by_prepared(gid, held[0]) for gid in prepared),
        *(_by_session(one, rows, people.get(one)) for one, rows in held.items() if one),
    ]


def _firsts(pid: int, waiting: Mapping[int, asyncpg.Record]) -> set[int]:
    """Those at the head of the queue, who wait for nobody."""
    found: set[int] = set()
    seen, ahead = {pid}, list(waiting[pid]["blockers"])
    while ahead:
        one = ahead.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in waiting:
            ahead += waiting[one]["blockers"]
        else:
            found.add(one)
    return found


def _by_session(pid: int, rows: list[asyncpg.Record], who: asyncpg.Record | None) -> Finding:
    told = f"{who['who']} ({who['program'] or 'no program named'}), {who['state']}. " if who else ""
    return Finding(
        CHECK.name,
        "warning",
        f"session {pid}",
        told + _waits(rows),
        CHECK.why,
        Advice(
            "Have its transaction end; if its program has forgotten it, end the session.",
            sql=(f"SELECT pg_terminate_backend({pid}, 5000)",),
        ),
    )


def _by_prepared(gid: str, rows: list[asyncpg.Record]) -> Finding:
    return Finding(
        CHECK.name,
        "warning",
        f"prepared transaction {gid}",
        _waits(rows),
        CHECK.why,
        Advice(
            "Ask the program that prepared it, which may want it committed; else roll it back.",
            sql=(f"ROLLBACK PREPARED {literal(gid)}",),
        ),
    )


def _waits(rows: list[asyncpg.Record]) -> str:
    longest = max(rows, key=lambda row: row["seconds"])
    many = "1 session waits" if len(rows) == 1 else f"{len(rows)} sessions wait"
    table = f" for {longest['relation']}" if longest["relation"] else ""
    return (
        f"{many} for it, for up to {longest['seconds']:.0f} s: session {longest['pid']} of"
        f" {longest['who']}{table}."
    )


CHECK = Check(
    "lock-waits",
    "Sessions that wait for another's lock, and for whose",
    _look,
    why=(
        "What waits holds locks of its own, which others wait for: soon everything stands in one "
        "queue."
    ),
    mend="end the transaction at the head of the queue",
)
