"""Rows that stand below others of their table, as desks and tasks do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from tenantry.errors import AlreadyExists, CircularReference, InvalidRows
from tenantry.models.base import Base

from .base import Repository

M = TypeVar("M", bound=Base)
Rows = Sequence[Mapping[str, Any]]


class Hierarchy(Repository[M]):
    """A batch may name a row before the one it stands below: they are written from the top down,
    so that one which is refused is refused for a reason of its own."""

    #: The reference to the row above.
    above: ClassVar[str]

    async def create_many(self, rows: Rows) -> Sequence[M]:
        order = self._from_the_top(rows)
        sorted_rows = [{self.above: None, **rows[place]} for place in order]
        try:
            made = await super().create_many(sorted_rows)
        except (InvalidRows, AlreadyExists) as error:
            found = [{**e, "index": order[e["index"]]} for e in error.fields.get("errors", ())]
            found.sort(key=lambda fault: int(fault["index"]))
            if isinstance(error, InvalidRows):
                raise InvalidRows(found, of=len(rows)) from error.__cause__
            named = {**error.fields, "errors": found}
            raise AlreadyExists(error.message, hint=error.hint, **named) from error.__cause__
        placed = dict(zip(order, made, strict=True))
        return [placed[place] for place in range(len(rows))]

    def _from_the_top(self, rows: Rows) -> list[int]:
        """The places of the rows, each behind that of the row it stands below."""
        places = {str(row["id"]): place for place, row in enumerate(rows) if row.get("id")}
        above = [places.get(str(row.get(self.above))) for row in rows]
        order: dict[int, None] = {}
        circular: list[int] = []
        for start in range(len(rows)):
            way: dict[int, None] = {}
            at: int | None = start
            while at is not None and at not in order and at not in way:
                way[at] = None
                at = above[at]
            if at in way:
                circular += list(way)[list(way).index(at) :]
            order.update(dict.fromkeys(reversed(way)))
        if circular:
            raise self._refuse(sorted(circular), of=len(rows))
        return list(order)

    def _refuse(self, circular: list[int], *, of: int) -> InvalidRows:
        """As the database would, which knows the circle but not whose it is."""
        reason = "It stands below itself, by way of other rows of the batch."
        refused = InvalidRows([{"index": place, "reason": reason} for place in circular], of=of)
        refused.__cause__ = CircularReference(
            reason, table=self.model.__tablename__, constraint="no_circle", column=self.above
        )
        return refused
