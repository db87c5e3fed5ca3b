"""Old partitions of the record, taken out once they are sealed.

They become tables of the schema `tenantry_archive`, which the owner alone reaches: to be dumped, and
dropped. Their seals stay, so that the rest of the record is verified as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from tenantry import ids
from tenantry.errors import InvalidInput
from tenantry.kernel.patience import patiently
from tenantry.kernel.plain import connected
from tenantry.models import AuditLog, PlatformLog

from .partitions import SETUP

TABLES = (AuditLog.__tablename__, PlatformLog.__tablename__)

_OLD = """
SELECT p.name FROM (
    SELECT c.relname AS name, regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$TO \\('(.+)'\\)$re$) AS upper
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = $1::regclass
) AS p
WHERE p.upper[1]::uuid <= $2 ORDER BY 1"""


@dataclass
class Retired:
    detached: list[str] = field(default_factory=list)
    #: Old enough, but not all of it is sealed.
    unsealed: list[str] = field(default_factory=list)


async def ended(connection: asyncpg.Connection[Any], table: str, before: datetime) -> list[str]:
    """The partitions of a table that end before a moment, the oldest first."""
    rows = await connection.fetch(_OLD, f"tenantry.{table}", ids.lower_bound(before))
    return [row[0] for row in rows]


async def detach(
    owner_url: str,
    before: datetime,
    *,
    tables: Sequence[str] = TABLES,
    patience: float = 60.0,
) -> Retired:
    """Take out the partitions that end before a moment. Run `audit verify` first: afterwards their
    entries are known by their seals alone."""
    if before.tzinfo is None:
        raise InvalidInput("The moment needs a timezone.", field="before")
    done = Retired()
    async with connected(owner_url, SETUP) as connection:
        for table in tables:
            for child in await ended(connection, table, before):
                call = "SELECT tenantry.detach_sealed($1, $2)"
                name = await patiently(connection, patience, call, table, child)
                (done.detached if name else done.unsealed).append(name or child)
    return done
