"""Changing all rows of a big table while it is in use: batch by batch, each a short transaction.

How far it has come stands in `tenantry_upkeep.backfills`, written by the batch's own transaction: interrupted,
even killed, it goes on where it was, and no row is changed twice. Between batches it steps back: for
whoever holds a row that it comes to, and for replicas that fall behind.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from alembic import op
from sqlalchemy import Connection, text

from tenantry.errors import InvalidInput

from .autocommit import autocommitting, patiently, short_waits, until_granted

PROGRESS: Final = "backfills"

#: The owner alone reaches it, so it is no table that models, grants and policies speak of.
_TABLE: Final = f"""
    CREATE TABLE IF NOT EXISTS tenantry_upkeep.{PROGRESS} (
        name text PRIMARY KEY, last_key text[], batches bigint NOT NULL DEFAULT 0, rows bigint NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz)"""
_KEY: Final = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_index AS i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = to_regclass(:table) AND i.indisprimary ORDER BY k.n"""
#: What connected replicas have not written down yet, in bytes, by their slots: those everybody may see.
_BEHIND: Final = """
    SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint
    FROM pg_replication_slots WHERE slot_type = 'physical' AND active"""
#: What a context of Alembic is given, to say how far a revision has come.
TELL: Final = "tenantry_tell"
_POLICY: Final = "tenantry_backfill"
#: Keeps from the owner what the roles may see whose functions it hands over (schema/access.py).
FLOOR: Final = "owner_floor"


@dataclass(frozen=True, slots=True)
class Filled:
    """What a backfill has done in all, also before an interruption."""

    rows: int
    batches: int


def backfill(
    table: str,
    set: str,
    where: str = "true",
    *,
    name: str | None = None,
    batch: int = 5000,
    pause: float = 0.0,
    max_behind: int = 64 * 1024**2,
) -> Filled:
    """In a revision: `UPDATE tenantry.<table> SET <set> WHERE <where>`, in batches of so many rows in the
    order of the table's key, with a pause of seconds in between for those who do other work. It waits
    while a replica that has a slot is more than `max_behind` bytes of WAL behind. A table that is yet to
    be adopted is given with its schema, `public.orders`, and is the owner's.

    `name` tells one backfill from another; that of its table and text unless given. Triggers of the table
    fire as for any update. What the revision has done before is committed first.
    """
    if not re.fullmatch(r"([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*", table):
        raise InvalidInput("A table is given by its name, or schema.name.", field="table")
    if batch < 1:
        raise InvalidInput("A batch is one row at least.", field="batch")
    table = table if "." in table else f"tenantry.{table}"
    statement = f"UPDATE {table} SET {set} WHERE {where}"
    with autocommitting(f"-- in batches of {batch}\n{statement}") as connection:
        if connection is None:  # a rehearsal
            return Filled(0, 0)
        filling = _Backfill(connection, table, set, where, name or statement)
        with short_waits(connection):
            return filling.run(batch, pause, max_behind)


class _Backfill:
    def __init__(self, connection: Connection, table: str, set: str, where: str, name: str) -> None:
        self._connection = connection
        self._tell: Callable[[str], None] = op.get_context().opts.get(TELL) or (lambda _: None)
        self._table = table
        self._name = name
        key = connection.execute(text(_KEY), {"table": self._table}).all()
        if not key:
            raise InvalidInput(f"{table} has no primary key to go by.", field="table")
        names = ", ".join(f'k."{row[0]}"' for row in key)
        after = ", ".join(
            f"CAST((CAST(:after AS text[]))[{n}] AS {row[1]})" for n, row in enumerate(key, 1)
        )
        # By names of their own, so that a condition may name the table's columns.
        taken = ", ".join(f'k."{row[0]}" AS key_{n}' for n, row in enumerate(key))
        joined = " AND ".join(f't."{row[0]}" = b.key_{n}' for n, row in enumerate(key))
        last = ", ".join(f"b.key_{n}::text" for n in range(len(key)))
        order = ", ".join(f"b.key_{n} DESC" for n in range(len(key)))
        condition, change = map(_literally, (where, set))
        # The batch is the next stretch of the key; of that, the rows that need the change. One statement
        # changes them and notes how far it went: both or neither.
        self._batch = f"""
            WITH b AS MATERIALIZED (
                SELECT {taken} FROM {self._table} AS k {{after}} ORDER BY {names} LIMIT CAST(:size AS bigint)),
            changed AS (
                UPDATE {self._table} AS t SET {change} FROM b WHERE {joined} AND ({condition}) RETURNING 1)
            UPDATE tenantry_upkeep.{PROGRESS} AS p
            SET last_key = coalesce((SELECT ARRAY[{last}] FROM b ORDER BY {order} LIMIT 1), p.last_key),
                batches = p.batches + 1, rows = p.rows + (SELECT count(*) FROM changed),
                finished_at = CASE WHEN (SELECT count(*) FROM b) < CAST(:size AS bigint) THEN clock_timestamp() END
            WHERE p.name = :name"""
        self._after = f"WHERE ({names}) > ({after})"

    def run(self, size: int, pause: float, max_behind: int) -> Filled:
        self._begin()
        while True:
            row = self._do(
                f"SELECT rows, batches, finished_at IS NOT NULL FROM tenantry_upkeep.{PROGRESS} WHERE name = :name"
            ).one()
            done = Filled(row[0], row[1])
            self._tell(f"Backfilling {self._table}: {done.rows:,} rows in {done.batches:,} batches")
            if row[2]:
                break
            while (behind := self._do(_BEHIND).scalar_one()) > max_behind:
                size_behind = f"{behind / 1024**2:,.0f} MB"
                self._tell(f"Backfilling {self._table}: waiting for a replica {size_behind} behind")
                time.sleep(0.2)
            until_granted(lambda: self._one(size))
            time.sleep(pause)
        self._open(open=False)
        return done

    def _begin(self) -> None:
        self._do("CREATE SCHEMA IF NOT EXISTS tenantry_upkeep")
        self._do(_TABLE)
        self._do(
            f"INSERT INTO tenantry_upkeep.{PROGRESS} (name) VALUES (:name) ON CONFLICT DO NOTHING"
        )
        self._open(open=True)

    def _open(self, *, open: bool) -> None:
        """Row security holds for the owner as well, who may alter it: for as long as this takes it sees
        the rows. The rules of the application's roles stay as they are."""
        found = self._do(
            "SELECT polname::text FROM pg_policy WHERE polrelid = to_regclass(:table)",
            table=self._table,
        ).scalars()
        names = set(found)
        on = f"ON {self._table}"
        if open and _POLICY not in names:
            rule = "TO CURRENT_USER USING (true) WITH CHECK (true)"
            patiently(self._connection, f"CREATE POLICY {_POLICY} {on} {rule}")
        if FLOOR in names:
            rule = "USING (true)" if open else "USING (false)"
            patiently(self._connection, f"ALTER POLICY {FLOOR} {on} {rule}")
        if not open:
            patiently(self._connection, f"DROP POLICY IF EXISTS {_POLICY} {on}")

    def _one(self, size: int) -> None:
        after = self._do(
            f"SELECT last_key FROM tenantry_upkeep.{PROGRESS} WHERE name = :name"
        ).scalar_one()
        if after is None:
            self._do(self._batch.format(after=""), size=size)
        else:
            self._do(self._batch.format(after=self._after), size=size, after=after)

    def _do(self, sql: str, **values: Any) -> Any:
        return self._connection.execute(text(sql), {"name": self._name, **values})


def _literally(part: str) -> str:
    """Neither a colon nor a brace in it is ours."""
    part = re.sub(r"(?<![:\\]):(?=\w)", r"\:", part)
    return part.replace("{", "{{").replace("}", "}}")
