"""Rate limits on real servers, by their own clock."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from bisect import bisect_right
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.coordination import Coordination, Limit, Limits, Pace, Rate, Share, by
from tenantry.errors import (
    CoordinationError,
    CoordinationFull,
    CoordinationUnavailable,
    InvalidInput,
    RateLimited,
)
from tests.coordination import soak
from tests.coordination.conftest import coordination_at
from tests.coordination.demand import demand
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.topologies import PASSWORD, kv_node

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def limits(coordination: Coordination) -> Limits:
    return limits_of(coordination, uuid4())


def limits_of(coordination: Coordination, tenant: UUID | None) -> Limits:
    return Limits(Share.of(coordination, tenant))


# ---- what a hit says ------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [Rate(3, per=60), Pace(3, per=60)])
async def test_a_limit_allows_so_many_and_says_when_to_come_back(
    limits: Limits, rate: Rate | Pace
) -> None:
    verdicts = [await limits.hit("login", rate) for _ in range(4)]
    assert [v.allowed for v in verdicts] == [True, True, True, False]
    assert [v.remaining for v in verdicts] == [2, 1, 0, 0]
    assert [v.retry_after > 0 for v in verdicts] == [False, False, False, True]
    assert verdicts[3].refused == ("login",)
    assert {v.name for v in verdicts} == {"login"}
    assert verdicts[3].limit == 3
    assert 0 < verdicts[3].retry_after <= (60 if isinstance(rate, Rate) else 20)
    assert 50 < verdicts[3].reset_after <= 60
    assert not verdicts[3]


async def test_a_refusal_ends_when_it_said(limits: Limits) -> None:
    for rate in (Rate(5, per=0.2), Pace(5, per=0.2)):
        while verdict := await limits.hit("again", rate, cost=2):
            pass
        await asyncio.sleep(verdict.retry_after)
        assert await limits.hit("again", rate, cost=2)


async def test_waiting_is_for_as_much_as_was_asked(limits: Limits) -> None:
    rate = Rate(10, per=60)
    first = await limits.hit("mixed", rate, cost=4)
    await asyncio.sleep(0.02)
    second = await limits.hit("mixed", rate, cost=6)
    one, five = await limits.hit("mixed", rate), await limits.hit("mixed", rate, cost=5)
    assert one.at + round(one.retry_after * 1e6) == first.at + 60_000_000
    assert five.at + round(five.retry_after * 1e6) == second.at + 60_000_000


async def test_a_burst_is_as_big_as_it_says_and_the_pace_is_kept(limits: Limits) -> None:
    pace = Pace(10, per=60, burst=2)
    assert [(await limits.hit("calls", pace)).allowed for _ in range(3)] == [True, True, False]
    assert (await limits.peek("calls", pace)).retry_after == pytest.approx(6, abs=0.5)
    assert pace.most == 2


async def test_asking_takes_nothing(limits: Limits) -> None:
    rate = Rate(2, per=60)
    assert [(await limits.peek("x", rate, cost=2)).allowed for _ in range(5)] == [True] * 5
    assert await limits.get_remaining("x", 2, 60) == 2
    await limits.hit("x", rate)
    assert not await limits.peek("x", rate, cost=2)
    assert await limits.get_remaining("x", 2, 60) == 1


async def test_a_limit_that_is_reset_begins_anew(limits: Limits) -> None:
    rates = (Rate(1, per=60), Pace(1, per=60))
    assert await limits.hit("x", *rates)
    await limits.reset("x", *rates)
    assert await limits.hit("x", *rates)
    assert not await limits.hit("x", *rates)


async def test_the_short_form(limits: Limits) -> None:
    assert [await limits.is_allowed("user", 2, 60) for _ in range(3)] == [True, True, False]
    assert await limits.get_remaining("user", max_requests=100) == 98


async def test_an_exception_for_those_who_prefer_one(limits: Limits) -> None:
    rate = Rate(1, per=60)
    (await limits.hit("x", rate)).raise_for_refusal()
    with pytest.raises(RateLimited) as caught:
        (await limits.hit("x", rate)).raise_for_refusal()
    assert caught.value.names == ["x"]
    assert 0 < caught.value.retry_after <= 60


# ---- several at once ------------------------------------------------------------------------


async def test_of_several_limits_all_take_or_none(limits: Limits) -> None:
    user, tenant = Rate(2, per=60), Pace(100, per=60)
    both = [Limit("user", user), Limit("tenant", tenant, cost=10)]
    verdicts = [await limits.hit_all(both) for _ in range(3)]
    assert [v.allowed for v in verdicts] == [True, True, False]
    assert (verdicts[0].name, verdicts[0].limit) == ("user", 2)  # the tightest of the two
    assert (verdicts[2].name, verdicts[2].refused) == ("user", ("user",))
    assert (await limits.peek("tenant", tenant)).remaining == 80
    assert (await limits.peek_all(both)).refused == ("user",)


async def test_a_name_may_have_several_rates(limits: Limits) -> None:
    rates = (Rate(2, per=0.1), Rate(3, per=60))
    assert [bool(await limits.hit("api", *rates)) for _ in range(3)] == [True, True, False]
    await asyncio.sleep(0.11)
    assert await limits.hit("api", *rates)
    verdict = await limits.hit("api", *rates)
    assert verdict.refused == ("api",)
    assert verdict.limit == 3


async def test_several_limits_are_one_round_trip(
    limits: Limits, coordination: Coordination
) -> None:
    calls = coordination.lasting.stats.calls
    await limits.hit_all([Limit(f"limit {n}", Rate(10, per=60)) for n in range(32)])
    assert coordination.lasting.stats.calls == calls + 1


# ---- whose they are -------------------------------------------------------------------------


async def test_tenants_and_the_platform_have_limits_of_their_own(
    coordination: Coordination,
) -> None:
    name = str(uuid4())
    for owner in (uuid4(), uuid4(), None):
        assert await limits_of(coordination, owner).is_allowed(name, 1)
        assert not await limits_of(coordination, owner).is_allowed(name, 1)


def test_names_for_whom_a_limit_is_kept_do_not_collide() -> None:
    assert by(user=7, route="POST /tasks") == "user=7&route=POST /tasks"
    assert by(user="7&route=x") != by(user="7", route="x")
    # As a header may hold it, which is anybody's to write.
    assert by(agent="\udcff") != by(agent="\udcfe")
    with pytest.raises(InvalidInput):
        by()


async def test_another_plan_goes_on_with_the_same_hits(limits: Limits) -> None:
    assert [await limits.is_allowed("plan", 1, 60) for _ in range(2)] == [True, False]
    assert [await limits.is_allowed("plan", 2, 60) for _ in range(2)] == [True, False]


# ---- memory ---------------------------------------------------------------------------------


async def test_no_more_is_kept_than_the_window_holds(
    limits: Limits, coordination: Coordination
) -> None:
    rate = Rate(5, per=0.02)
    for _ in range(30):
        await limits.hit("x", rate)
        await asyncio.sleep(0.002)
    (key,) = limits._keys([Limit("x", rate)])
    assert await coordination.lasting.command("LLEN", key) <= 2 * (5 + 1)
    await asyncio.sleep(0.1)
    assert await coordination.lasting.command("EXISTS", key) == 0


async def test_a_pace_keeps_two_numbers_and_goes_when_it_is_as_new(
    limits: Limits, coordination: Coordination
) -> None:
    pace = Pace(1000, per=0.2)
    for _ in range(50):
        await limits.hit("x", pace)
    (key,) = limits._keys([Limit("x", pace)])
    assert await coordination.lasting.command("STRLEN", key) < 64
    await asyncio.sleep(0.1)
    assert await coordination.lasting.command("EXISTS", key) == 0


# ---- the clock ------------------------------------------------------------------------------


async def test_a_clock_set_back_does_not_lock_everybody_out(
    limits: Limits, coordination: Coordination
) -> None:
    rate = Rate(1, per=10)
    (key,) = limits._keys([Limit("x", rate)])
    now = time.time_ns() // 1000
    for ahead, allowed in ((3_000_000, False), (3600_000_000, True)):
        await coordination.lasting.command("DEL", key)
        await coordination.lasting.command("RPUSH", key, 0, 0, now + ahead, 1)
        assert bool(await limits.hit("x", rate)) is allowed


async def test_nor_does_it_stop_a_pace(limits: Limits, coordination: Coordination) -> None:
    rate = Pace(1, per=10)
    (key,) = limits._keys([Limit("x", rate)])
    now = time.time_ns() // 1000
    for ahead, allowed in ((3_000_000, False), (3600_000_000, True)):
        await coordination.lasting.command("SET", key, f"10000000 {now + ahead}")
        assert bool(await limits.hit("x", rate)) is allowed


# ---- what is refused ------------------------------------------------------------------------

NUMBERS: list[Any] = [0, -1, 1.5, True, "7", None, float("nan"), float("inf"), 10**12]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_limit_is_refused(number: Any) -> None:
    for wrong in (
        lambda: Rate(number, per=1),
        lambda: Pace(number, per=1),
        lambda: Limit("x", Rate(5, per=1), cost=number),
    ):
        with pytest.raises(InvalidInput):
            wrong()


@pytest.mark.parametrize("per", [0, -1, 1e-6, True, "7", None, float("nan"), float("inf"), 1e12])
def test_what_is_no_period_is_refused(per: Any) -> None:
    for kind in (Rate, Pace):
        with pytest.raises(InvalidInput):
            kind(10, per=per)


async def test_what_can_never_be_allowed_is_said_to_be_so(limits: Limits) -> None:
    with pytest.raises(InvalidInput, match="never be allowed"):
        await limits.hit("x", Rate(10, per=1), cost=11)
    with pytest.raises(InvalidInput, match="never be allowed"):
        await limits.hit("x", Pace(10, per=1, burst=5), cost=6)
    with pytest.raises(InvalidInput):
        Pace(10, per=1, burst=-1)


async def test_limits_that_are_none_or_the_same_are_refused(limits: Limits) -> None:
    same = Limit("x", Rate(10, per=1))
    for wrong in ([], [same, Limit("x", Rate(5, per=1))], [same] * 33):
        with pytest.raises(InvalidInput):
            await limits.hit_all(wrong)
    with pytest.raises(InvalidInput):
        await limits.hit("", Rate(10, per=1))
    with pytest.raises(InvalidInput):
        await limits.hit("x", 7)  # type: ignore[arg-type]


# ---- the server is away ---------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["open", "closed"])
async def test_while_the_server_is_away_the_settings_answer(answer: str) -> None:
    coordination = coordination_at(NOBODY, limits_when_away=answer)
    limits = limits_of(coordination, uuid4())
    for _ in range(3):
        verdict = await limits.hit("x", Rate(7, per=1))
        assert (verdict.allowed, verdict.checked) == (answer == "open", False)
    assert verdict.remaining == (7 if answer == "open" else 0)
    assert (verdict.retry_after > 0) is (answer == "closed")
    assert verdict.refused == (() if answer == "open" else ("x",))
    assert coordination.lasting.stats.unchecked == 3
    with pytest.raises(CoordinationUnavailable):
        await limits.reset("x", Rate(7, per=1))
    await coordination.close()


async def test_a_refusal_of_the_server_is_no_absence(
    limits: Limits, coordination: Coordination
) -> None:
    """Limits that a wrong set-up switches off would be missed by nobody."""
    (key,) = limits._keys([Limit("x", Rate(7, per=1))])
    await coordination.lasting.command("HSET", key, "not", "a window")
    with pytest.raises(CoordinationError):
        await limits.hit("x", Rate(7, per=1))


async def test_nor_is_a_wrong_password(kv_server: KeyValueServer) -> None:
    url = f"redis://:not-it@127.0.0.1:{kv_server.port}/0"
    coordination = coordination_at(url, limits_when_away="open")
    with pytest.raises(CoordinationError):
        await limits_of(coordination, uuid4()).hit("x", Rate(7, per=1))
    await coordination.close()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_nor_is_a_server_that_is_full(kind: str) -> None:
    """Whoever can fill its memory must not have all limits lifted by it."""
    with kv_node(kind, ["port {port}", f"requirepass {PASSWORD}"]) as node:
        coordination = coordination_at(
            f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0", limits_when_away="open"
        )
        limits = limits_of(coordination, uuid4())
        assert await limits.hit("x", Rate(7, per=60))
        node.admin.config_set("maxmemory", 1)
        with pytest.raises(CoordinationFull):
            await limits.hit("x", Rate(7, per=60))
        node.admin.config_set("maxmemory", 0)
        assert (await limits.hit("x", Rate(7, per=60))).remaining == 5
        await coordination.close()


# ---- against models -------------------------------------------------------------------------

COSTS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([0.0, 0.0, 0.001, 0.004, 0.02, 0.045])),
    min_size=1,
    max_size=soak(40, 80),
)
ON_A_SERVER = settings(
    max_examples=soak(12, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class WindowModel:
    def __init__(self, limit: int, period: int) -> None:
        self.limit, self.period = limit, period
        self.hits: list[tuple[int, int]] = []

    def live(self, at: int) -> list[tuple[int, int]]:
        return [(then, cost) for then, cost in self.hits if then > at - self.period]

    def expects(self, at: int, cost: int) -> tuple[bool, int, int]:
        """Whether it is allowed, what remains, and how long to wait."""
        live = self.live(at)
        used = sum(c for _, c in live)
        if used + cost <= self.limit:
            self.hits.append((at, cost))
            return True, self.limit - used - cost, 0
        left = used
        for then, c in live:
            left -= c
            if left + cost <= self.limit:
                return False, self.limit - used, then + self.period - at
        raise AssertionError("more than the limit was asked for")


@ON_A_SERVER
@given(steps=COSTS)
def test_a_window_is_what_a_list_of_all_hits_would_say(
    kv_server: KeyValueServer, steps: list[tuple[int, float]]
) -> None:
    async def run() -> None:
        coordination = coordination_at(kv_server.url)
        limits, model = limits_of(coordination, uuid4()), WindowModel(7, 50_000)
        for cost, pause in steps:
            verdict = await limits.hit("x", Rate(7, per=0.05), cost=cost)
            expected = model.expects(verdict.at, cost)
            found = (verdict.allowed, verdict.remaining, round(verdict.retry_after * 1e6))
            assert found == expected
            await asyncio.sleep(pause)
        await coordination.close()

    asyncio.run(run())


@ON_A_SERVER
@given(steps=COSTS)
def test_a_pace_is_what_the_textbook_says(
    kv_server: KeyValueServer, steps: list[tuple[int, float]]
) -> None:
    """Virtual scheduling, as GCRA is defined: an arrival may be early by the burst."""
    interval, burst = 50_000 / 7, 9

    async def run() -> None:
        coordination = coordination_at(kv_server.url)
        limits, due = limits_of(coordination, uuid4()), 0.0
        for cost, pause in steps:
            verdict = await limits.hit("x", Pace(7, per=0.05, burst=burst), cost=cost)
            after = max(due, verdict.at) + cost * interval
            wait = after - burst * interval - verdict.at
            if abs(wait) > 1:  # closer than that, rounding decides
                assert verdict.allowed == (wait < 0)
                assert verdict.retry_after * 1e6 == pytest.approx(max(0, wait), abs=2)
            due = after if verdict.allowed else due
            await asyncio.sleep(pause)
        await coordination.close()

    asyncio.run(run())


# ---- many processes -------------------------------------------------------------------------

PROCESSES = soak(4, 16)
MOST = soak(100, 1000)
PERIOD_S = soak(1.0, 10.0)
DURATION_S = soak(2.5, 60.0)


def test_processes_never_take_more_together_and_are_never_refused_what_is_left(
    kv_server: KeyValueServer,
) -> None:
    rate = Rate(MOST, per=PERIOD_S)
    found = demand(kv_server.url, rate, processes=PROCESSES, duration=DURATION_S)
    allowed, refused = found["allowed"], found["refused"]
    period = round(PERIOD_S * 1e6)
    assert refused
    # One more than the limit never fits into a window: their ends are too far apart.
    narrowest = min(b - a for a, b in zip(allowed, allowed[MOST:], strict=False))
    assert narrowest >= period
    # Whoever was refused found all of the limit taken.
    fullness = [bisect_right(allowed, at) - bisect_right(allowed, at - period) for at in refused]
    assert min(fullness) == MOST
    # And so every period saw all of it.
    assert len(allowed) >= 0.99 * MOST * math.ceil(DURATION_S / PERIOD_S)
    sys.stdout.write(
        f"{PROCESSES} processes, {MOST} in {PERIOD_S} s for {DURATION_S} s: {len(allowed)} allowed,"
        f" {len(refused)} refused; {MOST + 1} took {narrowest / 1e6:.6f} s at least\n"
    )
