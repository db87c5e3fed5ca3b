"""What a tenant's rows stand in, by the database's own catalog: the models' tables, those a platform
added as subclasses of ours, and whatever else has a `tenant_id`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, Protocol

from tenantry.models import SCHEMA
from tenantry.schema.catalog import VERSION_TABLE

#: Where retention puts the months it takes out of the record.
ARCHIVE: Final = "tenantry_archive"
#: The record and its seals, in words of its own.
LOG, SEALS = "audit_logs", "audit_seals"
#: Events wait for the relay of the database they were published in.
OUTBOX = "outbox_events"

#: Values as text, the same on every server and lossless: UTC, hex, the shortest digits that read back.
AS_TEXT: Final = """
SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
       set_config('intervalstyle', 'iso_8601', true), set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true), set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true)"""
#: One moment for everything that is read.
SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"

_TABLES: Final = """
SELECT format('%I.%I', n.nspname, c.relname) AS relation, n.nspname AS schema, c.relname AS name, t.owner_column,
       array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
       array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS types,
       array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (k.conkey)) AS key,
       (SELECT coalesce(array_agg(DISTINCT format('%I.%I', o.nspname, p.relname)), '{}')
        FROM pg_constraint AS f JOIN pg_class AS p ON p.oid = f.confrelid JOIN pg_namespace AS o ON o.oid = p.relnamespace
        WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid <> c.oid) AS references
FROM tenantry.tenant_tables() AS t
JOIN pg_class AS c ON c.oid = t.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
GROUP BY c.oid, t.relation, n.nspname, c.relname, t.owner_column ORDER BY n.nspname, c.relname"""
_REVISIONS: Final = f"SELECT version_num FROM {SCHEMA}.{VERSION_TABLE} ORDER BY 1"  # noqa: S608


_TENANTS: Final = f"{SCHEMA}.tenants"


class Reads(Protocol):
    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...


class Streams(Protocol):
    def stream(self, sql: str, *args: Any, batch: int = ...) -> AsyncIterator[Any]: ...


@dataclass(frozen=True)
class TenantTable:
    """A table with rows of tenants. Columns that the database computes are none of its."""

    relation: str
    schema: str
    name: str
    owner_column: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    references: frozenset[str]

    @property
    def label(self) -> str:
        return self.name if self.schema == SCHEMA else f"{self.schema}.{self.name}"

    @property
    def rows(self) -> str:
        """Every column as text, of the tenant `$1`, in the order of the key."""
        return f"SELECT {self._texts} FROM {self.relation} AS r WHERE {self._whose} ORDER BY {self._order}"  # noqa: S608 - names of the catalog

    @property
    def digests(self) -> str:
        """Each row's key, and a hash of all it says."""
        said = ", ".join(f"r.{_quoted(name)}::text" for name in sorted(self.columns))
        return (
            f'SELECT {self._key} COLLATE "C" AS key, md5(jsonb_build_array({said})::text) AS digest'  # noqa: S608 - names of the catalog
            f" FROM {self.relation} AS r WHERE {self._whose} ORDER BY 1"
        )

    @property
    def chosen(self) -> str:
        """The rows with the keys `$2`."""
        return (
            f"SELECT {self._texts} FROM {self.relation} AS r"  # noqa: S608 - names of the catalog
            f" WHERE {self._whose} AND {self._key} = ANY ($2::text[]) ORDER BY {self._order}"
        )

    @property
    def _texts(self) -> str:
        return ", ".join(f"r.{_quoted(n)}::text AS {_quoted(n)}" for n in self.columns)

    @property
    def _key(self) -> str:
        return f"jsonb_build_array({', '.join(f'r.{_quoted(n)}::text' for n in self.key)})::text"

    @property
    def _whose(self) -> str:
        return f"r.{_quoted(self.owner_column)} = $1"

    @property
    def _order(self) -> str:
        return ", ".join(f"r.{_quoted(name)}" for name in self.key) or "1"


async def tenant_tables(s: Reads) -> list[TenantTable]:
    """All of them, those first that others refer to; without the months taken out of the record."""
    found = [
        TenantTable(
            row["relation"], row["schema"], row["name"], row["owner_column"],
            dict(zip(row["columns"], row["types"], strict=True)),
            # The tenant comes before whatever is of it, with a reference or without one.
            tuple(row["key"] or ()), frozenset(row["references"]) | ({_TENANTS} - {row["relation"]}),
        )
        for row in await s.fetch(_TABLES)
        if row["schema"] != ARCHIVE
    ]  # fmt: skip
    return in_order(found)


def in_order(tables: Iterable[TenantTable]) -> list[TenantTable]:
    """Those first that others refer to. Where references go round, one of them is left out of it."""
    known = {table.relation: table for table in tables}
    while True:
        graph = {name: sorted(t.references & set(known)) for name, t in sorted(known.items())}
        try:
            return [known[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            # Each comes after what it points at: (…, child, parent).
            parent, child = error.args[1][0], error.args[1][1]
            known[child] = replace(known[child], references=known[child].references - {parent})


async def revisions(s: Reads) -> list[str]:
    return [row[0] for row in await s.fetch(_REVISIONS)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
