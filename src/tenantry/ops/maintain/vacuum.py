"""Dead rows, and rows so old that their transaction's number would come round again."""

from __future__ import annotations

from typing import Final

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
            dead, live = table["dead"], table["live"]
            is_old = max(table["age"], table["shared"]) > OLD_AGE
            if is_old:
                kind = "transaction" if table["age"] >= table["shared"] else "multixact"
                why = f"its oldest {kind} is {max(table['age'], table['shared']):,} ago"
            elif dead > DEAD_ROWS and dead > DEAD_PART * live:
                why = f"{dead:,} dead rows beside {live:,}"
            else:
                continue
            upkeep.tell(f"Vacuuming {table['name']}")
            result = ""
            if not upkeep.dry_run:
                options = "FREEZE, SKIP_LOCKED" if is_old else "SKIP_LOCKED"
                command = f'VACUUM ({options}) tenantry."{table["name"]}"'
                result = await passed_over(connection, command)
            done.append(Action("skip" if result else "vacuum", table["name"], why, result))
    return done


STEP = Step(
    "vacuum", "clear dead rows and freeze old ones where figures call for it", _vacuum, "a table"
)
