"""Extensions that are older in the database than on the server."""

from __future__ import annotations

from tenantry.schema.roles import quote

from ..check import Check, Patient
from ..finding import Advice, Finding

_SQL = """
    SELECT name, installed_version AS here, default_version AS there FROM pg_available_extensions
    WHERE installed_version <> default_version ORDER BY name"""


async def _look(patient: Patient) -> list[Finding]:
    return [
        Finding(
            CHECK.name,
            "notice",
            row["name"],
            f"The database has {row['here']}, and the server brings {row['there']}.",
            CHECK.why,
            Advice("Update it.", sql=(f"ALTER EXTENSION {quote(row['name'])} UPDATE",)),
        )
        for row in await patient.server.fetch(_SQL)
    ]


CHECK = Check(
    "extensions",
    "Extensions that are behind the server's",
    _look,
    why=(
        "The server's files are the new ones already; what they mend in SQL is not in the database."
    ),
    mend="`ALTER EXTENSION … UPDATE`",
)
