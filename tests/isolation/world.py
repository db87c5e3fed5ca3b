"""Two tenants with a row in every table, and a way to reach them past the kernel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import ForeignKeyConstraint, Table

from tenantry.migrations.generate import generate
from tenantry.migrations.runner import Migrator
from tenantry.models import Access, AppendOnly, TenantRow, metadata
from tenantry.models.base import model_of
from tenantry.ops.setup import init
from tenantry.schema.access import updatable
from tests.fixtures.database import Place

Connection: TypeAlias = "asyncpg.Connection[Any]"
Row = dict[str, Any]
_numbers = count(1)

#: Every table: ours, and an application's own.
TABLES = (*(t.name for t in metadata.sorted_tables), "invoices", "invoice_lines")
#: What the application's roles see no row of in any context.
HIDDEN = frozenset({"platform_log", "user_identities"})

#: Answers by which nothing was seen or changed, and SQLSTATEs by which it was refused.
NOTHING = frozenset({"SELECT 0", "UPDATE 0", "DELETE 0", "MERGE 0"})
DENIED = "42501"
NOT_A_UUID = "22P02"
NOT_WRITABLE = "TN001"
OTHER_CONTEXT = "TN002"
APPEND_ONLY = "TN007"
REFUSED = frozenset({DENIED, NOT_A_UUID, NOT_WRITABLE})


@dataclass
class Party:
    """A tenant with its user; `rows` has one of its rows in each table."""

    id: UUID
    rows: dict[str, Row] = field(default_factory=dict, repr=False)


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
        return next(candidates(self.tables[table], party))

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
        keys = self.tables[table].foreign_key_constraints
        columns = {column.name for key in keys for column in key.columns}
        return columns - {"tenant_id"}

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
    tables = {table.name: table for table in metadata.sorted_tables}
    return World(place, acme, beta, tables)


async def _make_party(admin: Connection, slug: str) -> Party:
    made = await admin.fetchrow(
        "INSERT INTO tenantry.tenants (name, slug, status) VALUES ($1, $1, 'active') RETURNING *",
        slug,
    )
    assert made is not None
    party = Party(made["id"], {"tenants": dict(made)})
    for table in metadata.sorted_tables:
        if table.name not in party.rows and not issubclass(model_of(table), AppendOnly):
            party.rows[table.name] = await _make_row(admin, table, party)
    for name in ("audit_logs", "platform_log"):
        line = await admin.fetchrow(
            f"SELECT * FROM tenantry.{name} WHERE tenant_id = $1 LIMIT 1", party.id
        )
        assert line is not None
        party.rows[name] = dict(line)
    return party


async def _make_row(admin: Connection, table: Table, party: Party) -> Row:
    if table.name in ("tenant_quotas", "tenant_usage"):
        sql, args = f"SELECT * FROM tenantry.{table.name} WHERE tenant_id = $1", [party.id]
        found = await admin.fetchrow(sql, *args)
        assert found is not None
        return dict(found)
    for row in candidates(table, party):
        sql, args = insertion(table.name, row)
        with suppress(asyncpg.CheckViolationError):
            made = await admin.fetchrow(f"{sql} RETURNING *", *args)
            assert made is not None
            return dict(made)
    raise AssertionError(f"no row of {table.name} satisfies its checks")


def candidates(table: Table, party: Party) -> Iterator[Row]:
    """Rows with every column that must be given; texts in forms that common checks ask for."""
    number = next(_numbers)
    for text in (f"text{number}@example.com", f"text-{number}"):
        row: Row = {"tenant_id": party.id} if issubclass(model_of(table), TenantRow) else {}
        if "id" in table.columns:
            row["id"] = uuid4()
        for column in table.columns:
            if column.name not in row and not column.nullable and column.server_default is None:
                row[column.name] = _value(column.type.python_type, text)
        for constraint in table.foreign_key_constraints:
            row.update(_targets(constraint, party))
        yield row


def _value(kind: type[Any], text: str) -> Any:
    values = {
        str: text,
        bytes: text.encode(),
        datetime: datetime.now(UTC),
        UUID: uuid4(),
        dict: "{}",
    }
    return values[kind] if kind in values else kind(1)


def _targets(constraint: ForeignKeyConstraint, party: Party) -> Row:
    target = constraint.referred_table.name
    if target not in party.rows:  # itself
        return {}
    return {key.parent.name: party.rows[target][key.column.name] for key in constraint.elements}
