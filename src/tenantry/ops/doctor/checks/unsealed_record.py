"""The record of what was done, where nobody has sealed it for long."""

from __future__ import annotations

from uuid import UUID

from ..check import Check, Patient
from ..finding import Advice, Finding

# An id begins with its milliseconds, so that what is older than a moment is below an id.
_SQL = """
    SELECT count(entry.id) AS records, min(entry.id::text)::uuid AS oldest,
           EXISTS (SELECT FROM tenantry.audit_seals) AS is_used
    FROM (
        SELECT t.id, (SELECT s.to_id FROM tenantry.audit_seals AS s WHERE s.tenant_id = t.id ORDER BY s.sequence DESC LIMIT 1) AS until
        FROM tenantry.tenants AS t
    ) AS sealed CROSS JOIN LATERAL (
        SELECT a.id FROM tenantry.audit_logs AS a
        WHERE a.tenant_id = sealed.id AND a.id >= coalesce(sealed.until, $1) AND a.id < $2 ORDER BY a.id LIMIT 1
    ) AS entry"""


async def _look(patient: Patient) -> list[Finding]:
    limit = patient.limits.unsealed
    before = patient.now() - limit
    below = UUID(int=int(before.timestamp() * 1000) << 80)
    async with patient.login("service") as service:
        row = await service.fetchrow(_SQL, UUID(int=0), below)
    if row is None or not row["records"]:
        return []
    hours = limit.total_seconds() / 3600
    what = f"{row['records']:,} tenants' records have entries of more than {hours:.0f} hours ago without a seal."
    return [
        Finding(
            CHECK.name,
            "warning" if row["is_used"] else "notice",
            "audit_logs",
            what if row["is_used"] else f"{what} Nobody has ever sealed here.",
            CHECK.why,
            Advice(
                "Seal it; `tenantry maintain` does so whenever it runs.",
                shell=("tenantry audit seal",),
            ),
        )
    ]


CHECK = Check(
    "unsealed-record",
    "The audit trail without a seal for long",
    _look,
    why=("What is not sealed, whoever rules the server can rewrite unnoticed."),
    mend="`tenantry audit seal`",
)
