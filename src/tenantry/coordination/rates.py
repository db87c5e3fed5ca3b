"""How much of something is allowed: a limit for a stretch of time, or a pace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from tenantry.errors import InvalidInput

#: Up to here everything that the script reckons with is exact.
LARGEST: Final = 1_000_000_000
SHORTEST_S: Final = 0.001
LONGEST_S: Final = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` in any stretch of `per` seconds, exactly.

    The server keeps a line for every hit of the last `per` seconds, which are `limit` at most and
    take about 16 bytes each. Where that is too much, take a `Pace`.
    """

    limit: int
    per: float
    #: What the script is told: the kind, how much fits, microseconds.
    words: tuple[str, int, int] = field(init=False, repr=False, compare=False)
    #: What tells limits of one name apart. Not how much: another plan goes on with the same hits.
    tag: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        period = _period(self.limit, self.per)
        object.__setattr__(self, "words", ("w", self.limit, period))
        object.__setattr__(self, "tag", f"w{period}")

    @property
    def most(self) -> int:
        """What fits at once."""
        return self.limit


@dataclass(frozen=True, slots=True)
class Pace:
    """`limit` for every `per` seconds, evenly, and up to `burst` of them at once (GCRA).

    The server keeps two numbers, however many hits there are. What is exact is the pace: a stretch
    of `per` seconds may see `burst` and another `limit`.
    """

    limit: int
    per: float
    #: As many as `limit`, if not said.
    burst: int = 0
    words: tuple[str, int, float] = field(init=False, repr=False, compare=False)
    tag: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        period = _period(self.limit, self.per)
        if self.burst != 0 or isinstance(self.burst, bool):
            whole(self.burst, "burst")
        object.__setattr__(self, "words", ("p", self.most, period / self.limit))
        object.__setattr__(self, "tag", f"p{period}")

    @property
    def most(self) -> int:
        """What fits at once."""
        return self.burst or self.limit


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate by its name, and what is to be taken of it: for several at once."""

    name: str
    rate: Rate | Pace
    cost: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.rate, (Rate, Pace)):
            raise InvalidInput("A limit is a Rate or a Pace.", field="rate")
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput("A limit has a name.", field="name")
        whole(self.cost, "cost")
        if self.cost > self.rate.most:
            raise InvalidInput(
                f"A cost of {self.cost} would never be allowed: no more than {self.rate.most} fits "
                f"into the limit {self.name!r}.",
                field="cost",
            )


def by(**whom: object) -> str:
    """A name from what a limit is kept for: `by(user=user_id, route="POST /tasks")`.

    Whatever the values hold, different ones give different names.
    """
    if not whom:
        raise InvalidInput("Say for whom the limit is kept.", field="whom")
    return "&".join(
        f"{name}={quote(str(value), '/: ', errors='surrogatepass')}" for name, value in whom.items()
    )


def listed(name: str, rates: Sequence[Rate | Pace], cost: int) -> list[Limit]:
    return [Limit(name, rate, cost) for rate in rates]


def whole(value: object, name: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
        raise InvalidInput(f"{name} is a whole number from 1 to {LARGEST:,}.", field=name)


def _period(limit: object, per: object) -> int:
    """Microseconds."""
    whole(limit, "limit")
    if (
        not isinstance(per, (int, float))
        or isinstance(per, bool)
        or not math.isfinite(per)
        or not SHORTEST_S <= per <= LONGEST_S
    ):
        raise InvalidInput(
            f"per is a number of seconds from {SHORTEST_S} to {LONGEST_S:,.0f} (a year).",
            field="per",
        )
    return round(per * 1e6)
