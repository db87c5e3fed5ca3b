"""Invitations: one address, one membership, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from tenantry import Database
from tenantry.errors import (
    AlreadyDecided,
    AlreadyExists,
    InvalidInput,
    InvitationClosed,
    NotFound,
    QuotaExceeded,
    ReferenceNotFound,
    RuleViolated,
    TenantNotWritable,
    TenantryError,
)
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_user

from .conftest import PASSWORD


async def _closed(db: Database, token: str, *args: object) -> str:
    assert await db.accounts.invitation(token) is None
    with pytest.raises(InvitationClosed) as error:
        await db.accounts.accept(token, *args, **({} if args else {"password": PASSWORD}))  # type: ignore[arg-type]
    return error.value.reason


async def _roles(db: Database, tenant: Tenant) -> list[str]:
    return sorted(m.role for m in await db.tenant(tenant.id).memberships.list())


async def test_someone_new_is_invited_and_joins(db: Database, acme: Tenant) -> None:
    boss = await make_user(db, "boss@x.org", acme, role="owner")
    t = db.tenant(acme.id, user_id=boss.id)
    made = await t.invitations.create(" Ann@x.org", "manager", invited_by=boss.id)
    assert made.token not in repr(made)
    assert [i.id for i in await t.invitations.open()] == [made.invitation.id]
    offer = await db.accounts.invitation(made.token)
    assert offer is not None
    assert (offer.tenant_name, offer.slug, offer.email, offer.role, offer.invited_by) == (
        "Acme", "acme", "Ann@x.org", "manager", "Boss",
    )  # fmt: skip
    joined = await db.accounts.accept(made.token, password=PASSWORD, name="Ann")
    assert [(m.slug, m.role) for m in joined.memberships] == [("acme", "manager")]
    assert await db.accounts.sign_in("ann@x.org", PASSWORD) == joined
    after = await t.invitations.get(made.invitation.id)
    assert (after.accepted_by, after.accepted_at is not None) == (joined.user_id, True)
    assert await t.invitations.open() == []
    (entry,) = await t.audit.list(resource_type="memberships", user_id=joined.user_id)
    assert (entry.action, entry.actor_kind) == ("create", "user")
    assert await _closed(db, made.token, joined.user_id) == "accepted"


async def test_a_user_joins_by_his_own_address(db: Database, acme: Tenant, beta: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", beta)
    bob = await make_user(db, "bob@x.org", beta)
    made = await db.tenant(acme.id).invitations.create("ANN@x.org")
    with pytest.raises(InvitationClosed) as error:
        await db.accounts.accept(made.token, bob.id)
    assert error.value.reason == "address"
    with pytest.raises(AlreadyExists) as exists:
        await db.accounts.accept(made.token, password=PASSWORD)
    assert exists.value.constraint == "users_email_key"
    joined = await db.accounts.accept(made.token, ann.id)
    assert [m.slug for m in joined.memberships] == ["acme", "beta"]
    # A link for whoever has it.
    anyone = await db.tenant(acme.id).invitations.create("team@x.org", "viewer")
    await db.accounts.accept(anyone.token, bob.id, any_address=True)
    again = await db.tenant(acme.id).invitations.create("ann@x.org", "owner")
    with pytest.raises(AlreadyExists, match="member of this tenant already"):
        await db.accounts.accept(again.token, ann.id)
    assert await _roles(db, acme) == ["member", "viewer"]


async def test_what_lets_nobody_in(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org")
    invitations = db.tenant(acme.id).invitations
    withdrawn = await invitations.create("ann@x.org")
    assert (await invitations.revoke(withdrawn.invitation.id)).revoked_at is not None
    await invitations.revoke(withdrawn.invitation.id)
    assert await _closed(db, withdrawn.token, ann.id) == "withdrawn"
    expired = await invitations.create("ann@x.org")
    async with db.service("time goes by") as s:
        await s.execute("UPDATE tenantry.invitations SET expires_at = now()")
    assert await _closed(db, expired.token, ann.id) == "expired"
    for token in ("", "x", "\0", "\ud800", "ß", expired.token + "x"):
        assert await _closed(db, token, ann.id) == "unknown"
    first = await invitations.create("ann@x.org")
    second = await invitations.create("Ann@X.org")
    assert await _closed(db, first.token) == "withdrawn"
    with pytest.raises(NotFound):
        await db.accounts.accept(second.token, uuid7())
    async with db.service("unpaid") as s:
        await s.tenants.suspend(acme.id)
    assert await _closed(db, second.token, ann.id) == "tenant"
    with pytest.raises(TenantNotWritable):
        await invitations.create("bob@x.org")
    async with db.service("gone") as s:
        await s.tenants.soft_delete(acme.id)
    assert await _closed(db, second.token, ann.id) == "tenant"
    async with db.service("back") as s:
        await s.tenants.resume(acme.id)
    await db.accounts.accept(second.token, ann.id)
    with pytest.raises(AlreadyDecided):
        await invitations.revoke(second.invitation.id)


async def test_a_quota_of_users_holds(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org")
    made = await db.tenant(acme.id).invitations.create("ann@x.org")
    async with db.service("quota") as s:
        await s.tenants.set_quotas(acme.id, max_users=0)
    with pytest.raises(QuotaExceeded):
        await db.accounts.accept(made.token, ann.id)
    async with db.service("quota") as s:
        await s.tenants.set_quotas(acme.id, max_users=1)
    await db.accounts.accept(made.token, ann.id)


@pytest.mark.parametrize("who", ["one user", "one new", "many users"])
async def test_of_many_who_accept_at_once_one_does(db: Database, acme: Tenant, who: str) -> None:
    users = [await make_user(db, f"{n}@x.org") for n in range(8 if who == "many users" else 1)]
    email = "new@x.org" if who == "one new" else users[0].email
    made = await db.tenant(acme.id).invitations.create(email)

    async def accept(n: int) -> str:
        try:
            if who == "one new":
                await db.accounts.accept(made.token, password=PASSWORD)
            else:
                await db.accounts.accept(made.token, users[n % len(users)].id, any_address=True)
        except TenantryError as error:
            return error.code
        return ""

    assert sorted(await asyncio.gather(*map(accept, range(8)))) == [""] + ["invitation_closed"] * 7
    assert await _roles(db, acme) == ["member"]
    async with db.service("look") as s:
        assert await s.users.count() == len(users) + (who == "one new")


async def test_an_address_has_one_open_invitation_however_many_invite(
    db: Database, acme: Tenant
) -> None:
    invitations = db.tenant(acme.id).invitations
    made = await asyncio.gather(*(invitations.create("ann@x.org") for _ in range(8)))
    (left,) = await invitations.open()
    open_ = [m for m in made if await db.accounts.invitation(m.token)]
    assert [m.invitation.id for m in open_] == [left.id]


async def test_what_cannot_be_offered(db: Database, acme: Tenant, beta: Tenant) -> None:
    stranger = await make_user(db, "stranger@x.org", beta)
    create = db.tenant(acme.id).invitations.create
    with pytest.raises(ReferenceNotFound, match="no member"):
        await create("ann@x.org", invited_by=stranger.id)
    for email, role in (("ann", "member"), ("ann@x.org", "emperor")):
        with pytest.raises(RuleViolated):
            await create(email, role)  # type: ignore[arg-type]
    for days in (0, -1, 1000):
        with pytest.raises(InvalidInput):
            await create("ann@x.org", expires_in=timedelta(days=days))
    for wrong in ({}, {"user_id": stranger.id, "password": PASSWORD}):
        with pytest.raises(InvalidInput):
            await db.accounts.accept("x", **wrong)  # type: ignore[arg-type]


async def test_injected_sql_invites_nobody_into_another_tenant(
    db: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    made = await db.tenant(beta.id).invitations.create("ann@x.org", "viewer")
    connection = await place.connection("app")
    try:
        for attempt in (
            "INSERT INTO tenantry.invitations (tenant_id, email, token_hash, expires_at)"
            f" VALUES ('{beta.id}', 'eve@x.org', sha256('x'), now() + interval '1 day')",
            "INSERT INTO tenantry.invitations (tenant_id, email, token_hash, expires_at, accepted_at)"
            f" VALUES ('{acme.id}', 'eve@x.org', sha256('x'), now() + interval '1 day', now())",
            f"UPDATE tenantry.invitations SET tenant_id = '{beta.id}'",
            "UPDATE tenantry.invitations SET role = 'owner'",
            "UPDATE tenantry.invitations SET accepted_at = NULL",
            "SELECT token_hash FROM tenantry.invitations",
            "DELETE FROM tenantry.invitations",
            "SELECT name_hash FROM tenantry.sign_in_attempts",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL app.tenant_id = '{acme.id}'")
                    await connection.execute(attempt)
        async with connection.transaction():
            await connection.execute(f"SET LOCAL app.tenant_id = '{acme.id}'")
            gone = await connection.execute("UPDATE tenantry.invitations SET revoked_at = now()")
            assert gone == "UPDATE 0"
    finally:
        await connection.close()
    assert await db.accounts.invitation(made.token)
