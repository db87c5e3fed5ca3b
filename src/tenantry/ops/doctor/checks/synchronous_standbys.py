"""Standbys that commits wait for, and that are not there."""

from __future__ import annotations

import re

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..mending import RELOAD, shown

_THERE = "SELECT application_name, sync_state FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
_NUMBER = re.compile(r"\s*(?:FIRST|ANY)?\s*(\d+)\s*\(", re.IGNORECASE)


async def _look(patient: Patient) -> list[Finding]:
    named = await shown(patient, "synchronous_standby_names")
    if not named or await patient.server.fetchval("SELECT pg_is_in_recovery()"):
        return []
    number = _NUMBER.match(named)
    wanted = int(number[1]) if number else 1
    there = len(await patient.sessions(_THERE))
    if there >= wanted:
        return []
    return [
        Finding(
            CHECK.name,
            "critical",
            "synchronous_standby_names",
            f"Commits wait for {wanted} of the standbys {named}, and {there} of them follow.",
            CHECK.why,
            Advice(
                "Start the standby. To go on without it, and without the promise that a commit is on two"
                " machines, as a superuser:",
                sql=("ALTER SYSTEM SET synchronous_standby_names = ''", RELOAD),
            ),
        )
    ]


CHECK = Check(
    "synchronous-standbys",
    "Standbys that commits wait for, and that are not there",
    _look,
    why="Every transaction that writes hangs at its end until such a standby is there.",
    mend="start the standby, or `ALTER SYSTEM SET synchronous_standby_names`",
)
