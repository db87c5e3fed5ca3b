"""Events that were published and do not get to their streams."""

from __future__ import annotations

import shlex
from itertools import groupby

import asyncpg

from tenantry.ops.outbox import WAITING

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    async with patient.login("service") as service:
        rows = await service.fetch(WAITING)
    by_topic = groupby(sorted(rows, key=lambda r: r["topic"]), key=lambda r: r["topic"])
    looked = [_finding(patient, topic, list(group)) for topic, group in by_topic]
    return [finding for finding in looked if finding]


def _finding(patient: Patient, topic: str, rows: list[asyncpg.Record]) -> Finding | None:
    parked, waiting = (sum(row[name] for row in rows) for name in ("parked", "waiting"))
    error = next((row["error"] for row in rows if row["error"]), "")
    age = patient.now() - min(row["oldest"] for row in rows)
    relay = "tenantry events relay --once"
    if parked:
        return Finding(
            CHECK.name,
            "warning",
            f"topic {topic}",
            f"{parked:,} events were refused by their stream and {waiting - parked:,} wait besides"
            f"{f', with: {error}' if error else ''}.",
            CHECK.why,
            Advice(
                "Mend what refuses them, and have them tried again: by the relay that runs, or by this one.",
                shell=(f"tenantry events retry --topic {shlex.quote(topic)}", relay),
            ),
        )
    if age > patient.limits.outbox:
        return Finding(
            CHECK.name,
            "warning",
            f"topic {topic}",
            f"{waiting:,} events wait, the oldest for {age.total_seconds() / 60:.0f} minutes: no relay"
            " carries them.",
            CHECK.why,
            Advice(
                "Have `tenantry events relay` run as a service. This catches up until then.",
                shell=(relay,),
            ),
        )
    return None


CHECK = Check(
    "outbox",
    "Published events that are refused, or that nobody relays",
    _look,
    why="Whoever listens to these events does not hear of them, and the outbox grows.",
    mend="`tenantry events relay`; `tenantry events retry`",
)
