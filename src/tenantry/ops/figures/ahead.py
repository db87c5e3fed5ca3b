"""How many partitions are left ahead, and what lies outside of all: `ops.partitions` counts."""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.endpoints import url_for
from tenantry.migrations.apply import load_models
from tenantry.ops import partitions
from tenantry.ops.partitions import Standing

from .source import LIMITS, Section, Source


@dataclass(frozen=True, slots=True)
class PartitionsAhead:
    """The table that runs out first comes first."""

    tables: tuple[Standing, ...]


async def _look(source: Source) -> PartitionsAhead:
    load_models(source.settings.models)
    found = await partitions.status(url_for(source.settings, "service"), setup=[LIMITS])
    return PartitionsAhead(
        tuple(sorted(found, key=lambda one: (one.ahead, -one.strays, one.table)))
    )


PARTITIONS = Section("partitions", "partitions left ahead, and rows in none that was made", _look)
