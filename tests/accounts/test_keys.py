"""API keys: what opens, for how long, and what replaces it."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

import tenantry
from tenantry import Database
from tenantry.accounts import standing
from tenantry.errors import InvalidInput, KeyNotReplaceable, NotFound
from tenantry.ids import uuid7
from tenantry.models import ApiKey, Tenant
from tenantry.ops.tenants import purging
from tenantry.repositories import NewKey, is_key
from tests.fixtures.database import Place, make_user

_DAY = timedelta(days=1)


def _now() -> datetime:
    return datetime.now(UTC)


async def _opens(db: Database, made: NewKey) -> bool:
    return await db.authenticate_key(made.secret) is not None


# ---- their form -------------------------------------------------------------------------------


async def test_what_has_not_the_form_of_a_key_is_never_looked_for(
    db: Database, acme: Tenant
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    assert is_key(made.secret)
    secret = made.secret
    wrong = (
        "", "tnt_", secret[:-1], secret + "A", " " + secret, secret + "\n", secret.upper(),
        secret.removeprefix("tnt_"), "tnt_" + "é" * 43, "tnt_" + "٣" * 43, "tnt_" + "=" * 43,
        "tnt_" + "A" * 10_000_000, "\0" * 47, "\ud800" * 47, "tnt_" + "\ud800" * 43,
    )  # fmt: skip
    # Nothing can be asked with, and nothing hashed.
    with patch.object(standing, "_AUTHENTICATE", None), patch.object(standing, "hash_key", None):
        for text in wrong:
            assert await db.authenticate_key(text) is None
    assert await _opens(db, made)


async def test_scopes_are_checked_where_they_are_written(db: Database, acme: Tenant) -> None:
    keys = db.tenant(acme.id).api_keys
    good = ["tasks:read", "a_b-2:c", "*", "tasks:*", "*:read"]
    made = await keys.create(name="ci", scopes=[*good, "*"])
    assert made.key.scopes == good
    for wrong in (
        "", "tasks", "Tasks:read", "tasks:", ":read", "tasks:read:all", "tasks.read", "2:read",
        "tasks: read", "**", "t*:read", "tasks:read\n", "é:read", "a:" + "b" * 200,
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            await keys.create(name="ci", scopes=["tasks:read", wrong])
        with pytest.raises(InvalidInput):
            await keys.update(made.key.id, scopes=[wrong])
    # Each of its characters would be one.
    with pytest.raises(InvalidInput):
        await keys.create(name="ci", scopes="*")
    assert [k.scopes for k in await keys.list()] == [good]


# ---- one in place of another --------------------------------------------------------------------


async def test_an_end_has_a_timezone(db: Database, acme: Tenant) -> None:
    keys = db.tenant(acme.id).api_keys
    naive = datetime(2030, 1, 1)
    made = await keys.create(name="k")
    with pytest.raises(InvalidInput, match="timezone"):
        await keys.create(name="k", expires_at=naive)
    with pytest.raises(InvalidInput, match="timezone"):
        await keys.update(made.key.id, expires_at=naive)
    assert (await keys.update(made.key.id, expires_at=None)).expires_at is None


async def test_both_keys_are_good_until_the_grace_is_over(db: Database, acme: Tenant) -> None:
    ann = await make_user(db, "ann@x.org", acme)
    keys = db.tenant(acme.id).api_keys
    old = await keys.create(name="ci", scopes=["tasks:read", "*:write"], user_id=ann.id)
    new = await keys.rotate(old.key.id, grace=timedelta(hours=2))
    assert new.secret != old.secret
    assert (new.key.name, new.key.scopes, new.key.user_id) == ("ci", old.key.scopes, ann.id)
    assert (new.key.expires_at, new.key.successor_id) == (None, None)
    held = await keys.get(old.key.id)
    assert held.successor_id == new.key.id
    assert held.expires_at is not None
    assert timedelta(minutes=119) < held.expires_at - _now() <= timedelta(hours=2)
    assert await _opens(db, old)
    assert await _opens(db, new)
    async with db.service("the grace is over") as s:
        await s.tenant(acme.id).api_keys.update(
            old.key.id, expires_at=_now() - timedelta(seconds=1)
        )
    assert not await _opens(db, old)
    assert await _opens(db, new)


async def test_without_grace_the_old_key_ends_at_once(db: Database, acme: Tenant) -> None:
    keys = db.tenant(acme.id).api_keys
    old = await keys.create(name="ci")
    new = await keys.rotate(old.key.id, grace=timedelta())
    assert not await _opens(db, old)
    assert await _opens(db, new)


async def test_no_grace_makes_a_key_live_longer(db: Database, acme: Tenant) -> None:
    keys = db.tenant(acme.id).api_keys
    soon = _now() + timedelta(minutes=5)
    old = await keys.create(name="ci", expires_at=soon)
    await keys.rotate(old.key.id, grace=_DAY)
    assert (await keys.get(old.key.id)).expires_at == soon


async def test_the_new_key_lives_as_long_as_the_old_one_was_made_for(
    db: Database, acme: Tenant
) -> None:
    keys = db.tenant(acme.id).api_keys

    async def made() -> ApiKey:
        return (await keys.create(name="ci", expires_at=_now() + 90 * _DAY)).key

    alike = (await keys.rotate((await made()).id)).key
    assert alike.expires_at is not None
    assert abs(alike.expires_at - alike.created_at - 90 * _DAY) < timedelta(minutes=1)
    moment = _now() + 7 * _DAY
    assert (await keys.rotate((await made()).id, expires_at=moment)).key.expires_at == moment
    assert (await keys.rotate((await made()).id, expires_at=None)).key.expires_at is None


async def test_what_cannot_be_replaced(db: Database, acme: Tenant, beta: Tenant) -> None:
    keys = db.tenant(acme.id).api_keys
    revoked, rotated = await keys.create(name="a"), await keys.create(name="b")
    expired = await keys.create(name="c", expires_at=_now() - timedelta(seconds=1))
    await keys.revoke(revoked.key.id)
    successor = await keys.rotate(rotated.key.id)
    count = await keys.count()
    for made, reason, follower in (
        (revoked, "revoked", None),
        (expired, "expired", None),
        (rotated, "replaced", successor.key.id),
    ):
        with pytest.raises(KeyNotReplaceable) as caught:
            await keys.rotate(made.key.id)
        assert (caught.value.reason, caught.value.successor_id) == (reason, follower)
        assert made.secret not in str(caught.value.to_dict())
    for unknown in (uuid7(), (await db.tenant(beta.id).api_keys.create(name="z")).key.id):
        with pytest.raises(NotFound):
            await keys.rotate(unknown)
    for grace in (timedelta(seconds=-1), timedelta(days=91), timedelta.max):
        with pytest.raises(InvalidInput):
            await keys.rotate(successor.key.id, grace=grace)
    with pytest.raises(InvalidInput):
        await keys.rotate(successor.key.id, expires_at=datetime(2030, 1, 1))
    assert await keys.count() == count


async def test_of_many_who_replace_a_key_at_once_one_does(
    db: Database, place: Place, acme: Tenant
) -> None:
    old = await db.tenant(acme.id).api_keys.create(name="ci")
    async with await tenantry.connect(settings=place.settings()) as other:
        tries = [d.tenant(acme.id).api_keys.rotate(old.key.id) for d in (db, other) * 6]
        found = await asyncio.gather(*tries, return_exceptions=True)
    made = [one for one in found if isinstance(one, NewKey)]
    refused = [one for one in found if isinstance(one, KeyNotReplaceable)]
    assert (len(made), len(refused)) == (1, 11)
    keys = db.tenant(acme.id).api_keys
    assert {k.id for k in await keys.list()} == {old.key.id, made[0].key.id}
    assert (await keys.get(old.key.id)).successor_id == made[0].key.id


async def test_a_rotation_is_a_part_of_its_transaction(db: Database, acme: Tenant) -> None:
    keys = db.tenant(acme.id).api_keys
    old = await keys.create(name="ci")
    with pytest.raises(ZeroDivisionError):
        async with db.tenant(acme.id) as t:
            await t.api_keys.rotate(old.key.id, grace=timedelta())
            raise ZeroDivisionError
    assert await _opens(db, old)
    assert await keys.count() == 1
    async with db.service("rotate") as s:
        new = await s.tenant(acme.id).api_keys.rotate(old.key.id)
        with pytest.raises(KeyNotReplaceable):
            await s.tenant(acme.id).api_keys.rotate(old.key.id)
    assert await _opens(db, new)
    entries = await db.tenant(acme.id).audit.of("api_keys", old.key.id)
    assert {e.action for e in entries} == {"create", "update"}


# ---- what ends it ---------------------------------------------------------------------------------


async def test_who_was_put_out_is_out_with_the_next_request_of_every_process(
    db: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    ann, bob = [await make_user(db, f"{n}@x.org", acme, beta) for n in ("ann", "bob")]
    keys = db.tenant(acme.id).api_keys
    made = [await keys.create(name=n) for n in ("revoked", "expired", "rotated")]
    left, dismissed = [await keys.create(name=u.email, user_id=u.id) for u in (ann, bob)]
    async with await tenantry.connect(settings=place.settings()) as other:
        for one in (*made, left, dismissed):
            assert await _opens(other, one)
        await keys.revoke(made[0].key.id)
        assert not await _opens(other, made[0])
        await keys.update(made[1].key.id, expires_at=_now() - timedelta(seconds=1))
        assert not await _opens(other, made[1])
        await keys.rotate(made[2].key.id, grace=timedelta())
        assert not await _opens(other, made[2])
        async with db.service("left") as s:
            gone = await s.tenant(acme.id).memberships.of(ann.id)
            assert gone is not None
            await s.tenant(acme.id).memberships.delete(gone.id)
        assert not await _opens(other, left)
        async with db.service("dismissed") as s:
            await s.users.update(bob.id, is_active=False)
        assert not await _opens(other, dismissed)


async def test_the_keys_of_a_tenant_that_is_suspended_deleted_and_purged(
    db: Database, place: Place, acme: Tenant
) -> None:
    made = await db.tenant(acme.id).api_keys.create(name="ci")
    async with await tenantry.connect(settings=place.settings()) as other:
        assert await _opens(other, made)
        async with db.service("unpaid") as s:
            await s.tenants.suspend(acme.id)
        found = await other.authenticate_key(made.secret)
        assert found is not None
        assert found.tenant_status == "suspended"
        async with db.service("gone") as s:
            await s.tenants.soft_delete(acme.id)
        assert not await _opens(other, made)
        await purging.purge(db, acme.id, reason="they left", has_redis=False)
        assert not await _opens(other, made)


_DOORKEEPER = """
import asyncio, sys, tenantry
async def main():
    async with await tenantry.connect() as db:
        for line in sys.stdin:
            print(await db.authenticate_key(line.strip()) is not None, flush=True)
asyncio.run(main())
"""


async def test_another_process_lets_nobody_in_with_a_revoked_key(
    db: Database, place: Place, acme: Tenant
) -> None:
    keys = db.tenant(acme.id).api_keys
    made = await keys.create(name="ci")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DOORKEEPER, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"TENANTRY_DATABASE_URL": place.url("app"), "TENANTRY_MIGRATE": "check",
             "TENANTRY_PROFILE": "test"},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:

        async def is_let_in() -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(made.secret.encode() + b"\n")
            return (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()

        assert [await is_let_in() for _ in range(3)] == ["True"] * 3
        await keys.revoke(made.key.id)
        assert await is_let_in() == "False"
    finally:
        # What it has counted is lost with it, and nothing else.
        process.kill()
        await process.wait()
    assert (await keys.get(made.key.id)).use_count == 0
