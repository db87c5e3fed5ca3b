"""The route as Tenantry's guide writes it. What may come on top is named by `BENCH_WEB`."""

from __future__ import annotations

import os
from uuid import UUID

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.responses import JSONResponse

import tenantry
from bench.web.answer import answer
from tenantry import Database, Settings
from tenantry.coordination import Rate
from tenantry.web import RateLimits, TenantryMiddleware
from tenantry.web.fastapi import Tenant

_MANY = Rate(10_000_000, per=60)


async def connect() -> Database:
    redis = os.environ.get("BENCH_REDIS_URL")
    settings = Settings(
        database_url=SecretStr(os.environ["BENCH_URL"]),
        redis_url=SecretStr(redis) if redis else None,
        migrate="check",
    )
    return await tenantry.connect(settings=settings)


def app() -> FastAPI:
    limits = RateLimits(tenant=_MANY, caller=_MANY)
    made = FastAPI()
    made.add_middleware(
        TenantryMiddleware, connect, limits=limits if "limits" in os.environ["BENCH_WEB"] else None
    )

    @made.get("/projects/{id}")
    async def project(id: UUID, t: Tenant) -> JSONResponse:
        return answer(await t.projects.get(id))

    return made
