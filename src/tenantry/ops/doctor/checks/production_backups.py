"""Whether backups are elsewhere, and of no use to who takes them. (`backup-age` says how old they are.)"""

from __future__ import annotations

import asyncio

from tenantry.ops import backup

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    found = []
    if not settings.backup_store.startswith("s3://"):
        found.append(
            Finding(
                CHECK.name,
                "warning",
                "backup_store",
                f"Backups are kept in {settings.backup_store}, a folder of this machine.",
                "What takes the machine takes them too. (A folder that is another machine's disk is as good"
                " as a bucket: this finding is then answered.)",
                Advice(
                    "Let TENANTRY_BACKUP_STORE be a bucket, and take one there:",
                    shell=("tenantry backup create --store s3://BUCKET/PREFIX",),
                ),
            )
        )
    if not settings.backup_keys:
        found.append(
            Finding(
                CHECK.name,
                "critical",
                "backup_keys",
                "Backups are not encrypted.",
                "Who can read the place they are kept in has every tenant's rows.",
                Advice(
                    "Put a key into TENANTRY_BACKUP_KEYS, and a copy of it elsewhere:",
                    shell=("tenantry secrets new-key",),
                ),
            )
        )
    known = await asyncio.to_thread(backup.every, backup.store_of(settings.backup_store))
    if not known:
        found.append(
            Finding(
                CHECK.name,
                "critical",
                "backups",
                f"There is no backup in {settings.backup_store}.",
                "What is lost, by a disk or by a mistake, is lost for good.",
                Advice(
                    "Take one, once it has its key and place:", shell=("tenantry backup create",)
                ),
            )
        )
    if settings.backup_keys and known and known[-1].key_id is None:
        found.append(
            Finding(
                CHECK.name,
                "critical",
                "backups",
                "The newest backup is not encrypted, though there is a key.",
                "Who can read the place it is kept in has every tenant's rows.",
                Advice("Take one under the key:", shell=("tenantry backup create",)),
            )
        )
    return found


CHECK = Check(
    "production-backups",
    "No backups, or ones that are on this machine or in the clear",
    _look,
    production=True,
    why="What takes the machine takes them too, and who reads their place has every tenant's rows.",
    mend="a bucket as `TENANTRY_BACKUP_STORE`; a key in `TENANTRY_BACKUP_KEYS`",
)
