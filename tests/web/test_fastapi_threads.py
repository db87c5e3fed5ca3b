"""What FastAPI's routes ask of the door is answered without a thread, so also while all are busy."""

from __future__ import annotations

import asyncio

from anyio import to_thread
from fastapi import FastAPI

from tenantry import Database
from tenantry.models import Tenant as Account
from tenantry.web import TenantryMiddleware
from tenantry.web.fastapi import (
    CurrentCaller,
    CurrentVisit,
    Db,
    ReadonlyTenant,
    Tenant,
    require_role,
    require_scope,
)
from tests.fixtures.database import make_user

from .conftest import client


async def test_no_dependency_waits_for_a_thread(db: Database, acme: Account) -> None:
    app = FastAPI()
    app.add_middleware(TenantryMiddleware, db=db)

    @app.get("/", dependencies=[require_scope("projects:read"), require_role("viewer")])
    async def asked(
        t: Tenant, r: ReadonlyTenant, d: Db, caller: CurrentCaller, visit: CurrentVisit
    ) -> list[str]:
        assert visit.caller is caller
        assert d is db
        shown = [(await one.account.get()).slug for one in (t, r)]
        return [*shown, caller.role or ""]

    ann = await make_user(db, "ann@x.org", acme)
    made = await db.tenant(acme.id).api_keys.create(name="k", scopes=["*"], user_id=ann.id)
    threads = to_thread.current_default_thread_limiter()
    busy = [object() for _ in range(int(threads.total_tokens))]
    for one in busy:
        threads.acquire_on_behalf_of_nowait(one)
    try:
        async with asyncio.timeout(30), client(app) as http:
            answer = await http.get("/", headers={"authorization": f"Bearer {made.secret}"})
    finally:
        for one in busy:
            threads.release_on_behalf_of(one)
    assert answer.status_code == 200, answer.text
    assert answer.json() == ["acme", "acme", "member"]
