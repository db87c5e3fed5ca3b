"""Whoever is to be found before his tenant is known is found through an index."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from tenantry.errors import NotAuthenticated
from tests.fixtures.database import make_tenant, make_user
from tests.fixtures.plans import Plans

_OF_ALL = (
    "INSERT INTO tenantry.tenants (name, slug) SELECT n, 't' || n FROM generate_series(1, 500) AS n",
    "INSERT INTO tenantry.users (name, email)"
    " SELECT n, n || '@x.example' FROM generate_series(1, 2000) AS n",
    "INSERT INTO tenantry.user_identities (user_id, provider, subject)"
    " SELECT id, 'github', name FROM tenantry.users",
    "INSERT INTO tenantry.sign_in_attempts (name_hash, failures)"
    " SELECT sha256(name::bytea), 1 FROM tenantry.users",
)


async def test_whoever_comes_is_found_by_an_index(plans: Plans) -> None:
    db = plans.db
    acme = await make_tenant(db, "acme")
    ann = await make_user(db, "ann@x.org", acme)
    await plans.fill(acme.id, 2000, *_OF_ALL)
    accounts, t = db.accounts, db.tenant(acme.id)

    async def sign_in() -> None:
        with suppress(NotAuthenticated):
            await accounts.sign_in("ann@x.org", "wrong")

    cases: list[tuple[Callable[[], Awaitable[Any]], tuple[str, ...]]] = [
        (sign_in, ("users_email_key", "sign_in_attempts_failed_at_idx")),
        (lambda: accounts.invitation("x"), ("invitations_token_hash_idx",)),
        (lambda: accounts.by_identity("github", "7"), ("user_identities_provider_subject_key",)),
        (lambda: accounts.identities(ann.id), ("user_identities_user_id_idx",)),
        (lambda: accounts.memberships_of(ann.id), ("memberships_user_id_idx",)),
        (lambda: db.authenticate_key("tnt_" + "x" * 43), ("api_keys_key_hash_idx",)),
        (lambda: db.standing(acme.id, ann.id), ("memberships_tenant_id_user_id_key",)),
        (
            lambda: db.standing_of_identity(acme.id, "github", "7"),
            ("user_identities_provider_subject_key",),
        ),
    ]
    astray = {}
    for place, (call, indexes) in enumerate(cases):
        used = (await plans.of(t, call)).indexes
        if not used.keys() >= set(indexes):
            astray[place, indexes] = used
    assert astray == {}
