"""What the server lets come near: addresses it listens on, and lines for everybody."""

from __future__ import annotations

from ..check import Check, NotSeen, Patient
from ..finding import Advice, Finding
from ..mending import alter_system, restart, shown
from .hba_rules import rules

_EVERYWHERE = {"*", "0.0.0.0", "::"}  # noqa: S104 - what is looked for
_ANYBODY = {"all", "0.0.0.0", "::"}  # noqa: S104


async def _look(patient: Patient) -> list[Finding]:
    found = []
    listens = {part.strip() for part in (await shown(patient, "listen_addresses")).split(",")}
    if listens & _EVERYWHERE:
        tls = await shown(patient, "ssl") == "on"
        found.append(
            Finding(
                CHECK.name,
                "notice" if tls else "critical",
                "listen_addresses",
                f"The server listens on every address of its machine, {'with' if tls else 'without'} TLS.",
                "A network that is added to the machine later reaches the server at once.",
                Advice(
                    "Name the addresses that the application and PgBouncer come by (`tenantry config"
                    " postgres --listen`); for this machine alone, as a superuser:",
                    sql=alter_system({"listen_addresses": "localhost"}),
                    shell=restart(patient),
                ),
            )
        )
    seen = await rules(patient)
    if seen is None:
        raise NotSeen(
            "This login does not see pg_hba.conf's lines, nor whether they close the rest.",
            found=found,
            hint="As a superuser, for the login of TENANTRY_MONITOR_URL: GRANT SELECT ON pg_hba_file_rules"
            " TO …; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO …",
        )
    for rule in seen:
        if rule["address"] in _ANYBODY and "all" in (rule["user_name"] or ()):
            file = rule["file"] or await shown(patient, "hba_file")
            line = rule["line_number"]
            found.append(
                Finding(
                    CHECK.name,
                    "critical",
                    f"line {line} of {file}",
                    f"Line {line} of {file} lets every role, the superuser's too, try from every address.",
                    CHECK.why,
                    Advice(
                        "`tenantry config postgres` makes a pg_hba.conf for exactly the roles and networks"
                        " there are. This line alone, on the server:",
                        shell=(
                            f"sed -i '{line}s/^/# /' {file}",
                            f"pg_ctl reload -D {await shown(patient, 'data_directory')}",
                        ),
                    ),
                )
            )
    return found


CHECK = Check(
    "production-firewall",
    "A server that listens everywhere, or lets everybody try",
    _look,
    production=True,
    why="Passwords can be tried from anywhere, until one fits.",
    mend="`ALTER SYSTEM SET listen_addresses`; `tenantry config postgres`",
)
