"""Signing up and in: who may, and that guessing teaches nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from argon2 import PasswordHasher, Type

import tenantry
from tenantry import Actor, Database, passwords
from tenantry.accounts import attempts
from tenantry.accounts.attempts import name_of
from tenantry.accounts.signed_in import MemberOf
from tenantry.errors import AlreadyExists, InvalidInput, NotAuthenticated, RuleViolated
from tenantry.handles import ServiceTransaction
from tenantry.models import Tenant
from tests.fixtures.database import Place
from tests.fixtures.wire import Wire, tap

from .conftest import PASSWORD, QUICK, sign_up


async def _refused(db: Database, email: str, password: str, **options: Any) -> str:
    with pytest.raises(NotAuthenticated) as error:
        await db.accounts.sign_in(email, password, **options)
    return error.value.reason


async def _pass(s: ServiceTransaction, seconds: float) -> None:
    """Time goes by, for those who tried to sign in."""
    await s.execute(
        "UPDATE tenantry.sign_in_attempts SET failed_at = failed_at - make_interval(secs => $1),"
        " locked_until = locked_until - make_interval(secs => $1)",
        seconds,
    )


# ---- signing up ---------------------------------------------------------------------------------


async def test_a_customer_signs_up_and_in(db: Database) -> None:
    made = await sign_up(db)
    (initech,) = made.memberships
    assert initech == MemberOf(initech.tenant_id, "initech", "Initech", "owner", "active")
    found = await db.accounts.sign_in(" ANN@X.ORG", PASSWORD)
    assert found == made
    async with db.service("look") as s:
        user = await s.users.get(made.user_id)
        tenant = await s.tenants.get(initech.tenant_id)
        (joined,) = await s.tenant(tenant.id).audit.list(resource_type="memberships")
    assert user.last_login_at is not None
    assert (tenant.owner_user_id, tenant.owner_email, tenant.owner_name) == (
        user.id, "ann@x.org", "Ann",
    )  # fmt: skip
    assert (joined.action, joined.actor_kind, joined.user_id) == ("create", "user", user.id)


async def test_what_fails_after_the_right_password_is_no_failed_sign_in(db: Database) -> None:
    await sign_up(db)
    for _ in range(attempts.ALLOWED + 1):
        with pytest.raises(RuntimeError, match="no session"):
            async with db.accounts.signing_in("ann@x.org", PASSWORD):
                raise RuntimeError("no session")
    assert await db.accounts.sign_in("ann@x.org", PASSWORD)


async def test_a_tenant_may_have_to_wait_for_approval(db: Database) -> None:
    made = await db.accounts.sign_up(
        "ann@x.org", PASSWORD, tenant_name="Initech", slug="initech", status="pending"
    )
    assert made.memberships[0].status == "pending"


async def test_sign_up_leaves_nothing_of_what_it_refuses(db: Database, acme: Tenant) -> None:
    await sign_up(db)
    for email, slug, constraint in (
        ("ANN@x.org", "hooli", "users_email_key"), ("bob@x.org", "acme", "tenants_slug_key"),
    ):  # fmt: skip
        with pytest.raises(AlreadyExists) as error:
            await sign_up(db, email, slug)
        assert error.value.constraint == constraint
    with pytest.raises(RuleViolated):
        await sign_up(db, "no address", "hooli")
    async with db.service("look") as s:
        assert await s.users.count() == 1
        assert await s.tenants.count() == 2


@pytest.mark.parametrize(
    "password", ["short", "x" * 1025, "Password123!", "change-me", "bob@x.org", "bobbobbob", "a\ud800" * 8]
)  # fmt: skip
async def test_a_password_that_is_tried_first_is_refused(db: Database, password: str) -> None:
    with pytest.raises(InvalidInput) as error:
        await db.accounts.sign_up("bobbobbob@x.org" if "@" not in password else password,
            password, tenant_name="X", slug="x")  # fmt: skip
    assert error.value.field == "password"


# ---- signing in ---------------------------------------------------------------------------------


async def test_whoever_is_refused_is_told_the_same(db: Database) -> None:
    made = await sign_up(db)
    async with db.service("test set-up") as s:
        await s.users.create(email="none@x.org")
        out = await s.users.create(email="out@x.org", is_active=False)
        await s.execute(
            "UPDATE tenantry.users SET password_hash = $2 WHERE id = $1",
            out.id,
            QUICK.hash(PASSWORD),
        )
    wrong = {
        "ann@x.org": "password", "nobody@x.org": "unknown", "none@x.org": "no_password",
        "out@x.org": "inactive", "": "unknown", "ann@x.org\0": "unknown", "\ud800@x.org": "unknown",
        "a" * 10_000: "unknown",
    }  # fmt: skip
    told = set()
    for email, reason in wrong.items():
        with pytest.raises(NotAuthenticated) as error:
            await db.accounts.sign_in(email, "wrong" if email == "ann@x.org" else PASSWORD)
        assert error.value.reason == reason
        told.add((str(error.value), repr(error.value.to_dict())))
    assert len(told) == 1
    for password in ("", "\0", "\ud800", PASSWORD + "\0", "x" * 100_000):
        assert await _refused(db, "ann@x.org", password) in {"password", "locked"}
    async with db.service("test") as s:
        await _pass(s, 3600)
    assert (await db.accounts.sign_in("ann@x.org", PASSWORD)).user_id == made.user_id


async def test_an_address_is_his_in_the_cases_that_the_database_knows(
    db: Database, acme: Tenant
) -> None:
    """Python lowers these to other letters than the database does, or in two where that has one."""
    for email in ("\u0130nci@x.org", "\u1e9e@x.org", "\u212aim@x.org", "\u039f\u03a3@x.org"):
        made = await db.accounts.sign_up(email, PASSWORD, tenant_name="X", slug=f"x{ord(email[0])}")
        assert await _refused(db, email, "wrong") == "password"
        assert (await db.accounts.sign_in(f" {email} ", PASSWORD)).user_id == made.user_id
        async with db.service("look") as s:
            found = await s.users.by_email(email)
            assert found is not None
            assert found.id == made.user_id
            # It was the same name that failed and that came in.
            assert await s.fetch_value("SELECT count(*) FROM tenantry.sign_in_attempts") == 0
        invited = await db.tenant(acme.id).invitations.create(email)
        await db.accounts.accept(invited.token, made.user_id)


async def test_the_same_letters_are_the_same_password(db: Database) -> None:
    made = await db.accounts.sign_up(
        "ann@x.org", "scho\u0308ne Gru\u0308ße", tenant_name="X", slug="x"
    )
    await db.accounts.sign_in("ann@x.org", "schöne Grüße")
    await _refused(db, "ann@x.org", "schone Gruße")
    # One that is too long until it is composed would be kept, and then let nobody in.
    with pytest.raises(InvalidInput):
        await db.accounts.set_password(made.user_id, "scho\u0308ne Gru\u0308ße" * 74)


async def test_a_user_of_several_tenants_sees_those_that_are_there(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    made = await sign_up(db)
    async with db.service("test set-up") as s:
        for tenant, role in ((acme, "viewer"), (beta, "admin")):
            await s.tenant(tenant.id).memberships.create(user_id=made.user_id, role=role)  # type: ignore[arg-type]
        await s.tenants.suspend(acme.id)
        await s.tenants.soft_delete(beta.id)
    found = await db.accounts.sign_in("ann@x.org", PASSWORD)
    assert [(m.slug, m.role, m.status) for m in found.memberships] == [
        ("acme", "viewer", "suspended"), ("initech", "owner", "active"),
    ]  # fmt: skip
    assert found.memberships == await db.accounts.memberships_of(made.user_id)


async def test_a_hash_with_old_parameters_is_made_anew(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await sign_up(db)
    better = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1, type=Type.ID)
    monkeypatch.setattr(passwords, "_hasher", lambda: better)
    for _ in range(2):
        await db.accounts.sign_in("ann@x.org", PASSWORD)
    async with db.service("look") as s:
        kept = await s.fetch_value(
            "SELECT password_hash FROM tenantry.users WHERE id = $1", made.user_id
        )
    assert not passwords.needs_rehash(kept)
    assert passwords.verify_password(PASSWORD, kept)


async def test_who_is_put_out_while_the_password_is_looked_at_stays_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await sign_up(db)
    verify = db.accounts._hashing.verify

    async def slow(password: str, kept: str | None) -> bool:
        found = await verify(password, kept)
        async with db.service("put out") as s:
            await s.users.update(made.user_id, is_active=False)
        return found

    monkeypatch.setattr(db.accounts._hashing, "verify", slow)
    assert await _refused(db, "ann@x.org", PASSWORD) == "changed"


# ---- on record ----------------------------------------------------------------------------------


async def test_a_failure_is_on_record_without_what_was_typed(db: Database) -> None:
    made = await sign_up(db)
    actor = Actor(kind="user", ip="192.0.2.7", user_agent="curl", request_id="r-1")
    await _refused(db, "ann@x.org", "my-typed-secret", actor=actor)
    await _refused(db, "my-typed-secret", "ann@x.org", actor=actor)
    async with db.service("look") as s:
        unknown, known = await s.platform_log.list(action="sign_in_failed")
        everything = await s.fetch("SELECT l::text FROM tenantry.platform_log AS l")
    assert (known.resource_id, unknown.resource_id) == (made.user_id, None)
    assert known.details == {"reason": "password", "failures": 1, "locked": False}
    for entry in (known, unknown):
        assert (str(entry.ip_address), entry.user_agent, entry.request_id) == (
            "192.0.2.7", "curl", "r-1",
        )  # fmt: skip
    assert not any("my-typed-secret" in row[0] for row in everything)


async def test_each_use_of_the_service_role_is_on_record_once(db: Database) -> None:
    await asyncio.gather(*(_refused(db, f"{n}@x.org", "x") for n in range(4)))
    async with db.service("look") as s:
        uses = await s.platform_log.list(action="service_use")
    assert sorted(str(use.reason) for use in uses) == ["look", "sign-in"]


# ---- guessing -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("long_locks")
async def test_a_name_is_locked_after_five_failures_known_or_not(db: Database) -> None:
    await sign_up(db)
    for email in ("ann@x.org", "nobody@x.org"):
        for _ in range(5):
            assert await _refused(db, email, "wrong") in {"password", "unknown"}
        for spelling in (email, email.upper(), f" {email}"):
            assert await _refused(db, spelling, PASSWORD) == "locked"
    async with db.service("test") as s:
        await _pass(s, 700)
    await db.accounts.sign_in("ann@x.org", PASSWORD)
    # Success has cleared it.
    for _ in range(4):
        assert await _refused(db, "ann@x.org", "wrong") == "password"
    await db.accounts.sign_in("ann@x.org", PASSWORD)


async def test_locks_double_up_to_a_quarter_of_an_hour_and_are_forgotten_after_a_day(
    db: Database,
) -> None:
    name = name_of("ann@x.org")
    locks = []
    # In one transaction, where no time goes by but ours.
    async with db.service("test") as s:
        for _ in range(16):
            assert await attempts.count(s, name) is not None
            locks.append(
                await s.fetch_value(
                    "SELECT extract(epoch FROM locked_until - failed_at)::float8"
                    " FROM tenantry.sign_in_attempts"
                )
            )
            await _pass(s, 901)
        assert locks == [None] * 4 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
        await _pass(s, 86400)
        assert await attempts.count(s, name) == 1


async def test_locks_are_as_the_rule_says_whatever_is_tried_when(db: Database) -> None:
    """Against the rule written once more, for random tries, waits and successes of three names."""
    chance = random.Random(8)  # noqa: S311 - no secret
    names = [name_of(f"{n}@x.org") for n in range(3)]
    failures, last, locked = [0] * 3, [0.0] * 3, [0.0] * 3
    clock = 0.0
    async with db.service("test") as s:
        for _ in range(200):
            n = chance.randrange(3)
            match chance.choice(["try"] * 7 + ["wait", "wait", "clear"]):
                case "wait":
                    seconds = chance.choice([1.5, 3.5, 100.5, 901.5, 86401.5])
                    clock += seconds
                    await _pass(s, seconds)
                case "clear":
                    failures[n] = 0
                    locked[n] = 0.0
                    await attempts.clear(s, names[n])
                case _:
                    expected = None
                    if clock >= locked[n]:
                        is_old = clock - last[n] > 86400
                        failures[n] = expected = 1 if is_old else failures[n] + 1
                        last[n] = clock
                        beyond = failures[n] - attempts.ALLOWED
                        locked[n] = clock + min(900, 2 ** (beyond + 1)) if beyond >= 0 else 0.0
                    assert await attempts.count(s, names[n]) == expected


@pytest.mark.usefixtures("long_locks")
async def test_of_many_guesses_at_once_no_more_are_looked_at(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_up(db)
    looked_at = []
    verify = db.accounts._hashing.verify

    async def seen(password: str, kept: str | None) -> bool:
        looked_at.append(password)
        return await verify(password, kept)

    monkeypatch.setattr(db.accounts._hashing, "verify", seen)
    reasons = await asyncio.gather(*(_refused(db, "ann@x.org", f"guess {n}") for n in range(100)))
    assert len(looked_at) == reasons.count("password") == attempts.ALLOWED
    assert reasons.count("locked") == 100 - attempts.ALLOWED


async def test_old_attempts_are_forgotten_bit_by_bit(db: Database) -> None:
    async with db.service("test set-up") as s:
        await s.execute(
            "INSERT INTO tenantry.sign_in_attempts (name_hash, failures, failed_at)"
            " SELECT sha256(n::text::bytea), 1, now() - interval '25 hours'"
            " FROM generate_series(1, 50) AS n"
        )
    await asyncio.gather(*(_refused(db, f"{n}@x.org", "x") for n in range(4)))
    async with db.service("look") as s:
        assert await s.fetch_value("SELECT count(*) FROM tenantry.sign_in_attempts") == 4


# ---- by structure: the same is done for known and unknown ------------------------------------------


@pytest.fixture
async def wire(place: Place) -> AsyncIterator[Wire]:
    socket = f"{place.server.socket_dir}/.s.PGSQL.{place.server.port}"
    async with tap(place.url("service"), socket) as wire:
        yield wire


@pytest.mark.usefixtures("long_locks")
async def test_the_same_goes_over_the_wire_and_through_argon2(
    place: Place, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = place.settings(service_url=wire.url, pool_max=1)
    async with await tenantry.connect(settings=settings) as db:
        await sign_up(db)
        async with db.service("test set-up") as s:
            await s.users.create(email="none@x.org")
            kept = QUICK.hash(PASSWORD)
            await s.users.create(email="out@x.org", is_active=False, password_hash=kept)
        work: list[str] = []
        verify = passwords.verify_password

        def counted(password: str, kept: str) -> bool:
            work.append(kept.rpartition("$")[0].rpartition("$")[0])  # without salt and hash
            return verify(password, kept)

        monkeypatch.setattr(passwords, "verify_password", counted)
        await _refused(db, "warm@x.org", "x")
        done = set()
        for email in ("ann@x.org", "nobody@x.org", "none@x.org", "out@x.org", "\0", "a" * 999):
            seen = []
            for _ in range(6):  # the last one is locked
                wire.reset()
                work.clear()
                await _refused(db, email, "x")
                seen.append((tuple(wire.sql), wire.round_trips, tuple(work)))
            assert seen[-1][2] == ()
            assert len(seen[0][2]) == 1
            done.add(tuple(seen))
        assert len(done) == 1
