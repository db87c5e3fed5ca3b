"""Running a whole unit of work again, when the database says that this may help."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from ..errors import (
    ConnectionLost,
    DatabaseUnavailable,
    DeadlockDetected,
    InvalidInput,
    SchemaChanged,
    SerializationFailure,
    TenantryError,
)
from .observing import Watch

H = TypeVar("H")
R = TypeVar("R")

#: After these nothing was written. CommitOutcomeUnknown is not among them, and never can be.
RETRIED: Final[tuple[type[TenantryError], ...]] = (
    SerializationFailure,
    DeadlockDetected,
    ConnectionLost,
    SchemaChanged,
    DatabaseUnavailable,
)


async def run(
    begin: Callable[[], AbstractAsyncContextManager[H]],
    work: Callable[[H], Awaitable[R]],
    *,
    attempts: int = 5,
    delay: float = 0.02,
    max_delay: float = 1.0,
    on: tuple[type[TenantryError], ...] = RETRIED,
    watch: Watch | None = None,
) -> R:
    """Run `work` in a transaction from `begin`, at most `attempts` times; it must be repeatable.

    The pauses double, with jitter, so that two that collided do not collide again.
    """
    if attempts < 1:
        raise InvalidInput("At least one attempt is needed.", field="attempts")
    for attempt in range(1, attempts):
        try:
            async with begin() as handle:
                return await work(handle)
        except on as error:
            if not error.retryable:  # such as a certificate that has expired
                raise
            error.add_note(f"Attempt {attempt} of {attempts}.")
            if watch is not None:
                watch.retried(error)
        pause = min(max_delay, delay * 2 ** (attempt - 1))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
    async with begin() as handle:
        return await work(handle)
