"""What all caches of one program have in common: how they fare, and what is being computed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from .flight import Flight

#: How long a computation keeps others from beginning the same one after its process died. While it
#: lives it says so three times as often.
LEASE_S: Final = 10.0


@dataclass(slots=True)
class CacheStats:
    """What became of the calls to this program's caches, of all tenants."""

    hits: int = 0
    misses: int = 0
    #: Values past their time that were given while another caller computed new ones.
    stale: int = 0
    computed: int = 0
    #: Calls that waited for what another one computed.
    waited: int = 0
    #: Calls that the server did not answer, or refused: misses, all of them.
    errors: int = 0
    #: Values that could not be stored: too large, or the server was away or full.
    unstored: int = 0
    #: Entries that another program wrote, or a broken one.
    unreadable: int = 0
    #: Deletions that did not reach the server: what they named lives until its time is over.
    lost_invalidations: int = 0


@dataclass(slots=True)
class Caching:
    stats: CacheStats = field(default_factory=CacheStats)
    #: By the key of the lease and the token in it. No token: the server is away.
    flights: dict[tuple[str, str], Flight] = field(default_factory=dict)
    #: Tokens that were sent to the server, which has not said whose turn it is.
    asking: dict[str, asyncio.Event] = field(default_factory=dict)
    lease: float = LEASE_S
    _errands: set[asyncio.Task[Any]] = field(default_factory=set)

    def fly(self, key: str, token: str, work: Coroutine[Any, Any, Any]) -> Flight:
        flight = self.flights[key, token] = Flight(work)
        flight.task.add_done_callback(lambda _: self._landed((key, token), flight))
        return flight

    def _landed(self, place: tuple[str, str], flight: Flight) -> None:
        if self.flights.get(place) is flight:
            del self.flights[place]

    def forget(self, key: str) -> None:
        """Nobody joins what is being computed without the server: it may be out of date now."""
        self.flights.pop((key, ""), None)

    def forget_all(self) -> None:
        for key, token in list(self.flights):
            if not token:
                self.forget(key)

    def errand(self, work: Coroutine[Any, Any, Any]) -> None:
        """Something nobody waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
