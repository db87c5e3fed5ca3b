"""When API keys were last used, and how often, without a write for each request.

Uses are counted in memory and written once a minute, for each tenant in a statement of its own and in
its own context. A program that is killed takes the last minute's with it.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import defaultdict
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import UUID

from tenantry.errors import (
    AuthenticationFailed,
    ConnectionLost,
    DatabaseUnavailable,
    PoolClosed,
    PoolExhausted,
    StatementTimeout,
    TenantryError,
)
from tenantry.kernel.context import Context
from tenantry.kernel.pool import Pool
from tenantry.kernel.transaction import Transaction

from .standing import KeyHolder

#: Seconds between writes; for one of them; and for the last, when the program ends.
_EVERY: Final = 60.0
_LONGEST: Final = 5.0
_LAST: Final = 2.0
#: Keys that wait to be written, some 10 MB. While the database is away no further ones are counted.
_MOST: Final = 50_000
#: No tenant could be written now.
_AWAY: Final = (
    AuthenticationFailed, ConnectionLost, DatabaseUnavailable, PoolClosed, PoolExhausted,
)  # fmt: skip

#: Rows are locked in one order, so that processes which write at once wait for each other at most. The
#: time is the server's, less how long ago it was: programs' clocks may differ.
_WRITE: Final = """
    WITH held AS (
        SELECT k.id FROM tenantry.api_keys AS k
        WHERE k.tenant_id = $1 AND k.id = ANY ($2::uuid[]) ORDER BY k.id FOR NO KEY UPDATE)
    UPDATE tenantry.api_keys AS k
    SET use_count = k.use_count + u.count,
        last_used_at = greatest(k.last_used_at, now() - u.age * interval '1 second')
    FROM held
    JOIN unnest($2::uuid[], $3::bigint[], $4::float8[]) AS u (id, count, age) ON u.id = held.id
    WHERE k.tenant_id = $1 AND k.id = held.id"""


class _Use:
    """Of one key, since it was last written."""

    __slots__ = ("at", "count", "tenant_id")

    def __init__(self, tenant_id: UUID) -> None:
        self.tenant_id = tenant_id
        self.count = 0
        self.at = 0.0


class Uses:
    """Those of one program, from the first it counts to `close`."""

    def __init__(self, pool: Pool, *, every: float = _EVERY, most: int = _MOST) -> None:
        self._pool = pool
        self._every = every
        self._most = most
        self._uses: dict[UUID, _Use] = {}
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def count(self, holder: KeyHolder) -> None:
        use = self._uses.get(holder.api_key_id)
        if use is None:
            # What a suspended tenant's keys do is not written: nothing of it is.
            if holder.tenant_status == "suspended" or len(self._uses) >= self._most:
                return
            use = self._uses[holder.api_key_id] = _Use(holder.tenant_id)
            if self._writing is None:
                self._start()
        use.count += 1
        use.at = monotonic()

    async def write(self) -> None:
        """Write what was counted. What cannot be written now is kept for the next time."""
        waiting: dict[UUID, dict[UUID, _Use]] = defaultdict(dict)
        for key_id, use in self._uses.items():
            waiting[use.tenant_id][key_id] = use
        self._uses = {}
        try:
            while waiting:
                tenant_id, uses = waiting.popitem()
                try:
                    await self._write_tenant(tenant_id, uses)
                except _AWAY:
                    self._keep(uses)
                    break
                except TenantryError as error:
                    # Others were refused: the tenant was suspended, or removed. Nor is one whose
                    # outcome is unknown tried again: it may have been counted.
                    if error.retryable or isinstance(error, StatementTimeout):
                        self._keep(uses)
        finally:
            for uses in waiting.values():
                self._keep(uses)

    async def close(self, timeout: float) -> None:
        """Write the last of them, if the database is there."""
        task = self._writing
        if task is None:
            return
        self._closing.set()
        await asyncio.wait({task}, timeout=min(timeout, _LAST))
        task.cancel()
        await asyncio.wait({task})

    async def _write_tenant(self, tenant_id: UUID, uses: dict[UUID, _Use]) -> None:
        transaction = Transaction(
            self._pool,
            Context(tenant_id),
            statement_timeout=_LONGEST,
            acquire_timeout=_LONGEST,
            watched=False,
        )
        async with transaction as t:
            now = monotonic()
            counts = [use.count for use in uses.values()]
            ages = [now - use.at for use in uses.values()]
            await t.execute(_WRITE, tenant_id, list(uses), counts, ages)

    def _keep(self, uses: dict[UUID, _Use]) -> None:
        for key_id, use in uses.items():
            newer = self._uses.setdefault(key_id, use)
            if newer is not use:
                newer.count += use.count

    def _start(self) -> None:
        # In no request's context: it would live as long as this task.
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._run(), context=contextvars.Context())
        self._writing = self._pool.adopt(task)

    async def _run(self) -> None:
        try:
            while not self._closing.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._every):
                        await self._closing.wait()
                await self.write()
        finally:
            self._writing = None
