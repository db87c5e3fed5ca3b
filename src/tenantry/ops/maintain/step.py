"""What a step of maintenance is given, and what it says of what it did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import asyncpg

from tenantry.database import Database
from tenantry.kernel.plain import connected
from tenantry.schema.roles import OWNER

State = Literal["done", "nothing", "elsewhere", "failed"]

#: For what waits for others and holds up none, as building an index does. Longer than that, some
#: transaction has been forgotten, and the step says so instead of waiting for it.
PATIENCE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Action:
    """Something done, or with `--dry-run` to be done, and why."""

    what: str
    target: str
    why: str
    #: What came of it: rows, or a name.
    result: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that has been. `elsewhere`: another process is doing it, so nothing was done twice."""

    step: str
    state: State
    actions: tuple[Action, ...] = ()
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Upkeep:
    """What the steps work with. With `name`, on this one alone."""

    db: Database
    owner_url: str
    service_url: str
    dry_run: bool = False
    name: str | None = None
    #: How long each table's rows are kept; those of others for ever.
    keep: Mapping[str, timedelta] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    tell: Callable[[str], None] = lambda _: None

    def owner(self) -> AbstractAsyncContextManager[asyncpg.Connection[Any]]:
        """A connection that may alter tables; outside of a transaction."""
        wait = int(PATIENCE.total_seconds() * 1000)
        return connected(
            self.owner_url,
            # The one that guards a step is idle meanwhile, for as long as it takes.
            f"SET statement_timeout = 0; SET idle_session_timeout = 0; SET lock_timeout = {wait};"
            f" SET ROLE {OWNER}",
            name="tenantry-maintain",
        )


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    about: str
    run: Callable[[Upkeep], Awaitable[list[Action]]]
    #: Whether it can do one thing by its name, and what that is.
    names: str = ""
