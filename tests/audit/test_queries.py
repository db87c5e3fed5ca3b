"""Questions asked of the record go through its indexes, and to the partitions of their time alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.ops import partitions
from tenantry.repositories import AuditLogs, PlatformLogs
from tests.fixtures.database import Place

NOW = datetime.now(UTC)
MONTHS = [NOW - timedelta(days=31 * back) for back in range(4)]
USER, AGENT, KEY, THING = (uuid7() for _ in range(4))

_FILL = """
INSERT INTO tenantry.{0} (tenant_id, id, action, resource_type, resource_id, user_id, agent_id, api_key_id)
SELECT $1, (left(tenantry.uuid_at($2::timestamptz + n * interval '1 second')::text, 24) || lpad(to_hex(n), 12, '0'))::uuid,
       CASE WHEN n % 100 = 0 THEN 'login' ELSE 'update' END, 'tasks',
       CASE WHEN n % 100 = 1 THEN $3::uuid ELSE gen_random_uuid() END,
       CASE WHEN n % 100 = 2 THEN $4::uuid ELSE gen_random_uuid() END,
       CASE WHEN n % 100 = 3 THEN $5::uuid END,
       CASE WHEN n % 100 = 4 THEN $6::uuid END
FROM generate_series(1, 2000) AS n"""

QUESTIONS: dict[str, dict[str, Any]] = {
    "resource": {"resource_type": "tasks", "resource_id": THING},
    "user_id": {"user_id": USER},
    "agent_id": {"agent_id": AGENT},
    "api_key_id": {"api_key_id": KEY},
    "action": {"action": "login"},
}


@pytest.fixture
async def filled(db: Database, place: Place, acme: Tenant) -> Tenant:
    await partitions.ensure(
        place.url("owner"), MONTHS[-1], NOW, tables=["audit_logs", "platform_log"]
    )
    admin = await place.connection("superuser")
    for table in ("audit_logs", "platform_log"):
        for month in MONTHS:
            start = month.replace(day=2, hour=0, minute=0, second=0, microsecond=0)
            await admin.execute(_FILL.format(table), acme.id, start, THING, USER, AGENT, KEY)
        await admin.execute(f"ANALYZE tenantry.{table}")
    await admin.close()
    return acme


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The tables a plan looks into, and by which index."""
    if "Relation Name" in plan:
        below = [child.get("Index Name", "") for child in plan.get("Plans", ())]
        yield plan["Relation Name"], plan.get("Index Name", "".join(below))
    for child in plan.get("Plans", ()):
        yield from scans(child)


async def explained(
    fetch: Any, repository: Any, tenant: UUID | None, **filters: Any
) -> dict[str, str]:
    compiler = repository._compiler
    statement, values = compiler.page((), filters, "newest", False)
    given = statement.arguments(
        {**values, "page_after": None, "page_limit": 51, "tenant_id": tenant}
    )
    rows = await fetch(f"EXPLAIN (FORMAT JSON) {statement.sql}", *given)
    answer = rows[0][0]
    document = json.loads(answer) if isinstance(answer, str) else answer
    return dict(scans(document[0]["Plan"]))


def partition(table: str, moment: datetime) -> str:
    return f"{table}_{moment:%Y_%m}"


async def test_each_question_has_its_index(db: Database, place: Place, filled: Tenant) -> None:
    since = MONTHS[1].replace(day=1)
    for index, filters in QUESTIONS.items():
        async with db.tenant(filled.id) as t:
            found = await explained(t.fetch, AuditLogs, filled.id, **filters, since=since)
        looked_into = {name: by for name, by in found.items() if name != "audit_logs_default"}
        months = {partition("audit_logs", month) for month in MONTHS[:2]}
        assert months <= set(looked_into)
        assert not {partition("audit_logs", month) for month in MONTHS[2:]} & set(looked_into)
        # A partition's index is named after its columns.
        assert all(index in looked_into[month] for month in months), (index, looked_into)


async def test_a_time_has_its_partitions(db: Database, place: Place, filled: Tenant) -> None:
    day = MONTHS[2].replace(day=2, hour=0, minute=0, second=0, microsecond=0)
    async with db.tenant(filled.id) as t:
        found = await explained(
            t.fetch, AuditLogs, filled.id, since=day, until=day + timedelta(hours=1)
        )
    assert set(found) - {"audit_logs_default"} == {partition("audit_logs", day)}
    assert "pkey" in found[partition("audit_logs", day)]
    async with db.service("look") as s:
        found = await explained(
            s.fetch, PlatformLogs, None, user_id=USER, since=day, until=day + timedelta(days=1)
        )
    assert set(found) - {"platform_log_default"} == {partition("platform_log", day)}
    assert "user_id" in found[partition("platform_log", day)]


async def test_pages_follow_each_other(db: Database, filled: Tenant) -> None:
    t = db.tenant(filled.id)
    first = await t.audit.entries(user_id=USER, limit=30)
    rest = await t.audit.entries(user_id=USER, limit=100, after=first.next)
    assert (len(first), len(rest)) == (30, 50)
    ids = [entry.id for entry in (*first, *rest)]
    assert ids == sorted(ids, reverse=True)
    assert rest.next is None
    oldest = await t.audit.entries(user_id=USER, limit=1, order="oldest")
    assert oldest[0].id == ids[-1]
    day = MONTHS[1].replace(day=2, hour=0, minute=0, second=0, microsecond=0)
    some = await t.audit.entries(action="login", since=day, until=day + timedelta(minutes=10))
    assert len(some) == 5
    assert await t.audit.entries(action="login", actor_kind="user") == []
