"""API keys that are about to end while they are in use. One that was replaced is meant to."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT t.slug, k.id, k.prefix, k.name, k.expires_at, k.last_used_at
    FROM tenantry.api_keys AS k JOIN tenantry.tenants AS t ON t.id = k.tenant_id
    WHERE k.revoked_at IS NULL AND k.successor_id IS NULL AND k.expires_at BETWEEN $1 AND $2 AND t.status = 'active'
    ORDER BY k.expires_at LIMIT 100"""

#: No key lives longer by that: it is the time to hand the new one over, if so much is left.
_GRACE = "7d"


async def _look(patient: Patient) -> list[Finding]:
    now = patient.now()
    async with patient.login("service") as service:
        rows = await service.fetch(_SQL, now, now + patient.limits.api_key)
    found = []
    for row in rows:
        used = (
            f"last used on {row['last_used_at']:%Y-%m-%d}" if row["last_used_at"] else "never used"
        )
        found.append(
            Finding(
                CHECK.name,
                "warning" if row["last_used_at"] else "notice",
                f"{row['slug']}/{row['id']}",
                f"Key {row['prefix']}… ({row['name']}) of {row['slug']} ends on"
                f" {row['expires_at']:%Y-%m-%d}; it was {used}.",
                "From then on the program that has it is refused.",
                Advice(
                    "Make another in its place, and hand it to who has this one before this one ends:",
                    shell=(
                        f"tenantry key rotate {row['slug']} {row['id']}"
                        f" --grace {_GRACE} --expires-in 90d",
                    ),
                ),
            )
        )
    return found


CHECK = Check(
    "api-keys",
    "API keys that end within days",
    _look,
    why="From its end on, the program that has it is refused.",
    mend="`tenantry key rotate`",
)
