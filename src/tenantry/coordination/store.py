"""One Redis or Valkey: commands and scripts with a time limit, and errors of ours.

Nothing here waits longer than the settings' `redis_timeout`. Once a server cannot be reached, or
several times in a row did not answer, calls fail at once for a moment, and then one of them finds
out whether it is back: a platform without its cache is a platform without a cache, and not one that
waits a second for every request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import TimeoutError as TimedOut

from tenantry.config import RedisUrl
from tenantry.errors import (
    CoordinationError,
    CoordinationFull,
    CoordinationUnavailable,
    TenantryError,
)
from tenantry.kernel.home import disowned_by_forks, elsewhere

from .clients import open_client
from .deadline import Deadline
from .script import Script

T = TypeVar("T")
#: How long an unreachable server is left alone.
PAUSE_S: Final = 0.5
#: Calls without an answer, one begun after the other failed, that make a server unreachable.
_TIMEOUTS: Final = 3
_BATCH: Final = 500
#: Refusals that pass by themselves: a Cluster that lacks a node, a master that has just been one.
_AWAY: Final = (ClusterDownError, ReadOnlyError, MasterDownError, TryAgainError)
#: What a server says that takes no writes now, whatever they are.
_FULL: Final = ("MISCONF", "NOREPLICAS")
#: What only a server says that is there.
_REFUSALS: Final = (ResponseError, AuthenticationError, AuthorizationError)


@dataclass(slots=True)
class StoreStats:
    """What became of the calls to one server."""

    calls: int = 0
    errors: int = 0
    #: Not even tried, since the server could not be reached a moment ago.
    spared: int = 0
    #: Rate limits that were answered without the server.
    unchecked: int = 0
    #: Since when the server has been away; None while it answers.
    away_since: float | None = None


class Store:
    """A server (or Cluster) and how this program has fared with it. `name` is for its errors."""

    def __init__(
        self, name: str, url: str, *, connections: int, timeout: float, ca_certs: str = ""
    ) -> None:
        self.name = name
        self.timeout = timeout
        self.stats = StoreStats()
        parsed = RedisUrl.parse(url)
        self.topology = parsed.topology
        self._where = parsed.redacted()
        self._client = open_client(parsed, timeout=timeout, ca_certs=ca_certs)
        self._free = asyncio.Semaphore(connections)
        #: When one call may try again; 0 while the server answers.
        self._try_again_at = 0.0
        self._timeouts = 0
        self._timed_out_at = 0.0
        #: The loop of the first call: its connections are of no use in another, or after a fork.
        self._home: asyncio.AbstractEventLoop | None = None
        self._used = False
        disowned_by_forks(self)

    def __repr__(self) -> str:
        return f"Store({self.name}, {self._where})"

    # ---- calls ------------------------------------------------------------------------------

    async def command(self, *words: Any) -> Any:
        """One command. Bytes come back as bytes."""
        return await self._guarded(lambda: self._client.execute_command(*words))

    async def wait(self, *words: Any, timeout: float) -> Any:
        """A command that waits on purpose (BLOCK), on a connection that nobody else misses."""
        return await self._guarded(
            lambda: self._client.execute_command(*words), timeout=timeout, limited=False
        )

    async def script(self, script: Script, keys: Sequence[str], *args: Any) -> Any:
        """Run a script. In a Cluster its keys are those of one tenant, which live together."""
        return await self._guarded(lambda: self._evaluate(script, keys, args))

    async def _evaluate(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        call = self._client.execute_command
        try:
            return await call("EVALSHA", script.digest, len(keys), *keys, *args)
        except NoScriptError:
            return await call("EVAL", script.text, len(keys), *keys, *args)

    async def commands(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Several commands in one round trip; the first error of them is raised."""
        answers = await self.each(commands)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def each(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """As `commands`, but what went wrong with one stands in its answer's place, as our error."""

        async def send() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipe:
                for words in commands:
                    pipe.execute_command(*words)
                # Raised there, an error would quote the command with all its values.
                return list(await pipe.execute(raise_on_error=False))

        answers = await self._guarded(send)
        return [self._told(a) if isinstance(a, Exception) else a for a in answers]

    async def scripts(
        self, script: Script, calls: Sequence[tuple[str, Sequence[Any]]]
    ) -> list[Any]:
        """A script for several keys, each with its own arguments, in one round trip: as `each`."""
        answers = await self._scripts(("EVALSHA", script.digest), calls)
        lost = [n for n, answer in enumerate(answers) if _is_unknown(answer)]
        if lost:
            again = await self._scripts(("EVAL", script.text), [calls[n] for n in lost])
            for n, answer in zip(lost, again, strict=True):
                answers[n] = answer
        return answers

    async def _scripts(
        self, words: tuple[str, str], calls: Sequence[tuple[str, Sequence[Any]]]
    ) -> list[Any]:
        return await self.each([(*words, 1, key, *args) for key, args in calls])

    async def scan(self, pattern: str, key: str) -> AsyncIterator[list[bytes]]:
        """Keys that match, some at a time, from the node that holds `key`. Never blocks the server;
        a key may come twice, and one made meanwhile may not come at all."""
        target: dict[str, Any] = {}
        if isinstance(self._client, RedisCluster):
            await self._guarded(self._client.initialize)
            target["target_nodes"] = self._client.get_node_from_key(key)
        cursor = 0
        while True:
            words = ("SCAN", cursor, "MATCH", pattern, "COUNT", _BATCH)
            answer = await self._guarded(partial(self._client.execute_command, *words, **target))
            cursor, found = answer
            if isinstance(cursor, dict):  # a Cluster's client has one for each node it asked
                (cursor,) = cursor.values()
            if found:
                yield found
            if not cursor:
                return

    async def info(self) -> dict[str, str]:
        """What the server tells of itself; a Cluster's any one node speaks for all."""
        if isinstance(self._client, RedisCluster):
            await self._guarded(self._client.initialize)
            node = self._client.get_default_node()
            return _facts(
                await self._guarded(lambda: self._client.execute_command("INFO", target_nodes=node))
            )
        return _facts(await self.command("INFO"))

    @property
    def client(self) -> Any:
        """redis-py's own, for what has no method here (publish and subscribe)."""
        return self._client

    async def close(self) -> None:
        await self._client.aclose()

    # ---- the time limit, the pause, the errors ------------------------------------------------

    async def _guarded(
        self,
        call: Callable[[], Awaitable[T]],
        *,
        timeout: float | None = None,
        limited: bool = True,
    ) -> T:
        stats = self.stats
        stats.calls += 1
        if asyncio.get_running_loop() is not self._home:
            self._settle()
        began = time.monotonic()
        if self._try_again_at:
            if began < self._try_again_at:
                stats.spared += 1
                raise self._unavailable("could not be reached a moment ago")
            # One call finds out whether it is back; the others are spared until it has.
            self._try_again_at = began + self.timeout
        try:
            # Connecting, a Sentinel's answer and a retry have limits of their own, which add up.
            with Deadline(self.timeout if timeout is None else timeout):
                if limited:
                    async with self._free:
                        answer = await call()
                else:
                    answer = await call()
        except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
            stats.errors += 1
            raise self._translated(error, began) from error
        self._answered()
        return answer

    def _settle(self) -> None:
        if self._used:
            raise elsewhere()
        self._home, self._used = asyncio.get_running_loop(), True

    def _answered(self) -> None:
        self._try_again_at, self._timeouts, self.stats.away_since = 0.0, 0, None

    def _told(self, error: Exception) -> TenantryError:
        told = self._translated(error, time.monotonic())
        told.__cause__ = error
        return told

    def _translated(self, error: Exception, began: float) -> TenantryError:
        if isinstance(error, _REFUSALS) and not isinstance(error, _AWAY):
            self._answered()
        if isinstance(error, (AuthenticationError, AuthorizationError)):
            # It is there: limits that stay open while it is away are not opened by a wrong password.
            return CoordinationError(
                f"{self._where} refused the login.",
                hint="Look at its user and password.",
                store=self.name,
            )
        if isinstance(error, NoPermissionError):
            return CoordinationError(
                f"{self._where} does not let this user do that.",
                hint="Give it the rights of `tenantry redis acl`.",
                store=self.name,
            )
        if isinstance(error, OutOfMemoryError) or str(error).startswith(_FULL):
            return CoordinationFull(
                f"{self._where} takes no writes now.",
                hint="Look at its memory, its disk and its replicas: `tenantry redis status`.",
                store=self.name,
            )
        if isinstance(error, ResponseError) and not isinstance(error, _AWAY):
            # The server's words name the command and its state, never a value of ours.
            return CoordinationError(f"{self._where} refused: {error}", store=self.name)
        self.stats.away_since = self.stats.away_since or time.time()
        now = time.monotonic()
        if isinstance(error, (TimeoutError, TimedOut)):
            # Those that ran out of time together are one sign: it may have been this program that
            # was busy.
            if began >= self._timed_out_at:
                self._timeouts, self._timed_out_at = self._timeouts + 1, now
            if self._timeouts >= _TIMEOUTS:
                self._try_again_at = now + PAUSE_S
            return self._unavailable("did not answer in time")
        self._try_again_at = now + PAUSE_S
        return self._unavailable("cannot be reached")

    def _unavailable(self, said: str) -> CoordinationUnavailable:
        return CoordinationUnavailable(
            f"{self._where} {said}.",
            hint="Look whether the server runs: `tenantry redis status`.",
            store=self.name,
        )


def _facts(answer: Any) -> dict[str, str]:
    """redis-py reads INFO into numbers and dictionaries: all that is wanted here is words."""
    while isinstance(answer, dict) and "redis_version" not in answer:
        (answer,) = answer.values()  # a Cluster's client answers by node
    return {str(name): str(value) for name, value in answer.items()}


def _is_unknown(answer: Any) -> bool:
    """Whether the server does not have the script."""
    return isinstance(answer, CoordinationError) and isinstance(answer.__cause__, NoScriptError)
