"""A new password ends what was begun with the old one, or nothing changes."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import CoordinationUnavailable, InvalidInput, NotAuthenticated, NotFound
from tenantry.models import Tenant
from tests.fixtures.database import Place, make_tenant, make_user

from .conftest import PASSWORD, sign_up, until_waiting

NEW = "staple battery horse"


async def _opens(db: Database, password: str) -> bool:
    try:
        await db.accounts.sign_in("ann@x.org", password)
    except NotAuthenticated:
        return False
    return True


async def test_all_sessions_end_but_the_one_that_is_kept(shared: Database) -> None:
    made = await sign_up(shared)
    beta = await make_tenant(shared, "beta")
    async with shared.service("test set-up") as s:
        await s.tenant(beta.id).memberships.create(user_id=made.user_id)
    bob = await make_user(shared, "bob@x.org", beta)
    home = shared.tenant(made.memberships[0].tenant_id).user_sessions
    away = shared.tenant(beta.id).user_sessions
    kept, second = [await home.create(made.user_id) for _ in range(2)]
    third, bobs = await away.create(made.user_id), await away.create(bob.id)

    await shared.accounts.change_password(made.user_id, PASSWORD, NEW, keep=kept.token)
    alive = [await shared.user_session(x.token) is not None for x in (kept, second, third, bobs)]
    assert alive == [True, False, False, True]
    assert (await _opens(shared, PASSWORD), await _opens(shared, NEW)) == (False, True)

    await shared.accounts.set_password(made.user_id, PASSWORD, end_sessions=False)
    assert await shared.user_session(kept.token)
    await shared.accounts.set_password(made.user_id, PASSWORD)
    assert await shared.user_session(kept.token) is None


async def test_a_session_that_is_just_beginning_ends_too(shared: Database, place: Place) -> None:
    root = await place.connection("superuser")
    made = await sign_up(shared)
    sessions = shared.tenant(made.memberships[0].tenant_id).user_sessions
    async with shared.accounts.signing_in("ann@x.org", PASSWORD) as ann:
        change = asyncio.create_task(shared.accounts.set_password(made.user_id, NEW))
        await until_waiting(root, change)
        begun = await sessions.create(ann.user_id)
    await change
    await root.close()
    assert await shared.user_session(begun.token) is None


async def test_while_sessions_cannot_be_ended_the_password_stays(place: Place) -> None:
    nowhere = place.settings(redis_url="redis://127.0.0.1:1/0", redis_timeout=1)
    async with await tenantry.connect(settings=nowhere) as db:
        made = await sign_up(db)
        with pytest.raises(CoordinationUnavailable, match="nothing was changed"):
            await db.accounts.change_password(made.user_id, PASSWORD, NEW)
        with pytest.raises(CoordinationUnavailable):
            await db.accounts.set_password(made.user_id, NEW)
        assert (await _opens(db, NEW), await _opens(db, PASSWORD)) == (False, True)
        # In need.
        await db.accounts.set_password(made.user_id, NEW, end_sessions=False)
        assert await _opens(db, NEW)


@pytest.mark.usefixtures("long_locks")
async def test_the_old_password_is_asked_as_in_signing_in(db: Database) -> None:
    made = await sign_up(db)
    reasons = []
    for _ in range(6):
        with pytest.raises(NotAuthenticated) as error:
            await db.accounts.change_password(made.user_id, "wrong", NEW)
        reasons.append(error.value.reason)
    assert reasons == ["password"] * 5 + ["locked"]
    assert not await _opens(db, PASSWORD)
    # Who has the platform set one may come in at once.
    await db.accounts.set_password(made.user_id, NEW)
    assert await _opens(db, NEW)


async def test_rules_hold_for_new_ones(db: Database) -> None:
    made = await sign_up(db)
    for password in ("short", "password1", "ann@x.org"):
        with pytest.raises(InvalidInput):
            await db.accounts.change_password(made.user_id, PASSWORD, password)
        with pytest.raises(InvalidInput):
            await db.accounts.set_password(made.user_id, password)
    with pytest.raises(NotFound):
        await db.accounts.set_password(uuid4(), NEW)


async def test_it_is_on_record_who_set_it_and_not_what(db: Database, acme: Tenant) -> None:
    made = await sign_up(db)
    boss = await make_user(db, "boss@x.org", acme)
    await db.accounts.set_password(made.user_id, NEW, by=boss.id)
    async with db.service("look") as s:
        changes = await s.platform_log.list(action="update", resource_type="users")
    (change,) = [c for c in changes if c.resource_id == made.user_id]
    assert (change.user_id, change.details) == (boss.id, {"secrets_changed": ["password_hash"]})
    assert "argon2" not in repr((change.old_values, change.new_values))
