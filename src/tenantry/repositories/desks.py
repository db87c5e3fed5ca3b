"""Desks: who reports to whom, and how each position does."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, cast, column, func, select

from tenantry.errors import NotFound
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Desk
from tenantry.schema.statements import Statement, compile_statement, readable, slot

from .base import Creates
from .hierarchy import Hierarchy

CONSTRAINT_MESSAGES.update(
    {
        "desks_code_check": "A code is up to 63 letters, digits, hyphens and underscores.",
        "desks_tenant_id_code_key": "There is a desk with this code already.",
        "desks_reports_to_id_fkey": "There is no such desk to report to.",
    }
)


@dataclass(frozen=True, slots=True)
class PlacedDesk:
    """A desk of a subtree, and how far it is below the top."""

    desk: Desk
    depth: int


@dataclass(frozen=True, slots=True)
class DeskPerformance:
    """A desk's figures, as of the last refresh of the view."""

    desk_id: UUID
    code: str
    title: str
    tasks_completed: int
    tasks_open: int
    tasks_failed: int
    sessions: int
    avg_session_ms: Decimal | None
    cost_usd: Decimal


class Desks(Hierarchy[Desk]):
    """The database keeps each desk's path, and refuses that one would report to itself."""

    model = Desk
    above = "reports_to_id"
    create = Creates(Desk)

    async def create_many(self, rows: Any) -> Any:
        """All rows or none; a desk may stand before the one it reports to."""
        async with self._scope.transaction() as scope:
            inside = type(self)(scope)
            made = await super(Desks, inside).create_many(rows)
            # Where one does, its path was known only at the statement's end.
            found = {d.id: d for d in await inside._all([d.id for d in made])}
        return [found[d.id] for d in made]

    async def by_code(self, code: str) -> Desk | None:
        page = await self.list(code=code, limit=1)
        return page[0] if page else None

    async def move(self, id: UUID, *, to: UUID | None) -> Desk:
        """Have a desk, with all below it, report to another one, or to nobody."""
        return await self.update(id, reports_to_id=to)

    async def subtree(self, id: UUID) -> list[PlacedDesk]:
        """A desk and all below it, each before those that report to it."""
        statement = _subtree()
        values = {"tenant_id": self._scope.tenant_id, "top": id}
        rows = await self._scope.within(statement.sql, *statement.arguments(values))
        if not rows:
            raise NotFound("desks", id)
        return [PlacedDesk(self._load(row[:-1]), row["depth"]) for row in rows]

    async def chain_of_command(self, id: UUID) -> list[Desk]:
        """The desk, the one it reports to, and so on up to the top."""
        statement = _chain()
        values = {"tenant_id": self._scope.tenant_id, "below": id}
        rows = await self._scope.fetch(statement.sql, *statement.arguments(values))
        if not rows:
            raise NotFound("desks", id)
        return [self._load(row) for row in rows]

    async def performance(self) -> list[DeskPerformance]:
        """Every desk's figures; `refresh_views` of the service role brings them up to date."""
        rows = await self._scope.within("SELECT * FROM tenantry.desk_figures()")
        return [DeskPerformance(*row) for row in rows]

    async def _all(self, ids: list[UUID]) -> list[Desk]:
        statement, values = self._compiler.filtered(
            ("all",), lambda where: select(*self._compiler.columns).where(*where), (), {"id": ids}
        )
        return [self._load(row) for row in await self._fetch(statement, values)]


_desks = Desk.__table__


@cache
def _subtree() -> Statement:
    below = func.tenantry.desk_subtree(slot("top")).table_valued(
        column("id", Uuid()), column("depth", Integer()), name="below"
    )
    return compile_statement(
        select(*readable(Desk), below.c.depth)
        .select_from(below.join(_desks, _desks.c.id == below.c.id))
        .where(_desks.c.tenant_id == slot("tenant_id"))
        .order_by(_desks.c.path)
    )


@cache
def _chain() -> Statement:
    """The labels of a path are ids."""
    below = _desks.alias("below")
    labels = func.string_to_array(func.public.ltree2text(below.c.path), ".")
    return compile_statement(
        select(*readable(Desk))
        .select_from(below.join(_desks, _desks.c.tenant_id == below.c.tenant_id))
        .where(
            below.c.tenant_id == slot("tenant_id"),
            below.c.id == slot("below"),
            _desks.c.id == func.any(cast(labels, ARRAY(Uuid()))),
        )
        .order_by(func.public.nlevel(_desks.c.path).desc())
    )
