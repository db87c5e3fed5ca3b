"""A server that would not notice what its disk does to it."""

from __future__ import annotations

import shlex

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = "SELECT current_setting('data_checksums') = 'off', current_setting('data_directory')"


async def _look(patient: Patient) -> list[Finding]:
    ((is_off, folder),) = await patient.server.fetch(_SQL)
    if not is_off:
        return []
    return [
        Finding(
            CHECK.name,
            "notice",
            "data_checksums",
            "Pages carry no checksum.",
            CHECK.why,
            Advice(
                "Stop the server, run this as the account that it runs as, and start it: some minutes for"
                " a hundred gigabytes. (Or on a replica, and promote that.)",
                shell=(f"pg_checksums --enable --pgdata={shlex.quote(folder)}",),
            ),
        )
    ]


CHECK = Check(
    "checksums-off",
    "Data without checksums",
    _look,
    why=("What a failing disk changes is read as if it were data, and goes into every backup."),
    mend="`pg_checksums --enable`",
)
