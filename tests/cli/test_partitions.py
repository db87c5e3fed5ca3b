from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import tenantry
from tests.fixtures.database import Place, make_tenant

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")

_TABLES = {"activity_feed", "agent_executions", "audit_logs", "cost_entries", "messages", "platform_log"}  # fmt: skip


async def _spend(place: Place, *months: int) -> None:
    """A cost in each of these months of 2024."""
    async with await tenantry.connect(settings=place.settings()) as db:
        tenant = await make_tenant(db, "initech")
        await db.tenant(tenant.id).costs.create_many(
            [
                {"cost_usd": Decimal(1), "created_at": datetime(2024, m, 1, tzinfo=UTC)}
                for m in months
            ]
        )


def test_a_new_database_is_ready(cli: Cli) -> None:
    found = cli.json("partitions", "status")
    assert found["ok"] is True
    assert {t["table"] for t in found["tables"]} >= _TABLES
    for table in found["tables"]:
        assert (table["ahead"], table["strays"], table["partitions"]) == (3, 0, 4)
    assert "In default" in cli("partitions", "status").out
    assert cli("partitions", "ensure").out == "Nothing lacks.\n"


def test_too_few_ahead_is_an_alarm_and_is_answered(cli: Cli) -> None:
    found = cli.json("partitions", "status", "--ahead", "5", code=1)
    assert found["ok"] is False
    assert "tenantry partitions ensure" in cli("partitions", "status", "--ahead", "5", code=1).err
    made = cli.json("partitions", "ensure", "--ahead", "5", "--table", "messages")["made"]
    assert len(made) == 2
    assert all(name.startswith("messages_") for name in made)
    ahead = {t["table"]: t["ahead"] for t in cli.json("partitions", "status")["tables"]}
    assert (ahead["messages"], ahead["cost_entries"]) == (5, 3)


def test_rows_in_a_default_partition_are_an_alarm_and_move(cli: Cli, place: Place) -> None:
    asyncio.run(_spend(place, 1, 3))
    (found,) = [t for t in cli.json("partitions", "status", code=1)["tables"] if t["strays"]]
    assert (found["table"], found["strays"]) == ("cost_entries", 2)
    assert "2024-01-01 to 2024-03-01" in cli("partitions", "status", code=1).out
    made = cli.json("partitions", "ensure")["made"]
    assert made == ["cost_entries_2024_01", "cost_entries_2024_03"]
    # The gap between is no lack: what is to come counts, and whether anything waits.
    (found,) = [
        t for t in cli.json("partitions", "status")["tables"] if t["table"] == "cost_entries"
    ]
    assert (found["ahead"], found["strays"]) == (3, 0)


def test_partitions_of_the_past_and_unknown_tables(cli: Cli) -> None:
    made = cli.json("partitions", "ensure", "--since", "2026-01-01", "--table", "audit_logs")[
        "made"
    ]
    assert "audit_logs_2026_01" in made
    assert cli.json("partitions", "ensure", "--table", "projects", code=2)["field"] == "tables"
    assert cli("partitions", "ensure", "--since", "soon", code=2)


def test_the_current_period_without_a_partition_is_told(cli: Cli, place: Place) -> None:
    async def detach() -> None:
        owner = await place.connection("superuser")
        month = f"cost_entries_{datetime.now(UTC):%Y_%m}"
        await owner.execute(f"ALTER TABLE tenantry.cost_entries DETACH PARTITION tenantry.{month}")
        await owner.close()

    asyncio.run(detach())
    (found,) = [
        t
        for t in cli.json("partitions", "status", code=1)["tables"]
        if t["table"] == "cost_entries"
    ]
    assert found["ahead"] == -1
