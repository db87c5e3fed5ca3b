"""The route on SQLAlchemy's ORM: the key is looked up by its hash, the tenant set as its
documentation advises, and the row read under the same row security."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import FastAPI, Header, HTTPException, Request
from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.responses import JSONResponse

from bench.web.answer import answer
from tenantry.models import Project

_SET = text("SELECT set_config('app.tenant_id', :tenant, true)")


class _Base(DeclarativeBase):
    pass


class Key(_Base):
    """Without row security: whose it is, is not known before it is found."""

    __tablename__ = "web_keys"
    __table_args__ = {"schema": "twin"}  # noqa: RUF012 - as the ORM has it

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[UUID]
    key_hash: Mapped[bytes]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[None]:
    url = urlsplit(os.environ["BENCH_URL"])._replace(scheme="postgresql+asyncpg").geturl()
    engine = create_async_engine(url, pool_size=20)
    app.state.sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
    try:
        yield
    finally:
        await engine.dispose()


async def _tenant_of(session: AsyncSession, shown: str) -> UUID:
    secret = shown.removeprefix("Bearer ")
    key = await session.scalar(
        select(Key).where(
            Key.key_hash == hashlib.sha256(secret.encode()).digest(),
            Key.revoked_at.is_(None),
            or_(Key.expires_at.is_(None), Key.expires_at > func.now()),
        )
    )
    if key is None:
        raise HTTPException(401)
    await session.execute(_SET, {"tenant": str(key.tenant)})
    return key.tenant


def app() -> FastAPI:
    made = FastAPI(lifespan=_opened)

    @made.get("/projects/{id}")
    async def project(
        id: UUID, request: Request, authorization: Annotated[str, Header()] = ""
    ) -> JSONResponse:
        async with request.app.state.sessions() as session, session.begin():
            tenant = await _tenant_of(session, authorization)
            found = await session.get(Project, (tenant, id))
        if found is None:
            raise HTTPException(404)
        return answer(found)

    return made
