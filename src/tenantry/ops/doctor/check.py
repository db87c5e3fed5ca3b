"""A check, and what it is given to look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg

from tenantry.config import Settings
from tenantry.errors import TenantryError

from .finding import Finding
from .limits import Limits


class NotSeen(TenantryError):
    """A check cannot look at all of it from here, or with this login. What it found is not lost."""

    code = "not_seen"

    def __init__(
        self, message: str, *, hint: str = "", found: Sequence[Finding] = (), **fields: Any
    ) -> None:
        super().__init__(message, hint=hint, **fields)
        self.found = tuple(found)


@dataclass(frozen=True)
class Patient:
    """A running system: its settings, and a login that may see what the server does."""

    settings: Settings
    #: In the database, outside of a transaction; the statements of a check end after seconds.
    server: asyncpg.Connection[Any]
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    #: What it looks for, in one sentence, for the documentation.
    about: str
    look: Callable[[Patient], Awaitable[Iterable[Finding]]]
    #: One that is asked only with `--production`.
    production: bool = False
