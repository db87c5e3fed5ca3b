"""The same work under sealed contexts and under plain ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from uuid import UUID

from bench.measure import Comparison, compare
from bench.world import World
from tenantry import Database

#: One piece of work for a tenant and one of its projects.
Work = Callable[[Database, UUID, UUID], Awaitable[object]]

_numbers = count(1)


async def sealed_against_plain(world: World, work: Work, *, calls: int = 20) -> Comparison:
    sealed = await world.sealed(f"sealed_{next(_numbers)}")
    async with sealed.service("benchmark data") as s:
        tenant = UUID(str((await s.tenants.create(name="Acme", slug="acme")).id))
        made = await s.tenant(tenant).projects.create_many([{"name": "Apollo"}])
    theirs = tenant, UUID(str(made[0].id))
    ours = world.projects[0]

    async def under_a_seal() -> None:
        await work(sealed, *theirs)

    async def plainly() -> None:
        await work(world.db, *ours)

    return await compare(under_a_seal, plainly, calls=calls)
