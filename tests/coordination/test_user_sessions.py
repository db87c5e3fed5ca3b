"""Users' sessions on real servers."""

from __future__ import annotations

import asyncio
import base64
import math
import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenantry.coordination import Coordination, Share, UserSession, UserSessions, user_sessions
from tenantry.coordination.session_tokens import new_token
from tenantry.errors import CoordinationUnavailable, InvalidInput, TenantryError
from tests.coordination import soak
from tests.coordination.conftest import coordination_at

NOBODY = "redis://127.0.0.1:1/0"
USER = uuid4()


@pytest.fixture
def sessions(coordination: Coordination) -> UserSessions:
    return sessions_of(coordination, uuid4())


def sessions_of(coordination: Coordination, tenant: UUID) -> UserSessions:
    return UserSessions(Share.of(coordination, tenant))


async def keys_of(coordination: Coordination, sessions: UserSessions) -> dict[str, list[str]]:
    """All there is of a tenant, by kind."""
    keys, found = sessions._share.keys, dict[str, list[str]]()
    async for some in coordination.lasting.scan(keys.pattern(), keys.name("session", "x")):
        for key in some:
            kind, name = key.decode().split(":")[2:4]
            found.setdefault(kind, []).append(name)
    return found


# ---- a session's life -----------------------------------------------------------------------


async def test_a_user_signs_in_is_known_and_signs_out(sessions: UserSessions) -> None:
    made = await sessions.create(
        USER, {"roles": ["admin"]}, ip="203.0.113.7", user_agent="Mozilla/5.0 " * 100
    )
    found = await sessions.get(made.token)
    assert found == made.session
    assert found is not None
    assert found.user_id == USER
    assert found.data == {"roles": ["admin"]}
    assert found.ip == "203.0.113.7"
    assert found.user_agent is not None
    assert len(found.user_agent) == 512
    assert found.expires_at - found.seen_at == timedelta(hours=2)
    assert found.ends_at - found.created_at == timedelta(days=30)
    assert await sessions.delete(made.token) is True
    assert await sessions.get(made.token) is None
    assert await sessions.delete(made.token) is False


async def test_only_a_hash_of_the_token_is_kept(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = await sessions.create(USER)
    secret = made.token.split(".")[1]
    raw = base64.urlsafe_b64decode(secret + "=")
    assert len(raw) == 32
    found = await keys_of(coordination, sessions)
    assert found == {"session": [made.session.id], "sessions": [str(USER)]}
    everything = repr(found).encode()
    for kind, names in found.items():
        for name in names:
            key = sessions._share.keys.name(kind, name)  # type: ignore[arg-type]
            everything += await coordination.lasting.command("DUMP", key)
    for form in (secret.encode(), raw, raw.hex().encode()):
        assert form not in everything


async def test_data_is_replaced_and_no_dead_session_gets_any(sessions: UserSessions) -> None:
    token = (await sessions.create(USER, {"a": 1})).token
    after = await sessions.update(token, {"b": [None, "é"]})
    assert after is not None
    assert after.data == {"b": [None, "é"]}
    assert (await sessions.get(token)) == after
    await sessions.delete(token)
    assert await sessions.update(token, {"c": 1}) is None
    assert await sessions.get(token) is None


# ---- expiry ---------------------------------------------------------------------------------


async def test_a_session_ends_when_it_is_not_used(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = await sessions.create(USER, idle=1)
    await asyncio.sleep(1.1)
    assert await sessions.get(made.token) is None
    assert await sessions.list(USER) == []


async def test_each_use_puts_a_sessions_end_off(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = await sessions.create(USER, idle=30)
    key = sessions._key(made.session.id)
    for use in (sessions.get, sessions.refresh):
        # As it is two seconds later.
        await coordination.lasting.command("HINCRBY", key, "seen", -2000)
        await coordination.lasting.command("PEXPIRE", key, 5000)
        after = await use(made.token)
        assert after is not None
        at = await coordination.lasting.command("PEXPIRETIME", key)
        assert at == round(after.expires_at.timestamp() * 1000)
        assert after.expires_at - after.seen_at == timedelta(seconds=30)
        assert after.seen_at >= made.session.seen_at


async def test_no_use_prolongs_a_session_beyond_its_end(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = await sessions.create(USER, idle=120, lifetime=60)
    assert made.session.expires_at == made.session.ends_at
    token, ends = made.token, made.session.ends_at
    for _ in range(4):
        await asyncio.sleep(0.01)
        assert (after := await sessions.refresh(token)) is not None
        assert (await sessions.update(token, {"x": 1})) is not None
        assert after.ends_at == after.expires_at == ends
        rotated = await sessions.rotate(token)
        assert rotated is not None
        assert rotated.session.ends_at == ends
        token = rotated.token
        key = sessions._key(rotated.session.id)
        at = await coordination.lasting.command("PEXPIRETIME", key)
        assert at == round(ends.timestamp() * 1000)


async def test_when_its_end_has_come_a_session_is_over(sessions: UserSessions) -> None:
    token = (await sessions.create(USER, lifetime=1)).token
    await asyncio.sleep(1.1)
    for call in (sessions.get, sessions.refresh, sessions.rotate):
        assert await call(token) is None


async def test_most_uses_write_nothing_and_a_refresh_always_does(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = await sessions.create(USER)
    key = sessions._key(made.session.id)
    await asyncio.sleep(0.02)
    calls = coordination.lasting.stats.calls
    seen = await sessions.get(made.token)
    assert coordination.lasting.stats.calls == calls + 1
    assert seen is not None
    assert seen.seen_at == made.session.seen_at
    refreshed = await sessions.refresh(made.token)
    assert refreshed is not None
    assert refreshed.seen_at > made.session.seen_at
    # A minute later a plain use is written too.
    before = int(made.session.seen_at.timestamp() * 1000) - 61_000
    await coordination.lasting.command("HSET", key, "seen", before)
    await coordination.lasting.command("PEXPIRE", key, 5000)
    again = await sessions.get(made.token)
    assert again is not None
    assert again.seen_at >= refreshed.seen_at
    assert await coordination.lasting.command("PTTL", key) > 7_100_000


async def test_the_server_forgets_all_of_it_by_itself(
    sessions: UserSessions, coordination: Coordination
) -> None:
    await sessions.create(USER, idle=1, lifetime=1)
    await sessions.create(USER, idle=1, lifetime=1)
    # The only one of another user: his index is empty between the old token and the new.
    lonely = await sessions.create(uuid4(), idle=1, lifetime=1)
    assert await sessions.rotate(lonely.token)
    await asyncio.sleep(2.2)
    assert await keys_of(coordination, sessions) == {}


# ---- rotation -------------------------------------------------------------------------------


async def test_a_rotated_session_has_one_valid_token(sessions: UserSessions) -> None:
    first = await sessions.create(USER, {"role": "member"}, ip="::1")
    second = await sessions.rotate(first.token, {"role": "admin"})
    assert second is not None
    assert await sessions.get(first.token) is None
    assert (await sessions.get(second.token)) == second.session
    assert second.session.data == {"role": "admin"}
    assert second.session.created_at == first.session.created_at
    assert second.session.ip == "::1"
    assert second.session.id != first.session.id
    assert await sessions.list(USER) == [second.session]
    third = await sessions.rotate(second.token)
    assert third is not None
    assert third.session.data == {"role": "admin"}
    assert await sessions.rotate(first.token) is None


async def test_of_many_rotations_at_once_one_wins(sessions: UserSessions) -> None:
    first = await sessions.create(USER)
    made = await asyncio.gather(*(sessions.rotate(first.token) for _ in range(10)))
    winners = [one for one in made if one is not None]
    assert len(winners) == 1
    assert await sessions.list(USER) == [winners[0].session]


# ---- a user's sessions ----------------------------------------------------------------------


async def test_all_of_a_users_sessions_are_listed_and_revoked(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = [await sessions.create(USER, {"n": n}) for n in range(5)]
    other = await sessions.create(uuid4())
    assert [s.data["n"] for s in await sessions.list(str(USER))] == [0, 1, 2, 3, 4]
    assert await sessions.revoke_all(USER, except_=made[2].token) == 4
    assert await sessions.list(USER) == [made[2].session]
    assert [bool(await sessions.get(one.token)) for one in made] == [False] * 2 + [True] + [
        False
    ] * 2
    assert await sessions.revoke_all(USER) == 1
    assert await sessions.list(USER) == []
    assert await sessions.revoke_all(USER) == 0
    assert await sessions.get(other.token)
    found = await keys_of(coordination, sessions)
    assert found == {"session": [other.session.id], "sessions": [str(other.session.user_id)]}


async def test_a_token_of_somebody_else_keeps_nothing(sessions: UserSessions) -> None:
    mine, other = await sessions.create(USER), await sessions.create(uuid4())
    assert await sessions.revoke_all(USER, except_=other.token) == 1
    assert await sessions.get(mine.token) is None
    assert await sessions.get(other.token)


async def test_one_session_is_revoked_by_its_id_and_by_its_user_only(
    sessions: UserSessions,
) -> None:
    made = await sessions.create(USER)
    assert not await sessions.revoke(uuid4(), made.session.id)
    assert not await sessions.revoke(USER, "nothing")
    assert await sessions.get(made.token)
    assert await sessions.revoke(USER, made.session.id)
    assert await sessions.get(made.token) is None


async def test_of_more_sessions_than_allowed_the_longest_unused_go(sessions: UserSessions) -> None:
    made = []
    for _ in range(3):
        made.append(await sessions.create(USER, max_sessions=3))
        await asyncio.sleep(0.005)
    await sessions.refresh(made[0].token)
    made.append(await sessions.create(USER, max_sessions=3))
    assert [bool(await sessions.get(m.token)) for m in made] == [True, False, True, True]
    last = await sessions.create(USER, max_sessions=1)
    assert await sessions.list(USER) == [last.session]


async def test_no_more_sessions_than_allowed_by_sign_ins_at_once(sessions: UserSessions) -> None:
    # Who comes last may find that his session had to go again.
    await asyncio.gather(
        *(sessions.create(USER, max_sessions=3) for _ in range(12)), return_exceptions=True
    )
    assert len(await sessions.list(USER)) == 3


async def test_an_index_does_not_grow_with_sessions_that_are_over(
    sessions: UserSessions, coordination: Coordination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_sessions, "_CLEAR_EVERY", 4)
    for _ in range(10):
        made = await sessions.create(USER)
        await coordination.lasting.command("DEL", sessions._key(made.session.id))
    assert await coordination.lasting.command("ZCARD", sessions._index(USER)) < 4


# ---- races ----------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["get", "refresh", "update", "rotate"])
async def test_what_was_ended_stays_ended_whoever_uses_it_meanwhile(
    sessions: UserSessions, coordination: Coordination, use: str
) -> None:
    uses: dict[str, Callable[[str], Any]] = {
        "get": sessions.get,
        "refresh": sessions.refresh,
        "update": lambda token: sessions.update(token, {"x": 1}),
        "rotate": sessions.rotate,
    }
    for number in range(soak(10, 500)):
        made = await sessions.create(USER)
        calls = [uses[use](made.token) for _ in range(8)]
        calls.insert(number % 8, sessions.revoke_all(USER))
        await asyncio.gather(*calls)
        assert await sessions.get(made.token) is None
        assert await sessions.list(USER) == []
    assert "session" not in await keys_of(coordination, sessions)


async def test_revoking_all_misses_no_session_that_began_before(
    sessions: UserSessions, coordination: Coordination
) -> None:
    for _ in range(soak(5, 200)):
        await asyncio.gather(
            *(sessions.create(USER) for _ in range(6)),
            sessions.revoke_all(USER),
            *(sessions.create(USER) for _ in range(6)),
            return_exceptions=True,
        )
        # Each session that there is, is in the index, so that the next one finds it.
        found = await keys_of(coordination, sessions)
        assert {s.id for s in await sessions.list(USER)} == set(found.get("session", []))
        await sessions.revoke_all(USER)
        assert "session" not in await keys_of(coordination, sessions)


# ---- tokens ---------------------------------------------------------------------------------


async def test_a_token_says_whose_tenant_it_is_of(sessions: UserSessions) -> None:
    token = (await sessions.create(USER)).token
    assert UserSessions.tenant_of(token) == sessions._share.tenant_id


async def test_a_token_that_was_tampered_with_opens_nothing(sessions: UserSessions) -> None:
    token = (await sessions.create(USER)).token
    tenant, secret = token.split(".")
    # Base64's last character has bits that mean nothing: these too are not free to choose.
    for at in (0, 10, 21, 22, 23, 40, 65):
        for other in "AQgw_":
            if other != token[at]:
                assert await sessions.get(token[:at] + other + token[at + 1 :]) is None
    for wrong in (
        "",
        secret,
        tenant,
        f"{tenant}.",
        f"{secret}.{tenant}",
        f"{token}=",
        f"{token}\n",
        f" {token}",
        token * 1000,
        "ü" * 66,
        "\ud800",
        token.encode(),
        None,
        7,
    ):
        assert await sessions.get(wrong) is None  # type: ignore[arg-type]
        assert await sessions.refresh(wrong) is None  # type: ignore[arg-type]
        assert await sessions.rotate(wrong) is None  # type: ignore[arg-type]
        assert await sessions.update(wrong, {}) is None  # type: ignore[arg-type]
        assert await sessions.delete(wrong) is False  # type: ignore[arg-type]
        assert UserSessions.tenant_of(wrong) is None
    assert await sessions.get(token)


async def test_another_tenant_sees_and_ends_nothing(
    sessions: UserSessions, coordination: Coordination
) -> None:
    made = await sessions.create(USER)
    other = sessions_of(coordination, uuid4())
    forged = (await other.create(uuid4())).token.split(".")[0] + made.token[22:]
    for token in (made.token, forged):
        assert await other.get(token) is None
        assert await other.refresh(token) is None
        assert await other.update(token, {}) is None
        assert await other.rotate(token) is None
        assert await other.delete(token) is False
    assert await other.list(USER) == []
    assert await other.revoke_all(USER) == 0
    assert await other.revoke(USER, made.session.id) is False
    assert await sessions.get(made.token) == made.session


async def test_no_text_about_a_session_has_its_token_or_data(sessions: UserSessions) -> None:
    made = await sessions.create(USER, {"card": "not for logs"})
    rotated = await sessions.rotate(made.token)
    assert rotated is not None
    for text in (repr(made), str(made), repr(rotated), repr(made.session), repr(sessions)):
        assert made.token not in text
        assert rotated.token not in text
        assert "not for logs" not in text


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        {"x": "y" * 20_000},
        {"x": math.nan},
        {"x": object()},
        {"x": b"bytes"},
        {1: "x"},
        ["x"],
        "x",
    ],
)
async def test_data_that_does_not_fit_is_refused(sessions: UserSessions, data: Any) -> None:
    token = (await sessions.create(USER, {"kept": 1})).token
    for call in (sessions.create(USER, data), sessions.update(token, data)):
        with pytest.raises(InvalidInput) as caught:
            await call
        assert "yyy" not in str(caught.value)
    found = await sessions.get(token)
    assert found is not None
    assert found.data == {"kept": 1}


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, True, "7", 1e12])
async def test_times_and_numbers_that_make_no_sense_are_refused(
    sessions: UserSessions, seconds: Any
) -> None:
    for wrong in ({"idle": seconds}, {"lifetime": seconds}, {"max_sessions": seconds}):
        with pytest.raises(InvalidInput):
            await sessions.create(USER, **wrong)
    with pytest.raises(InvalidInput):
        await sessions.create("nobody")


async def test_without_a_tenant_nobody_is_signed_in(coordination: Coordination) -> None:
    with pytest.raises(InvalidInput):
        await UserSessions(Share.of(coordination, None)).create(USER)


# ---- the server is away ---------------------------------------------------------------------


async def test_while_the_server_is_away_nobody_is_signed_in_or_out() -> None:
    coordination = coordination_at(NOBODY)
    sessions = sessions_of(coordination, uuid4())
    token = new_token(sessions._tenant_id)
    for call in (
        sessions.create(USER),
        sessions.get(token),
        sessions.refresh(token),
        sessions.update(token, {}),
        sessions.rotate(token),
        sessions.delete(token),
        sessions.list(USER),
        sessions.revoke(USER, "x"),
        sessions.revoke_all(USER),
    ):
        with pytest.raises(CoordinationUnavailable) as caught:
            await call
        error: TenantryError = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
        assert token not in f"{error} {error.to_dict()}"
    await coordination.close()


async def test_sessions_are_what_they_seem(sessions: UserSessions) -> None:
    made = await sessions.create(USER)
    assert isinstance(made.session, UserSession)
    assert made.session.tenant_id == sessions._share.tenant_id
    assert made.session.ip is None
