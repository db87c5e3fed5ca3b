"""Whether the catalog says that tenants are kept apart: what `tenantry prove` reads of it."""

from __future__ import annotations

from tenantry.isolation.checks import run_checks
from tenantry.isolation.subject import recognise
from tenantry.migrations.apply import load_models
from tenantry.models import metadata

from ..check import Check, Patient
from ..finding import Advice, Finding

_FORCED = "ALTER TABLE {} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"


async def _look(patient: Patient) -> list[Finding]:
    load_models(patient.settings.models)
    # As its owner, who may name what is in the schema; who watches the server may not.
    async with patient.login("owner") as owner:
        found = await run_checks(owner, await recognise(owner, metadata))
    return [
        Finding(
            CHECK.name,
            "critical" if one.severity == "error" else "warning",
            f"{one.object} ({one.check})",
            one.detail,
            CHECK.why,
            Advice(
                f"{one.remediation} Then prove it:",
                sql=(_FORCED.format(one.object),) if one.check == "row-security" else (),
                shell=("tenantry prove --static",),
            ),
        )
        for one in found
    ]


CHECK = Check(
    "production-isolation",
    "Tables, policies, roles or functions that do not keep tenants apart",
    _look,
    production=True,
    why="A tenant may reach rows that are not its own, or could after one more mistake.",
    mend="what `tenantry prove --static` says",
)
