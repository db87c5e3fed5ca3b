"""For whom a request works: keys and members, as they are at that moment."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tenantry import Database, Standing
from tenantry.ids import uuid7
from tenantry.keyring import new_key
from tenantry.migrations.sealing import seal
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant, make_user


async def _link(db: Database, user_id: object, provider: str, subject: str) -> None:
    async with db.service("test set-up") as s:
        await s.execute(
            "INSERT INTO tenantry.user_identities (user_id, provider, subject) VALUES ($1, $2, $3)",
            user_id, provider, subject,
        )  # fmt: skip


async def test_a_member_stands_in_his_tenants_and_in_no_other(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    ann = await make_user(db, "ann@x.org", acme, role="manager")
    assert await db.standing(acme.id, ann.id) == Standing(
        acme.id, ann.id, "manager", "active", "free"
    )
    assert await db.standing(beta.id, ann.id) is None
    assert await db.standing(acme.id, uuid4()) is None
    assert await db.standing(uuid7(), ann.id) is None
    assert await db.standing(acme.id) == Standing(acme.id, None, None, "active", "free")


async def test_what_changes_is_seen_at_once(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    async with db.service("unpaid") as s:
        await s.tenants.suspend(acme.id)
    found = await db.standing(acme.id, ann.id)
    assert found is not None
    assert found.tenant_status == "suspended"
    async with db.service("left") as s:
        await s.users.update(ann.id, is_active=False)
    assert await db.standing(acme.id, ann.id) is None
    async with db.service("back, and gone") as s:
        await s.users.update(ann.id, is_active=True)
        await s.execute("DELETE FROM tenantry.memberships WHERE user_id = $1", ann.id)
    assert await db.standing(acme.id, ann.id) is None
    async with db.service("gone") as s:
        await s.tenants.soft_delete(acme.id)
    assert await db.standing(acme.id) is None


async def test_an_outside_account_stands_for_its_user(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    await _link(db, ann.id, "github", "17")
    found = await db.standing_of_identity(acme.id, "github", "17")
    assert found is not None
    assert found.user_id == ann.id
    for tenant, provider, subject in (
        (beta, "github", "17"), (acme, "gitlab", "17"), (acme, "github", "18"),
    ):  # fmt: skip
        assert await db.standing_of_identity(tenant.id, provider, subject) is None


async def test_a_key_says_what_its_member_is(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme, role="viewer")
    keys = db.tenant(acme.id).api_keys
    hers = await keys.create(name="hers", user_id=ann.id, scopes=["tasks:read"])
    ours = await keys.create(name="ours")
    found = await db.authenticate_key(hers.secret)
    assert found is not None
    assert (found.user_id, found.role, found.plan) == (ann.id, "viewer", "free")
    found = await db.authenticate_key(ours.secret)
    assert found is not None
    assert (found.user_id, found.role, found.scopes) == (None, None, ())


@pytest.mark.postgres("wheel")
async def test_it_works_under_sealed_contexts(place: Place) -> None:
    settings = place.settings(context="sealed", seal_keys=(new_key(),))
    await seal(settings, only=True)
    import tenantry

    async with await tenantry.connect(settings=settings) as db:
        acme = await make_tenant(db, "acme")
        ann = await make_user(db, "ann@x.org", acme)
        await _link(db, ann.id, "github", "17")
        assert await db.standing(acme.id, ann.id) == await db.standing_of_identity(
            acme.id, "github", "17"
        )
