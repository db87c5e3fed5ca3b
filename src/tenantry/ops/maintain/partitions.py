"""Partitions for coming events, and what came before its partition moved there."""

from __future__ import annotations

from tenantry.models import metadata
from tenantry.ops import partitions
from tenantry.schema.partitions import AHEAD, partitioned

from .step import Action, Step, Upkeep


async def _prepare(upkeep: Upkeep) -> list[Action]:
    tables = [upkeep.name] if upkeep.name else None
    if upkeep.dry_run:
        return await _wanted(upkeep, tables or list(partitioned(metadata)))
    upkeep.tell("Making partitions")
    made = await partitions.prepare(upkeep.owner_url, tables=tables)
    upkeep.tell("Emptying the default partitions")
    drained = await partitions.drain(upkeep.owner_url, tables=tables)
    ahead = f"the {AHEAD} coming periods are to have one"
    return [
        *(Action("make", name, ahead) for name in made),
        *(Action("drain", name, "the default partition held rows of its time") for name in drained),
    ]


async def _wanted(upkeep: Upkeep, tables: list[str]) -> list[Action]:
    found = []
    for one in await partitions.status(upkeep.service_url, tables=tables):
        if one.ahead < AHEAD:
            why = f"{max(one.ahead, 0)} of the {AHEAD} coming periods have a partition"
            found.append(Action("make", one.table, why))
        if one.strays:
            found.append(Action("drain", one.table, f"{one.strays} rows in its default one"))
    return found


STEP = Step("partitions", "make coming partitions, empty the default ones", _prepare, "a table")
