"""A tenant set back to what it was in another copy of the database: one restored beside this.

What changed since is told table by table; applied, rows go out and come in by one transaction, and those
of other tenants are not touched.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg

from tenantry.database import Database
from tenantry.errors import NotFound, TransferRefused
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor
from tenantry.kernel.plain import connected
from tenantry.ops import graphs

from .archive import batches
from .tables import AS_TEXT, LOG, OUTBOX, SEALS, SNAPSHOT, TenantTable, revisions, tenant_tables

Tell = Callable[[str], None]

#: What time does not run backwards for: what the platform decided, keys that were revoked, invitations
#: that were withdrawn or accepted, the record, events that were sent, and fences that were given out.
STAYS: Final = frozenset(
    {
        "tenants", "tenant_quotas", "tenant_holds", "api_keys", "invitations", LOG, SEALS, OUTBOX,
        "lock_fences",
    }
)  # fmt: skip
#: As when members leave: who joined since is none any more, and what stays may point at him.
_LEAVE: Final = (
    "DELETE FROM tenantry.api_keys AS k WHERE k.tenant_id = $1 AND k.user_id IS NOT NULL AND NOT EXISTS"
    " (SELECT FROM tenantry.memberships AS m WHERE m.tenant_id = $1 AND m.user_id = k.user_id)",
    *(
        f"UPDATE tenantry.invitations AS i SET {column} = NULL WHERE i.tenant_id = $1"  # noqa: S608 - names of ours
        f" AND i.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM tenantry.memberships AS m"
        f" WHERE m.tenant_id = $1 AND m.user_id = i.{column})"
        for column in ("invited_by", "accepted_by")
    ),
)
#: Keys that are shown of each kind.
_SHOWN: Final = 10
_STATUS: Final = "SELECT status FROM tenantry.tenants WHERE id = $1 FOR UPDATE"
_THERE: Final = "SELECT EXISTS (SELECT FROM tenantry.tenants WHERE id = $1)"
_UNLOAD: Final = "SELECT tenantry.unload_rows($1, $2, $3, $4)"
_LOAD: Final = "SELECT tenantry.load_rows($1, $2, $3, $4)"
_CHECK: Final = "SELECT tenantry.check_references($1)"
_IN_TENANT: Final = "SELECT set_config('app.tenant_id', $1, true)"
_TOLD: Final = "SELECT tenantry.record_event('rewind', 'tenants', $1, $2)"
_BATCH: Final = 5_000


@dataclass
class Difference:
    """What a rewind does to one table, by keys (JSON arrays of texts)."""

    table: str
    #: Gone or never there since: they come back.
    missing: list[str] = field(default_factory=list)
    #: Another content: they become what they were.
    changed: list[str] = field(default_factory=list)
    #: Made since: they go.
    added: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.added)

    def to_dict(self) -> dict[str, Any]:
        counts = {name: len(getattr(self, name)) for name in ("missing", "changed", "added")}
        keys = {name: getattr(self, name)[:_SHOWN] for name in counts}
        return {"table": self.table, **counts, "keys": keys}


@dataclass
class Rewind:
    tenant_id: UUID
    differences: list[Difference]
    applied: bool = False
    graph: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "tenant_id": str(self.tenant_id),
            "applied": self.applied,
            "graph": self.graph,
            "tables": [found.to_dict() for found in self.differences],
        }


async def rewind(
    db: Database,
    tenant_id: UUID,
    source_url: str,
    *,
    apply: bool = False,
    reason: str = "tenant restore",
    actor: Actor | None = None,
    tell: Tell = lambda _: None,
) -> Rewind:
    """Compare a tenant with its copy in the database at `source_url` (as the service role); `apply`
    makes it equal. Applied to a suspended tenant alone, since nobody may write meanwhile."""
    begin = await db.serving(reason, actor=actor)
    async with (
        connected(source_url, name="tenantry-rewind") as raw,
        raw.transaction(isolation="repeatable_read", readonly=True),
    ):
        source = _Source(raw)
        await source.fetch(AS_TEXT)
        if not await raw.fetchval(_THERE, tenant_id):
            raise NotFound("tenant", tenant_id)
        async with begin() as s:
            await s.execute(SNAPSHOT)
            await s.execute(AS_TEXT)
            await _may_be(s, tenant_id, apply=apply)
            tables = await _both(s, source)
            done = Rewind(tenant_id, [])
            for table in tables:
                tell(f"Comparing {table.label}")
                done.differences.append(await _compare(s, source, table, tenant_id))
            if apply and any(done.differences):
                await _merge(s, source, tables, done, tell)
            done.applied = apply
            done.differences = [found for found in done.differences if found]
    if done.applied and done.differences:
        tell("Bringing views and the graph up to date")
        async with begin() as s:
            await s.refresh_views()
        if await graphs.kept(begin):
            await graphs.rebuild(begin, tenant_id)
            done.graph = True
    return done


@dataclass
class _Source:
    """The other database, read as this one is."""

    connection: asyncpg.Connection[Any]

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]:
        rows: Sequence[Any] = await self.connection.fetch(sql, *args)
        return rows

    async def stream(self, sql: str, *args: Any, batch: int = 500) -> AsyncIterator[Any]:
        async for row in self.connection.cursor(sql, *args, prefetch=batch):
            yield row


async def check(db: Database, tenant_id: UUID, *, apply: bool, reason: str) -> None:
    """Refuse what will be refused before hours go into a restore."""
    async with db.service(reason) as s:
        await _may_be(s, tenant_id, apply=apply)


async def _may_be(s: ServiceTransaction, tenant_id: UUID, *, apply: bool) -> None:
    status = await s.fetch_value(_STATUS, tenant_id)
    if status is None:
        raise NotFound("tenant", tenant_id)
    if apply and status != "suspended":
        raise TransferRefused(
            f"Tenant {tenant_id} is {status}: only a suspended one is rewound.",
            hint="Run `tenantry tenant suspend` first, and `resume` afterwards.",
            reason="status",
        )


async def _both(s: ServiceTransaction, source: _Source) -> list[TenantTable]:
    here, there = await revisions(s), await revisions(source)
    if here != there:
        raise TransferRefused(
            f"The other database has the schema's revision {', '.join(there)}, this one {', '.join(here)}.",
            hint="Restore it as a database of its own, bring that to the same revision with"
            " `tenantry migrate up`, and name it with --from.",
            reason="revision",
        )
    theirs = {table.relation: table.columns for table in await tenant_tables(source)}
    tables = [t for t in await tenant_tables(s) if t.name not in STAYS and t.key]
    for table in tables:
        if theirs.get(table.relation) != table.columns:
            raise TransferRefused(
                f"The table {table.label} is not in the other database, or has other columns there.",
                reason="revision",
                table=table.label,
            )
    return tables


async def _compare(
    s: ServiceTransaction, source: _Source, table: TenantTable, tenant_id: UUID
) -> Difference:
    """Both sides in the order of their keys, side by side."""
    found = Difference(table.label)
    here = s.stream(table.digests, tenant_id, batch=_BATCH)
    there = source.stream(table.digests, tenant_id, batch=_BATCH)
    mine, theirs = await _next(here), await _next(there)
    while mine or theirs:
        if mine and (not theirs or mine[0] < theirs[0]):
            found.added.append(mine[0])
            mine = await _next(here)
        elif theirs and (not mine or theirs[0] < mine[0]):
            found.missing.append(theirs[0])
            theirs = await _next(there)
        elif mine and theirs:
            if mine[1] != theirs[1]:
                found.changed.append(mine[0])
            mine, theirs = await _next(here), await _next(there)
    return found


async def _next(rows: AsyncIterator[Any]) -> tuple[str, str] | None:
    """Key and digest."""
    row = await anext(rows, None)
    return (row["key"], row["digest"]) if row is not None else None


async def _merge(
    s: ServiceTransaction, source: _Source, tables: list[TenantTable], done: Rewind, tell: Tell
) -> None:
    """Out from the last table to the first, in from the first to the last."""
    pairs = list(zip(tables, done.differences, strict=True))
    for table, found in reversed(pairs):
        tell(f"Taking out {table.label}")
        gone = (_as_row(table, key) for key in (*found.added, *found.changed))
        for some in batches(gone):
            await s.execute(_UNLOAD, done.tenant_id, table.relation, list(table.key), some)
    for table, found in pairs:
        tell(f"Putting in {table.label}")
        wanted = [*found.missing, *found.changed]
        for start in range(0, len(wanted), _BATCH):
            rows = await source.fetch(table.chosen, done.tenant_id, wanted[start : start + _BATCH])
            texts = (json.dumps(dict(row), ensure_ascii=False) for row in rows)
            for some in batches(texts):
                await s.execute(_LOAD, done.tenant_id, table.relation, list(table.columns), some)
    for statement in _LEAVE:
        await s.execute(statement, done.tenant_id)
    await s.execute(_CHECK, done.tenant_id)
    await s.execute(_IN_TENANT, str(done.tenant_id))
    await s.execute(_TOLD, done.tenant_id, _counts(done.differences))


def _as_row(table: TenantTable, key: str) -> str:
    return json.dumps(dict(zip(table.key, json.loads(key), strict=True)))


def _counts(differences: Iterable[Difference]) -> dict[str, Any]:
    return {
        found.table: {
            "missing": len(found.missing),
            "changed": len(found.changed),
            "added": len(found.added),
        }
        for found in differences
        if found
    }
