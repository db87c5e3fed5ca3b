"""What sessions do, and hold."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from tenantry.ops.doctor import Limits

from .clinic import Clinic


async def test_a_long_transaction(clinic: Clinic) -> None:
    assert await clinic.find("long-transactions") == []
    clinic.limits = Limits(transaction=timedelta(0))
    forgotten = await clinic.place.connection("app")
    await forgotten.execute("BEGIN")
    finding = await clinic.one("long-transactions")
    assert "tenantry_app" in finding.what
    await clinic.cured("long-transactions")
    with pytest.raises(asyncpg.PostgresError):
        await forgotten.execute("SELECT")
