"""Settings that were changed and wait for a restart."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..mending import restart

_SQL = "SELECT name, setting FROM pg_settings WHERE pending_restart ORDER BY name"


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "warning",
            row["name"],
            f"{row['name']} was changed, and holds from the server's next start on; it is still {row['setting']}.",
            "The server does not do what its configuration says, and a wrong value shows only when it has"
            " to be started in a hurry.",
            Advice("At a quiet moment, restart the server:", shell=restart(patient)),
        )
        for row in await patient.server.fetch(_SQL)
    ]


CHECK = Check(
    "pending-restart",
    "Settings that wait for a restart",
    _look,
    why="The server does not do what its configuration says, and a wrong value shows when it has to be started in a hurry.",
    mend="a restart",
)
