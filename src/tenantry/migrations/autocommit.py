"""Steps of a revision that stand outside its transaction."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tenantry.kernel.patience import SHORT_WAITS

#: Beside the driver's own classes: a lock that was not granted, and a deadlock.
_AGAIN = ("55P03", "40P01")


@contextmanager
def autocommitting(what: str) -> Iterator[Connection | None]:
    """The revision's connection while each statement is a transaction of its own; what the revision has
    done before is committed. None in a rehearsal and where SQL is printed: `what` is said instead."""
    context = op.get_context()
    if note := context.opts.get("tenantry_rehearsal"):
        note(what)
        yield None
    elif context.as_sql:
        op.execute(text(re.sub(r"(?<![:\\]):(?=\w)", r"\:", what)))
        yield None
    else:
        with context.autocommit_block():
            yield op.get_bind()


@contextmanager
def short_waits(connection: Connection) -> Iterator[None]:
    """Nobody queues for long behind what waits for a lock meanwhile."""
    before = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
    connection.exec_driver_sql(SHORT_WAITS)
    try:
        yield
    finally:
        connection.exec_driver_sql(f"SET lock_timeout = '{before}'")


def patiently(connection: Connection, sql: str) -> None:
    """The statement, once its locks are granted."""
    with short_waits(connection):
        until_granted(lambda: connection.exec_driver_sql(sql))


def until_granted(work: Callable[[], object], seconds: float = 300.0) -> None:
    """Work that gave up waiting for a lock is done again, for so long."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            work()
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") not in _AGAIN or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - no secret
