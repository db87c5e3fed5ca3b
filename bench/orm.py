"""The peer most would choose: an SQLAlchemy ORM session that sets the tenant as its docs advise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.measure import Call
from bench.world import World
from tenantry.models import Project

_SET = text("SELECT set_config('app.tenant_id', :tenant, true)")


@asynccontextmanager
async def reading(world: World) -> AsyncIterator[Call]:
    """`session.get` of one project, under the same row security, each in its own transaction."""
    settings = world.db.settings
    url = urlsplit(world.url("app"))._replace(scheme="postgresql+asyncpg").geturl()
    engine = create_async_engine(url, pool_size=settings.pool_max)
    sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
    keys = world.keys()

    async def read() -> None:
        tenant, project = next(keys)
        async with sessions() as session, session.begin():
            await session.execute(_SET, {"tenant": str(tenant)})
            assert await session.get(Project, (tenant, project)) is not None

    try:
        yield read
    finally:
        await engine.dispose()
