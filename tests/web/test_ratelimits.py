"""How often one may ask, on real servers."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenantry.coordination import Coordination, Limits, Pace, Rate, Share, Verdict
from tenantry.errors import CoordinationUnavailable, InvalidInput, RateLimited
from tenantry.web.caller import Caller
from tenantry.web.problems import answer_to
from tenantry.web.ratelimits import RateLimits, refusal
from tests.coordination.conftest import (  # noqa: F401 - fixtures
    coordination,
    coordination_at,
    kv_server,
)

TENANT = uuid4()


def limits_of(opened: Coordination, tenant_id: UUID | None) -> Limits:
    return Limits(Share.of(opened, tenant_id))


def caller(tenant_id: UUID = TENANT, **facts: Any) -> Caller:
    return Caller(tenant_id=tenant_id, scopes=("*",), by="session", **{"user_id": uuid4(), **facts})


async def asked(rates: RateLimits, limits: Limits, who: Caller, times: int) -> list[bool]:
    verdicts = [await rates.admit(limits, who) for _ in range(times)]
    return [verdict is not None and verdict.allowed for verdict in verdicts]


def said(rates: RateLimits, who: Caller, verdict: Verdict | None) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in rates.headers(who, verdict)}


@pytest.fixture
def tenant_id() -> UUID:
    return uuid4()


@pytest.fixture
def limits(coordination: Coordination, tenant_id: UUID) -> Limits:  # noqa: F811
    return limits_of(coordination, tenant_id)


# ---- who is limited -------------------------------------------------------------------------


async def test_callers_are_limited_each_and_their_tenant_in_all(limits: Limits) -> None:
    rates = RateLimits(tenant=Rate(5, per=60), caller=Rate(2, per=60))
    ann, bob, key = caller(), caller(), caller(api_key_id=uuid4())
    assert await asked(rates, limits, ann, 3) == [True, True, False]
    assert await asked(rates, limits, bob, 3) == [True, True, False]
    # What was refused took nothing of the tenant's.
    assert await asked(rates, limits, key, 2) == [True, False]


async def test_keys_users_and_machines_are_told_apart(limits: Limits) -> None:
    rates = RateLimits(caller=Rate(1, per=60))
    user, first, second = uuid4(), uuid4(), uuid4()
    for who in (
        caller(user_id=user),
        caller(user_id=user, api_key_id=first),
        caller(user_id=user, api_key_id=second),
        caller(user_id=None),
    ):
        assert await asked(rates, limits, who, 2) == [True, False]


async def test_no_tenant_uses_up_anothers(coordination: Coordination) -> None:  # noqa: F811
    rates = RateLimits(tenant=Rate(1, per=60), caller=Rate(1, per=60))
    user = uuid4()
    for _ in range(3):
        assert await asked(rates, limits_of(coordination, uuid4()), caller(user_id=user), 2) == [
            True,
            False,
        ]


async def test_a_plan_has_its_own(limits: Limits) -> None:
    rates = RateLimits(tenant=Rate(1, per=60), plans={"pro": Rate(3, per=60)})
    assert await asked(rates, limits, caller(plan="free"), 2) == [True, False]
    # Whoever pays more goes on at once, with what was used before.
    assert await asked(rates, limits, caller(plan="pro"), 3) == [True, True, False]
    assert await asked(rates, limits, caller(plan=None), 1) == [False]


async def test_a_plan_may_be_the_only_one_that_is_limited(limits: Limits) -> None:
    rates = RateLimits(plans={"free": Rate(1, per=60)})
    assert await rates.admit(limits, caller(plan="pro")) is None
    assert await asked(rates, limits, caller(plan="free"), 2) == [True, False]


async def test_where_nothing_is_limited_nothing_is_asked(
    limits: Limits,
    coordination: Coordination,  # noqa: F811
) -> None:
    rates = RateLimits()
    assert await rates.admit(limits, caller()) is None
    assert await rates.failed(limits, "192.0.2.1") is None
    assert rates.headers(caller(), None) == ()
    assert coordination.lasting.stats.calls == 0


async def test_all_of_it_is_one_round_trip(
    limits: Limits,
    coordination: Coordination,  # noqa: F811
) -> None:
    rates = RateLimits(tenant=Pace(100, per=60), caller=Rate(50, per=60))
    await rates.admit(limits, caller())
    calls = coordination.lasting.stats.calls
    await rates.admit(limits, caller())
    assert coordination.lasting.stats.calls == calls + 1


async def test_no_more_than_allowed_come_through_at_once(limits: Limits) -> None:
    rates, who = RateLimits(caller=Rate(7, per=60)), caller()
    verdicts = await asyncio.gather(*(rates.admit(limits, who) for _ in range(40)))
    assert sum(bool(verdict) for verdict in verdicts) == 7


def test_what_is_no_rate_is_refused_at_once() -> None:
    for wrong in ({"tenant": 5}, {"caller": "5/m"}, {"plans": {"pro": 5}}, {"failures": 1.5}):
        with pytest.raises(InvalidInput):
            RateLimits(**wrong)


# ---- refused credentials --------------------------------------------------------------------


async def test_refused_credentials_are_counted_by_address(
    coordination: Coordination,  # noqa: F811
) -> None:
    limits = limits_of(coordination, None)
    rates, salt = RateLimits(failures=Rate(2, per=60)), uuid4().hex

    async def fails(address: str | None) -> bool:
        verdict = await rates.failed(limits, address)
        assert verdict is not None
        return verdict.allowed

    four = ".".join(str(byte) for byte in bytes.fromhex(salt[:8]))
    assert [await fails(four) for _ in range(3)] == [True, True, False]
    # A /64 is one customer's, who has 2^64 addresses.
    net = ":".join((salt[8:12], salt[12:16], salt[16:20], salt[20:24]))
    assert [await fails(f"{net}::{n}") for n in range(1, 4)] == [True, True, False]
    assert await fails(f"{net[:-4]}{int(net[-4:], 16) ^ 1:04x}::1")


async def test_no_address_is_one_too(coordination: Coordination) -> None:  # noqa: F811
    limits = limits_of(coordination, uuid4())
    verdict = await RateLimits(failures=Rate(2, per=60)).failed(limits, None)
    assert verdict is not None
    assert verdict.remaining == 1


# ---- what is told ---------------------------------------------------------------------------


async def test_the_tightest_limit_is_told_and_all_policies(limits: Limits) -> None:
    rates = RateLimits(tenant=Rate(100, per=3600), caller=Rate(2, per=60))
    who = caller()
    verdicts = [await rates.admit(limits, who) for _ in range(3)]
    policy = '"tenant";q=100;w=3600, "caller";q=2;w=60'
    assert [said(rates, who, v)["ratelimit-policy"] for v in verdicts] == [policy] * 3
    assert [said(rates, who, v)["ratelimit"] for v in verdicts[:2]] == [
        '"caller";r=1;t=60',
        '"caller";r=0;t=60',
    ]
    refused = verdicts[2]
    assert refused is not None
    found = re.fullmatch(r'"caller";r=0;t=(\d+)', said(rates, who, refused)["ratelimit"])
    assert found is not None
    problem = answer_to(refusal(refused))
    # The draft: Retry-After is no earlier than the end of the effective window.
    assert dict(problem.headers)[b"retry-after"].decode() == found[1]
    assert (problem.status, 50 < int(found[1]) <= 60) == (429, True)
    assert str(who.user_id) not in problem.body("r-1").decode()


async def test_the_tenants_is_told_when_it_is_tighter(limits: Limits) -> None:
    rates = RateLimits(tenant=Rate(1, per=60), caller=Pace(10, per=0.5, burst=5))
    who = caller()
    assert said(rates, who, await rates.admit(limits, who)) == {
        "ratelimit-policy": '"tenant";q=1;w=60, "caller";q=10;w=1',
        "ratelimit": '"tenant";r=0;t=60',
    }


async def test_they_are_structured_fields(limits: Limits) -> None:
    item = r'"[a-z]+"(;[a-z]+=\d+)+'
    rates = RateLimits(
        tenant=Pace(3, per=0.01), caller=Rate(10**9, per=86400 * 366), plans={"pro": Rate(5, per=1)}
    )
    for plan in ("free", "pro"):
        who = caller(plan=plan)
        for value in said(rates, who, await rates.admit(limits, who)).values():
            assert re.fullmatch(rf"{item}(, {item})*", value)


@pytest.mark.parametrize("answer", ["open", "closed"])
async def test_while_the_server_is_away_nobody_knows_what_is_left(answer: str) -> None:
    opened = coordination_at("redis://127.0.0.1:1/0", limits_when_away=answer)
    rates, who = RateLimits(caller=Rate(2, per=60)), caller()
    verdict = await rates.admit(limits_of(opened, uuid4()), who)
    assert verdict is not None
    assert verdict.allowed is (answer == "open")
    assert said(rates, who, verdict) == {"ratelimit-policy": '"caller";q=2;w=60'}
    if answer == "closed":
        # It is not the caller who did too much.
        assert isinstance(refusal(verdict), CoordinationUnavailable)
        assert answer_to(refusal(verdict)).status == 503
    await opened.close()


def test_a_refusal_has_its_names_for_the_log() -> None:
    verdict = Verdict(False, 5, 0, 1.5, 2.0, ("web:tenant",), name="web:tenant")
    error = refusal(verdict)
    assert isinstance(error, RateLimited)
    assert (error.names, error.limit, error.retry_after) == (["web:tenant"], 5, 1.5)


def test_a_refused_caller_is_told_when_it_goes_on_not_when_all_is_as_new() -> None:
    rates = RateLimits(caller=Pace(5, per=60))
    refused = Verdict(False, 5, 0, 11.2, 59.0, ("web:caller",), name="web:caller")
    allowed = Verdict(True, 5, 4, 0.0, 11.2, name="web:caller")
    assert said(rates, caller(), refused)["ratelimit"] == '"caller";r=0;t=12'
    assert dict(answer_to(refusal(refused)).headers)[b"retry-after"] == b"12"
    assert said(rates, caller(), allowed)["ratelimit"] == '"caller";r=4;t=12'
