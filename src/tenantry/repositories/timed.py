"""Rows of partitioned tables: their ids carry the time of the event, not of the insert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from tenantry import ids
from tenantry.models.base import Base

from .base import Repository
from .recent import check_moment

M = TypeVar("M", bound=Base)


class Timed(Repository[M]):
    """History is written by saying when: the id follows, and with it the partition. Before a big
    import, `ops.partitions.ensure` makes the partitions; without it the default one keeps the rows
    until they are moved."""

    #: The column that says when.
    moment: ClassVar[str] = "created_at"

    async def _create(self, *_: Any, **values: Any) -> M:
        return await super()._create(**self._dated(values))

    async def create_many(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[M]:
        return await super().create_many([self._dated(row) for row in rows])

    def _dated(self, values: Mapping[str, Any]) -> dict[str, Any]:
        moment = values.get(self.moment)
        if moment is None or values.get("id") is not None:
            return dict(values)
        check_moment(self.moment, moment)
        return {**values, "id": ids.uuid7_at(moment)}
