"""The record, and events on their way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenantry import Database
from tenantry.ids import uuid7_at
from tenantry.models import Tenant
from tenantry.ops.doctor import Limits
from tests.fixtures.servers import KeyValueServer

from .clinic import Clinic


async def test_a_record_that_nobody_seals(clinic: Clinic, acme: Tenant) -> None:
    assert await clinic.find("unsealed-record") == []
    entry = (
        "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type)"
        f" VALUES ('{acme.id}', '{{}}', 'event', 'x')"
    )
    now = datetime.now(UTC)
    await clinic.execute(entry.format(uuid7_at(now - timedelta(days=4))))
    assert (await clinic.one("unsealed-record")).severity == "notice"
    await clinic.cured("unsealed-record")
    await clinic.execute(entry.format(uuid7_at(now - timedelta(days=3))))
    assert await clinic.find("unsealed-record") == []  # what `audit verify` tells of
    clinic.limits = Limits(unsealed=timedelta(0))
    assert (await clinic.one("unsealed-record")).severity == "warning"


async def test_events_that_nobody_carries(
    clinic: Clinic, db: Database, acme: Tenant, valkey_server: KeyValueServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("TENANTRY_REDIS_URL", valkey_server.url)
    assert await clinic.find("outbox") == []
    await db.tenant(acme.id).events.publish("orders", {"n": 1})
    await db.tenant(acme.id).events.publish("news", {"n": 2})
    assert await clinic.find("outbox") == []
    clinic.limits = Limits(outbox=timedelta(0))
    assert "no relay" in (await clinic.one("outbox", "topic news")).what
    await clinic.cured("outbox", "topic news")
    assert await clinic.find("outbox") == []
    clinic.limits = Limits()
    await db.tenant(acme.id).events.publish("orders", {"n": 1})
    await clinic.execute(
        "UPDATE tenantry.outbox_events SET retry_at = now() + interval '1 hour', attempts = 3, last_error = 'WRONGTYPE'"
    )
    assert "WRONGTYPE" in (await clinic.one("outbox", "topic orders")).what
    await clinic.cured("outbox", "topic orders")
