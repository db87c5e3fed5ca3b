"""What the story is told with: its moments, ids, choices, and the rows it gathers.

Nothing here is random and nothing reads the clock. Every choice follows from the names of what it
is about, so a story differs from that of another date in its dates and ids alone.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from tenantry.models import Base

T = TypeVar("T")
Row = dict[str, Any]

TENANTS = ("acme", "globex")

#: Working days that the story tells in full: three months.
LENGTH = 65
_OPENS = 9
HOURS = 8


@dataclass(slots=True)
class Demo:
    """What a run of `seed` found and made."""

    as_of: date
    tenants: list[str] = field(default_factory=lambda: list(TENANTS))
    created: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        as_of = self.as_of.isoformat()
        return {"as_of": as_of, "tenants": self.tenants, "created": self.created}

    def tenant(self, slug: str) -> UUID:
        return born(self.ago(400), "tenants", slug)

    def person(self, username: str) -> UUID:
        return born(self.ago(390), "users", username)

    def ago(self, days: float) -> datetime:
        """A moment of the time before the story, counted back from the first minute of its date."""
        return datetime.combine(self.as_of, time(), UTC) - timedelta(days=days)

    def at(self, back: float) -> datetime:
        """A moment of the story, counted back in working days: 0 is the close of the last one.

        What is further back is earlier, also across nights and weekends.
        """
        whole = int(back)
        day = self.as_of - timedelta(days=1)
        day -= timedelta(days=max(0, day.weekday() - 4))
        weeks, rest = divmod(whole, 5)
        day -= timedelta(days=7 * weeks + rest + (2 if rest > day.weekday() else 0))
        opened = datetime.combine(day, time(_OPENS), UTC)
        return opened + timedelta(seconds=int((1 - back + whole) * HOURS * 3600))


def born(moment: datetime, *names: str) -> UUID:
    """An id that carries its moment, and whose random part comes from the names."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    high, low = int.from_bytes(digest[:2], "big") >> 4, int.from_bytes(digest[2:10], "big") >> 2
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def share(*names: object) -> float:
    """A number from 0 to 1 that is always the same for these names."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def between(low: float, high: float, *names: object) -> float:
    return low + (high - low) * share(*names)


def whole(low: int, high: int, *names: object) -> int:
    return low + int((high - low + 1) * share(*names))


def pick(choices: Sequence[T], *names: object) -> T:
    return choices[int(len(choices) * share(*names))]


class Story:
    """Rows by table, as they are told."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.rows: dict[type[Base], list[Row]] = defaultdict(list)

    def add(self, model: type[Base], /, *names: str, at: datetime, **values: Any) -> Row:
        row = {"id": born(at, model.__tablename__, *names), "created_at": at, **values}
        self.rows[model].append(row)
        return row


@dataclass(slots=True)
class Company:
    """One tenant of the story, and what others refer to in it."""

    slug: str
    story: Story
    #: Name -> id of its presets, which the database made.
    workflows: Mapping[str, UUID]
    people: list[str] = field(default_factory=list)
    projects: dict[str, UUID] = field(default_factory=dict)
    #: Agent type -> its row.
    agents: dict[str, Row] = field(default_factory=dict)
    #: Code -> row.
    desks: dict[str, Row] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.story.demo.tenant(self.slug)

    def add(
        self,
        model: type[Base],
        /,
        *names: str,
        back: float | None = None,
        at: datetime | None = None,
        **values: Any,
    ) -> Row:
        """A row of its own, `back` working days before the end or `at` a moment."""
        moment = at or self.story.demo.at(back or 0)
        return self.story.add(model, self.slug, *names, at=moment, tenant_id=self.id, **values)

    def at(self, back: float) -> datetime:
        return self.story.demo.at(back)

    def person(self, *names: object) -> str:
        """One of its people who take part in the daily work."""
        return pick(self.people, self.slug, *names)

    def user(self, username: str) -> UUID:
        return self.story.demo.person(username)

    def desk_of(self, agent_type: str, *names: object) -> Row:
        """A desk that such an agent sits at."""
        agent = self.agents[agent_type]["id"]
        return pick([d for d in self.desks.values() if d["agent_id"] == agent], *names)
