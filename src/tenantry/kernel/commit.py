"""COMMIT, and saying truly what became of it."""

from __future__ import annotations

from enum import Enum
from typing import Final

from ..errors import CommitOutcomeUnknown, ConnectionLost, TransactionAborted
from .connection import Connection
from .pool import Pool
from .settle import Settled
from .translate import is_lost, translate

#: Through a pooler the server's session outlives ours and serves whoever comes next. What a
#: statement has left there goes while it is still this transaction's; a deferred constraint speaks
#: before its settings are gone.
_LEAVE_NOTHING: Final = (
    "SET CONSTRAINTS ALL IMMEDIATE; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *;"
    " SELECT pg_catalog.pg_advisory_unlock_all(); RESET SESSION AUTHORIZATION; RESET ALL; "
)


class Outcome(Enum):
    """What became of a transaction, as far as anybody can know."""

    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    UNKNOWN = "unknown"


#: What became of it, and what to raise: maybe a cancellation that came while it was awaited.
Ending = tuple[Outcome, BaseException | None]


async def commit(pool: Pool, connection: Connection, *, readonly: bool) -> Ending:
    """Commit and give the connection back. The caller notes the outcome, then raises the error."""
    if connection.raw.is_closed():
        pool.release(connection)
        lost = ConnectionLost(
            "The connection to the database broke before COMMIT.",
            hint="Nothing of the transaction was written; it may be run again.",
        )
        return Outcome.ROLLED_BACK, lost
    leaving = _LEAVE_NOTHING if connection.pooled and connection.tainted else ""
    answer = Settled(
        connection.command(f"{leaving}COMMIT"),
        grace=pool.options.commit_grace,
        give_up=connection.terminate,
    )
    failure: BaseException | None = None
    try:
        tag = await answer
    except Exception as error:
        closed = connection.raw.is_closed()
        if not readonly and is_lost(error, closed):
            failure = unknown("COMMIT")
            failure.__cause__ = answer.cancelled or error
            return Outcome.UNKNOWN, failure
        outcome, failure = Outcome.ROLLED_BACK, translate(error, closed=closed)
        failure.__cause__ = error
    else:
        # The server answers ROLLBACK when the transaction had failed.
        outcome = Outcome.COMMITTED if tag == "COMMIT" else Outcome.ROLLED_BACK
        failure = None if tag == "COMMIT" else aborted()
    finally:
        pool.release(connection)
    if answer.cancelled is not None:
        answer.cancelled.add_note(f"The transaction was {outcome.value} before this came through.")
        failure = answer.cancelled
    return outcome, failure


def aborted() -> TransactionAborted:
    return TransactionAborted(
        "An earlier error ended this transaction; nothing of it can be committed.",
        hint="Put what may fail inside `async with t.savepoint()`.",
    )


def unknown(during: str) -> CommitOutcomeUnknown:
    return CommitOutcomeUnknown(
        f"The connection was lost, or its answer did not come, during {during}.",
        hint="Look whether the work is there before doing it again.",
    )
