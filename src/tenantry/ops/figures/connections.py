"""How many connections there are, whose, and how many there can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class ConnectionCount:
    role: str
    #: `active`, `idle`, `idle in transaction`, …
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Connections:
    """Of the whole server: its limit is everybody's."""

    maximum: int
    #: Of those, kept for superusers.
    reserved: int
    used: int
    by: tuple[ConnectionCount, ...]

    @property
    def share(self) -> float:
        """Of what programs may have, how much is in use."""
        return self.used / max(1, self.maximum - self.reserved)


_LIMITS: Final = """
    SELECT current_setting('max_connections')::int AS maximum,
           current_setting('superuser_reserved_connections')::int AS reserved"""
_SQL: Final = """
    SELECT coalesce(usename, '') AS role, coalesce(state, '') AS state, count(*)::int AS count
    FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""


async def _look(source: Source) -> Connections:
    server = await source.server()
    limits = await server.fetchrow(_LIMITS) or {}
    by = tuple(ConnectionCount(**row) for row in await server.fetch(_SQL))
    return Connections(**limits, used=sum(one.count for one in by), by=by)


CONNECTIONS = Section("connections", "connections by role and state, and how many can be", _look)
