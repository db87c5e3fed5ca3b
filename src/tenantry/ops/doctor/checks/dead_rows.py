"""Dead rows that VACUUM has not taken away."""

from __future__ import annotations

from tenantry.ops.maintain.tables import FIGURES
from tenantry.ops.maintain.vacuum import dead_rows

from ..check import Check, Patient
from ..finding import Finding
from ..objects import by_root, called, maintained, spelt


async def _look(patient: Patient) -> list[Finding]:
    tables = [t for t in await patient.server.fetch(FIGURES) if t["kind"] != "p" and dead_rows(t)]
    found = []
    for (schema, root), many in by_root(tables).items():
        worst = max(many, key=lambda t: t["dead"])
        place = (
            "" if worst["name"] == root else f" in {len(many)} partitions, most in {worst['name']}"
        )
        is_behind = worst["dead"] > patient.limits.dead_part * worst["live"]
        found.append(
            Finding(
                CHECK.name,
                "warning" if is_behind else "notice",
                called(schema, root),
                f"It has {dead_rows(worst)}{place}.",
                CHECK.why + (" Autovacuum does not keep up." if is_behind else ""),
                maintained(
                    "Clear them. If they stay, something keeps VACUUM from them: `tenantry doctor"
                    " long-transactions prepared-transactions`. If they come back, have autovacuum come"
                    " sooner (autovacuum_vacuum_scale_factor of the table).",
                    "vacuum",
                    schema,
                    root,
                    f"VACUUM {spelt(schema, root)}",
                ),
            )
        )
    return found


CHECK = Check(
    "dead-rows",
    "Tables swollen by dead rows that nobody cleared",
    _look,
    why=("They take room on the disk and in memory, and every scan reads them."),
    mend="`tenantry maintain vacuum TABLE`",
)
