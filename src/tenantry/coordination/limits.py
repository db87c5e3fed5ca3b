"""Rate limits, judged by the server in one step and by its own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tenantry.errors import CoordinationUnavailable, InvalidInput, RateLimited

from .rates import Limit, Pace, Rate, listed
from .script import Script
from .share import Share

if TYPE_CHECKING:
    from .store import Store

#: More limits in one call are a mistake; each keeps the server's one thread busy.
MOST_AT_ONCE: Final = 32
#: When to come back while the server is away and limits are closed.
AWAY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a hit. `if verdict:` asks whether it is allowed.

    Of several limits, `name`, `limit`, `remaining` and `reset_after` are those of the tightest one.
    """

    allowed: bool
    limit: int
    remaining: int
    #: Seconds until the same would be allowed if nobody else came; 0 if it is.
    retry_after: float
    #: Seconds until nothing of the limit is used any more.
    reset_after: float
    #: The names of the limits that refuse.
    refused: tuple[str, ...] = ()
    #: Whether the server was asked. If it is away, `limits_when_away` answers.
    checked: bool = True
    #: When, in microseconds by the server's clock.
    at: int = 0
    name: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def raise_for_refusal(self) -> None:
        """For callers who would rather have an exception."""
        if not self.allowed:
            raise RateLimited(self.refused, limit=self.limit, retry_after=self.retry_after)


class Limits:
    """A tenant's rate limits, or the platform's own.

    A limit is its name and its period: hits of `Rate(10, per=60)` count for `Rate(20, per=60)` of the
    same name, and not for `Rate(100, per=3600)`.
    """

    def __init__(self, share: Share) -> None:
        self._share = share

    async def hit(self, name: str, *rates: Rate | Pace, cost: int = 1) -> Verdict:
        """Take `cost` of a limit. Of several rates, all allow it, or nothing is taken."""
        return self._counted(await self._ask("hit", listed(name, rates, cost)))

    async def hit_all(self, limits: Sequence[Limit]) -> Verdict:
        """Take from limits of several names: from all of them or from none."""
        return self._counted(await self._ask("hit", limits))

    async def peek(self, name: str, *rates: Rate | Pace, cost: int = 1) -> Verdict:
        """What `hit` would say, and nothing taken."""
        return await self._ask("peek", listed(name, rates, cost))

    async def peek_all(self, limits: Sequence[Limit]) -> Verdict:
        """What `hit_all` would say, and nothing taken."""
        return await self._ask("peek", limits)

    async def reset(self, name: str, *rates: Rate | Pace) -> None:
        """Forget what was taken. Raises `CoordinationUnavailable` while the server is away."""
        await self._store.command("DEL", *self._keys(listed(name, rates, 1)))

    async def is_allowed(self, key: str, max_requests: int, window_seconds: float = 60) -> bool:
        """Whether one more request is allowed, which is then taken."""
        return (await self.hit(key, Rate(max_requests, window_seconds))).allowed

    async def get_remaining(self, key: str, max_requests: int, window_seconds: float = 60) -> int:
        """How many requests are left. Takes none."""
        return (await self.peek(key, Rate(max_requests, window_seconds))).remaining

    def _counted(self, verdict: Verdict) -> Verdict:
        stats = self._share.coordination.limit_stats
        if verdict.allowed:
            stats.allowed += 1
        else:
            stats.refused += 1
        return verdict

    async def _ask(self, what: str, limits: Sequence[Limit]) -> Verdict:
        keys = self._keys(limits)
        words: list[Any] = [what]
        for limit in limits:
            words += limit.rate.words
            words.append(limit.cost)
        store = self._store
        try:
            answer = await store.script(_script(), keys, *words)
        except CoordinationUnavailable:
            store.stats.unchecked += 1
            return self._unchecked(limits)
        return _verdict(limits, answer)

    @property
    def _store(self) -> Store:
        return self._share.coordination.lasting

    def _keys(self, limits: Sequence[Limit]) -> list[str]:
        name = self._share.keys.name
        keys = [name("limit", f"{limit.rate.tag}:{limit.name}") for limit in limits]
        if not 0 < len(keys) <= MOST_AT_ONCE:
            raise InvalidInput(f"Give 1 to {MOST_AT_ONCE} limits.", field="limits")
        if len(keys) > 1 and len(set(keys)) < len(keys):
            raise InvalidInput("Two of the limits have the same name and period.", field="limits")
        return keys

    def _unchecked(self, limits: Sequence[Limit]) -> Verdict:
        tightest = min(limits, key=lambda limit: limit.rate.most)
        most, name = tightest.rate.most, tightest.name
        if self._share.coordination.settings.limits_when_away == "open":
            return Verdict(True, most, most, 0.0, 0.0, checked=False, name=name)
        names = tuple(limit.name for limit in limits)
        return Verdict(False, most, 0, AWAY_S, AWAY_S, names, checked=False, name=name)


class _Of(NamedTuple):
    """What the script says of one limit."""

    limit: Limit
    allowed: int
    remaining: int
    #: Microseconds.
    retry: int
    reset: int


@cache
def _script() -> Script:
    return Script("limits")


def _verdict(limits: Sequence[Limit], answer: list[int]) -> Verdict:
    at, allowed, *rest = answer
    if len(limits) == 1:
        _, remaining, retry, reset = rest
        limit = limits[0]
        refused = () if allowed else (limit.name,)
        return Verdict(
            allowed == 1,
            limit.rate.most,
            remaining,
            retry / 1e6,
            reset / 1e6,
            refused,
            at=at,
            name=limit.name,
        )
    each = [_Of(limit, *rest[4 * i : 4 * i + 4]) for i, limit in enumerate(limits)]
    refusing = [one for one in each if not one.allowed]
    # The one that keeps the caller waiting longest, or the one with the least left.
    tightest = max(refusing or each, key=lambda one: (one.retry, -one.remaining))
    return Verdict(
        not refusing,
        tightest.limit.rate.most,
        tightest.remaining,
        tightest.retry / 1e6,
        tightest.reset / 1e6,
        tuple(dict.fromkeys(one.limit.name for one in refusing)),
        at=at,
        name=tightest.limit.name,
    )
