"""The graphs of all tenants as their operator keeps them: made anew, held against the tables, dropped.

Each tenant's is a transaction of its own: a graph is some thirty tables, and every one of them takes a
lock until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from tenantry.errors import GraphUnavailable
from tenantry.handles import ServiceTransaction
from tenantry.kernel import retry
from tenantry.schema.graph import IS_KEPT, ROOTS

#: What `db.serving(reason)` gives.
Begin = Callable[[], AbstractAsyncContextManager[ServiceTransaction]]

# Two tables are there in every graph, whatever is in it.
_STANDING: Final = f"""
    SELECT t.id AS tenant_id, t.slug AS tenant,
           count(c.oid) FILTER (WHERE c.relname NOT IN {ROOTS}) AS labels,
           coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
    FROM tenantry.tenants_with_graph() AS g (id) JOIN tenantry.tenants AS t ON t.id = g.id
    LEFT JOIN pg_class AS c ON c.relkind = 'r'
        AND c.relnamespace = to_regnamespace('tg_' || replace(t.id::text, '-', ''))
    WHERE $1::uuid IS NULL OR t.id = $1
    GROUP BY t.id, t.slug ORDER BY t.slug"""  # noqa: S608
_LACKING: Final = """
    SELECT t.id, t.slug FROM tenantry.tenants AS t
    WHERE t.status <> 'deleted' AND t.id NOT IN (SELECT tenantry.tenants_with_graph()) ORDER BY t.slug"""
_DIFFERENCES: Final = (
    "SELECT label, missing, surplus FROM tenantry.compare_graph($1)"
    " WHERE missing > 0 OR surplus > 0 ORDER BY label"
)
_IS_THERE: Final = "SELECT to_regnamespace('ag_catalog') IS NOT NULL"
# A large tenant's graph takes longer than any statement of an application should.
_PATIENTLY: Final = "SELECT set_config('statement_timeout', '0', true)"


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant's graph on disk."""

    tenant_id: UUID
    tenant: str
    labels: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How a label differs from what the tables say it holds."""

    label: str
    missing: int
    surplus: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found, and whether the graph has been made anew for it and equals the tables now."""

    differences: Sequence[Difference]
    mended: bool = False

    @property
    def ok(self) -> bool:
        return self.mended or not self.differences


async def standing(begin: Begin, tenant_id: UUID | None = None) -> list[Standing]:
    """Every graph, or the one of this tenant."""
    async with begin() as s:
        await _there(s)
        return [Standing(**dict(row)) for row in await s.fetch(_STANDING, tenant_id)]


async def lacking(begin: Begin) -> list[tuple[UUID, str]]:
    """Tenants (id, slug) that have no graph yet."""
    async with begin() as s:
        await _there(s)
        return [(row[0], row[1]) for row in await s.fetch(_LACKING)]


async def kept(begin: Begin) -> bool:
    """Whether the graphs follow their tables: without the triggers they would not."""
    async with begin() as s:
        return bool(await s.fetch_value(IS_KEPT))


async def rebuild(begin: Begin, tenant_id: UUID) -> None:
    """Make a tenant's graph anew from its tables, or make it. Writers of the tenant wait meanwhile."""

    async def work(s: ServiceTransaction) -> None:
        await s.execute(_PATIENTLY)
        await _rebuild(s, tenant_id)

    await retry.run(begin, work)


async def compare(begin: Begin, tenant_id: UUID, *, mend: bool = False) -> Comparison:
    """Hold a tenant's graph against its tables; where it differs, `mend` makes it anew."""

    async def work(s: ServiceTransaction) -> Comparison:
        await s.execute(_PATIENTLY)
        differences = await _differences(s, tenant_id)
        if not (differences and mend):
            return Comparison(differences)
        await _rebuild(s, tenant_id)
        return Comparison(differences, mended=not await _differences(s, tenant_id))

    return await retry.run(begin, work)


async def drop(begin: Begin, tenant_id: UUID) -> bool:
    """Drop a tenant's graph; whether there was one. It is made again when it is next asked."""

    async def work(s: ServiceTransaction) -> bool:
        await s.execute(_PATIENTLY)
        return bool(await s.fetch_value("SELECT tenantry.drop_graph($1)", tenant_id))

    return await retry.run(begin, work)


async def _rebuild(s: ServiceTransaction, tenant_id: UUID) -> None:
    await s.execute("SELECT tenantry.rebuild_graph($1)", tenant_id)


async def _differences(s: ServiceTransaction, tenant_id: UUID) -> list[Difference]:
    return [Difference(**dict(row)) for row in await s.fetch(_DIFFERENCES, tenant_id)]


async def _there(s: ServiceTransaction) -> None:
    if not await s.fetch_value(_IS_THERE):
        raise GraphUnavailable(
            "This database has no graphs: the feature is not enabled.",
            hint="Run `tenantry feature enable graph`. What needs no Cypher works without it.",
            feature="graph",
            reason="feature",
        )
