"""Whether there is a backup, how old it is, and whether its manifest can be read."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tenantry.ops import backup

from ..check import Check, Patient
from ..finding import Advice, Finding, Severity
from ..mending import shown

_CREATE = Advice("Take one, and let a timer do so every day:", shell=("tenantry backup create",))


async def _look(patient: Patient) -> list[Finding]:
    store = backup.store_of(patient.settings.backup_store)
    found, wrong = await asyncio.to_thread(backup.survey, store)
    findings = [_damaged(patient, name) for name in wrong]
    if not found:
        what = f"There is no backup in {store}."
        severity: Severity = "warning" if await _are_meant(patient) else "notice"
        return [*findings, Finding(CHECK.name, severity, "backups", what, CHECK.why, _CREATE)]
    newest = max(found, key=lambda m: m.finished)
    age = patient.now() - newest.finished
    if age > patient.limits.backup:
        hours = age.total_seconds() / 3600
        what = f"The newest backup in {store} is {hours:.0f} hours old."
        why = "All that came since is lost with the database, unless its log was archived."
        findings.append(Finding(CHECK.name, "warning", "backups", what, why, _CREATE))
    return findings


async def _are_meant(patient: Patient) -> bool:
    """Whether somebody counts on backups: in production, or where anything was set for them. A machine for
    development is as well without."""
    settings = patient.settings
    if await shown(patient, "archive_mode") != "off":
        return True
    return settings.profile == "production" or any(
        setting.name.startswith("backup_") and setting.source != "default"
        for setting in settings.describe()
    )


def _damaged(patient: Patient, name: str) -> Finding:
    place = patient.settings.backup_store
    if place.startswith("s3://"):
        away = f"aws s3 mv --recursive {place}/backups/{name} {place}/damaged/{name}"
    else:
        folder = Path(place.removeprefix("file:")).expanduser().absolute()
        away = f"mv {folder}/backups/{name} {folder}/damaged-{name}"
    return Finding(
        CHECK.name,
        "critical",
        name,
        f"The manifest of backup {name} cannot be read.",
        "It cannot be restored, and `tenantry backup prune` removes nothing while it is there.",
        Advice("Move it out of the way, and take another:", shell=(away, "tenantry backup create")),
    )


CHECK = Check(
    "backup-age",
    "No backup, an old one, or one that cannot be read",
    _look,
    why="What is lost, by a disk or by a mistake, is lost for good.",
    mend="`tenantry backup create`",
)
