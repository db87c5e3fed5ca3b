"""Replication slots that nobody reads from: the log they keep fills the disk."""

from __future__ import annotations

import asyncpg

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT slot_name, slot_type, active, active_pid, wal_status,
           coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
                                         ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint AS kept
    FROM pg_replication_slots WHERE NOT temporary
    ORDER BY slot_name"""


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for row in await patient.server.fetch(_SQL):
        if row["wal_status"] in ("lost", "unreserved"):
            found.append(_lost(row))
        elif row["kept"] > patient.limits.slot_bytes:
            found.append(_keeping(row))
    return found


def _lost(row: asyncpg.Record) -> Finding:
    gone = row["wal_status"] == "lost"
    return Finding(
        CHECK.name,
        "critical" if gone else "warning",
        row["slot_name"],
        f"The {row['slot_type']} slot {row['slot_name']} "
        + (
            "has lost log that it needs."
            if gone
            else "loses log that it needs at the next checkpoint."
        ),
        "Whoever follows by it cannot go on, and must be made anew.",
        Advice(
            "Drop the slot; make its standby or subscription anew if it is still wanted.",
            sql=_drop(row),
        ),
    )


def _keeping(row: asyncpg.Record) -> Finding:
    state = "is read from, far behind" if row["active"] else "nobody reads from"
    return Finding(
        CHECK.name,
        "warning" if row["active"] else "critical",
        row["slot_name"],
        f"The {row['slot_type']} slot {row['slot_name']}, which {state}, keeps {row['kept'] >> 20} MB of the log.",
        CHECK.why,
        Advice(
            "Start whoever follows by it. If that is gone, drop the slot; what followed is then made anew.",
            sql=_drop(row),
        ),
    )


def _drop(row: asyncpg.Record) -> tuple[str, ...]:
    name = row["slot_name"]
    ended = (f"SELECT pg_terminate_backend({row['active_pid']})",) if row["active"] else ()
    return (*ended, f"SELECT pg_drop_replication_slot('{name}')")


CHECK = Check(
    "replication-slots",
    "Replication slots that keep the log for nobody, or lost it",
    _look,
    why="The log grows until the disk is full, and then the server stops.",
    mend="start who follows by it, or `SELECT pg_drop_replication_slot('…')`",
)
