"""Two tenants with a row in every table, and a way to reach them past the kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy import JSON, Column, Table, UniqueConstraint

from tenantry.ids import uuid7
from tenantry.migrations.generate import generate
from tenantry.migrations.runner import Migrator
from tenantry.models import LEAF_SIZE, Access, AppendOnly, Partitioned, metadata
from tenantry.models.base import model_of
from tenantry.models.columns import Vocabulary
from tenantry.models.graph import EDGE_ENDS
from tenantry.ops.setup import init
from tenantry.schema.access import insertable, updatable
from tests.fixtures.database import Place

Connection: TypeAlias = "asyncpg.Connection[Any]"
Row = dict[str, Any]
#: Of rows that are made, from 2 on, as a seal of number 1 would follow no other; and of those that
#: could be added, in whatever process.
_numbers, _later = count(2), count(10_000)

#: Every table: ours, and an application's own.
TABLES = (*(t.name for t in metadata.sorted_tables), "invoices", "invoice_lines")
_ACCESS = {table.name: model_of(table).__access__ for table in metadata.sorted_tables}
#: What the application's roles see no row of in any context.
HIDDEN = frozenset(name for name, access in _ACCESS.items() if not access.select)
#: What belongs to no tenant, and everyone sees all of.
SHARED = frozenset(name for name, access in _ACCESS.items() if access.rows == "true")
#: Every materialized view: rows of all tenants, which no policy covers.
VIEWS = ("tenant_cost_summary", "desk_performance")
#: What holds rows of tenants that some context shows.
TENANTS = tuple(table for table in TABLES if table not in HIDDEN | SHARED)

#: Answers by which nothing was seen or changed, and SQLSTATEs by which it was refused.
NOTHING = frozenset({"SELECT 0", "UPDATE 0", "DELETE 0", "MERGE 0"})
DENIED = "42501"
NOT_A_UUID = "22P02"
NOT_WRITABLE = "TN001"
OTHER_CONTEXT = "TN002"
APPEND_ONLY = "TN007"
NO_CONTEXT = "TN008"
REFUSED = frozenset({DENIED, NOT_A_UUID, NOT_WRITABLE, NO_CONTEXT})


@dataclass
class Party:
    """A tenant with its user, and what it has in each table."""

    id: UUID
    made: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list), repr=False)

    @property
    def rows(self) -> dict[str, Row]:
        """The first of its rows in each table."""
        return {table: rows[0] for table, rows in self.made.items()}


@dataclass
class World:
    place: Place
    acme: Party
    beta: Party
    tables: dict[str, Table] = field(repr=False)

    @asynccontextmanager
    async def acting(
        self, role: str, tenant: UUID | str | None = None, user: UUID | None = None
    ) -> AsyncIterator[Connection]:
        """A raw connection in a transaction that is undone, with these settings as its context."""
        connection = await self.place.connection(role)
        try:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SET TRANSACTION READ WRITE")  # readonly's default is no wall
            settings = {"app.tenant_id": tenant, "app.user_id": user}
            for name, value in settings.items():
                if value is not None:
                    await connection.execute("SELECT set_config($1, $2, true)", name, str(value))
            yield connection
        finally:
            connection.terminate()

    def fresh(self, table: str, party: Party) -> Row:
        """A row that could be added for this party, with every reference filled in."""
        row = _row(self.tables[table], party, next(_later))
        given = self.access(table).insert
        return {n: row[n] for n in row if n in given} if isinstance(given, tuple) else row

    def owner(self, table: str) -> str:
        """The column that says whose a row is."""
        return "tenant_id" if "tenant_id" in self.tables[table].columns else "id"

    def key(self, table: str) -> str:
        return "id" if "id" in self.tables[table].columns else "tenant_id"

    def access(self, table: str) -> Access:
        return model_of(self.tables[table]).__access__

    def changeable(self, table: str) -> tuple[str, ...]:
        """The columns that the application may change."""
        allowed = self.access(table).update
        if isinstance(allowed, tuple):
            return allowed
        return tuple(updatable(self.tables[table])) if allowed else ()

    def references(self, table: str) -> set[str]:
        """The columns that point at another row, but for the tenant itself."""
        return set(_references(self.tables[table]))

    def assignment(self, table: str) -> str:
        """A change that would be allowed on a row of one's own, where any is."""
        column = (*self.changeable(table), self.key(table))[0]
        return f"{column} = {column}"


async def attempt(connection: Connection, sql: str, *args: Any) -> str:
    """The command tag, or the SQLSTATE of the refusal, of which the transaction knows nothing."""
    try:
        async with connection.transaction():
            return await _run(connection, sql, args)
    except asyncpg.PostgresError as error:
        return error.sqlstate or ""


async def _run(connection: Connection, sql: str, args: tuple[Any, ...]) -> str:
    statement = await connection.prepare(sql)
    await statement.fetch(*args)
    return statement.get_statusmsg() or ""


def insertion(table: str, row: Row) -> tuple[str, list[Any]]:
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return f"INSERT INTO tenantry.{table} ({', '.join(row)}) VALUES ({places})", [*row.values()]


# ---- making it ----------------------------------------------------------------------------------


async def build(place: Place, folder: Path) -> World:
    """The world in `place`, with the tables of an application's own; `folder` takes their revision."""
    await init(place.server.superuser_url, place.name, {})
    migrator = Migrator(place.url("owner"), metadata, locations=(folder,))
    await migrator.up()
    await generate(migrator, "more tables", folder)
    await migrator.up()
    admin = await place.connection("superuser")
    try:
        acme, beta = [await _make_party(admin, name) for name in ("acme", "beta")]
    finally:
        await admin.close()
    return World(place, acme, beta, tables())


def tables() -> dict[str, Table]:
    return {table.name: table for table in metadata.sorted_tables}


async def _make_party(admin: Connection, slug: str) -> Party:
    made = await admin.fetchrow(
        "INSERT INTO tenantry.tenants (name, slug, status) VALUES ($1, $1, 'active') RETURNING *",
        slug,
    )
    assert made is not None
    party = Party(made["id"])
    party.made["tenants"].append(dict(made))
    several = _told_apart()
    for table in metadata.sorted_tables:
        for _ in range(0 if table.name == "tenants" else 3 if table.name in several else 1):
            party.made[table.name].append(await _make_row(admin, table, party))
    return party


async def _make_row(admin: Connection, table: Table, party: Party) -> Row:
    its_own_from_the_start = [*table.primary_key.columns.keys()] == ["tenant_id"]
    if its_own_from_the_start or _is_record(table):
        sql, args = f"SELECT * FROM tenantry.{table.name} WHERE tenant_id = $1 LIMIT 1", [party.id]
    else:
        sql, args = insertion(table.name, _row(table, party, next(_numbers)))
        sql += " RETURNING *"
    row = await admin.fetchrow(sql, *args)
    assert row is not None
    return dict(row)


def _is_record(table: Table) -> bool:
    """What triggers have written by then."""
    model = model_of(table)
    return issubclass(model, AppendOnly) and issubclass(model, Partitioned)


def _told_apart() -> set[str]:
    """Tables of which another's rows each refer to one that no other of them does."""
    found = set()
    for table in metadata.sorted_tables:
        rules = [list(i.columns) for i in table.indexes if i.unique]
        rules += [list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)]
        references = _references(table)
        for rule in rules:
            names = {column.name for column in rule} - {"tenant_id"}
            if names <= set(references):
                found |= {references[name].table.name for name in names}
    return found


def _references(table: Table) -> dict[str, Column[Any]]:
    """Referring column -> the column it refers to, but for the tenant itself. In the same order in every
    process: each goes on with the rows that another has made."""
    keys = (key for c in table.foreign_key_constraints for key in c.elements)
    found = {key.parent.name: key.column for key in keys if key.parent.name != "tenant_id"}
    return dict(sorted(found.items()))


# ---- what is in a row ---------------------------------------------------------------------------

#: Hashes of a seal that is not the first.
_SEAL: Row = {
    "entries": 1,
    "leaves": bytes(LEAF_SIZE),
    **dict.fromkeys(("root", "previous", "hash"), bytes(32)),
}
#: What only a rule of the table's knows to be right: a workflow of one stage, a task on that stage,
#: an expense with its cost, as no price is known that it would follow from, an edge with one start and
#: one end.
_BY_RULE: dict[str, Row] = {
    "workflows": {
        "stages": '[{"name": "open", "category": "todo"}]',
        "transition_rules": "{}",
        "initial_stage": "open",
    },
    "tasks": {"status": "open"},
    "cost_entries": {"cost_usd": 1},
    "graph_nodes": {"label": "Thing"},
    "graph_edges": {
        "label": "CONCERNS",
        **{
            f"{side}_{kind}_id": None
            for side in ("from", "to")
            for kind in EDGE_ENDS
            if kind != "task"
        },
    },
    "graph_queries": {"text": "MATCH ( t : Task ) RETURN t", "result_columns": '["t"]'},
    "audit_seals": _SEAL,
    "platform_seals": _SEAL,
    "seal_keys": dict.fromkeys(("inner_pad", "outer_pad"), bytes(64)),
}


def _row(table: Table, party: Party, number: int) -> Row:
    """A row that could be added, with each column that must be given and all references."""
    row: Row = {"tenant_id": party.id} if "tenant_id" in table.columns else {}
    if "id" in table.columns:
        row["id"] = uuid7()
    for name in insertable(table):
        column = table.columns[name]
        if name not in row and not column.nullable and column.server_default is None:
            row[name] = _value(column, number)
    # Each row refers to others than the rows before it, and each of its references to another.
    before = len(party.made[table.name])
    for turn, (name, target) in enumerate(_references(table).items(), start=before):
        if rows := party.made[target.table.name]:
            row[name] = rows[turn % len(rows)][target.name]
    return {**row, **_BY_RULE.get(table.name, {})}


def _value(column: Column[Any], number: int) -> Any:
    if isinstance(column.type, Vocabulary):
        return column.type.words[0]
    if isinstance(column.type, JSON):
        return "{}"
    kind = column.type.python_type
    if kind is str:
        wants_address = "@" in (column.info.get("check") or "")
        return f"text{number}@example.com" if wants_address else f"text-{number}"
    values = {
        bytes: b"%d" % number,
        date: datetime.now(UTC).date(),
        datetime: datetime.now(UTC),
        UUID: uuid7(),
        list: [],
        int: number,
    }
    return values[kind] if kind in values else kind(1)
