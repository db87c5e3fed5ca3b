"""Statements that lock what others write to: soon, or not now. Whoever waits for a strong lock holds up
all who come after, so such a statement gives up early, steps back, and tries again."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import asyncpg

#: Shorter than the server's deadlock_timeout, so that of two that wait for each other it is this one
#: that gives way, and no caller's transaction.
SHORT_WAITS = "SET lock_timeout = '500ms'"


async def patiently(
    connection: asyncpg.Connection[Any], seconds: float, sql: str, *args: Any
) -> Any:
    """The statement's value, once its locks are granted: for so long it is tried again."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while True:
        try:
            return await connection.fetchval(sql, *args)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if clock() > deadline:
                raise
        await asyncio.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - no secret
