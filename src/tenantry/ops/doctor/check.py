"""A check, and what it is given to look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg

from tenantry.config import Settings
from tenantry.errors import TenantryError

from .finding import Finding
from .limits import Limits


class NotSeen(TenantryError):
    """A check cannot look from here, or with this login."""

    code = "not_seen"


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
