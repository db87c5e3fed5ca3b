"""Whether what tenants entrust is encrypted before it reaches the database."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

#: What the keyring makes begins so (Fernet's version 128).
_SQL = """
    SELECT count(*) FILTER (WHERE substring(credentials FROM 1 FOR 5) <> 'gAAAA') AS clear
    FROM tenantry.data_sources WHERE credentials IS NOT NULL"""


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    found = []
    if not settings.secret_keys:
        found.append(
            Finding(
                CHECK.name,
                "warning",
                "secret_keys",
                "No key is set to encrypt tenants' credentials under.",
                "A data source with credentials cannot be kept.",
                Advice("Put one into TENANTRY_SECRET_KEYS:", shell=("tenantry secrets new-key",)),
            )
        )
    async with patient.login("service") as service:
        clear = await service.fetchval(_SQL)
    if clear:
        found.append(
            Finding(
                CHECK.name,
                "critical",
                "data_sources.credentials",
                f"{clear} credentials of data sources are no ciphertext of ours.",
                CHECK.why,
                Advice(
                    "Somebody wrote them past the application. Have their owners change them; until then:",
                    sql=(
                        "UPDATE tenantry.data_sources SET credentials = NULL"
                        " WHERE substring(credentials FROM 1 FOR 5) <> 'gAAAA'",
                    ),
                ),
            )
        )
    return found


CHECK = Check(
    "production-credentials",
    "Tenants' credentials that are not encrypted",
    _look,
    production=True,
    why="Who reads a backup has tenants' passwords.",
    mend="a key in `TENANTRY_SECRET_KEYS`; new credentials",
)
