"""Accounts at outside providers: linked by their user, found by the provider's id, never by address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tenantry import Database
from tenantry.accounts.signed_in import SignedIn
from tenantry.errors import (
    AlreadyExists,
    InvalidInput,
    LastWayIn,
    NotAuthenticated,
    NotFound,
    ReferenceNotFound,
    TenantryError,
)
from tenantry.models import Tenant
from tenantry.web.providers import OutsideIdentity
from tests.fixtures.database import make_user

from .conftest import sign_up


@dataclass(frozen=True)
class Outside:
    provider: str = "github"
    subject: str = "17"
    username: str | None = "ann"
    email: str | None = "ann@x.org"
    profile: Mapping[str, Any] = field(default_factory=lambda: {"plan": "pro"})


async def test_a_linked_account_signs_its_user_in(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    linked = await db.accounts.link(ann.id, Outside())
    assert (linked.provider, linked.subject, linked.username) == ("github", "17", "ann")
    found = await db.accounts.by_identity("github", "17")
    assert found is not None
    assert (found.user_id, [m.slug for m in found.memberships]) == (ann.id, ["acme"])
    for provider, subject in (
        ("github", "18"),
        ("gitlab", "17"),
        ("", ""),
        ("github", "ann@x.org"),
    ):
        assert await db.accounts.by_identity(provider, subject) is None
    again = await db.accounts.link(ann.id, Outside(username="ann2", email=None))
    assert (again.id, again.username, again.email) == (linked.id, "ann2", None)
    assert await db.accounts.identities(ann.id) == [again]
    # What the web's sign-in returns is such an account.
    proven = OutsideIdentity(provider="gitlab", subject="9", email_verified=True)
    assert (await db.accounts.link(ann.id, proven)).provider == "gitlab"
    assert await db.accounts.unlink(ann.id, "gitlab", "9")
    async with db.service("look") as s:
        assert (await s.users.get(ann.id)).last_login_at is not None
        links = await s.platform_log.list(action="link")
        assert {(x.resource_id, x.user_id, x.actor_kind) for x in links} == {
            (ann.id, ann.id, "user")
        }
        await s.users.update(ann.id, is_active=False)
    assert await db.accounts.by_identity("github", "17") is None


async def test_an_address_links_and_finds_nothing(db: Database, acme: Tenant) -> None:
    """Who makes an account elsewhere under another's address is nobody here."""
    await make_user(db, "ann@x.org", acme)
    eve = await make_user(db, "eve@x.org", acme)
    await db.accounts.link(eve.id, Outside(subject="666", email="ann@x.org"))
    found = await db.accounts.by_identity("github", "666")
    assert found is not None
    assert found.user_id == eve.id
    assert await db.accounts.by_identity("github", "17") is None


async def test_an_account_stays_with_its_user(db: Database, acme: Tenant) -> None:
    users = [await make_user(db, f"{n}@x.org", acme) for n in range(6)]

    async def link(n: int) -> str:
        try:
            await db.accounts.link(users[n].id, Outside(username=str(n)))
        except AlreadyExists as error:
            assert error.constraint == "user_identities_provider_subject_key"
            return error.code
        return ""

    assert sorted(await asyncio.gather(*map(link, range(6)))) == [""] + ["already_exists"] * 5
    assert sum([len(await db.accounts.identities(u.id)) for u in users]) == 1
    with pytest.raises(ReferenceNotFound):
        await db.accounts.link(uuid4(), Outside(subject="18"))


async def test_the_last_way_in_stays(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    accounts = db.accounts
    providers = [f"provider {n}" for n in range(8)]
    for provider in providers:
        await accounts.link(ann.id, Outside(provider))

    async def unlink(provider: str) -> str:
        try:
            return str(await accounts.unlink(ann.id, provider, "17"))
        except TenantryError as error:
            return error.code

    done = await asyncio.gather(*map(unlink, providers))
    assert sorted(done) == ["True"] * 7 + ["last_way_in"]
    (left,) = await accounts.identities(ann.id)
    assert not await accounts.unlink(ann.id, left.provider, "18")
    with pytest.raises(LastWayIn):
        await accounts.unlink(ann.id, left.provider, left.subject)
    await accounts.set_password(ann.id, "staple battery horse")
    assert await accounts.unlink(ann.id, left.provider, left.subject)
    with pytest.raises(NotFound):
        await accounts.unlink(uuid4(), "github", "17")


async def test_another_users_account_is_not_his_to_unlink(db: Database) -> None:
    ann, bob = await sign_up(db), await sign_up(db, "bob@x.org", "hooli")
    await db.accounts.link(ann.user_id, Outside())
    assert not await db.accounts.unlink(bob.user_id, "github", "17")
    assert await db.accounts.by_identity("github", "17") == ann


async def test_someone_new_comes_with_an_account_and_no_password(
    db: Database, acme: Tenant
) -> None:
    made = await db.accounts.sign_up(
        "ann@x.org", account=Outside(), tenant_name="Initech", slug="initech"
    )
    assert await db.accounts.by_identity("github", "17") == made
    invited = await db.tenant(acme.id).invitations.create("bob@x.org")
    taken: tuple[Callable[[], Awaitable[SignedIn]], ...] = (
        lambda: db.accounts.accept(invited.token, account=Outside()),
        lambda: db.accounts.sign_up("eve@x.org", account=Outside(), tenant_name="E", slug="e"),
    )
    for attempt in taken:
        with pytest.raises(AlreadyExists, match="linked to another"):
            await attempt()
    joined = await db.accounts.accept(invited.token, account=Outside(subject="18"))
    assert await db.accounts.by_identity("github", "18") == joined
    with pytest.raises(NotAuthenticated):
        await db.accounts.sign_in("bob@x.org", "")
    with pytest.raises(InvalidInput):
        await db.accounts.sign_up("eve@x.org", tenant_name="E", slug="e")
    async with db.service("look") as s:
        assert await s.users.count() == 2
