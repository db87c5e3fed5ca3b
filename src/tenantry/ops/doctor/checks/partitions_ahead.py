"""Partitioned tables whose coming periods have no partition."""

from __future__ import annotations

from tenantry.migrations.apply import load_models
from tenantry.models import metadata
from tenantry.ops.partitions import REACH, reaches
from tenantry.schema.partitions import partitioned

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    load_models(patient.settings.models)
    tables = list(partitioned(metadata))
    found = []
    for one in reaches(await patient.server.fetch(REACH, tables)):
        table, period, ahead = one.table, one.period, one.ahead
        if ahead >= patient.limits.partitions_ahead:
            continue
        found.append(
            Finding(
                CHECK.name,
                "warning",
                table,
                f"The current {period} has no partition."
                if ahead < 0
                else f"Of the coming {period}s {ahead or 'none'} {'have' if ahead > 1 else 'has'} a partition.",
                CHECK.why,
                Advice(
                    "Make them; `tenantry maintain --every 1h` keeps them ahead.",
                    shell=(f"tenantry maintain partitions {table}",),
                ),
            )
        )
    return found


CHECK = Check(
    "partitions-ahead",
    "Partitions running out",
    _look,
    why=(
        "Rows of a time that has none go to the default partition: nothing is lost, and from there "
        "they are only moved while the table is locked."
    ),
    mend="`tenantry maintain partitions TABLE`",
)
