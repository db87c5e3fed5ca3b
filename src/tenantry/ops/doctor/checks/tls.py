"""How connections to the server are kept private, and passwords kept."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding, Severity
from ..mending import alter_system, shown

_OLD = ("TLSv1", "TLSv1.1")
_OUTSIDE = "SELECT true FROM unnest(string_to_array($1, ',')) AS a WHERE trim(a) NOT IN ('localhost', '127.0.0.1', '::1', '')"
#: Whoever may not read the hashes sees none.
_MD5 = """
    SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'md5%' ORDER BY 1"""


async def _look(patient: Patient) -> list[Finding]:
    found = []
    listens = await patient.server.fetchval(_OUTSIDE, await shown(patient, "listen_addresses"))
    if listens and await shown(patient, "ssl") == "off":
        found.append(
            _finding(
                "critical",
                "ssl",
                "The server listens to other machines, and ssl is off.",
                "Passwords' proofs and tenants' rows go over the network for everybody on it to read.",
                Advice(
                    "Make certificates with `tenantry config tls`, name them in ssl_cert_file and ssl_key_file"
                    " and turn ssl on (`tenantry config postgres --tls DIR` writes all of it). Until then, let it"
                    " listen to this machine alone, as a superuser, and restart it:",
                    sql=alter_system({"listen_addresses": "localhost"}),
                ),
            )
        )
    if await shown(patient, "ssl_min_protocol_version") in _OLD:
        found.append(
            _finding(
                "warning",
                "ssl_min_protocol_version",
                "The server speaks versions of TLS that are broken.",
                "Somebody in between can have both sides use one of them.",
                Advice(
                    "As a superuser:", sql=alter_system({"ssl_min_protocol_version": "TLSv1.2"})
                ),
            )
        )
    if await shown(patient, "password_encryption") == "md5":
        found.append(
            _finding(
                "warning",
                "password_encryption",
                "New passwords are kept as MD5 hashes.",
                "Such a hash opens the server by itself, to whoever reads it in a backup.",
                Advice(
                    "As a superuser:", sql=alter_system({"password_encryption": "scram-sha-256"})
                ),
            )
        )
    return found + await _hashes(patient)


async def _hashes(patient: Patient) -> list[Finding]:
    if not await patient.server.fetchval(
        "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
    ):
        return []
    return [
        _finding(
            "warning",
            f"password of {row['rolname']}",
            f"The password of {row['rolname']} is kept as an MD5 hash.",
            "The hash opens the server by itself, to whoever reads it in a backup.",
            Advice(
                f"Choose a new one with \\password {row['rolname']} in psql. Until then nobody comes in by it:",
                sql=(f'ALTER ROLE "{row["rolname"]}" PASSWORD NULL',),
            ),
        )
        for row in await patient.server.fetch(_MD5)
    ]


def _finding(severity: Severity, name: str, what: str, why: str, advice: Advice) -> Finding:
    return Finding(CHECK.name, severity, name, what, why, advice)


CHECK = Check(
    "tls",
    "No TLS, an old one, or passwords kept as MD5 hashes",
    _look,
    why="Proofs of passwords and tenants' rows can be read on the way; an MD5 hash opens the server by itself.",
    mend="`tenantry config postgres --tls DIR`; `ALTER SYSTEM SET`; a new password",
)
