"""The record is written by the database itself, and says who, what and from where."""

from __future__ import annotations

import pytest

from tenantry import Actor, Database
from tenantry.errors import InvalidInput, PermissionDenied, RuleViolated
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_user


async def test_each_write_leaves_what_changed_and_who_did_it(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    actor = Actor(kind="user", request_id="r-1", ip="203.0.113.9", user_agent="curl/8 'quoted'; --")
    async with db.tenant(acme.id, user_id=ann.id, actor=actor) as t:
        project = await t.projects.create(name="A", config={"nested": {"kept": None}})
        await t.projects.update(project.id, name="B", description="d")
        await t.projects.update(project.id, name="B")  # changes nothing
        await t.projects.delete(project.id)
        deleted, updated, created = await t.audit.of("projects", project.id)
    assert [e.action for e in (created, updated, deleted)] == ["create", "update", "delete"]
    assert created.new_values is not None
    assert created.new_values["config"] == {"nested": {"kept": None}}
    assert (updated.old_values, updated.new_values) == (
        {"name": "A", "description": None},
        {"name": "B", "description": "d"},
    )
    assert deleted.old_values is not None
    assert deleted.old_values["name"] == "B"
    assert (updated.user_id, updated.actor_kind, updated.request_id) == (ann.id, "user", "r-1")
    assert (str(updated.ip_address), updated.user_agent) == ("203.0.113.9", actor.user_agent)


async def test_secrets_and_counters_stay_out(db: Database, acme: Tenant) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    (entry,) = await db.tenant(acme.id).audit.of("api_keys", made.key.id)
    assert entry.new_values is not None
    assert not {"key_hash", "use_count", "last_used_at"} & set(entry.new_values)
    ann = await make_user(db, "ann@example.com", acme)
    async with db.service("password reset") as s:
        await s.users.update(ann.id, password_hash="$argon2id$x")
        changed = (await s.platform_log.list(resource_type="users", resource_id=ann.id))[0]
    assert (changed.old_values, changed.new_values) == ({}, {})
    assert changed.details == {"secrets_changed": ["password_hash"]}
    assert changed.reason == "password reset"


async def test_what_is_undone_leaves_nothing(db: Database, acme: Tenant) -> None:
    with pytest.raises(RuleViolated):
        async with db.tenant(acme.id) as t:
            await t.projects.create(name="A")
            await t.projects.create(name="")
    assert await db.tenant(acme.id).audit.list(resource_type="projects") == []


async def test_events_of_the_application(db: Database, acme: Tenant) -> None:
    entry = await db.tenant(acme.id).audit.record("export", "projects", uuid7(), rows=3)
    found = await db.tenant(acme.id).audit.get(entry)
    assert (found.action, found.details, found.tenant_id) == ("export", {"rows": 3}, acme.id)


async def test_a_tenant_reads_its_own_record_only(db: Database, acme: Tenant, beta: Tenant) -> None:
    await db.tenant(acme.id).projects.create(name="A")
    assert await db.tenant(beta.id).audit.list(resource_type="projects") == []
    with pytest.raises(PermissionDenied):
        await db.tenant(acme.id).fetch("SELECT * FROM tenantry.platform_log")


async def test_use_of_the_service_role_is_on_record_even_if_its_work_fails(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.service("a reason worth keeping"):
            raise RuntimeError
    async with db.service("look") as s:
        uses = await s.platform_log.list(action="service_use")
    assert [u.reason for u in uses[:2]] == ["look", "a reason worth keeping"]
    with pytest.raises(InvalidInput):
        async with db.service("  "):
            pass


async def test_nobody_rewrites_the_record(db: Database, place: Place, acme: Tenant) -> None:
    await db.tenant(acme.id).projects.create(name="A")
    for role in ("app", "service", "owner", "superuser"):
        connection = await place.connection(role)
        for table in ("audit_logs", "platform_log", "audit_logs_default"):
            for sql in (
                "UPDATE tenantry.{} SET action = 'x'",
                "DELETE FROM tenantry.{}",
                "TRUNCATE tenantry.{}",
            ):
                with pytest.raises(Exception, match=r"append-only|permission denied"):
                    await connection.execute(sql.format(table))
        await connection.close()
