"""The materialized views, refreshed while they are read."""

from __future__ import annotations

from tenantry.errors import InvalidInput

from .step import Action, Step, Upkeep

_VIEWS = "SELECT matviewname FROM pg_matviews WHERE schemaname = 'tenantry' ORDER BY 1"


async def _refresh(upkeep: Upkeep) -> list[Action]:
    begin = await upkeep.db.serving("maintain views")
    async with begin() as s:
        names = [row[0] for row in await s.fetch(_VIEWS)]
    if upkeep.name is not None:
        if upkeep.name not in names:
            raise InvalidInput(f"There is no materialized view {upkeep.name}.", field="name")
        names = [upkeep.name]
    done = []
    for name in names:
        upkeep.tell(f"Refreshing {name}")
        if not upkeep.dry_run:
            async with begin() as s:  # one at a time, so that none waits for all of them
                await s.execute("SELECT set_config('statement_timeout', '0', true)")
                await s.execute("SELECT tenantry.refresh_view($1)", name)
        done.append(Action("refresh", name, "its figures are those of the last refresh"))
    return done


STEP = Step("views", "refresh the materialized views beside their readers", _refresh, "a view")
