"""What is on record: everything that should be, by whom, and at the cost of one insert."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest

from tenantry import Actor, Database
from tenantry.ids import uuid7
from tenantry.models import (
    ActorKind,
    AppendOnly,
    Audited,
    Partitioned,
    SignInAttempt,
    Tenant,
    TenantRow,
    TenantUsage,
    UserIdentity,
    metadata,
)
from tenantry.models.base import model_of
from tests.fixtures.database import Place, make_user

MODELS = {table.name: model_of(table) for table in metadata.sorted_tables}
AUDITED = [name for name, model in MODELS.items() if issubclass(model, Audited)]


def test_every_table_is_audited_but_those_with_a_reason() -> None:
    """A tenant's tables are, unless their rows are many, pass by, or are a record themselves; so are
    those of the platform, but for counters and what only functions reach."""
    rest = {name: model for name, model in MODELS.items() if name not in AUDITED}
    assert {
        n
        for n, m in rest.items()
        if issubclass(m, TenantRow) and not issubclass(m, (Partitioned, AppendOnly))
    } == {"lock_fences", "outbox_events"}
    others = {m for m in rest.values() if not issubclass(m, TenantRow)}
    assert {m for m in others if not issubclass(m, AppendOnly)} == {
        SignInAttempt,
        TenantUsage,
        UserIdentity,
    }


@pytest.mark.demo
@pytest.mark.postgres("wheel")
async def test_every_row_of_an_audited_table_has_its_line(place: Place) -> None:
    admin = await place.connection("superuser")
    empty = []
    for name in AUDITED:
        keys = [c.name for c in metadata.tables[f"tenantry.{name}"].primary_key.columns]
        key = "id" if "id" in keys else keys[0]
        rows = await admin.fetchval(f"SELECT count(*) FROM tenantry.{name}")
        missing = await admin.fetchval(
            f"SELECT count(*) FROM tenantry.{name} AS r WHERE NOT EXISTS (SELECT FROM"
            " (SELECT resource_type, resource_id, action FROM tenantry.audit_logs UNION ALL"
            "  SELECT resource_type, resource_id, action FROM tenantry.platform_log) AS l"
            f" WHERE l.action = 'create' AND l.resource_type = '{name}' AND l.resource_id = r.{key})"
        )
        assert missing == 0, name
        empty += [] if rows else [name]
    await admin.close()
    # The demo shows nearly everything; a table it has nothing of proves nothing here.
    assert len(empty) < len(AUDITED) / 4, empty


@pytest.mark.parametrize("kind", ["user", "agent", "api_key", "service", "system"])
async def test_who_did_it(db: Database, acme: Tenant, kind: ActorKind) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    actor = Actor(
        kind=kind, agent_id=uuid7(), api_key_id=uuid7(), request_id="r", ip="192.0.2.7",
        user_agent="x", reason="because",
    )  # fmt: skip
    async with db.tenant(acme.id, user_id=ann.id, actor=actor) as t:
        project = await t.projects.create(name="A")
        event = await t.audit.record("seen", "projects", project.id)
    for entry in (
        (await db.tenant(acme.id).audit.of("projects", project.id))[-1],
        await db.tenant(acme.id).audit.get(event),
    ):
        assert (entry.actor_kind, entry.user_id) == (kind, ann.id)
        told = (entry.agent_id, entry.api_key_id, entry.request_id, str(entry.ip_address))
        assert told == (actor.agent_id, actor.api_key_id, "r", "192.0.2.7")
        assert (entry.user_agent, entry.reason) == ("x", "because")


async def test_the_service_role_says_why_and_on_whose_behalf(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    async with db.service("support ticket 7", user_id=ann.id) as s:
        project = await s.tenant(acme.id).projects.create(name="A")
        await s.tenants.update(acme.id, plan="professional")
    async with db.service("look") as s:
        use = (await s.platform_log.entries(action="service_use", user_id=ann.id))[0]
        (plan,) = await s.platform_log.entries(
            resource_type="tenants", resource_id=acme.id, action="update"
        )
    (made,) = await db.tenant(acme.id).audit.of("projects", project.id)
    for entry in (use, plan, made):
        assert (entry.actor_kind, entry.user_id) == ("service", ann.id)
        assert entry.reason == "support ticket 7"
    assert plan.new_values == {"plan": "professional"}


async def test_many_rows_cost_one_insert(db: Database, place: Place, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        await t.projects.create_many([{"name": f"P{n}"} for n in range(50)])
    admin = await place.connection("superuser")
    async with admin.transaction():
        answer = await admin.fetchval(
            "EXPLAIN (ANALYZE, FORMAT JSON) UPDATE tenantry.projects SET description = 'x'"
        )
    await admin.close()
    fired: list[dict[str, Any]] = json.loads(answer)[0]["Triggers"]
    assert [t["Calls"] for t in fired if t["Trigger Name"].startswith("audit_")] == [1]
    entries = await db.tenant(acme.id).audit.entries(action="update", limit=100)
    assert len(entries) == 50
    assert {tuple(e.new_values or ()) for e in entries} == {("description",)}


@pytest.mark.parametrize("role", ["owner", "superuser"])
@pytest.mark.parametrize(
    "table", ["audit_logs", "platform_log", "audit_logs_default", "audit_seals"]
)
async def test_nobody_may_rewrite_it(place: Place, role: str, table: str) -> None:
    connection = await place.connection(role)
    for sql in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await connection.execute(sql.format(f"tenantry.{table}"))
    await connection.close()
