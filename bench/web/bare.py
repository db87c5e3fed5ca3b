"""The route without a door: its tenant stands in a header that anybody may write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from bench.web.answer import answer
from bench.web.ours import connect


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[None]:
    async with await connect() as app.state.db:
        yield


def app() -> FastAPI:
    made = FastAPI(lifespan=_opened)

    @made.get("/projects/{id}")
    async def project(id: UUID, request: Request) -> JSONResponse:
        tenant = request.app.state.db.tenant(request.headers["x-tenant"])
        return answer(await tenant.projects.get(id))

    return made
