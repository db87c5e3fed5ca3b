"""Which tables are partitioned, by what, and what the names of their partitions tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import MetaData

from tenantry.models.base import Partitioned, model_of

#: For how many periods beyond the current one partitions are made unless somebody says otherwise.
AHEAD = 3
_CHILD = re.compile(r"^(?P<parent>\w+?)_(?:default|\d{4}_\d\d|\d{4}w\d\d)(?P<rest>_\w+)?$")


def partitioned(metadata: MetaData) -> dict[str, str]:
    """Each partitioned table and its period."""
    models = {table.name: model_of(table) for table in metadata.sorted_tables}
    return {n: m.__period__ for n, m in models.items() if issubclass(m, Partitioned)}


def moments(period: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """One moment in each period from `since` to `until`, which it includes."""
    moment = since.astimezone(UTC)
    while True:
        yield moment
        start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if period == "week":
            moment = start + timedelta(days=7 - start.weekday())
        else:
            moment = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        if moment > until:
            return


def upcoming(period: str, count: int, now: datetime) -> Iterator[datetime]:
    """One moment in the current period and in each of the `count` that follow it."""
    return islice(moments(period, now, datetime.max.replace(tzinfo=UTC)), count + 1)


def parent_names(table: str, constraint: str) -> tuple[str, str]:
    """The table and constraint that an error in a partition is about: errors name the child's."""
    child = _CHILD.match(table)
    if child is None:
        return table, constraint
    parent = child["parent"]
    return parent, parent + constraint[len(table) :] if constraint.startswith(table) else constraint
