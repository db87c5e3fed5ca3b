"""Where this program has its secrets from."""

from __future__ import annotations

from tenantry.config.settings import is_secret
from tenantry.config.sources import variable

from ..check import Check, Patient
from ..finding import Advice, Finding

#: Sources that other programs of the machine do not see.
_KEPT = ("default", "argument", "secrets provider")


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for setting in patient.settings.describe():
        source = setting.source
        if not is_secret(setting.name) or source.endswith("_FILE") or source.startswith(_KEPT):
            continue
        name = variable(setting.name)
        found.append(
            Finding(
                CHECK.name,
                "warning",
                setting.name,
                f"{setting.name} is in the clear in {source}.",
                CHECK.why,
                Advice(
                    f"Put it into a file that only this program reads, and name that in {name}_FILE; or name a"
                    " secrets provider. In place of the variable:",
                    shell=(
                        f"(umask 077; printenv {name} > {setting.name})",
                        f"export {name}_FILE=$PWD/{setting.name}; unset {name}",
                    ),
                ),
            )
        )
    return found


CHECK = Check(
    "production-secret-sources",
    "Secrets in the environment or in tenantry.toml",
    _look,
    production=True,
    why="Environments are inherited, shown by the system and written into reports; files of a project are copied.",
    mend="a file that `TENANTRY_…_FILE` names, or a secrets provider",
)
