"""Whether this machine and the server agree on the time."""

from __future__ import annotations

from datetime import timedelta

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    before = patient.now()
    theirs = await patient.server.fetchval("SELECT clock_timestamp()")
    after = patient.now()
    # It was read between the two, so that the way there does not count.
    off = max(before - theirs, theirs - after, timedelta(0))
    if off <= patient.limits.skew:
        return []
    side = "ahead of" if theirs > after else "behind"
    return [
        Finding(
            CHECK.name,
            "warning",
            "clock",
            f"The server's clock is {off.total_seconds():.0f} s {side} this machine's.",
            CHECK.why,
            Advice(
                "Have both set by the network's time, on each machine:",
                shell=("timedatectl set-ntp true",),
            ),
        )
    ]


CHECK = Check(
    "clock",
    "Clocks of this machine and the server that differ",
    _look,
    why="Ids sort by the clocks of those who make them, leases and tokens end by them, and seals wait only so long for the slowest.",
    mend="`timedatectl set-ntp true`",
)
