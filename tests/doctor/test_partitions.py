"""Partitions that lack, and rows that wait for one."""

from __future__ import annotations

from datetime import UTC, datetime

from tenantry.ids import uuid7_at

from .clinic import Clinic

_ENTRY = (
    "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type)"
    " VALUES (gen_random_uuid(), '{}', 'event', 'x')"
)


async def test_partitions_run_out(clinic: Clinic) -> None:
    assert await clinic.find("partitions-ahead") == []
    last = (
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tenantry.activity_feed'::regclass"
        " AND inhrelid::regclass::text !~ 'default' ORDER BY 1 DESC"
    )
    async with clinic.superuser() as server:
        names = [row[0] for row in await server.fetch(last)]
        # The current period's and three coming ones.
        assert len(names) == 4
        for name in names[:3]:
            assert await clinic.find("partitions-ahead") == []
            await server.execute(f"DROP TABLE {name}")
    assert "none has" in (await clinic.one("partitions-ahead", "activity_feed")).what
    await clinic.execute(f"DROP TABLE {names[3]}")
    assert "current" in (await clinic.one("partitions-ahead", "activity_feed")).what
    await clinic.cured("partitions-ahead", "activity_feed")


async def test_rows_in_a_default_partition(clinic: Clinic) -> None:
    assert await clinic.find("default-partitions") == []
    await clinic.execute(_ENTRY.format(uuid7_at(datetime(2024, 3, 10, tzinfo=UTC))))
    assert "2024-03-10" in (await clinic.one("default-partitions", "audit_logs")).what
    await clinic.cured("default-partitions", "audit_logs")


async def test_rows_that_no_partition_is_made_for(clinic: Clinic) -> None:
    await clinic.execute(_ENTRY.format("f47ac10b-58cc-4372-a567-0e02b2c3d479"))
    (finding,) = await clinic.find("default-partitions")
    assert finding.severity == "notice"
    assert "UUIDv7" in finding.what
    await clinic.execute("DELETE FROM tenantry.audit_logs_default")
    assert await clinic.find("default-partitions") == []
