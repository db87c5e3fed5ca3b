"""Settings against the machine: what `tenantry config postgres` would say for it."""

from __future__ import annotations

from collections.abc import Iterator

from tenantry.endpoints import is_embedded
from tenantry.ops.config import postgres
from tenantry.ops.config.machine import Load, Machine, read_size

from ..check import Check, Patient
from ..finding import Advice, Finding, Severity
from ..mending import alter_system, is_here, needs_restart, restart

#: So much less than planned is another machine's setting, not another opinion.
_LESS = 4
_SMALL = {
    "shared_buffers": "Little of what is read is kept in memory.",
    "effective_cache_size": "Plans avoid indexes that are in the system's memory anyway.",
    "maintenance_work_mem": "VACUUM and new indexes take several passes.",
    "max_wal_size": "Checkpoints come early, and each makes the log larger.",
}
_SQL = """
    SELECT name, setting::bigint * pg_size_bytes(regexp_replace(unit, '^$|B$', 'B')) AS bytes
    FROM (SELECT name, setting, CASE unit WHEN 'kB' THEN '1kB' WHEN '8kB' THEN '8kB' WHEN 'MB' THEN '1MB' ELSE '1B' END
                 AS unit FROM pg_settings WHERE name = ANY ($1)) AS s"""


async def _look(patient: Patient) -> list[Finding]:
    if not is_here(patient):
        return []  # how large another machine is the server does not say
    names = [*_SMALL, "work_mem"]
    has = {row["name"]: int(row["bytes"]) for row in await patient.server.fetch(_SQL, names)}
    connections = int(await patient.server.fetchval("SELECT current_setting('max_connections')"))
    machine = Machine.here()
    plan = postgres.Plan(machine=machine, load=Load.of(patient.settings, processes=1))
    planned = {
        name: value for part in postgres.parts(plan).values() for name, value in part.items()
    }
    found = []
    for name, severity, what, why in _unfit(patient, has, connections, machine, planned):
        again = restart(patient) if await needs_restart(patient, name) else ()
        advice = Advice(
            "Or make all of them with `tenantry config postgres`. As a superuser:",
            sql=alter_system({name: planned[name]}),
            shell=again,
        )
        found.append(Finding(CHECK.name, severity, name, what, why, advice))
    return found


def _unfit(
    patient: Patient,
    has: dict[str, int],
    connections: int,
    machine: Machine,
    planned: dict[str, str],
) -> Iterator[tuple[str, Severity, str, str]]:
    memory = machine.memory
    if has["shared_buffers"] > memory * 0.6:
        yield (
            "shared_buffers",
            "warning",
            f"shared_buffers takes {has['shared_buffers'] >> 20} MB of the machine's {memory >> 20} MB.",
            "What is left is too little for sorts and for the system; the server may be killed.",
        )
    # Half of all connections sort or hash at once.
    if has["work_mem"] * max(1, connections // 2) > memory - min(memory, has["shared_buffers"]):
        yield (
            "work_mem",
            "warning",
            f"work_mem is {has['work_mem'] >> 20} MB for each sort of {connections} connections, on"
            f" {memory >> 20} MB of memory.",
            "Under load the machine runs out of memory, and the system kills the server.",
        )
    if is_embedded(patient.settings):
        return  # it shares the machine with its application, and asks for less
    for name, why in _SMALL.items():
        wanted = read_size(planned[name])
        if has[name] * _LESS <= wanted:
            yield (
                name,
                "notice",
                f"{name} is {has[name] >> 20} MB; for this machine {planned[name]}.",
                why,
            )


CHECK = Check(
    "server-size",
    "Settings that are unfit for the machine's size",
    _look,
    why="With too much the system kills the server for its memory; with too little the disk is read where memory would do.",
    mend="`tenantry config postgres`",
)
