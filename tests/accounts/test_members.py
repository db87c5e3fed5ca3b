"""Who is what in a tenant; it keeps an owner, however many leave at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from tenantry import Actor, Database
from tenantry.errors import (
    InvitationClosed,
    LastOwner,
    NotAllowed,
    NotFound,
    RuleViolated,
    TenantryError,
)
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant, make_user

from .conftest import sign_up, until_waiting

Attempt = Callable[[], Awaitable[None]]


async def _roles(db: Database, tenant: Tenant) -> list[str]:
    return sorted(m.role for m in await db.tenant(tenant.id).memberships.list())


async def test_a_role_changes_and_it_is_on_record_by_whom(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    owner = await make_user(db, "owner@x.org", acme, role="owner")
    ann = await make_user(db, "ann@x.org", acme, beta)
    actor = Actor(kind="user", ip="192.0.2.7")
    await db.accounts.change_role(acme.id, ann.id, "admin", by=owner.id, actor=actor)
    assert [(m.slug, m.role) for m in await db.accounts.memberships_of(ann.id)] == [
        ("acme", "admin"), ("beta", "member"),
    ]  # fmt: skip
    (entry,) = await db.tenant(acme.id).audit.list(resource_type="memberships", action="update")
    assert (entry.actor_kind, entry.user_id, str(entry.ip_address)) == (
        "user", owner.id, "192.0.2.7",
    )  # fmt: skip
    assert (entry.old_values, entry.new_values) == ({"role": "member"}, {"role": "admin"})


async def test_only_an_owner_makes_and_unmakes_owners(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    owner = await make_user(db, "owner@x.org", acme, role="owner")
    admin = await make_user(db, "admin@x.org", acme, role="admin")
    stranger = await make_user(db, "stranger@x.org", beta, role="owner")
    ann = await make_user(db, "ann@x.org", acme)
    change, remove = db.accounts.change_role, db.accounts.remove_member
    refused: tuple[Attempt, ...] = (
        lambda: change(acme.id, admin.id, "owner", by=admin.id),
        lambda: change(acme.id, owner.id, "member", by=admin.id),
        lambda: remove(acme.id, owner.id, by=admin.id),
        lambda: change(acme.id, ann.id, "viewer", by=ann.id),
        lambda: change(acme.id, ann.id, "viewer", by=stranger.id),
        lambda: remove(acme.id, admin.id, by=ann.id),
        lambda: remove(acme.id, ann.id, by=uuid4()),
    )
    for attempt in refused:
        with pytest.raises(NotAllowed):
            await attempt()
    await change(acme.id, ann.id, "manager", by=admin.id)
    await change(acme.id, ann.id, "owner", by=owner.id)
    await remove(acme.id, admin.id, by=admin.id)
    assert await _roles(db, acme) == ["owner", "owner"]
    wrong: tuple[Attempt, ...] = (
        lambda: change(beta.id, ann.id, "admin"), lambda: remove(acme.id, uuid4()),
    )  # fmt: skip
    for attempt in wrong:
        with pytest.raises(NotFound):
            await attempt()
    with pytest.raises(RuleViolated):
        await change(acme.id, ann.id, "emperor")  # type: ignore[arg-type]


async def test_the_last_owner_stays(db: Database, acme: Tenant) -> None:
    owner = await make_user(db, "owner@x.org", acme, role="owner")
    gone = await make_user(db, "gone@x.org", acme, role="owner")
    async with db.service("left") as s:
        await s.users.update(gone.id, is_active=False)
    attempts: tuple[Attempt, ...] = (
        lambda: db.accounts.remove_member(acme.id, owner.id, by=owner.id),
        lambda: db.accounts.change_role(acme.id, owner.id, "admin"),
    )
    for attempt in attempts:
        with pytest.raises(LastOwner):
            await attempt()
    await db.accounts.change_role(acme.id, owner.id, "owner")
    await db.accounts.remove_member(acme.id, gone.id)
    assert await _roles(db, acme) == ["owner"]


@pytest.mark.parametrize("way", ["removed", "lowered"])
async def test_the_tenant_names_an_owner_that_it_has(db: Database, way: str) -> None:
    made = await sign_up(db)
    tenant = made.memberships[0].tenant_id
    acme = await db.tenant(tenant).account.get()
    bob = await make_user(db, "bob@x.org", acme, role="owner")
    later = await make_user(db, "later@x.org", acme, role="owner")

    async def named() -> tuple[object, object]:
        account = await db.tenant(tenant).account.get()
        return account.owner_user_id, account.owner_email

    await db.accounts.change_role(tenant, later.id, "admin")  # whom it does not name
    assert await named() == (made.user_id, "ann@x.org")
    if way == "removed":
        await db.accounts.remove_member(tenant, made.user_id, by=made.user_id)
    else:
        await db.accounts.change_role(tenant, made.user_id, "member", by=bob.id)
    assert await named() == (bob.id, "bob@x.org")


@pytest.mark.parametrize("way", ["removed", "lowered", "both"])
async def test_of_owners_who_go_at_once_one_stays(db: Database, acme: Tenant, way: str) -> None:
    owners = [await make_user(db, f"{n}@x.org", acme, role="owner") for n in range(6)]

    async def go(n: int) -> str:
        try:
            if way == "removed" or (way == "both" and n % 2):
                await db.accounts.remove_member(acme.id, owners[n].id)
            else:
                await db.accounts.change_role(acme.id, owners[n].id, "member")
        except TenantryError as error:
            return error.code
        return ""

    assert sorted(await asyncio.gather(*map(go, range(6)))) == [""] * 5 + ["last_owner"]
    assert (await _roles(db, acme)).count("owner") == 1


async def test_who_is_removed_is_out_at_once(shared: Database) -> None:
    acme, beta = await make_tenant(shared, "acme"), await make_tenant(shared, "beta")
    ann = await make_user(shared, "ann@x.org", acme, beta)
    key = await shared.tenant(acme.id).api_keys.create(name="hers", user_id=ann.id)
    here = await shared.tenant(acme.id).user_sessions.create(ann.id)
    there = await shared.tenant(beta.id).user_sessions.create(ann.id)
    await shared.accounts.change_role(acme.id, ann.id, "viewer", keep=here.token)
    assert await shared.user_session(here.token)
    await shared.accounts.change_role(acme.id, ann.id, "manager")
    assert await shared.user_session(here.token) is None
    here = await shared.tenant(acme.id).user_sessions.create(ann.id)
    await shared.accounts.remove_member(acme.id, ann.id)
    assert await shared.user_session(here.token) is None
    assert await shared.user_session(there.token)
    assert await shared.authenticate_key(key.secret) is None
    assert await shared.standing(acme.id, ann.id) is None


async def test_an_invitation_that_he_is_making_as_he_is_removed_is_withdrawn(
    db: Database, acme: Tenant, place: Place
) -> None:
    root = await place.connection("superuser")
    ann = await make_user(db, "ann@x.org", acme, role="admin")
    async with db.tenant(acme.id) as t:
        invited = await t.invitations.create("another@x.org", "owner", invited_by=ann.id)
        removal = asyncio.create_task(db.accounts.remove_member(acme.id, ann.id))
        await until_waiting(root, removal)
    await removal
    await root.close()
    assert await db.accounts.invitation(invited.token) is None


async def test_a_key_that_he_rotates_as_he_is_removed_goes_with_him(
    db: Database, acme: Tenant, place: Place
) -> None:
    root = await place.connection("superuser")
    ann = await make_user(db, "ann@x.org", acme, role="admin")
    key = (await db.tenant(acme.id).api_keys.create(name="hers", user_id=ann.id)).key
    async with db.tenant(acme.id) as t:
        await t.fetch("SELECT FROM tenantry.api_keys WHERE id = $1 FOR UPDATE", key.id)
        removal = asyncio.create_task(db.accounts.remove_member(acme.id, ann.id))
        await until_waiting(root, removal)
        successor = await t.api_keys.rotate(key.id)  # it holds nothing that this waits for
    await removal
    await root.close()
    assert await db.authenticate_key(successor.secret) is None


async def test_no_invitation_brings_back_who_is_removed(db: Database, acme: Tenant) -> None:
    owner = await make_user(db, "owner@x.org", acme, role="owner")
    ann = await make_user(db, "ann@x.org", acme, role="admin")
    invitations = db.tenant(acme.id).invitations
    his = [
        await invitations.create("ANN@x.org", invited_by=owner.id),
        await invitations.create("another@x.org", "owner", invited_by=ann.id),
    ]
    others = await invitations.create("bob@x.org", invited_by=owner.id)
    await db.accounts.remove_member(acme.id, ann.id, by=owner.id)
    for made in his:
        with pytest.raises(InvitationClosed) as closed:
            await db.accounts.accept(made.token, ann.id, any_address=True)
        assert closed.value.reason == "withdrawn"
    assert await db.accounts.invitation(others.token)
