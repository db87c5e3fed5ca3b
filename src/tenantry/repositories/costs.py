"""Expenses and their sums. Sums over a time look only into the partitions of that time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select

from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import CostEntry

from .base import Creates, Row
from .recent import Recent
from .timed import Timed

CONSTRAINT_MESSAGES.update({"cost_entries_cost_usd_check": "A cost is not negative."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A sum of expenses."""

    entries: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCost(Cost):
    month: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCost(Cost):
    """What a desk has cost; without one, what no desk has."""

    desk_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost(Cost):
    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class CostSummary:
    """A line of the dashboards' view, as of its last refresh."""

    month: date
    provider: str
    model: str
    entries: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


class Costs(Timed[CostEntry], Recent[CostEntry]):
    """The sums take `since=` and `until=`, and filters as `list` does: `total(task_id=…)`.

    A session's messages and executions carry costs of their own, which are booked when it is closed.
    Uses of models that are recorded here with its `session_id`, or for an execution of it, are taken
    off that: each is booked once, before the end or after. An expense with neither model, tokens nor
    execution, a tool's fee say, comes on top."""

    model = CostEntry
    #: The cost is that of the tokens at the price of the moment, unless it is given.
    create = record = Creates(CostEntry)

    async def total(self, **filters: Any) -> Cost:
        (row,) = await self._sums((), filters)
        return Cost(**dict(row))

    async def by_month(self, **filters: Any) -> list[MonthCost]:
        rows = await self._sums(("billing_month",), filters)
        return [MonthCost(month=row[0], **_sums_of(row)) for row in rows]

    async def by_desk(self, **filters: Any) -> list[DeskCost]:
        rows = await self._sums(("desk_id",), filters)
        return [DeskCost(desk_id=row[0], **_sums_of(row)) for row in rows]

    async def by_model(self, **filters: Any) -> list[ModelCost]:
        rows = await self._sums(("provider", "model"), filters)
        return [ModelCost(provider=row[0], model=row[1], **_sums_of(row)) for row in rows]

    async def summary(self) -> list[CostSummary]:
        """By month and model, from the view: quick, and as old as its last refresh."""
        rows = await self._scope.within("SELECT * FROM tenantry.cost_summary()")
        return [CostSummary(*row) for row in rows]

    async def _sums(self, by: tuple[str, ...], filters: dict[str, Any]) -> Sequence[Row]:
        c = self._compiler.table.c
        keys = [c[name] for name in by]
        tokens = [
            cast(func.coalesce(func.sum(c[name]), 0), BigInteger).label(name)
            for name in ("input_tokens", "output_tokens", "cached_tokens")
        ]
        cost = func.coalesce(func.sum(c.cost_usd), 0).label("cost_usd")
        sums = (func.count().label("entries"), *tokens, cost)

        def build(where: list[Any]) -> Any:
            return select(*keys, *sums).where(*where).group_by(*keys).order_by(*keys)

        return await self._fetch(*self._compiler.filtered(("sums", *by), build, (), filters))


def _sums_of(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in Cost.__dataclass_fields__}
