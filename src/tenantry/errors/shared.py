"""Redis and Valkey, and what is kept there."""

from __future__ import annotations

from collections.abc import Sequence

from .root import TenantryError


class CoordinationUnavailable(TenantryError):
    """Redis or Valkey cannot be reached, or did not answer in time."""

    code = "coordination_unavailable"
    retryable = True
    store: str


class CoordinationError(TenantryError):
    """Redis or Valkey refused a command, or the login."""

    code = "coordination"
    store: str


class CoordinationFull(CoordinationError):
    """Redis or Valkey is there and takes no writes: its memory, its disk or its replicas are at their
    end."""

    code = "coordination_full"
    retryable = True


class RateLimited(TenantryError):
    """A rate limit is used up for now."""

    code = "rate_limited"
    names: list[str]
    limit: int
    #: Seconds.
    retry_after: float

    def __init__(self, names: Sequence[str], *, limit: int, retry_after: float) -> None:
        super().__init__(
            f"No more than {limit} is allowed by the limit {', '.join(names)}.",
            hint=f"Try again in {retry_after:.1f} s.",
            names=list(names),
            limit=limit,
            retry_after=retry_after,
        )


class LockNotAcquired(TenantryError):
    """Somebody else held the lock for as long as one was ready to wait."""

    code = "lock_not_acquired"
    retryable = True
    name: str
    waited_s: float

    def __init__(self, name: str, waited_s: float) -> None:
        super().__init__(
            f"The lock {name!r} is held by another.",
            hint="Try again later, or wait longer.",
            name=name,
            waited_s=round(waited_s, 3),
        )


class LockLost(TenantryError):
    """The lock was held no longer while the work under it went on."""

    code = "lock_lost"
    name: str

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The lock {name!r} was lost: another may have held it since.",
            hint="What was written without showing its fence may be in conflict with another's.",
            name=name,
        )


class StaleFence(TenantryError):
    """Someone who came to hold the lock later has written already: this writes no more."""

    code = "stale_fence"
    table: str
    #: What was shown, and what the row has seen.
    fence: int | None
    newest: int
