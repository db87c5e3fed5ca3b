"""The route by hand, on the driver's pool: no tenants, no keys, and only the columns it shows."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import JSONResponse

_SELECT = (
    "SELECT id, name, slug, status, default_branch, created_at FROM twin.web_projects WHERE id = $1"
)


async def _as_it_is(_: object) -> None:
    """Spare the round trip that the pool makes of its own accord for each connection it gets back."""


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[None]:
    reset = _as_it_is if "as_it_is" in os.environ["BENCH_WEB"] else None
    url = os.environ["BENCH_URL"]
    async with asyncpg.create_pool(url, min_size=5, max_size=20, reset=reset) as pool:
        app.state.pool = pool
        yield


def app() -> FastAPI:
    made = FastAPI(lifespan=_opened)

    @made.get("/projects/{id}")
    async def project(id: UUID, request: Request) -> JSONResponse:
        row = await request.app.state.pool.fetchrow(_SELECT, id)
        if row is None:
            raise HTTPException(404)
        return JSONResponse(
            {
                "id": str(row["id"]),
                "name": row["name"],
                "slug": row["slug"],
                "status": row["status"],
                "default_branch": row["default_branch"],
                "created_at": row["created_at"].isoformat(),
            }
        )

    return made
