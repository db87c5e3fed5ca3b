"""Whether one tenant can use up what is there for all."""

from __future__ import annotations

from tenantry.endpoints import is_embedded
from tenantry.models import TenantQuota

from ..check import Check, Patient
from ..finding import Advice, Finding

_LIMITS = tuple(c.name for c in TenantQuota.__table__.columns if c.name.startswith("max_"))
_NONE = f"""
    SELECT t.slug, t.id FROM tenantry.tenants AS t LEFT JOIN tenantry.tenant_quotas AS q ON q.tenant_id = t.id
    WHERE t.status = 'active' AND num_nonnulls({", ".join(f"q.{name}" for name in _LIMITS)}) = 0
    ORDER BY t.slug LIMIT 100"""  # noqa: S608 - columns of ours


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    found = []
    if settings.redis_url is None and not is_embedded(settings):
        found.append(
            Finding(
                CHECK.name,
                "warning",
                "redis_url",
                "There is no Redis or Valkey, so that rates of calls are not limited.",
                "One tenant's loop takes all connections.",
                Advice(
                    "Start one, name it in TENANTRY_REDIS_URL, and see:",
                    shell=("tenantry redis status",),
                ),
            )
        )
    async with patient.login("service") as service:
        rows = await service.fetch(_NONE)
    found += [
        Finding(
            CHECK.name,
            "warning",
            row["slug"],
            f"The tenant {row['slug']} has no quota of any kind.",
            "What it uses, by mistake too, nobody stops.",
            Advice(
                "Give it limits that its plan means (`s.tenants.set_quotas`); as the service role, say:",
                sql=(
                    "UPDATE tenantry.tenant_quotas SET max_users = 100, max_tokens_per_month = 100000000"  # noqa: S608 - an id of ours
                    f" WHERE tenant_id = '{row['id']}'",
                ),
            ),
        )
        for row in rows
    ]
    return found


CHECK = Check(
    "production-limits",
    "Tenants without quotas, and rates without limits",
    _look,
    production=True,
    why="One tenant's loop takes all connections, and what it uses nobody stops.",
    mend="`UPDATE tenantry.tenant_quotas`; `TENANTRY_REDIS_URL`",
)
