"""Whether a backup was ever restored and compared: until then it is a hope."""

from __future__ import annotations

import asyncio

from tenantry.ops import backup

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    store = backup.store_of(patient.settings.backup_store)
    found = await asyncio.to_thread(backup.every, store)
    if not found:
        return []  # which `backup-age` says
    since = patient.now() - patient.limits.verified
    proven = [m for m in found if m.verified is not None]
    if any(m.verified and m.verified.at >= since and m.finished >= since for m in proven):
        return []
    if not proven and min(m.finished for m in found) >= since:
        what, severity = "No backup was verified yet.", "notice"
    else:
        days = patient.limits.verified.days
        what, severity = f"No backup of the last {days} days was restored and compared.", "warning"
    return [
        Finding(
            CHECK.name,
            "warning" if severity == "warning" else "notice",
            "backups",
            what,
            CHECK.why,
            Advice(
                "Restore the newest into a scratch server, and compare:",
                shell=("tenantry backup verify latest",),
            ),
        )
    ]


CHECK = Check(
    "backup-proof",
    "Backups that nobody verified for a week",
    _look,
    why="Whether a backup restores is known when it was restored, and better known before it is needed.",
    mend="`tenantry backup verify latest`",
)
