"""COMMIT, and saying truly what became of it."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import NamedTuple

from ..errors import CommitOutcomeUnknown, ConnectionLost, TransactionAborted
from .connection import Connection
from .pool import Pool
from .settle import error_of, see_through
from .translate import is_lost, translate


class Outcome(Enum):
    """What became of a transaction, as far as anybody can know."""

    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    UNKNOWN = "unknown"


class Ending(NamedTuple):
    outcome: Outcome
    #: What to raise; also a cancellation that came while the answer was awaited.
    error: BaseException | None = None


async def commit(pool: Pool, connection: Connection, *, readonly: bool) -> Ending:
    """Commit and give the connection back. Never raises: the caller first notes the outcome."""
    if connection.raw.is_closed():
        pool.release(connection)
        return Ending(
            Outcome.ROLLED_BACK,
            ConnectionLost(
                "The connection to the database broke before COMMIT.",
                hint="Nothing of the transaction was written; it may be run again.",
            ),
        )
    task = asyncio.get_running_loop().create_task(connection.command("COMMIT"))
    cancelled = await see_through(task, pool.options.commit_grace)
    error = error_of(task)
    closed = connection.raw.is_closed()
    pool.adopt(task)
    pool.release(connection)

    failure: BaseException | None = None
    if error is None and task.result() == "COMMIT":
        outcome = Outcome.COMMITTED
    elif error is None:  # the server answers ROLLBACK when the transaction had failed
        outcome, failure = Outcome.ROLLED_BACK, aborted()
    elif readonly or (task.done() and not closed and not is_lost(error)):
        outcome, failure = Outcome.ROLLED_BACK, translate(error, closed=closed)
    else:
        unknown = CommitOutcomeUnknown(
            "The connection was lost, or its answer did not come, during COMMIT.",
            hint="Look whether the work is there before doing it again.",
        )
        unknown.__cause__ = cancelled or error
        return Ending(Outcome.UNKNOWN, unknown)
    if cancelled is not None:
        cancelled.add_note(f"The transaction was {outcome.value} before this came through.")
        return Ending(outcome, cancelled)
    if failure is not None:
        failure.__cause__ = error
    return Ending(outcome, failure)


def aborted() -> TransactionAborted:
    return TransactionAborted(
        "An earlier error ended this transaction; nothing of it can be committed.",
        hint="Put what may fail inside `async with t.savepoint()`.",
    )
