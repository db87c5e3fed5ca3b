"""The planner's statistics, where tables are no longer what they say."""

from __future__ import annotations

from tenantry.ops.maintain.analyze import stale
from tenantry.ops.maintain.tables import FIGURES

from ..check import Check, Patient
from ..finding import Finding
from ..objects import by_root, called, maintained, spelt


async def _look(patient: Patient) -> list[Finding]:
    figures = await patient.server.fetch(FIGURES)
    began = await patient.server.fetchval("SELECT pg_postmaster_start_time()")
    why = {(t["schema"], t["name"]): stale(t, figures, patient.now()) for t in figures}
    found = []
    for (schema, root), many in by_root(t for t in figures if why[t["schema"], t["name"]]).items():
        worst = max(many, key=lambda t: t["changed"])
        is_far = worst["changed"] > patient.limits.changed_part * max(worst["rows"], 1)
        # A table that was filled a minute ago is looked at in the next.
        is_late = patient.now() - (worst["analyzed"] or began) > patient.limits.stale_after
        name = (
            "" if worst["name"] == root else f" of {worst['name']}, and of {len(many)} such in all"
        )
        found.append(
            Finding(
                CHECK.name,
                "warning" if is_far and is_late and worst["kind"] != "p" else "notice",
                called(schema, root),
                f"Statistics{name}: {why[schema, worst['name']]}.",
                CHECK.why,
                maintained(
                    "Analyze it; `tenantry maintain` does so whenever it runs.",
                    "analyze",
                    schema,
                    root,
                    f"ANALYZE {spelt(schema, root)}",
                ),
            )
        )
    return found


CHECK = Check(
    "stale-statistics",
    "Tables that changed since the planner last looked at them",
    _look,
    why=(
        "The planner takes plans that were good for what the table was. Autovacuum never looks at a "
        "partitioned table as a whole."
    ),
    mend="`tenantry maintain analyze TABLE`",
)
