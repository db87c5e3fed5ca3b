"""Tenants, users, memberships and API keys: what each side may see and do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    NotFound,
    PermissionDenied,
    RuleViolated,
    TenantNotWritable,
)
from tenantry.models import Tenant
from tests.fixtures.database import make_tenant, make_user


async def test_a_new_tenant_has_quotas_and_counters(db: Database, acme: Tenant) -> None:
    account = db.tenant(acme.id).account
    assert (await account.get()).slug == "acme"
    assert (await account.quotas()).max_projects is None
    assert (await account.usage()).current_projects == 0


async def test_a_tenant_changes_its_name_but_never_its_plan(db: Database, acme: Tenant) -> None:
    account = db.tenant(acme.id).account
    changed = await account.update(name="Acme Ltd", settings={"data_residency": "eu"})
    assert (changed.name, changed.plan) == ("Acme Ltd", "free")
    for forbidden in ({"plan": "enterprise"}, {"status": "active"}, {"stripe_customer_id": "x"}):
        with pytest.raises(PermissionDenied):
            await account.update(**forbidden)
    with pytest.raises(RuleViolated):
        await account.update(settings={"data_residency": "mars"})


async def test_slugs_are_unique_and_well_formed(db: Database, acme: Tenant) -> None:
    with pytest.raises(AlreadyExists):
        await make_tenant(db, "acme")
    for slug in ("", "Upper", "two words", "-x", "x-", "a" * 101):
        with pytest.raises(RuleViolated):
            await make_tenant(db, slug, name="Some Name")


async def test_suspended_is_readable_and_not_writable_until_resumed(
    db: Database, acme: Tenant
) -> None:
    handle = db.tenant(acme.id)
    project = await handle.projects.create(name="A")
    async with db.service("unpaid") as s:
        assert (await s.tenants.suspend(acme.id)).suspended_at is not None
    for write in (
        lambda: handle.projects.create(name="B"),
        lambda: handle.projects.update(project.id, name="B"),
        lambda: handle.projects.delete(project.id),
        lambda: handle.projects.create_many([{"name": "B"}]),
        lambda: handle.account.update(name="Another"),
    ):
        with pytest.raises(TenantNotWritable) as caught:
            await write()
        assert "suspended" in str(caught.value)
    assert (await handle.projects.get(project.id)).name == "A"
    async with db.service("paid") as s:
        assert (await s.tenants.resume(acme.id)).suspended_at is None
    assert (await handle.projects.update(project.id, name="B")).name == "B"


async def test_a_tenant_sees_its_members_and_nobody_else(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    both = await make_user(db, "both@example.com", acme, beta)
    bob = await make_user(db, "bob@example.com", beta)
    assert {u.id for u in await db.tenant(acme.id).users.list()} == {ann.id, both.id}
    assert {u.id for u in await db.tenant(beta.id).users.list()} == {bob.id, both.id}
    with pytest.raises(NotFound):
        await db.tenant(acme.id).users.get(bob.id)


async def test_a_user_changes_only_the_own_profile(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    bob = await make_user(db, "bob@example.com", acme)
    as_ann = db.tenant(acme.id, user_id=ann.id)
    assert (await as_ann.users.update(ann.id, name="Ann B")).name == "Ann B"
    with pytest.raises(NotFound):
        await as_ann.users.update(bob.id, name="Owned")
    with pytest.raises(PermissionDenied):
        await as_ann.users.update(ann.id, role="admin")
    with pytest.raises(PermissionDenied):
        await as_ann.users.create(email="new@example.com")
    with pytest.raises(PermissionDenied):
        await as_ann.memberships.create(user_id=bob.id, role="owner")


async def test_emails_are_one_whatever_their_case(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "Ann@Example.com", acme)
    with pytest.raises(AlreadyExists):
        await make_user(db, "ann@example.COM", acme)
    async with db.service("look") as s:
        found = await s.users.by_email("ANN@example.com")
        assert found is not None
        assert found.id == ann.id
        assert await s.users.by_email("nobody@example.com") is None


async def test_a_key_speaks_for_its_tenant_until_revoked(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@example.com", acme)
    made = await db.tenant(acme.id).api_keys.create(
        name="ci", scopes=["tasks:read"], user_id=ann.id
    )
    assert made.secret not in repr(made)
    holder = await db.authenticate_key(made.secret)
    assert holder is not None
    assert (holder.tenant_id, holder.user_id, holder.scopes) == (acme.id, ann.id, ("tasks:read",))
    assert await db.authenticate_key(made.secret + "x") is None
    await db.tenant(acme.id).api_keys.revoke(made.key.id)
    assert await db.authenticate_key(made.secret) is None


async def test_a_key_is_dead_when_expired_or_its_owner_or_tenant_is(
    db: Database, acme: Tenant
) -> None:
    keys = db.tenant(acme.id).api_keys
    past = await keys.create(name="old", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await db.authenticate_key(past.secret) is None
    ann = await make_user(db, "ann@example.com", acme)
    hers = await keys.create(name="hers", user_id=ann.id)
    plain = await keys.create(name="plain")
    async with db.service("off-boarding") as s:
        await s.users.update(ann.id, is_active=False)
    assert await db.authenticate_key(hers.secret) is None
    assert await db.authenticate_key(plain.secret) is not None
    async with db.service("closing") as s:
        await s.tenants.soft_delete(acme.id)
    assert await db.authenticate_key(plain.secret) is None


async def test_the_hash_of_a_key_is_never_read_back(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        made = await t.api_keys.create(name="ci")
        assert "key_hash" not in vars(await t.api_keys.get(made.key.id))
    with pytest.raises(PermissionDenied):
        await db.tenant(acme.id).fetch("SELECT key_hash FROM tenantry.api_keys")
    with pytest.raises(PermissionDenied):
        await db.tenant(acme.id).fetch("SELECT password_hash FROM tenantry.users")
