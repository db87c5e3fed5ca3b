"""Accounts without an event loop, and under sealed contexts."""

from __future__ import annotations

import pytest

import tenantry
import tenantry.sync
from tenantry.accounts.signed_in import SignedIn
from tenantry.errors import ConfigurationError, NotAuthenticated
from tenantry.keyring import new_key
from tenantry.migrations.sealing import seal
from tests.fixtures.database import Place

from .conftest import PASSWORD, sign_up


def test_plain_code_signs_up_invites_and_joins(place: Place) -> None:
    with tenantry.sync.connect(settings=place.settings()) as db:
        made = db.accounts.sign_up("ann@x.org", PASSWORD, tenant_name="Initech", slug="initech")
        assert isinstance(made, SignedIn)
        assert db.accounts.sign_in("ann@x.org", PASSWORD) == made
        with db.accounts.signing_in("ann@x.org", PASSWORD) as ann:
            assert ann == made
        (initech,) = made.memberships
        invited = db.tenant(initech.tenant_id).invitations.create("bob@x.org")
        bob = db.accounts.accept(invited.token, password=PASSWORD)
        db.accounts.change_role(initech.tenant_id, bob.user_id, "admin", by=made.user_id)
        assert [m.role for m in db.accounts.memberships_of(bob.user_id)] == ["admin"]
        with pytest.raises(NotAuthenticated):
            db.accounts.sign_in("ann@x.org", "wrong")


@pytest.mark.postgres("wheel")
async def test_it_works_under_sealed_contexts(place: Place) -> None:
    settings = place.settings(context="sealed", seal_keys=(new_key(),))
    await seal(settings, only=True)
    async with await tenantry.connect(settings=settings) as db:
        made = await sign_up(db)
        invited = await db.tenant(made.memberships[0].tenant_id).invitations.create("bob@x.org")
        await db.accounts.accept(invited.token, password=PASSWORD)
        with pytest.raises(NotAuthenticated):
            await db.accounts.sign_in("bob@x.org", "wrong")
        assert await db.accounts.sign_in("ann@x.org", PASSWORD) == made


async def test_a_program_without_the_service_role_has_no_accounts(place: Place) -> None:
    settings = place.settings(service_url=None)
    async with await tenantry.connect(settings=settings) as db:
        with pytest.raises(ConfigurationError) as error:
            await db.accounts.sign_in("ann@x.org", PASSWORD)
    assert error.value.fields["setting"] == "service_url"
