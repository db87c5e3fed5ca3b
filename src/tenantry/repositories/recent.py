"""Pages of partitioned tables, sought from one end on: what is newest is found in the newest
partitions, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement

from tenantry import ids
from tenantry.errors import InvalidInput
from tenantry.models.base import Base, Partitioned

from .base import Order, Page, Repository

M = TypeVar("M", bound=Base)

_PERIODS = {"week": timedelta(days=7), "month": timedelta(days=31)}
#: How many periods are looked into at first, next, and after that; then all that are left.
_STEPS = (1, 4, 16)
#: Before it nothing is sought by parts.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class Recent(Repository[M]):
    """Of a `Partitioned` model. A page that the last period can fill costs one look into it; one
    that takes rows of long ago costs a few."""

    async def list(
        self,
        *criteria: ColumnElement[bool],
        limit: int = 50,
        after: UUID | None = None,
        order: Order = "newest",
        since: datetime | None = None,
        until: datetime | None = None,
        **filters: Any,
    ) -> Page[M]:
        for name, moment in (("since", since), ("until", until)):
            if moment is not None:
                check_moment(name, moment)
        page: Page[M] = Page()
        for lower, upper in self._windows(order, after, since, until):
            room = limit - len(page)
            found = await super().list(
                *criteria,
                # Of a full page it is left to say whether there is another.
                limit=max(room, 1) if page else room,
                after=after,
                order=order,
                since=lower,
                until=upper,
                **filters,
            )
            page += found[:room]
            if found.next or len(found) > room:
                last: Any = page[-1]
                page.next = last.id
                break
        return page

    def _windows(
        self, order: Order, after: UUID | None, since: datetime | None, until: datetime | None
    ) -> Iterator[tuple[datetime | None, datetime | None]]:
        """Spans of time from the end where the page begins."""
        assert issubclass(self.model, Partitioned)  # noqa: S101 - what the class is for
        period, now, start = _PERIODS[self.model.__period__], datetime.now(UTC), _time_of(after)
        if order == "newest":
            edge = min(moment for moment in (now, until, start) if moment)
            for periods in _STEPS:
                edge -= periods * period
                if edge <= (since or _BEGINNING):
                    break
                yield edge, until
                until = edge
        elif edges := [moment for moment in (since, start) if moment]:
            edge = max(edges)
            for periods in _STEPS:
                edge += periods * period
                if edge >= (until or now):
                    break
                yield since, edge
                since = edge
        yield since, until


def check_moment(name: str, moment: Any) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidInput(f"{name} is a datetime with a timezone.", field=name)


def _time_of(id: UUID | None) -> datetime | None:
    """None also for an id that is no UUIDv7 and whose time is beyond the calendar."""
    try:
        return ids.time_of(id) if id is not None else None
    except OverflowError:
        return None
