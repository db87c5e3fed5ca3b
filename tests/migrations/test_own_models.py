"""An application's own models: their revisions are written, applied, changed and undone."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

import tenantry
from tenantry import Repository
from tenantry.errors import (
    AlreadyExists,
    MigrationError,
    NotFound,
    ReferenceNotFound,
    RuleViolated,
    TenantNotWritable,
)
from tenantry.migrations import head
from tenantry.migrations.generate import generate
from tenantry.migrations.runner import Migrator
from tenantry.models import Tenant, metadata
from tests.fixtures.database import Place

from .dump import dump_schema
from .own import INVOICES, own_models


def _migrator(place: Place, folder: Path) -> Migrator:
    return Migrator(place.url("owner"), metadata, locations=(folder,))


async def _generate_and_apply(place: Place, folder: Path, message: str) -> str:
    (path,) = await generate(_migrator(place, folder), message, folder)
    compile(path.read_text(), path, "exec")
    (made,) = await _migrator(place, folder).up()
    # Nothing differs any more.
    assert await generate(_migrator(place, folder), "nothing", folder) == ()
    return made


def _repository(module: ModuleType, name: str) -> Any:
    return type(name, (Repository,), {"model": getattr(module, name)})


async def test_a_generated_revision_brings_the_tables_and_takes_them_away(
    place: Place, folder: Path
) -> None:
    before = await dump_schema(place)
    with own_models():
        assert await _generate_and_apply(place, folder, "invoices") == "app_0001"
        with_them = await dump_schema(place)
        assert "CREATE TABLE tenantry.invoices" in with_them
        migrator = _migrator(place, folder)
        assert set(await migrator.current()) == {head(), "app_0001"}
        assert await migrator.down("app@base") == ("app_0001",)
        assert await dump_schema(place) == before
        assert await migrator.up() == ("app_0001",)
        assert await dump_schema(place) == with_them


async def test_everything_that_makes_a_table_safe_comes_by_itself(
    place: Place, folder: Path, acme: Tenant, beta: Tenant, db: tenantry.Database
) -> None:
    with own_models() as module:
        await _generate_and_apply(place, folder, "invoices")
        kind = _repository(module, "Invoice")
        mine, other = (db.tenant(t.id).repository(kind) for t in (acme, beta))
        project = await db.tenant(beta.id).projects.create(name="beta's")
        made = await mine._create(number="1", cents=5)
        await other._create(number="1")  # unique within the tenant only
        assert [i.id for i in await mine.list()] == [made.id]
        with pytest.raises(NotFound):
            await other.get(made.id)
        with pytest.raises(ReferenceNotFound):
            await mine.update(made.id, project_id=project.id)
        with pytest.raises(RuleViolated):
            await mine.update(made.id, status="odd")
        with pytest.raises(AlreadyExists):
            await mine._create(number="1")
        changed = await mine.update(made.id, status="sent")
        assert changed.updated_at > made.updated_at
        (line,) = await db.tenant(acme.id).audit.list(resource_type="invoices", action="update")
        assert (line.old_values, line.new_values) == ({"status": "draft"}, {"status": "sent"})
        async with db.service("test") as s:
            await s.tenants.suspend(acme.id)
        with pytest.raises(TenantNotWritable):
            await mine._create(number="2")
    raw = await place.connection("app")
    try:
        assert await raw.fetchval("SELECT count(*) FROM tenantry.invoices") == 0
        with pytest.raises(asyncpg.PostgresError, match="needs a context"):
            await raw.execute(
                "INSERT INTO tenantry.invoices (tenant_id, number) VALUES ($1, 'x')", uuid4()
            )
    finally:
        await raw.close()


_COLUMN = "    {}: Mapped[int] = column(default=0)\n"
#: With a column for each change that is made to one.
_SOURCE = INVOICES.replace(
    "from tenantry import", "from tenantry.models import Access\nfrom tenantry import"
).replace(
    _COLUMN.format("cents"),
    "".join(map(_COLUMN.format, ("cents", "gone", "rate", "net", "code", "tax", "fee"))),
)
_CHANGES = {
    "a column more": ("class InvoiceLine", "    note: Mapped[str | None] = column(default=None)\n\n\nclass InvoiceLine"),
    "a column with a default more": ("    cents:", "    vat: Mapped[int] = column(default=19)\n    cents:"),
    "a column less": (_COLUMN.format("gone"), ""),
    "another default": ("rate: Mapped[int] = column(default=0)", "rate: Mapped[int] = column(default=100)"),
    "no default": ("net: Mapped[int] = column(default=0)", "net: Mapped[int] = column()"),
    "another type": ("code: Mapped[int] = column(default=0)", "code: Mapped[str] = column(default='')"),
    "a column that may be empty": ("tax: Mapped[int] =", "tax: Mapped[int | None] ="),
    "another check": ("length(number) <= 20", "length(number) <= 30"),
    "a check more": ("fee: Mapped[int] = column(default=0)", "fee: Mapped[int] = column(default=0, check='fee >= 0')"),
    "another word": ('"draft", "sent", "paid"', '"draft", "sent", "paid", "void"'),
    "another unique rule": ('unique("number")', 'unique("number", "status")'),
    "another rule of deletion": ('on_delete="set null", default=None', 'on_delete="cascade", default=None'),
    "another policy": ('    __tablename__ = "invoices"\n',
                       '    __tablename__ = "invoices"\n    __access__ = Access(\n'
                       '        rows="tenant_id = tenantry.current_tenant_id() AND cents >= 0", insert=True\n    )\n'),
    "the other audited": ("class InvoiceLine(TenantScoped)", "class InvoiceLine(TenantScoped, Audited)"),
    "a table more": ("class InvoiceLine", 'class Extra(TenantScoped):\n    __tablename__ = "extras"\n'
                     "    text: Mapped[str] = column()\n\n\nclass InvoiceLine"),
}  # fmt: skip
_REMOVALS = {
    "not audited": ("class Invoice(TenantScoped, Audited)", "class Invoice(TenantScoped)"),
    "a table less": (_SOURCE[_SOURCE.index("class InvoiceLine") :], ""),
}


@pytest.mark.postgres("wheel")
@pytest.mark.parametrize("changes", [_CHANGES, _REMOVALS], ids=["changes", "removals"])
async def test_changed_models_go_up_and_down_again(
    place: Place,
    folder: Path,
    changes: dict[str, tuple[str, str]],
    db: tenantry.Database,
    acme: Tenant,
) -> None:
    changed = _SOURCE
    for name, (old, new) in changes.items():
        assert old in changed, name
        changed = changed.replace(old, new, 1)
    with own_models(_SOURCE) as module:
        await _generate_and_apply(place, folder, "invoices")
        before = await dump_schema(place)
        await db.tenant(acme.id).repository(_repository(module, "Invoice"))._create(number="1")
    with own_models(changed):
        await _generate_and_apply(place, folder, "changes")
        after = await dump_schema(place)
        assert after != before
        assert await _migrator(place, folder).down("app_0001") == ("app_0002",)
    with own_models(_SOURCE):
        assert [str(c) for c in await _migrator(place, folder).changes()] == []
        assert _lines(await dump_schema(place)) == _lines(before)
    with own_models(changed):
        await _migrator(place, folder).up()
        assert _lines(await dump_schema(place)) == _lines(after)


def _lines(dump: str) -> list[str]:
    """Columns come back at the end of their table."""
    return sorted(line.rstrip(",") for line in dump.splitlines())


@pytest.mark.postgres("wheel", "system")
async def test_a_reference_that_comes_later_holds_for_the_rows_that_are_there(
    place: Place, folder: Path, db: tenantry.Database, acme: Tenant, beta: Tenant
) -> None:
    """PostgreSQL itself checks as the owner, to whom forced row security shows none of them."""
    reference = 'reference("projects", on_delete="set null", default=None)'
    with own_models(INVOICES.replace(reference, "column(default=None)")) as module:
        await _generate_and_apply(place, folder, "invoices")
        invoices = db.tenant(acme.id).repository(_repository(module, "Invoice"))
        mine = await db.tenant(acme.id).projects.create(name="acme's")
        other = await db.tenant(beta.id).projects.create(name="beta's")
        await invoices._create(number="1", project_id=mine.id)
        crossing = await invoices._create(number="2", project_id=other.id)
    with own_models() as module:
        (path,) = await generate(_migrator(place, folder), "reference", folder)
        with pytest.raises(MigrationError, match=r"1 rows of tenantry\.invoices") as caught:
            await _migrator(place, folder).up()
        assert caught.value.fields == {"constraints": ["invoices_project_id_fkey"]}
        assert await _migrator(place, folder).current() == (head(), "app_0001")
        # The same by way of a constraint that is validated later.
        added = next(
            line for line in path.read_text().splitlines() if "ADD CONSTRAINT invoices_proj" in line
        )
        text = path.read_text().replace(added, added.replace('""",', ' NOT VALID""",'))
        validated = (
            'run(["ALTER TABLE tenantry.invoices VALIDATE CONSTRAINT invoices_project_id_fkey"])'
        )
        text = text.replace("    run(UP)\n", f"    run(UP)\n    {validated}\n")
        path.write_text(text)
        with pytest.raises(MigrationError):
            await _migrator(place, folder).up()
        invoices = db.tenant(acme.id).repository(_repository(module, "Invoice"))
        await invoices.update(crossing.id, project_id=None)
        assert await _migrator(place, folder).up() == ("app_0002",)
        assert await _migrator(place, folder).changes() == []


_EVENTS = """
from sqlalchemy.orm import Mapped

from tenantry import AppendOnly, Partitioned, column
from tenantry.models import TenantRow


class Event(TenantRow, Partitioned, AppendOnly):
    __tablename__ = "events"
    __period__ = "week"

    text: Mapped[str] = column()
"""


async def test_a_partitioned_table_comes_with_its_partitions(
    place: Place, folder: Path, db: tenantry.Database, acme: Tenant, beta: Tenant
) -> None:
    before = await dump_schema(place)
    with own_models(_EVENTS) as module:
        await _generate_and_apply(place, folder, "events")
        events = _repository(module, "Event")
        await db.tenant(acme.id).repository(events)._create(text="x")
        assert len(await db.tenant(acme.id).repository(events).list()) == 1
        assert await db.tenant(beta.id).repository(events).list() == []
        admin = await place.connection("superuser")
        try:
            rows = await admin.fetch(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS secured"
                " FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
                " WHERE i.inhparent = 'tenantry.events'::regclass"
            )
            assert len(rows) == 1 + 4
            assert all(row["secured"] for row in rows)
            used = await admin.fetchval(
                "SELECT DISTINCT tableoid::regclass::text FROM tenantry.events"
            )
            assert used != "tenantry.events_default"
        finally:
            await admin.close()
        assert await _migrator(place, folder).down("app@base") == ("app_0001",)
    assert await dump_schema(place) == before


@pytest.mark.postgres("wheel")
async def test_an_index_of_a_table_that_is_there_is_built_in_a_revision_of_its_own(
    place: Place, folder: Path
) -> None:
    with own_models():
        await _generate_and_apply(place, folder, "invoices")
    changed = INVOICES.replace(
        '__table_args__ = (unique("number"),)',
        '__table_args__ = (unique("number"), Index("invoices_paid_idx", "tenant_id", "paid"))',
    ).replace("cents: Mapped[int]", "paid: Mapped[int] = column(default=0)\n    cents: Mapped[int]")
    with own_models("from sqlalchemy import Index\n" + changed):
        columns, indexes = await generate(_migrator(place, folder), "paid", folder)
        assert (columns.name, indexes.name) == ("0002_paid.py", "0003_paid_indexes.py")
        assert "invoices_paid_idx" not in columns.read_text()
        told = await _migrator(place, folder).plan()
        assert [s.sql.split(" ON ")[0] for s in told.steps if s.revision == "app_0003"] == [
            "CREATE INDEX CONCURRENTLY invoices_paid_idx"
        ]
        assert await _migrator(place, folder).up() == ("app_0002", "app_0003")
        assert await _migrator(place, folder).changes() == []
        assert await _migrator(place, folder).down("2") == ("app_0003", "app_0002")
