"""Indexes that a failed build left, which cost every writer and serve nobody."""

from __future__ import annotations

from tenantry.ops.maintain.reindex import INDEXES, reason

from ..check import Check, Patient
from ..finding import Finding
from ..objects import called, maintained, spelt


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for index in await patient.server.fetch(INDEXES):
        if index["valid"]:
            continue
        schema, name = index["schema"], index["name"]
        command = "DROP" if index["leftover"] else "REINDEX"
        found.append(
            Finding(
                CHECK.name,
                "warning",
                called(schema, name),
                f"The index of {called(schema, index['table'])}: {reason(index)}.",
                CHECK.why,
                maintained(
                    "Drop it."
                    if index["leftover"]
                    else "Build it anew, beside its users. If it is unique and that fails, remove the rows"
                    " that are there twice first.",
                    "reindex",
                    schema,
                    name,
                    f"{command} INDEX CONCURRENTLY {spelt(schema, name)}",
                ),
            )
        )
    return found


CHECK = Check(
    "invalid-indexes",
    "Indexes whose building failed",
    _look,
    why=("Every write keeps it up, no query uses it, and if it is unique it may not hold."),
    mend="`tenantry maintain reindex INDEX`",
)
