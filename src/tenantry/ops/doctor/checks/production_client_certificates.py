"""Whether programs can prove who they are by more than a password."""

from __future__ import annotations

from ..check import Check, NotSeen, Patient
from ..doors import urls
from ..finding import Advice, Finding
from .hba_rules import rules


async def _look(patient: Patient) -> list[Finding]:
    away = [url for _, url in urls(patient.settings) if not url.is_local]
    shown = all("sslcert" in dict(url.params) for url in away)
    if away and shown:
        seen = await rules(patient)
        if seen is None:
            raise NotSeen(
                "Certificates are shown; whether the server asks for them this login does not see.",
                hint="Once, with a superuser's URL in TENANTRY_MONITOR_URL: tenantry doctor"
                " production-client-certificates",
            )
        if any(
            rule["auth_method"] == "cert" or "clientcert" in str(rule["options"]) for rule in seen
        ):
            return []
        what = "This program shows a certificate, and no line of pg_hba.conf asks for one."
    elif away:
        what = "This program shows the server no certificate."
    else:
        return []  # sockets and the loopback: who comes by them is on this machine
    return [
        Finding(
            CHECK.name,
            "notice",
            "ssl_cert",
            what,
            CHECK.why,
            Advice(
                "Make certificates and a pg_hba.conf that asks for them; then set TENANTRY_SSL_CERT and"
                " TENANTRY_SSL_KEY:",
                shell=(
                    "tenantry config tls --client tenantry_app --out tls",
                    "tenantry config postgres --tls tls --client-certificates --out postgres",
                ),
            ),
        )
    ]


CHECK = Check(
    "production-client-certificates",
    "Logins from other machines that need no certificate",
    _look,
    production=True,
    why="A password that was copied opens the server from anywhere it can be reached.",
    mend="`tenantry config tls --client`; `tenantry config postgres --client-certificates`",
)
