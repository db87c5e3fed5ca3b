"""How long a value is kept, and with which tags."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tenantry.errors import InvalidInput

Duration = float | timedelta

TTL_S: Final = 3600.0
#: So that what was stored at one time does not all go at one time.
JITTER: Final = 0.1
_LONGEST_S: Final = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Plan:
    """`ttl` seconds, more or less by `jitter` (a share of it), and then `stale` more, in which it
    is given to those who would have to wait for a new one."""

    ttl: float
    stale: float
    jitter: float
    tags: tuple[str, ...]

    @classmethod
    def of(
        cls,
        ttl: Duration | None,
        stale: Duration | None,
        jitter: float | None,
        tags: str | Iterable[str],
    ) -> Plan:
        share = JITTER if jitter is None else jitter
        if not 0 <= share < 1:
            raise InvalidInput("Jitter is a share of the TTL, from 0 to below 1.", field="jitter")
        return cls(
            TTL_S if ttl is None else _seconds(ttl, "ttl", above_zero=True),
            0.0 if stale is None else _seconds(stale, "stale", above_zero=False),
            share,
            _in_order(tags),
        )

    def with_tags(self, tags: str | Iterable[str]) -> Plan:
        return Plan(self.ttl, self.stale, self.jitter, _in_order(tags))

    @property
    def longest_ms(self) -> int:
        return int((self.ttl * (1 + self.jitter) + self.stale) * 1000) + 1

    def lifetime(self) -> tuple[int, float]:
        """Milliseconds to keep a value that is stored now, and until when it is fresh (0: always)."""
        ttl = self.ttl
        if self.jitter:
            ttl *= 1 + random.uniform(-self.jitter, self.jitter)  # noqa: S311 - no secret
        until = time.time() + ttl if self.stale else 0
        return max(1, int((ttl + self.stale) * 1000)), until


def _in_order(tags: str | Iterable[str]) -> tuple[str, ...]:
    """The same, however they were named: who waits for whom goes by them."""
    if isinstance(tags, str):
        return (tags,)
    return tuple(sorted(set(tags)))


def _seconds(value: Duration, field: str, *, above_zero: bool) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if not math.isfinite(seconds) or not 0 <= seconds <= _LONGEST_S or (above_zero and not seconds):
        raise InvalidInput(
            f"`{field}` is a number of seconds{' above 0' if above_zero else ''}, up to ten years.",
            field=field,
        )
    return seconds
