"""Finding out whether a pooler is in the way, and looking at it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tenantry.config.urls import DatabaseUrl
from tenantry.errors import InvalidInput, TenantryError
from tenantry.kernel.connect import ConnectOptions, Connector

from ..findings import Finding
from .console import read_console, where
from .facts import PoolerFacts, Unseen
from .file import read_file

_UNREACHED = "the application's login does not get in there"


@dataclass(frozen=True, slots=True)
class Source:
    """What may lead through a pooler, and where its settings can be read."""

    #: The application's own ways in.
    urls: tuple[str, ...] = field(default=(), repr=False)
    #: A login of its admin_users or stats_users.
    console: str | None = field(default=None, repr=False)
    file: Path | None = None
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of poolers, and what was not."""

    poolers: tuple[PoolerFacts, ...] = ()
    #: Where one is that could not be looked at, and why.
    unseen: tuple[tuple[str, str], ...] = ()
    #: Why there is nothing to see.
    nothing: str = ""

    def words(self, database: str) -> str:
        """For a report: also of what was seen, what was not."""
        return " ".join(self._sentences(database)) or self.nothing

    def _sentences(self, database: str) -> Iterator[str]:
        for pooler in self.poolers:
            yield (
                f"PgBouncer {pooler.version}".rstrip()
                + f" at {pooler.name}: its settings were checked."
            )
            if left_out := pooler.left_out(database):
                yield f"Not seen: {'; '.join(left_out)}."
        for name, why in self.unseen:
            yield f"The pooler at {name} was not looked at: {why}."

    def findings(self) -> list[Finding]:
        return [
            Finding(
                "pooler-unseen", "warning", f"the pooler at {name}", f"It was not looked at: {why}.",
                "Give a login of its stats_users in --pooler-url or TENANTRY_POOLER_URL, or its file in"
                " --pgbouncer-ini; or leave it out in so many words, with --no-pooler.",
            )
            for name, why in self.unseen
        ]  # fmt: skip


async def look(source: Source) -> Look:
    """What the operator names, else whatever stands between the application and the server."""
    if not source.wanted:
        return Look(nothing="No pooler was looked at: it was not asked for.")
    if source.file is not None:
        try:
            return Look((read_file(source.file),))
        except Unseen as reason:
            raise InvalidInput(f"{reason}.", field="pgbouncer_ini") from None
    # Also for a console: PgBouncer has a line for a database of `*` once somebody asked for it.
    pooled, unreached = await _ways(source.urls)
    if source.console is not None:
        named = {_place(source.console): [source.console]}
        # One pooler may go by two names; of several, the others are asked by their own logins.
        return await _ask({**(pooled if len(pooled) > 1 else {}), **named})
    if not source.urls:
        return Look(nothing="No pooler was looked for: the application's logins are not known.")
    found = await _ask(pooled)
    closed = tuple((name, _UNREACHED) for name in unreached - set(pooled))
    return Look(
        found.poolers, (*found.unseen, *closed),
        "No pooler stands between the application and the server.",
    )  # fmt: skip


async def _ways(urls: Iterable[str]) -> tuple[dict[str, list[str]], set[str]]:
    """The URLs that lead through each pooler, and the places where none gets in."""
    pooled: dict[str, list[str]] = {}
    unreached = set()
    for url in urls:
        try:
            if await way(url):
                pooled.setdefault(_place(url), []).append(url)
        except TenantryError:
            unreached.add(_place(url))
    return pooled, unreached


async def way(url: str) -> bool:
    """Whether this URL leads through a pooler."""
    connector = Connector(ConnectOptions(dsn=url, application_name="tenantry-prove"))
    connection = await connector.open()
    await connection.close(5)
    return bool(connector.pooled)


async def _ask(places: dict[str, list[str]]) -> Look:
    seen: list[PoolerFacts] = []
    unseen: list[tuple[str, str]] = []
    for name, urls in places.items():
        why = ""
        for url in urls:
            try:
                seen.append(await asyncio.to_thread(read_console, url))
                break
            except Unseen as reason:
                why = str(reason)
        else:
            unseen.append((name, why))
    return Look(tuple(seen), tuple(unseen))


def _place(url: str) -> str:
    return where(DatabaseUrl.parse(url))
