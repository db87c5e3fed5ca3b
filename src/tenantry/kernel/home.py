"""The event loop that something with sockets belongs to, and with it the process."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Protocol
from weakref import WeakSet

from tenantry.errors import TransactionError


class Homed(Protocol):
    #: The loop it may be used in. A forked child, which shares the sockets, has none.
    _home: asyncio.AbstractEventLoop | None


_OWNERS: WeakSet[Any] = WeakSet()


def disowned_by_forks(owner: Homed) -> None:
    _OWNERS.add(owner)


def _disown() -> None:
    for owner in _OWNERS:
        owner._home = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown)


def elsewhere() -> TransactionError:
    return TransactionError(
        "This database handle belongs to another event loop or process.",
        hint="Call tenantry.connect() once in each process and event loop, after forking.",
    )
