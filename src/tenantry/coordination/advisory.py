"""Locks without Redis or Valkey: PostgreSQL's advisory locks, a tenant's own.

They belong to a transaction, never to a session, so that they work through a pooler and end with
whatever ends the transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from typing import Final
from uuid import UUID

from tenantry.errors import (
    LockLost,
    LockNotAcquired,
    LockTimeout,
    TenantryError,
    TransactionError,
)
from tenantry.kernel.transaction import Transaction

from .fencing import next_fence
from .losing import Losable, cancelled_when_lost, happens
from .share import Share

#: How often an open transaction is touched: the server would end one that idles, and a holder would
#: not learn that his is gone.
BEAT_S: Final = 2.0
_ANSWER_S: Final = 5.0
_TRY: Final = "SELECT pg_try_advisory_xact_lock($1)"
_LOCK: Final = "SELECT pg_advisory_xact_lock($1)"
#: The wait's own limits, and those from before.
_LIMITS: Final = (
    "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'),"
    " set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true)"
)
_RESTORE: Final = (
    "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)"
)


class DatabaseLock(Losable):
    """Held by a transaction until it ends."""


@asynccontextmanager
async def held_in_database(
    share: Share, name: str, *, wait: float, cancel_on_loss: bool
) -> AsyncIterator[DatabaseLock]:
    lock = DatabaseLock(name)
    key = advisory_key(share.tenant_id, name)
    if share.transaction is not None:
        with share.coordination.lock_stats.taking():
            await _take(share.transaction, key, name, wait)
        lock.fence = await next_fence(share.transaction, name)
        # Work under a lock that was lost cannot be committed here: it is the same transaction.
        yield lock
        return
    if share.begin is None:
        raise TransactionError("A lock of the database belongs to a tenant.")
    holding = await share.begin().__aenter__()
    try:
        with share.coordination.lock_stats.taking():
            await _take(holding, key, name, wait)
        # In a transaction of its own: the fence's row would stay locked as long as the lock is.
        async with share.begin() as recording:
            lock.fence = await next_fence(recording, name)
        async with _kept(holding, lock):
            if cancel_on_loss:
                async with cancelled_when_lost(lock):
                    yield lock
            else:
                yield lock
    except BaseException as error:
        with suppress(TenantryError):
            await holding.__aexit__(type(error), error, error.__traceback__)
        raise
    try:
        await holding.__aexit__(None, None, None)
    except TenantryError as error:
        # Nothing was written there: what went is the lock.
        raise LockLost(name) from error


async def _take(transaction: Transaction, key: int, name: str, wait: float) -> None:
    began = time.monotonic()
    if wait <= 0:
        if not await transaction.fetch_value(_TRY, key):
            raise LockNotAcquired(name, 0)
        return
    try:
        async with transaction.savepoint():
            most = max(round(wait * 1000), 1)
            row = await transaction.fetch_one(_LIMITS, f"{most}ms")
            await transaction.fetch(_LOCK, key)
            if row is not None:
                await transaction.fetch(_RESTORE, row[0], row[1])
    except LockTimeout as error:
        raise LockNotAcquired(name, time.monotonic() - began) from error


@asynccontextmanager
async def _kept(holding: Transaction, lock: DatabaseLock) -> AsyncIterator[None]:
    """Keeps the transaction from idling, and notices its end."""
    over = asyncio.Event()
    beat = asyncio.create_task(_beat(holding, lock, over), name=f"tenantry lock {lock.name}")
    try:
        yield
    finally:
        over.set()
        await asyncio.shield(beat)


async def _beat(holding: Transaction, lock: DatabaseLock, over: asyncio.Event) -> None:
    while not await happens(over, within=BEAT_S):
        try:
            await holding.fetch_value("SELECT 1", timeout=_ANSWER_S)
        except TenantryError:
            lock._lose()
            return


def advisory_key(tenant_id: UUID | None, name: str) -> int:
    """The number of a tenant's lock among all advisory locks of the database."""
    owner = b"" if tenant_id is None else tenant_id.bytes
    digest = blake2b(owner + name.encode(), digest_size=8, person=b"tenantry.lock").digest()
    return int.from_bytes(digest, signed=True)
