"""Partitioned tables whose coming periods have no partition."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tenantry import ids
from tenantry.migrations.apply import load_models
from tenantry.models import metadata
from tenantry.ops.partitions import periods_ahead
from tenantry.schema.partitions import partitioned

from ..check import Check, Patient
from ..finding import Advice, Finding

# From the catalog, which a watcher of the server may read; the schema's own functions it may not call.
_SQL = r"""
    SELECT p.relname AS table, bounds[1]::uuid AS starts, bounds[2]::uuid AS stops
    FROM pg_class AS p JOIN pg_namespace AS n ON n.oid = p.relnamespace AND n.nspname = 'tenantry'
    LEFT JOIN (pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)') AS bounds)
      ON i.inhparent = p.oid AND bounds IS NOT NULL
    WHERE p.relkind = 'p' AND p.relname = ANY ($1) ORDER BY 1, 2"""


async def _look(patient: Patient) -> list[Finding]:
    load_models(patient.settings.models)
    periods = partitioned(metadata)
    ranges: dict[str, list[tuple[UUID, UUID]]] = {}
    for row in await patient.server.fetch(_SQL, list(periods)):
        made = ranges.setdefault(row["table"], [])
        if row["starts"] is not None:
            made.append((row["starts"], row["stops"]))
    found = []
    for table, made in ranges.items():
        ahead = periods_ahead(periods[table], _gaps(made))
        if ahead >= patient.limits.partitions_ahead:
            continue
        found.append(
            Finding(
                CHECK.name,
                "warning",
                table,
                f"The current {periods[table]} has no partition."
                if ahead < 0
                else f"Of the coming {periods[table]}s {ahead or 'none'} {'have' if ahead > 1 else 'has'} a partition.",
                CHECK.why,
                Advice(
                    "Make them; `tenantry maintain --every 1h` keeps them ahead.",
                    shell=(f"tenantry maintain partitions {table}",),
                ),
            )
        )
    return found


def _gaps(made: list[tuple[UUID, UUID]]) -> list[tuple[datetime | None, datetime | None]]:
    """What the ranges, in order, leave."""
    starts = [ids.time_of(start) for start, _ in made]
    stops = [ids.time_of(stop) for _, stop in made]
    gaps = zip([None, *stops], [*starts, None], strict=True)
    return [(stop, start) for stop, start in gaps if stop is None or stop != start]


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
