"""A document of another's server, kept: a key set, or where an identity provider's doors are.

It is asked for anew when its time is over, and once in a while when something is missed in it. While
the server is away the old one goes on serving, for a day. No request makes it ask more often than
that, and those that wait for the same answer wait for one request.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from contextvars import Context
from typing import Final, Generic, TypeVar

import httpx

from tenantry.errors import IdentityProviderUnavailable

from .outside import Unusable, fetch

T = TypeVar("T")

#: However long the server says that it may be kept.
_SHORTEST_S: Final = 60.0
_LONGEST_S: Final = 86400.0
_UNSAID_S: Final = 300.0
#: How much longer it serves while the server is away.
_GRACE_S: Final = 86400.0
#: Between two requests, whatever is missed; and while there is nothing at all.
AGAIN_S: Final = 10.0
FIRST_AGAIN_S: Final = 1.0
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})\b", re.IGNORECASE)
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:store|cache)\b", re.IGNORECASE)
_LOG: Final = logging.getLogger("tenantry.web")


class Kept(Generic[T]):
    """`read` makes the content of the bytes, and raises ValueError for what cannot be read."""

    def __init__(
        self,
        url: str,
        read: Callable[[bytes], T],
        *,
        provider: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._read = read
        self._provider = provider
        self._clock = clock
        self._content: T | None = None
        self._fresh_until = 0.0
        self._kept_until = 0.0
        self._tried_at: float | None = None
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def get(self) -> T:
        if self._content is None or self._clock() >= self._fresh_until:
            known_away = self._content is not None and self._away
            asking = self._ask()
            # Once it is known that the server is away, nobody waits to hear it again.
            if asking is not None and not known_away:
                await asyncio.wait({asking})
        if self._content is None or self._clock() >= self._kept_until:
            raise self._unavailable()
        return self._content

    async def newer(self, than: T) -> T:
        """For when something is missed. The same again, if it was asked for just now."""
        if self._content is than and (asking := self._ask()) is not None:
            await asyncio.wait({asking})
        # What is missed may be what it would have told.
        if self._content is None or (self._content is than and self._away):
            raise self._unavailable()
        return self._content

    def _ask(self) -> asyncio.Task[None] | None:
        """The request that is under way, or one more; None if it is too early for one."""
        loop = asyncio.get_running_loop()
        if self._task is not None and not self._task.done() and self._task.get_loop() is loop:
            return self._task
        now, pause = self._clock(), FIRST_AGAIN_S if self._content is None else AGAIN_S
        if self._tried_at is not None and now - self._tried_at < pause:
            return None
        self._tried_at = now
        # For all, so under nobody's tenant.
        self._task = loop.create_task(self._fetch(), context=Context())
        return self._task

    async def _fetch(self) -> None:
        try:
            answer = await fetch(self._url)
            content = self._read(answer.content)
        except (Unusable, ValueError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._away = True
            _LOG.warning(
                "%s of %s cannot be read: %s",
                self._url,
                self._provider,
                str(error) or type(error).__name__,
            )
            return
        self._content, self._away = content, False
        self._fresh_until = self._clock() + _fresh_for(answer.headers.get("cache-control", ""))
        self._kept_until = self._fresh_until + _GRACE_S

    def _unavailable(self) -> IdentityProviderUnavailable:
        return IdentityProviderUnavailable(
            f"{self._provider} cannot be asked at present.",
            hint="Try again in a moment.",
            provider=self._provider,
            retry_after=FIRST_AGAIN_S if self._content is None else AGAIN_S,
        )


def _fresh_for(said: str) -> float:
    if _NOT_KEPT.search(said):
        return _SHORTEST_S
    found = _MAX_AGE.search(said)
    return min(max(float(found[1]), _SHORTEST_S), _LONGEST_S) if found else _UNSAID_S
