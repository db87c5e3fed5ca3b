"""Rows that are older than they are to be kept, taken out by whole partitions.

They become tables of the schema `tenantry_archive`, which the owner alone reads, to be dumped and
dropped. Nothing is taken out unless somebody says how long a table's rows are kept; of the record,
nothing that is not sealed; and nothing that holds rows of a tenant under legal hold.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from tenantry import ids
from tenantry.errors import InvalidInput
from tenantry.kernel.patience import SHORT_WAITS, patiently
from tenantry.models import SCHEMA, metadata
from tenantry.ops import retention
from tenantry.schema.partitions import partitioned

from .step import Action, Step, Upkeep

#: How long a lock is asked for, in seconds.
_WAIT = 60.0
_HELD = """
    SELECT count(DISTINCT h.tenant_id) FROM tenantry.tenant_holds AS h
    WHERE EXISTS (SELECT FROM tenantry.{table} AS r WHERE r.tenant_id = h.tenant_id AND r.id >= $1 AND r.id < $2)"""
_BOUNDS = """
    SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \\('(.+)'\\) TO \\('(.+)'\\)$re$)::uuid[]
    FROM pg_class AS c WHERE c.oid = format('tenantry.%I', $1::text)::regclass"""
_FORGOTTEN = """
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('tenantry_archive')
      AND obj_description(c.oid, 'pg_class') = 'graphs still hold it' ORDER BY 1"""


def check(upkeep: Upkeep) -> None:
    """`InvalidInput` where rows are to be kept by what has no partitions."""
    known = partitioned(metadata)
    if unknown := sorted(set(upkeep.keep) - set(known)):
        raise InvalidInput(
            f"{unknown[0]} has no partitions to take out.",
            field="keep",
            hint=f"These have: {', '.join(sorted(known))}.",
        )


async def _retire(upkeep: Upkeep) -> list[Action]:
    done: list[Action] = []
    async with upkeep.owner() as connection:
        await connection.execute(SHORT_WAITS)
        for table, kept in upkeep.keep.items():
            if upkeep.name not in (None, table):
                continue
            before = upkeep.now() - kept
            why = f"all of it is older than {kept.days} days"
            for child in await retention.ended(connection, table, before):
                upkeep.tell(f"Taking out {child}")
                if held := await _held(upkeep, connection, table, child):
                    done.append(Action("keep", child, f"it holds rows of {held} under legal hold"))
                    continue
                call = "SELECT tenantry.detach_sealed($1, $2)"
                if table not in retention.TABLES:
                    call = "SELECT tenantry.detach_period($1, $2)"
                if upkeep.dry_run:
                    done.append(Action("detach", child, why))
                elif name := await patiently(connection, _WAIT, call, table, child):
                    done.append(Action("detach", child, why, name))
                else:
                    done.append(Action("keep", child, "not all of it is sealed"))
        if not upkeep.dry_run:
            for (child,) in await connection.fetch(_FORGOTTEN):
                done.append(await _forget(upkeep, child))
                await connection.execute(f'COMMENT ON TABLE tenantry_archive."{child}" IS NULL')
    return done


async def _held(upkeep: Upkeep, connection: asyncpg.Connection[Any], table: str, child: str) -> str:
    """How many tenants of which it holds rows are under a hold; nothing if none is."""
    if "tenant_id" not in metadata.tables[f"{SCHEMA}.{table}"].columns:
        return ""
    bounds = await connection.fetchval(_BOUNDS, child)
    begin = await upkeep.db.serving("maintain retention")
    async with begin() as s:
        await s.execute("SELECT set_config('statement_timeout', '0', true)")
        count: int = await s.fetch_value(_HELD.format(table=table), *bounds)
    return f"{count} tenant{'s' * (count > 1)}" if count else ""


async def _forget(upkeep: Upkeep, child: str) -> Action:
    """The graphs hold what the partition held. Each tenant's is a transaction; interrupted, the next run
    does it."""
    begin = await upkeep.db.serving("maintain retention")
    async with upkeep.owner() as connection:
        ends = await connection.fetchrow(
            f'SELECT min(id::text)::uuid, max(id::text)::uuid FROM tenantry_archive."{child}"'  # noqa: S608 - of the catalog
        )
    gone = 0
    if ends and ends[0] is not None:
        async with begin() as s:
            tenants = [row[0] for row in await s.fetch("SELECT tenantry.tenants_with_graph()")]
        for tenant in tenants:
            async with begin() as s:
                call = "SELECT tenantry.forget_executions($1, $2, $3)"
                gone += await s.fetch_value(call, tenant, *ends)
    month = f", of {ids.time_of(ends[0]):%Y-%m}" if ends and ends[0] else ""
    return Action("forget", child, f"its rows were in the graphs{month}", f"{gone} vertices")


STEP = Step("retention", "take out partitions that are older than --keep says", _retire, "a table")
