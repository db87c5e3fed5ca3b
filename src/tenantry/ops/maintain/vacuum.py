"""Dead rows, and rows so old that their transaction's number would come round again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .step import Action, Step, Upkeep
from .tables import figures

#: As autovacuum's own: where it keeps up there is nothing to do here.
DEAD_ROWS: Final = 10_000
DEAD_PART: Final = 0.2
#: Autovacuum forces itself on a table at 200 million, whatever goes on then; this comes before it, at a
#: time of the operator's choosing.
OLD_AGE: Final = 150_000_000


async def _vacuum(upkeep: Upkeep) -> list[Action]:
    done = []
    async with upkeep.owner() as connection:
        for table in await figures(connection, upkeep.name):
            if table["kind"] == "p":
                continue
            why = reason(table)
            if not why:
                continue
            upkeep.tell(f"Vacuuming {table['name']}")
            if not upkeep.dry_run:
                options = "FREEZE, SKIP_LOCKED" if is_old(table) else "SKIP_LOCKED"
                await connection.execute(f'VACUUM ({options}) tenantry."{table["name"]}"')
            done.append(Action("vacuum", table["name"], why))
    return done


def is_old(table: Mapping[str, Any]) -> bool:
    return bool(table["age"] > OLD_AGE)


def reason(table: Mapping[str, Any]) -> str:
    """Why a table is to be vacuumed; nothing where it is well."""
    dead, live = table["dead"], table["live"]
    if is_old(table):
        return f"its oldest transaction is {table['age']:,} ago"
    if dead > DEAD_ROWS and dead > DEAD_PART * live:
        return f"{dead:,} dead rows beside {live:,}"
    return ""


STEP = Step(
    "vacuum", "clear dead rows and freeze old ones where figures call for it", _vacuum, "a table"
)
