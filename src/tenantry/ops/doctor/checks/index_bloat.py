"""Indexes far larger than what they hold."""

from __future__ import annotations

from tenantry.ops.maintain.reindex import INDEXES, reason

from ..check import Check, Patient
from ..finding import Finding
from ..objects import called, maintained, spelt


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for index in await patient.server.fetch(INDEXES):
        why = reason(index) if index["valid"] else ""
        if not why:
            continue
        schema, name = index["schema"], index["name"]
        found.append(
            Finding(
                CHECK.name,
                "warning",
                called(schema, name),
                f"The index of {called(schema, index['table'])}: {why}.",
                CHECK.why,
                maintained(
                    "Build it anew, beside its users.",
                    "reindex",
                    schema,
                    name,
                    f"REINDEX INDEX CONCURRENTLY {spelt(schema, name)}",
                ),
            )
        )
    return found


CHECK = Check(
    "index-bloat",
    "Indexes far larger than what they hold",
    _look,
    why=(
        "What is read by it is spread over that many more pages, and pushes others out of memory."
    ),
    mend="`tenantry maintain reindex INDEX`",
)
