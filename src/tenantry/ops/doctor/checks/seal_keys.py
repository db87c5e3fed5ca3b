"""The key that contexts are sealed under, and since when it is the same."""

from __future__ import annotations

from tenantry.schema.sealing import IS_SEALED

from ..check import Check, Patient
from ..finding import Advice, Finding

#: Nobody reads the keys; that one was added is on record.
_NEWEST = """
    SELECT max(created_at) FROM tenantry.platform_log
    WHERE resource_type = 'seal_keys' AND action = 'create'"""


async def _look(patient: Patient) -> list[Finding]:
    async with patient.login("service") as service:
        if not await service.fetchval(IS_SEALED):
            return []
        newest = await service.fetchval(_NEWEST)
    if newest is not None and patient.now() - newest <= patient.limits.seal_key:
        return []
    since = f"since {newest:%Y-%m-%d}" if newest else "for longer than the record goes back"
    return [
        Finding(
            CHECK.name,
            "warning",
            "seal_keys",
            f"Contexts are sealed under the same key {since}.",
            CHECK.why,
            Advice(
                "Make a key and put it first in TENANTRY_SEAL_KEYS; have it accepted; restart every process;"
                " then leave the old one out, and accept no other:",
                shell=(
                    "tenantry secrets new-key",
                    "tenantry context seal",
                    "tenantry context seal --only",
                ),
            ),
        )
    ]


CHECK = Check(
    "seal-keys",
    "A key of sealed contexts that was not replaced for a year",
    _look,
    why="Whoever got hold of it may name any tenant, until it is replaced.",
    mend="`tenantry secrets new-key`, then `tenantry context seal`",
)
