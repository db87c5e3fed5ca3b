"""Rows and checksums of every table, as one transaction sees them.

The checksum does not depend on the order of rows. Columns that the server computes are left out: a
restore computes them again. So are the graphs, which are rebuilt.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from .manifest import Figures

#: Whatever no hash operator class is for is hashed as text.
_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), (
    SELECT string_agg(quote_ident(a.attname) || CASE WHEN hashable.yes THEN '' ELSE '::text' END, ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a
    JOIN pg_type AS own ON own.oid = a.atttypid
    JOIN pg_type AS t ON t.oid = CASE WHEN own.typtype = 'd' THEN own.typbasetype ELSE own.oid END
    CROSS JOIN LATERAL (
        SELECT t.typtype IN ('e', 'r') OR EXISTS (
            SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod
            WHERE m.amname = 'hash' AND o.opcdefault
              AND o.opcintype = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
        ) AS yes
    ) AS hashable
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname <> 'ag_catalog' AND n.nspname NOT LIKE 'tg\\_%'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""


async def figures(
    connection: asyncpg.Connection[Any], *, checksums: bool = True
) -> dict[str, Figures]:
    """In the connection's transaction. A policy that would hide rows is an error, not a shorter sum."""
    await connection.execute("SET row_security = off; SET statement_timeout = 0")
    found = {}
    for table, columns in await connection.fetch(_TABLES):
        hashed = (
            f"bit_xor(hash_record_extended(ROW({columns}), 0))" if checksums else "NULL::bigint"
        )
        row = await connection.fetchrow(f"SELECT count(*), {hashed} FROM {table}")  # noqa: S608 - names of the catalog
        count, checksum = row or (0, None)
        found[table] = Figures(count, (checksum or 0) if checksums else None)
    return found


def differences(wanted: dict[str, Figures], found: dict[str, Figures]) -> list[str]:
    """What a restored database lacks of what was backed up, in words."""
    wrong = []
    for table, want in wanted.items():
        have = found.get(table)
        if have is None:
            wrong.append(f"{table} is missing")
        elif have.rows != want.rows:
            wrong.append(f"{table} has {have.rows:,} rows, not {want.rows:,}")
        elif want.checksum is not None and have.checksum != want.checksum:
            wrong.append(f"{table} has the right number of rows, but not their content")
    return wrong
