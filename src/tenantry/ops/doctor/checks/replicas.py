"""The replicas that readers are sent to: whether each is there, follows the primary, and keeps up."""

from __future__ import annotations

import asyncio
import shlex
from typing import Any

import asyncpg

from tenantry.config import DatabaseUrl
from tenantry.config.hosts import split_port
from tenantry.endpoints import monitor_url
from tenantry.errors import TenantryError
from tenantry.kernel.plain import connected

from ..check import Check, Patient
from ..finding import Advice, Finding

_PRIMARY = "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text"
_REPLICA = """
    SELECT s.standby, s.standby AND pg_is_wal_replay_paused() AS paused,
           s.standby AND coalesce(pg_last_wal_replay_lsn() < $1::text::pg_lsn, false) AS behind,
           coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 AS age,
           EXISTS (SELECT FROM pg_stat_wal_receiver) AS receives
    FROM (SELECT pg_is_in_recovery() AS standby) AS s"""
#: One that keeps up may have a few bytes to go at any moment.
_QUESTIONS, _PAUSE = 10, 0.1


async def _look(patient: Patient) -> list[Finding]:
    lsn = await patient.server.fetchval(_PRIMARY)
    found = []
    for secret in patient.settings.replica_urls:
        url = secret.get_secret_value()
        name = DatabaseUrl.parse(url).place
        try:
            async with connected(url, name="tenantry-doctor") as replica:
                state = await _state(replica, lsn)
        except TenantryError as error:
            found.append(_away(name, error))
        else:
            found += _judged(patient, name, state)
    return found


async def _state(replica: asyncpg.Connection[Any], lsn: str) -> asyncpg.Record:
    for _ in range(_QUESTIONS):
        state: asyncpg.Record = (await replica.fetch(_REPLICA, lsn))[0]
        if state["paused"] or not state["behind"]:
            break
        await asyncio.sleep(_PAUSE)
    return state


def _judged(patient: Patient, name: str, state: asyncpg.Record) -> list[Finding]:
    late = state["behind"] and state["age"] > patient.settings.replica_max_lag
    if not state["standby"]:
        return [_promoted(patient, name)]
    if state["paused"]:
        return [_paused(name)]
    if late:
        return [_late(name, state)]
    return []


def _away(name: str, error: TenantryError) -> Finding:
    return Finding(
        CHECK.name,
        "warning",
        name,
        f"The replica {name} does not answer: {error.message}",
        "All reads go to the primary meanwhile, and there is one copy fewer to fail over to.",
        Advice(
            f"On {name}, start PostgreSQL; if it is gone for good, take it out of TENANTRY_REPLICA_URLS.",
            shell=("systemctl start postgresql",),
        ),
    )


def _promoted(patient: Patient, name: str) -> Finding:
    [host, *_] = DatabaseUrl.parse(monitor_url(patient.settings)).hosts or ("localhost",)
    bare, port = (host, None) if host.startswith("/") else split_port(host)
    primary = shlex.quote(bare) + (f" -p {port}" if port else "")
    return Finding(
        CHECK.name,
        "critical",
        name,
        f"{name} is named as a replica and takes writes: it was promoted, or never followed.",
        "What is written there is not on the primary. No reads are sent to it.",
        Advice(
            "Take it out of TENANTRY_REPLICA_URLS; if it is the primary now, let the URLs of the other"
            " roles name it. Else make it anew, on its machine, from the primary:",
            shell=(
                f"pg_basebackup -R -X stream -c fast -h {primary} -U tenantry_replica -D replica-new",
            ),
        ),
    )


def _paused(name: str) -> Finding:
    return Finding(
        CHECK.name,
        "warning",
        name,
        f"The replica {name} receives the log and does not replay it: somebody paused it.",
        "Readers see the past, then are sent to the primary; the log it has not replayed fills its disk.",
        Advice(f"On {name}, as a superuser:", sql=("SELECT pg_wal_replay_resume()",)),
    )


def _late(name: str, state: asyncpg.Record) -> Finding:
    if state["receives"]:
        why = "it is sent the log and does not keep up with it"
        words = (
            "A query there that holds back the replay is the usual cause; on the replica, end those that"
            " have run for long:"
        )
        sql: tuple[str, ...] = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 minute'",
        )
        return _behind(name, state, why, Advice(words, sql=sql))
    why = "no process there receives the log"
    words = (
        "Its log says why: the primary's address or password changed, or the log it needs is gone, in"
        " which case it is made anew with pg_basebackup. After mending primary_conninfo, on the replica:"
    )
    return _behind(name, state, why, Advice(words, shell=("systemctl restart postgresql",)))


def _behind(name: str, state: asyncpg.Record, why: str, advice: Advice) -> Finding:
    return Finding(
        CHECK.name,
        "warning",
        name,
        f"The replica {name} is {state['age']:.0f} s behind: {why}.",
        "Reads that it should serve go to the primary, and a failover to it would lose that much.",
        advice,
    )


CHECK = Check(
    "replicas",
    "Replicas that are down, do not follow, were promoted or lag",
    _look,
    why="Reads go to the primary meanwhile, and a failover to it loses what it lacks.",
    mend="`systemctl start postgresql` there; `SELECT pg_wal_replay_resume()`; `pg_basebackup`",
)
