"""What sessions do, and hold."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tenantry.ops.doctor import Limits

from .clinic import Clinic

#: Of a statement whose session was ended, before or while it was asked.
ENDED = (asyncpg.PostgresError, asyncpg.InterfaceError)


async def test_transactions_that_stay_open(clinic: Clinic) -> None:
    assert await clinic.find("long-transactions") == []
    assert await clinic.find("idle-in-transaction") == []
    clinic.limits = Limits(transaction=timedelta(0), idle=timedelta(0))
    for check in ("long-transactions", "idle-in-transaction"):
        forgotten = await clinic.place.connection("app")
        await forgotten.execute("BEGIN")
        finding = await clinic.one(check)
        assert "tenantry_app" in finding.what
        await clinic.cured(check)
        with pytest.raises(ENDED):
            await forgotten.execute("SELECT")


async def test_one_that_all_wait_for(clinic: Clinic) -> None:
    await clinic.execute("CREATE TABLE public.tills (n int)")
    first, second, third = [await clinic.place.connection("superuser") for _ in range(3)]
    await first.execute("BEGIN; LOCK TABLE public.tills")
    queue = [
        asyncio.create_task(second.execute("BEGIN; LOCK TABLE public.tills; COMMIT")),
        asyncio.create_task(third.execute("SELECT FROM public.tills")),
    ]
    await waiting(clinic, 2)
    assert await clinic.find("lock-waits") == []
    clinic.limits = Limits(lock_wait=timedelta(0))
    # The third waits for the second, who is not the one to blame.
    finding = await clinic.one("lock-waits")
    assert finding.object == f"session {first.get_server_pid()}"
    assert finding.what.startswith("postgres")
    assert "2 sessions wait" in finding.what
    assert "tills" in finding.what
    await clinic.cured("lock-waits", finding.object)
    await asyncio.gather(*queue)
    await second.close()
    await third.close()


async def waiting(clinic: Clinic, many: int) -> None:
    """Until so many sessions wait for a lock of this database, and the server says since when."""
    sql = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with clinic.superuser() as server:
        seen: Any = None
        while seen != many:
            seen = await server.fetchval(sql)
