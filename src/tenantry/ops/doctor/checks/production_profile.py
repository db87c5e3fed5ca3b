"""Whether the settings are those of production."""

from __future__ import annotations

from tenantry.config.production import (
    key_problems,
    password_problems,
    production_problems,
    tls_problems,
)

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    found = []
    if settings.profile != "production":
        found.append(
            Finding(
                CHECK.name,
                "warning",
                "profile",
                f"The profile is {settings.profile}.",
                "Faults in the settings are not refused, and the database may be migrated or emptied by a"
                " program that only meant to connect.",
                Advice("Set it:", shell=("export TENANTRY_PROFILE=production",)),
            )
        )
    elsewhere = {
        str(p) for judge in (tls_problems, password_problems, key_problems) for p in judge(settings)
    }
    found += [
        Finding(
            CHECK.name,
            "critical",
            problem.setting,
            problem.message,
            "The profile `production` refuses to start so.",
            Advice(
                f"{problem.hint} Every setting is in the file that this prints:",
                shell=("tenantry config env --profile production",),
            ),
        )
        for problem in production_problems(settings)
        if str(problem) not in elsewhere
    ]
    return found


CHECK = Check(
    "production-profile",
    "Settings that the profile `production` refuses",
    _look,
    production=True,
    why="Faults in the settings are refused nowhere else, and a program that only meant to connect may migrate the database, or empty it.",
    mend="`export TENANTRY_PROFILE=production`; `tenantry config env --profile production`",
)
