"""Work done as a tenant: row security holds here as everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from . import lookup, place

if TYPE_CHECKING:
    from tenantry.handles import TenantTransaction


@asynccontextmanager
async def work(tenant: str, doing: str) -> AsyncIterator[TenantTransaction]:
    """One transaction as the tenant; the record says that it was this command's."""
    reason = f"tenantry {doing} {tenant}"
    async with place.database() as db:
        from tenantry.kernel.context import Actor

        async with db.service(reason) as s:
            found = await lookup.tenant(s, tenant)
        async with db.tenant(found.id, actor=Actor(kind="system", reason=reason)) as t:
            yield t
