"""Connections that do not verify whom they reach."""

from __future__ import annotations

from tenantry.config.production import tls_problems

from ..check import Check, Patient
from ..doors import hosts_asked
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "critical",
            problem.setting,
            problem.message,
            CHECK.why,
            Advice(
                f"{problem.hint} Name the authority in TENANTRY_SSL_ROOT_CERT. Without an authority of"
                " your own, make one and give its certificate to the server:",
                shell=(f"tenantry config tls {hosts_asked(patient.settings)} --out tls",),
            ),
        )
        for problem in tls_problems(patient.settings)
    ]


CHECK = Check(
    "production-tls",
    "Connections that do not verify the server",
    _look,
    production=True,
    why="Whoever is in between reads every row, or answers in the server's place.",
    mend="`sslmode=verify-full` and `rediss://`; `tenantry config tls`",
)
