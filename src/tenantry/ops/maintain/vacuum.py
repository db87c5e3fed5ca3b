"""Dead rows, and rows so old that their transaction's number would come round again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .step import Action, Step, Upkeep
from .tables import figures, passed_over

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
            result = ""
            if not upkeep.dry_run:
                options = "FREEZE, SKIP_LOCKED" if is_old(table) else "SKIP_LOCKED"
                command = f'VACUUM ({options}) tenantry."{table["name"]}"'
                result = await passed_over(connection, command)
            done.append(Action("skip" if result else "vacuum", table["name"], why, result))
    return done


def is_old(table: Mapping[str, Any]) -> bool:
    return bool(max(table["age"], table["shared"]) > OLD_AGE)


def reason(table: Mapping[str, Any]) -> str:
    """Why a table is to be vacuumed; nothing where it is well."""
    if is_old(table):
        kind = "transaction" if table["age"] >= table["shared"] else "multixact"
        return f"its oldest {kind} is {max(table['age'], table['shared']):,} ago"
    return dead_rows(table)


def dead_rows(table: Mapping[str, Any]) -> str:
    """That a table has more of them than it should; nothing where it has not."""
    dead, live = table["dead"], table["live"]
    is_much = dead > DEAD_ROWS and dead > DEAD_PART * live
    return f"{dead:,} dead rows beside {live:,}" if is_much else ""


STEP = Step(
    "vacuum", "clear dead rows and freeze old ones where figures call for it", _vacuum, "a table"
)
